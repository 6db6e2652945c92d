package network

import (
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Pods is what a policy says of pods: selectors of their namespaces and of their labels. The zero Pods mean nothing.
type Pods struct {
	m                *Map
	namespace        int // the only one, or -1: those that namespaces selects
	namespaces, pods selector
}

// Broken says that a selector cannot be read, so that it is not known which pods are meant.
func (p Pods) Broken() bool { return p.namespaces.broken || p.pods.broken }

// Namespace is the only namespace whose pods can be meant; "" when several can be.
func (p Pods) Namespace() string {
	if p.namespace >= 0 && p.m != nil {
		return p.m.names.all[p.namespace].name
	}
	if len(p.namespaces.terms) == 0 {
		return ""
	}
	for _, t := range p.namespaces.terms {
		if t.key == nameLabel && t.op == in && len(t.values) == 1 {
			return t.values[0]
		}
	}
	return ""
}

// EveryNamespace says that pods of all namespaces can be meant.
func (p Pods) EveryNamespace() bool {
	return p.m != nil && p.namespace < 0 && len(p.namespaces.terms) == 0 && !p.namespaces.broken
}

// EveryPod says that all pods of the namespaces are meant, whatever their labels are, and so also those to come.
func (p Pods) EveryPod() bool { return p.m != nil && len(p.pods.terms) == 0 && !p.pods.broken }

// Label is a label, with its value, that whatever is meant has: one of them; ok is false when there is none.
func (p Pods) Label() (key, value string, ok bool) {
	for _, t := range p.pods.terms {
		if t.op == in && len(t.values) == 1 {
			return t.key, t.values[0], true
		}
	}
	return "", "", false
}

// Sure yields the peers that are surely meant. Pods on the host network never are.
func (p Pods) Sure() iter.Seq[*Peer] { return p.meant(yes) }

// Maybe yields the peers of which it is not known whether they are meant.
func (p Pods) Maybe() iter.Seq[*Peer] { return p.meant(maybe) }

func (p Pods) meant(want tri) iter.Seq[*Peer] {
	return func(yield func(*Peer) bool) {
		if p.m == nil {
			return
		}
		x, known := p.matcher()
		if !known { // of a part that has no effect
			for _, peer := range p.m.peers[:p.m.pods] {
				if !peer.HostNetwork && p.of(peer) == want && !yield(peer) {
					return
				}
			}
			return
		}
		list := x.yes
		if want == maybe {
			list = x.may
		}
		for _, i := range list {
			if !yield(p.m.peers[i]) {
				return
			}
		}
	}
}

func (p Pods) matcher() (*matcher, bool) {
	key := "n" + strconv.Itoa(p.namespace) + " " + p.pods.String()
	if p.namespace < 0 {
		key = "s" + p.namespaces.String() + " " + p.pods.String()
	}
	i, known := p.m.compiler.matchers.byKey[key]
	if !known {
		return nil, false
	}
	return p.m.compiler.matchers.all[i], true
}

// OnHosts yields the peers that would surely be meant if they were not on the host network.
func (p Pods) OnHosts() iter.Seq[*Peer] {
	return func(yield func(*Peer) bool) {
		if p.m == nil {
			return
		}
		for _, peer := range p.m.hosts() {
			if p.of(peer) == yes && !yield(peer) {
				return
			}
		}
	}
}

// hosts are the peers on the host network.
func (m *Map) hosts() []*Peer {
	out := make([]*Peer, 0, len(m.nodes))
	for i := range m.nodes {
		out = append(out, m.peers[i])
	}
	slices.SortFunc(out, (*Peer).Compare)
	return out
}

// of says whether the selectors select a peer, wherever it runs.
func (p Pods) of(peer *Peer) tri { return min(p.in(peer.namespace), p.pods.matches(peer.labels)) }

func (p Pods) in(namespace int) tri {
	if p.namespace >= 0 {
		return triOf(p.namespace == namespace)
	}
	return p.namespaces.matches(p.m.names.all[namespace].labels)
}

// Matches says whether pods with certain labels are meant. Of a namespace that the Map does not know only the name is known.
func (p Pods) Matches(namespace string, have map[string]string) Answer {
	if p.m == nil {
		return Denied
	}
	i, known := p.m.names.index[namespace]
	if !known {
		in := no
		if p.namespace < 0 {
			in = p.namespaces.matches(labels{values: map[string]string{nameLabel: namespace}, open: true})
		}
		return answerOf(min(in, p.pods.matches(labels{values: have, template: true})))
	}
	return answerOf(min(p.in(i), p.pods.matches(labels{values: have, template: true})))
}

// InNamespaces are the names of the namespaces that are surely meant, and that may be.
func (p Pods) InNamespaces() (sure, may []string) {
	if p.m == nil {
		return nil, nil
	}
	if p.namespace >= 0 {
		return []string{p.m.names.all[p.namespace].name}, nil
	}
	for i, ns := range p.m.names.all {
		switch p.in(i) {
		case yes:
			sure = append(sure, ns.name)
		case maybe:
			may = append(may, ns.name)
		}
	}
	return sure, may
}

// Within says that whatever pod is meant, now or later, other means it too. Namespaces are taken with the labels that they
// have now.
func (p Pods) Within(other Pods) bool {
	if p.m == nil || other.m == nil || p.Broken() || other.Broken() || !p.pods.implies(other.pods) {
		return false
	}
	switch {
	case other.namespace < 0 && p.namespace < 0:
		return p.namespaces.implies(other.namespaces)
	case other.namespace < 0:
		return other.in(p.namespace) == yes
	case p.namespace < 0:
		only := other.m.names.all[other.namespace].name
		return p.namespaces.implies(selector{terms: []selectorTerm{{key: nameLabel, values: []string{only}}}})
	}
	return p.Namespace() == other.Namespace()
}

// implies says that every object that s selects is one that other selects.
func (s selector) implies(other selector) bool {
	return !s.broken && !other.broken && !slices.ContainsFunc(other.terms, func(t selectorTerm) bool { return !s.impliesTerm(t) })
}

func (s selector) impliesTerm(t selectorTerm) bool {
	var one, never []string // the values that the label can have, when bounded; and those that it cannot
	bounded, has, hasNot := false, false, false
	for _, mine := range s.terms {
		if mine.key != t.key {
			continue
		}
		switch mine.op {
		case in:
			if !bounded {
				one = slices.Clone(mine.values)
			} else {
				one = slices.DeleteFunc(one, func(v string) bool { return !slices.Contains(mine.values, v) })
			}
			bounded, has = true, true
		case notIn:
			never = append(never, mine.values...)
		case exists:
			has = true
		case absent:
			hasNot = true
		}
	}
	one = slices.DeleteFunc(one, func(v string) bool { return slices.Contains(never, v) })
	isTheirs := func(v string) bool { return slices.Contains(t.values, v) }
	switch t.op {
	case in:
		return bounded && !slices.ContainsFunc(one, func(v string) bool { return !isTheirs(v) })
	case notIn:
		return hasNot || bounded && !slices.ContainsFunc(one, isTheirs) ||
			!slices.ContainsFunc(t.values, func(v string) bool { return !slices.Contains(never, v) })
	case exists:
		return has
	}
	return hasNot
}

// String says in words which pods are meant: "pods with app=web of this namespace's".
func (p Pods) String() string {
	pods := "all pods"
	if p.pods.broken {
		pods = "pods of a selector that cannot be read"
	} else if len(p.pods.terms) > 0 {
		pods = "pods with " + p.pods.words()
	}
	switch {
	case p.m != nil && p.namespace >= 0:
		return pods + " in the namespace " + p.m.names.all[p.namespace].name
	case p.namespaces.broken:
		return pods + " in namespaces of a selector that cannot be read"
	case len(p.namespaces.terms) == 0:
		return pods + " in every namespace"
	}
	return pods + " in namespaces with " + p.namespaces.words()
}

// words is a selector as people write it: "app=web, tier in (a, b), !debug".
func (s selector) words() string {
	var parts []string
	for _, t := range s.terms {
		switch {
		case t.op == in && len(t.values) == 1:
			parts = append(parts, t.key+"="+t.values[0])
		case t.op == in:
			parts = append(parts, t.key+" in ("+strings.Join(t.values, ", ")+")")
		case t.op == notIn:
			parts = append(parts, t.key+" not in ("+strings.Join(t.values, ", ")+")")
		case t.op == exists:
			parts = append(parts, t.key)
		default:
			parts = append(parts, "!"+t.key)
		}
	}
	return strings.Join(parts, ", ")
}

// A Term is one condition of a label selector.
type Term struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"` // "In", "NotIn", "Exists" or "DoesNotExist"; what matchLabels says is In with one value
	Values   []string `json:"values"`   // sorted
}

// Terms are the conditions on the labels of the namespaces and of the pods, by key. Those on the namespaces are none where
// Only says which namespace is meant.
func (p Pods) Terms() (namespaces, pods []Term) { return p.namespaces.list(), p.pods.list() }

// Only is the namespace of a policy that means pods of its own namespace; "" where a selector says which are meant.
func (p Pods) Only() string {
	if p.m == nil || p.namespace < 0 {
		return ""
	}
	return p.m.names.all[p.namespace].name
}

func (s selector) list() []Term {
	out := make([]Term, 0, len(s.terms))
	for _, t := range s.terms {
		out = append(out, Term{t.key, [...]string{in: "In", notIn: "NotIn", exists: "Exists", absent: "DoesNotExist"}[t.op], slices.Clip(t.values)})
	}
	return out
}
