package network

import (
	"slices"
	"strconv"
)

// A Stranger is the pods that a selector means, whether they exist or not, and what passes between them and a peer, as far
// as the policies say that select the peer. Pods on the host network are not meant: they are addresses.
type Stranger struct {
	Pods Pods
	// Any is what passes whatever other labels the pods have: Allowed for all of them, Unknown for some.
	Any Connection
	// Plain is what passes for pods that have the labels that Pods asks for and no others, and in a namespace of which
	// the same is true.
	Plain Connection
}

// Strangers says who, existing or not, can send to a peer of this Map or receive from it: first all pods of all namespaces,
// and then those that the rules mean of the policies that select the peer, or may, each once. complete is false when there
// are so many of these that some are left out.
func (m *Map) Strangers(d Direction, p *Peer) (list []Stranger, complete bool) {
	if p.External() || p.HostNetwork { // no policy selects it
		all := Connection{Allowed: AllPorts()}
		return []Stranger{{Pods{m: m, namespace: -1}, all, all}}, true
	}
	s := m.reach().sides[d]
	g := s.groups[s.groupOf[p.class]]
	crowd := newStrangers(m, g, d)
	connections := crowd.side(g, d, p)
	for i, pods := range crowd.list {
		list = append(list, Stranger{Pods: pods, Any: connections[2*i], Plain: connections[2*i+1]})
	}
	return list, !crowd.cut
}

// strangers are pods of which only selectors are known, as the classes of a little world of their own: each is a class of
// pods with any other labels, and one of pods with none.
type strangers struct {
	m     *Map
	list  []Pods
	known map[string]bool
	most  int  // how many there may be
	cut   bool // there are more
}

// manyStrangers bounds how many there are, and lookups how often one of them is compared with one that rules mean: a
// policy can have 100,000 rules.
const (
	manyStrangers = 500
	lookups       = 2_000_000
)

func newStrangers(m *Map, g *sideGroup, d Direction) *strangers {
	entries := 1
	for _, x := range g.policies {
		entries += len(x.entries[d])
	}
	for _, x := range g.admins {
		entries += len(x.entries[d])
	}
	s := &strangers{m: m, known: map[string]bool{}, most: max(16, min(manyStrangers, lookups/entries))}
	s.note(Pods{m: m, namespace: -1})
	for _, x := range g.policies {
		s.add(x.policy, d)
	}
	for _, x := range g.admins {
		s.add(&x.policy, d)
	}
	return s
}

func (s *strangers) note(p Pods) {
	key := strconv.Itoa(p.namespace) + p.namespaces.String() + " " + p.pods.String()
	switch {
	case s.known[key]:
	case len(s.list) >= s.most:
		s.cut = true
	default:
		s.known[key] = true
		s.list = append(s.list, p)
	}
}

// add notes whom the rules of a policy mean.
func (s *strangers) add(p *policy, d Direction) {
	for i := range p.rules[d] {
		for j := range p.rules[d][i].peers {
			peer := &p.rules[d][i].peers[j]
			if peer.broken != "" || peer.block != nil {
				continue
			}
			pods := Pods{m: s.m, namespace: -1, namespaces: peer.namespaces, pods: peer.pods}
			if !peer.everywhere {
				pods.namespace = s.m.names.index[p.object.Namespace]
			} else if i, known := s.m.names.index[pods.Namespace()]; known && s.m.names.all[i].known && pods.in(i) == yes {
				pods.namespace = i // it is asked for by its name, and its other labels are known
			}
			s.note(pods)
		}
	}
}

// side is what passes between a peer and each class of strangers.
func (s *strangers) side(g *sideGroup, d Direction, p *Peer) []Connection {
	n := 2 * len(s.list)
	r := &reach{m: s.m, algebra: algebra{s.m.compiler.ports, n}, all: full(n)}
	r.named = make([]cells, len(s.m.compiler.named))
	for i, name := range s.m.compiler.named { // whichever number they give it
		ports := r.ports.id(PortRange(name.proto, Range{1, 65535}))
		r.named[i] = cells{{r.all, value{noPorts, ports}}}
	}
	var total cells
	first := true
	for f := range family(families) {
		if p.has(f) == no {
			continue
		}
		r.means = func(x *matcher) bounds { return s.bounds(x, f) }
		in := r.side(g, d, int(f))
		if first {
			total, first = in, false
		} else { // nobody knows over which family they would meet
			total = r.combine(total, in, r.either)
		}
	}
	out := make([]Connection, n)
	for i := range out {
		out[i] = s.m.connection(total.at(i))
	}
	return out
}

// bounds are the classes of strangers that a matcher means.
func (s *strangers) bounds(x *matcher, f family) bounds {
	var b bounds
	if x.kind == blockMatcher {
		switch {
		case x.block.whole(f):
			b.yes = full(2 * len(s.list))
		case len(x.block[f]) > 0:
			b.may = full(2 * len(s.list))
		}
		return b
	}
	item := Pods{m: s.m, namespace: x.namespace, namespaces: x.namespaces, pods: x.pods}
	for i, pods := range s.list {
		b.note(2*i, pods.meantBy(item))
		b.note(2*i+1, pods.plainMeantBy(item))
	}
	return b
}

func (b *bounds) note(class int, t tri) {
	switch t {
	case yes:
		b.yes.add(class)
	case maybe:
		b.may.add(class)
	}
}

// meantBy says whether an item means the pods that p means: all of them, some, or none.
func (p Pods) meantBy(item Pods) tri {
	if p.Within(item) {
		return yes
	}
	if p.pods.contradicts(item.pods) {
		return no
	}
	switch {
	case item.namespace >= 0 && p.namespace >= 0:
		return min(maybe, triOf(item.namespace == p.namespace))
	case item.namespace >= 0:
		return min(maybe, p.in(item.namespace))
	case p.namespace >= 0:
		return min(maybe, item.in(p.namespace))
	}
	return min(maybe, triOf(!p.namespaces.contradicts(item.namespaces)))
}

// plainMeantBy is the same for pods that have no other labels than those that p asks for.
func (p Pods) plainMeantBy(item Pods) tri {
	pods := p.pods.plain(item.pods)
	switch {
	case item.namespace >= 0 && p.namespace >= 0:
		return min(pods, triOf(item.namespace == p.namespace))
	case p.namespace >= 0:
		return min(pods, item.in(p.namespace))
	case item.namespace >= 0:
		only := selector{terms: []selectorTerm{{key: nameLabel, values: []string{p.m.names.all[item.namespace].name}}}}
		return min(pods, p.namespaces.plain(only))
	}
	return min(pods, p.namespaces.plain(item.namespaces))
}

// contradicts says that no object can be selected by both. It may miss some that several terms make impossible together.
func (s selector) contradicts(other selector) bool {
	if s.broken || other.broken {
		return false
	}
	for _, a := range s.terms {
		for _, b := range other.terms {
			if a.key == b.key && (a.excludes(b) || b.excludes(a)) {
				return true
			}
		}
	}
	return false
}

// excludes says that no value of a label fulfils two terms; also asked the other way around.
func (t selectorTerm) excludes(other selectorTerm) bool {
	switch {
	case t.op == absent:
		return other.op == in || other.op == exists || t.key == nameLabel
	case t.op == in && other.op == in:
		return !slices.ContainsFunc(t.values, func(v string) bool { return slices.Contains(other.values, v) })
	case t.op == in && other.op == notIn:
		return !slices.ContainsFunc(t.values, func(v string) bool { return !slices.Contains(other.values, v) })
	}
	return false
}

// plain says whether a selector selects an object that has the labels that s asks for and no others. Where s leaves the
// value of a label open it is one that nobody else asks for.
func (s selector) plain(other selector) tri {
	if s.broken || other.broken {
		return maybe
	}
	out := yes
	for _, t := range other.terms {
		out = min(out, s.plainTerm(t))
	}
	return out
}

func (s selector) plainTerm(t selectorTerm) tri {
	if s.impliesTerm(t) {
		return yes
	}
	has, bounded := t.key == nameLabel, false // every namespace has its name
	for _, mine := range s.terms {
		if mine.key == t.key {
			has = has || mine.op == in || mine.op == exists
			bounded = bounded || mine.op == in
		}
	}
	switch {
	case bounded: // some of the values
		return min(maybe, triOf(!s.contradicts(selector{terms: []selectorTerm{t}})))
	case t.op == in:
		return no
	case t.op == notIn:
		return yes
	}
	return triOf(has == (t.op == exists))
}
