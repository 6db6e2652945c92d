package network

import (
	"fmt"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A Verdict is an answer about two peers and some ports, with what decided it.
type Verdict struct {
	From, To *Peer
	Asked    Ports
	// Connection is what of the asked ports is let through.
	Connection
	// Rule is what decided regardless of policies, in a sentence; "" when policies did, or could have.
	Rule string
	// Egress judges the sender and Ingress the receiver. Both have to let a connection through.
	Egress, Ingress Side
}

// Answer is allowed when all asked ports are let through, denied when surely none is, and else unknown.
func (v Verdict) Answer() Answer {
	switch {
	case v.Allowed.Equal(v.Asked) && !v.Asked.None():
		return Allowed
	case v.Allowed.None() && v.Unknown.None():
		return Denied
	}
	return Unknown
}

// A Side is one direction of a Verdict.
type Side struct {
	Direction Direction
	// Connection is what of the asked ports this side lets through.
	Connection
	// Isolated says that a NetworkPolicy surely selects the peer in this direction: what no rule allows is denied. A side
	// with neither Policies nor Unknown lets everything through.
	Isolated bool
	// Policies are those that select the peer, or may, in the order in which they are asked. The order counts between
	// tiers and within Admin and Baseline; NetworkPolicies add up, and are sorted by namespace and name.
	Policies []SelectingPolicy
	// Because is why ports are unknown, in sentences without a final dot; at most maxReasons.
	Because []string
}

// maxReasons bounds the reasons of one side: a policy can have 100,000 broken rules.
const maxReasons = 20

// A SelectingPolicy is a policy that selects a peer, with what its rules say about the other.
type SelectingPolicy struct {
	// Policy is the object; nil when it stands for policies that could not be read.
	Policy *inventory.Object
	Name   string // "NetworkPolicy shop/deny"
	Tier   Tier
	Sure   bool // else it only may select the peer, or may not be in force
	Rules  []RuleAnswer
}

// A RuleAnswer is what one rule says.
type RuleAnswer struct {
	Path   finding.Path // of the rule: "spec.ingress[0]"
	Action Action
	// Peer is the item that means the other peer: "spec.ingress[0].from[1]"; "" when the rule means everyone, or when
	// no item does.
	Peer finding.Path
	// Connection is what of the asked ports the rule matches.
	Connection
	// Why is why it does not match all of them, in words; "" when it does.
	Why string
}

// Explain says what src can send to dst on the asked ports, and which policies and rules decide. Its answer is that of
// Allowed.
func (m *Map) Explain(src, dst *Peer, asked Ports) Verdict {
	return m.explain(src, dst, asked, func(Direction, *Peer) ([]*compiled, []*adminPolicy) { return m.policies, m.admins })
}

// explain looks only at some policies for each of the two peers: at least at all that select it.
func (m *Map) explain(src, dst *Peer, asked Ports, selecting func(Direction, *Peer) ([]*compiled, []*adminPolicy)) Verdict {
	v := Verdict{From: src, To: dst, Asked: asked}
	v.Egress, v.Ingress = Side{Direction: Egress}, Side{Direction: Ingress}
	switch {
	case src.External() && dst.External():
		v.Rule = "Both are outside of the cluster"
		return v
	case src == dst && src.alone:
		v.Rule = "A pod can always reach itself"
		v.Allowed = asked
		v.Egress.Allowed, v.Ingress.Allowed = asked, asked
		return v
	}
	meet, unsure := common(src.families(), dst.families())
	if !meet[ipv4] && !meet[ipv6] {
		v.Rule = "They have no family of addresses in common"
		return v
	}
	var worlds []world
	for f := range family(families) {
		if meet[f] {
			w := world{m: m, family: f, src: src, dst: dst, asked: asked, selecting: selecting}
			w.judge()
			worlds = append(worlds, w)
		}
	}
	v.take(worlds, unsure)
	m.ownNode(&v, src, dst)
	return v
}

// take joins what holds in the worlds in which two peers can meet.
func (v *Verdict) take(worlds []world, unsure bool) {
	join := func(x, y span) span { return span{x.lower.Union(y.lower), x.upper.Union(y.upper)} }
	if unsure {
		join = func(x, y span) span { return span{x.lower.Intersect(y.lower), x.upper.Union(y.upper)} }
	}
	total := worlds[0].both()
	sides := [directions]span{worlds[0].sides[Ingress].span, worlds[0].sides[Egress].span}
	widest := 0
	for i, w := range worlds[1:] {
		total = join(total, w.both())
		for d := range sides {
			sides[d] = join(sides[d], w.sides[d].span)
		}
		if len(w.sides[Ingress].Because)+len(w.sides[Egress].Because) > 0 || !w.both().lower.None() {
			widest = i + 1
		}
	}
	v.Connection = total.connection()
	for d, side := range [directions]*Side{&v.Ingress, &v.Egress} {
		*side = worlds[widest].sides[d].Side
		side.Connection = sides[d].connection()
		if side.Unknown.None() {
			side.Because = nil
		} else if len(side.Because) == 0 {
			side.Because = []string{"it is not known whether they talk over IPv4 or IPv6, for which policies differ"}
		}
	}
}

// ownNode lets traffic in that comes from the receiver's own node.
func (m *Map) ownNode(v *Verdict, src, dst *Peer) {
	id, host := m.nodes[src.index]
	if !host || dst.External() || dst.HostNetwork {
		return
	}
	own := m.compiler.matchers.all[id].sets[0]
	egress := v.Egress.span()
	switch {
	case own.yes.has(dst.class):
		v.Rule = fmt.Sprintf("%s is on the host network of a node that also runs %s, and a pod's own node can always reach it", src, dst)
		v.Ingress.Connection = Connection{Allowed: v.Asked}
		v.Connection = egress.connection()
	case own.may.has(dst.class):
		v.Ingress.Connection = span{v.Ingress.Allowed, v.Asked}.connection()
		v.Connection = span{v.Allowed, egress.upper}.connection()
		if !v.Ingress.Unknown.None() {
			v.Ingress.because("%s is on the host network, and a pod's own node can always reach it: "+
				"it is not known whether %s has pods on such a node", src, dst)
		}
	}
}

// A span is ports within two bounds.
type span struct{ lower, upper Ports }

func (s span) connection() Connection {
	return Connection{Allowed: s.lower, Unknown: s.upper.Subtract(s.lower)}
}

func (c Connection) span() span { return span{c.Allowed, c.Allowed.Union(c.Unknown)} }

func (s span) union(o span) span { return span{s.lower.Union(o.lower), s.upper.Union(o.upper)} }

func (s span) unsure() span { return span{Ports{}, s.upper} }

func (s *Side) because(format string, args ...any) {
	if len(s.Because) >= maxReasons {
		return
	}
	if text := fmt.Sprintf(format, args...); !slices.Contains(s.Because, text) {
		s.Because = append(s.Because, text)
	}
}
