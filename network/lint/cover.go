package lint

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/network"
)

// A rule of a policy, in a list that is asked whether others say all that it says.
type rule struct {
	*network.RuleReading
	policy *policy
	ports  portSet
	gone   bool // it was found to be covered: it covers nothing else
}

// known says that the rule surely does what it seems to.
func (r *rule) known() bool { return !r.gone && r.Doubt == "" && r.Action <= network.Pass }

func newRule(p *policy, r *network.RuleReading) *rule {
	return &rule{RuleReading: r, policy: p, ports: portsOf(r.Ports)}
}

// A portSet is the ports of a rule. Names are taken as they are written: what they stand for is a matter of the pods.
type portSet struct {
	ports  network.Ports
	names  []portName
	broken bool // some of the ports cannot be read
}

type portName struct {
	protocol network.Protocol
	name     string
}

func portsOf(list []network.PortReading) portSet {
	if len(list) == 0 {
		return portSet{ports: network.AllPorts()}
	}
	var out portSet
	for _, p := range list {
		switch {
		case p.Broken != "":
			out.broken = true
		case p.Name != "":
			out.names = append(out.names, portName{p.Protocol, p.Name})
		default:
			out.ports = out.ports.Union(p.Ports)
		}
	}
	return out
}

func (s portSet) none() bool { return s.ports.None() && len(s.names) == 0 }

// without are the ports that the other set does not have.
func (s portSet) without(other portSet) portSet {
	out := portSet{ports: s.ports.Subtract(other.ports)}
	for _, n := range s.names {
		whole := network.PortRange(n.protocol, network.Range{First: 1, Last: 65535})
		if !slices.Contains(other.names, n) && !whole.Subtract(other.ports).None() {
			out.names = append(out.names, n)
		}
	}
	return out
}

// meets says whether the sets have something in common.
func (s portSet) meets(other portSet) bool {
	left := s.without(other)
	return !left.ports.Equal(s.ports) || len(left.names) != len(s.names)
}

// mostParts bounds into how many parts a block is divided. Beyond it counts as not covered.
const mostParts = 64

// A budget bounds how many comparisons are made: policies can have 100,000 rules.
type budget struct{ left int }

func (b *budget) spend() bool {
	b.left--
	return b.left >= 0
}

// covered says that, whatever pods there are, all that a rule means the others mean for sure. It names those that do; the
// namespaces have the labels that they have now.
func covered(r *rule, others []*rule, b *budget) (by []*rule, ok bool) {
	if r.Doubt != "" || r.ports.broken || b.left < 0 {
		return nil, false
	}
	if r.Everyone {
		return coveredPart(r.ports, others, b, func(o *rule) bool { return o.Everyone })
	}
	for i := range r.Peers {
		item := &r.Peers[i]
		var one []*rule
		switch {
		case item.Broken != "":
			return nil, false
		case item.Block:
			one, ok = coveredBlock(item.Addresses, r.ports, others, b)
		default:
			one, ok = coveredPart(r.ports, others, b, func(o *rule) bool {
				return o.Everyone || slices.ContainsFunc(o.Peers, func(q network.PeerReading) bool {
					return b.spend() && q.Broken == "" && !q.Block && item.Pods.Within(q.Pods)
				})
			})
		}
		if !ok {
			return nil, false
		}
		for _, o := range one {
			if !slices.Contains(by, o) {
				by = append(by, o)
			}
		}
	}
	return by, len(r.Peers) > 0
}

// coveredPart says whether those of the rules that mean the peers have the ports together.
func coveredPart(ports portSet, others []*rule, b *budget, means func(*rule) bool) (by []*rule, ok bool) {
	for _, o := range others {
		if !b.spend() {
			return nil, false
		}
		if !o.known() || !ports.meets(o.ports) || !means(o) {
			continue
		}
		by = append(by, o)
		if ports = ports.without(o.ports); ports.none() {
			return by, true
		}
	}
	return nil, false
}

// A part of a block with the ports on which it is not covered yet.
type part struct {
	addresses []network.AddressRange
	ports     portSet
}

func coveredBlock(addresses []network.AddressRange, ports portSet, others []*rule, b *budget) (by []*rule, ok bool) {
	rest := []part{{addresses, ports}}
	for _, o := range others {
		if !o.known() {
			continue
		}
		used := false
		for i := -1; i < len(o.Peers); i++ {
			if !b.spend() {
				return nil, false
			}
			theirs := addresses
			switch {
			case i < 0 && !o.Everyone || i >= 0 && !o.Peers[i].Block:
				continue
			case i >= 0:
				theirs = o.Peers[i].Addresses
			}
			less, changed := cut(rest, theirs, o.ports)
			if rest = less; len(rest) > mostParts {
				return nil, false
			}
			used = used || changed
		}
		if used {
			by = append(by, o)
		}
		if len(rest) == 0 {
			return by, true
		}
	}
	return nil, false
}

// cut takes addresses with ports out of the parts.
func cut(parts []part, addresses []network.AddressRange, ports portSet) (out []part, changed bool) {
	for _, p := range parts {
		common := network.IntersectRanges(p.addresses, addresses)
		if len(common) == 0 || !p.ports.meets(ports) {
			out = append(out, p)
			continue
		}
		changed = true
		if left := network.SubtractRanges(p.addresses, addresses); len(left) > 0 {
			out = append(out, part{left, p.ports})
		}
		if left := p.ports.without(ports); !left.none() {
			out = append(out, part{common, left})
		}
	}
	return out, changed
}
