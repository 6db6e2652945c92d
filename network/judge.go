package network

import "fmt"

// A world judges two peers that meet over one family of addresses.
type world struct {
	m        *Map
	family   family
	src, dst *Peer
	asked    Ports
	sides    [directions]judgedSide
	names    map[*Peer]string
	// selecting yields the policies to look at: all that select a peer are among them.
	selecting func(Direction, *Peer) ([]*compiled, []*adminPolicy)
}

// name is what a peer is called. It is remembered, because addresses can be many blocks and rules many.
func (w *world) name(p *Peer) string {
	text, known := w.names[p]
	if !known {
		if w.names == nil {
			w.names = map[*Peer]string{}
		}
		text = p.String()
		w.names[p] = text
	}
	return text
}

type judgedSide struct {
	Side
	span span
}

func (w *world) judge() {
	for d := range Direction(directions) {
		w.sides[d].Direction = d
		w.side(d, &w.sides[d])
		w.tighten(d, &w.sides[d])
	}
}

// tighten counts what several blocks of addresses let through for sure only together: each of them may leave out the
// address of a pod that is not known, and all of them do not.
func (w *world) tighten(d Direction, s *judgedSide) {
	subject, other := w.ends(d)
	if other.External() || other.located || s.span.lower.Equal(s.span.upper) {
		return
	}
	r := w.m.reach()
	v := r.sides[d].of(subject.class, min(int(w.family), r.worlds-1)).at(other.class)
	s.span.lower = s.span.lower.Union(r.ports.ports(v.lower).Intersect(w.asked))
	s.span.upper = s.span.upper.Intersect(r.ports.ports(v.upper))
}

// both is what both sides let through.
func (w *world) both() span {
	in, out := w.sides[Ingress].span, w.sides[Egress].span
	return span{in.lower.Intersect(out.lower), in.upper.Intersect(out.upper)}
}

// ends are the peer that policies of a direction select, and the other.
func (w *world) ends(d Direction) (subject, other *Peer) {
	if d == Ingress {
		return w.dst, w.src
	}
	return w.src, w.dst
}

func (w *world) side(d Direction, s *judgedSide) {
	subject, other := w.ends(d)
	policies, admins := w.selecting(d, subject)
	rest := w.open(subject)
	baseline, rest := w.tier(admins, BaselineTier, d, s, rest, rest)
	own, rest := w.networkPolicies(policies, d, s, rest)
	admin, rest := w.tier(admins, AdminTier, d, s, rest, rest)
	if doubt := w.m.plugin.doubt; doubt != "" && !rest.upper.Equal(w.asked) {
		rest.upper = w.asked
		s.because("%s", doubt)
	}
	if w.m.plugin.Strict && !s.Isolated && !rest.lower.Equal(w.asked) {
		s.because("%s", w.m.plugin.strictness())
	}
	s.span = rest
	s.Policies = append(append(admin, own...), baseline...)
	w.foreign(d, subject, other, s)
}

// open is what holds without any policy.
func (w *world) open(subject *Peer) span {
	if !w.m.plugin.Strict || subject.External() || subject.HostNetwork {
		return span{w.asked, w.asked}
	}
	return span{Ports{}, w.asked}
}

// networkPolicies judges the NetworkPolicies; rest is what holds without any.
func (w *world) networkPolicies(policies []*compiled, d Direction, s *judgedSide, rest span) ([]SelectingPolicy, span) {
	subject, other := w.ends(d)
	var list []SelectingPolicy
	allowed, every := span{}, rest.lower // every: what each of those that may select lets through for sure
	for _, p := range policies {
		selects := w.selects(p, d, subject)
		if selects == no {
			continue
		}
		part, rules := w.policy(p, d, other, s)
		part.Sure = selects == yes && p.isolates[d] == yes && p.doubt == ""
		if part.Sure {
			s.Isolated = true
			allowed = allowed.union(rules)
		} else {
			allowed = allowed.union(rules.unsure())
			every = every.Intersect(rules.lower)
			w.doubtPolicy(p, subject, s)
		}
		list = append(list, part)
	}
	switch {
	case s.Isolated:
		return list, allowed
	case len(list) > 0:
		return list, span{every, rest.upper.Union(allowed.upper)}
	}
	return nil, rest
}

// selects says whether a policy selects a peer, whatever is doubtful about the policy itself.
func (w *world) selects(p *compiled, d Direction, subject *Peer) tri {
	if p.isolates[d] == no || subject.External() || subject.HostNetwork {
		return no
	}
	if ns := w.m.compiler.matchers.all[p.subject].namespace; ns >= 0 && ns != subject.namespace {
		return no
	}
	return p.pods.matches(subject.labels)
}

func (w *world) doubtPolicy(p *compiled, subject *Peer, s *judgedSide) {
	switch {
	case p.object == nil:
		s.because("%s", p.doubt)
	case p.doubt != "":
		s.because("it is not known whether %s counts: %s", p.name, p.doubt)
	case p.pods.broken:
		s.because("it is not known whether %s selects %s: its podSelector cannot be read", p.name, subject)
	default:
		s.because("it is not known whether %s selects %s: %s", p.name, subject, subject.labels.doubt())
	}
}

// policy is what the rules of a policy allow.
func (w *world) policy(p *compiled, d Direction, other *Peer, s *judgedSide) (SelectingPolicy, span) {
	part := SelectingPolicy{Policy: p.object, Name: p.name, Tier: NetworkPolicyTier}
	if p.wild {
		return part, span{Ports{}, w.asked}
	}
	total := span{}
	for i := range p.rules[d] {
		r := &p.rules[d][i]
		answer, ports := w.rule(p, r, d, other, s)
		total = total.union(ports)
		part.Rules = append(part.Rules, answer)
	}
	return part, total
}

func (w *world) rule(p *compiled, r *rule, d Direction, other *Peer, s *judgedSide) (RuleAnswer, span) {
	answer := RuleAnswer{Path: p.rulePath(d, r)}
	if r.doubt != "" {
		answer.Why = r.doubt
		answer.Connection = Connection{Unknown: w.asked}
		s.because("%s of %s: %s", answer.Path, p.name, r.doubt)
		return answer, span{Ports{}, w.asked}
	}
	ports, doubt := w.ports(r)
	means, why := no, ""
	if r.anyone {
		means = yes
	}
	for i := range r.peers {
		peer := &r.peers[i]
		m, reason := w.means(p, peer, other)
		if m > means {
			means, why = m, reason
			answer.Peer = p.peerPath(d, r, peer)
		}
		if means == yes {
			break
		}
	}
	switch {
	case means == no:
		answer.Why = "it does not mean " + w.name(other)
		return answer, span{}
	case means == maybe:
		ports.lower = Ports{}
		answer.Why = why
		if !ports.upper.None() {
			s.because("it is not known whether %s of %s means %s: %s", answer.Path, p.name, w.name(other), why)
		}
	case !ports.lower.Equal(w.asked):
		answer.Why = "it names other ports"
	}
	if doubt != "" && !ports.upper.Equal(ports.lower) {
		answer.Why = doubt
		s.because("it is not known which ports %s of %s allows: %s", answer.Path, p.name, doubt)
	}
	answer.Connection = ports.connection()
	return answer, ports
}

// ports is which of the asked ports a rule names; doubt is why that is not known.
func (w *world) ports(r *rule) (ports span, doubt string) {
	if len(r.ports) == 0 {
		return span{w.asked, w.asked}, ""
	}
	for i := range r.ports {
		p := &r.ports[i]
		one := span{p.ports, p.ports}
		switch {
		case p.broken != "":
			one.lower = Ports{}
			doubt = p.broken
		case p.name != "":
			one.lower, one.upper = Ports{}, Ports{}
			if !w.dst.External() {
				one.lower, one.upper = w.dst.resolve(namedPort{p.proto, p.name})
			}
			if !one.lower.Equal(one.upper) {
				doubt = fmt.Sprintf("%s has several ports that are named %q", w.name(w.dst), p.name)
			}
		}
		ports = ports.union(one)
	}
	return span{ports.lower.Intersect(w.asked), ports.upper.Intersect(w.asked)}, doubt
}

// means says whether an item of from or to means a peer.
func (w *world) means(p *compiled, item *rulePeer, other *Peer) (m tri, why string) {
	switch {
	case item.broken != "":
		return maybe, item.broken
	case item.block != nil:
		return w.inBlock(*item.block, other)
	case other.External() || other.HostNetwork:
		return no, ""
	}
	m = yes
	if item.everywhere {
		ns := w.m.names.all[other.namespace]
		if m = item.namespaces.matches(ns.labels); m == maybe {
			why = w.m.whyNamespace(ns, item.namespaces)
		}
	} else if other.Namespace() != p.object.Namespace {
		return no, ""
	}
	pods := item.pods.matches(other.labels)
	if pods == maybe {
		why = other.labels.doubt()
		if item.pods.broken {
			why = "the podSelector cannot be read"
		}
	}
	return min(m, pods), why
}

func (m *Map) whyNamespace(ns namespace, s selector) string {
	switch {
	case s.broken:
		return "the namespaceSelector cannot be read"
	case !ns.known:
		return fmt.Sprintf("the labels of the namespace %s are not known, because no object of it was read", ns.name)
	}
	return fmt.Sprintf("the labels of the namespace %s are not all known", ns.name)
}

func (w *world) inBlock(block addressSet, other *Peer) (tri, string) {
	ranges := block[w.family]
	switch {
	case !other.External() && !other.located && block.whole(w.family):
		return yes, ""
	case !other.External() && !other.located:
		return min(maybe, triOf(len(ranges) > 0)), "the addresses of its pods are not known"
	}
	return triOf(HasAddress(ranges, other.address[w.family])), ""
}

// foreign makes unknown what policies judge that are not understood.
func (w *world) foreign(d Direction, subject, other *Peer, s *judgedSide) {
	if subject.External() || subject.HostNetwork {
		return
	}
	for _, f := range w.m.foreign {
		b := w.m.compiler.matchers.all[f.subject].sets[0]
		if !f.judges(d) || !b.yes.has(subject.class) && !b.may.has(subject.class) {
			continue
		}
		switch {
		case f.foreignScope == overrides:
			s.span = span{Ports{}, w.asked}
			s.because("%s", f.why)
		case s.span.upper.None(): // it is denied anyway
		case f.foreignScope != outward || other.External() || other.HostNetwork:
			s.span.lower = Ports{}
			s.because("%s", f.why)
		}
	}
}
