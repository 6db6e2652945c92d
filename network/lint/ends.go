package lint

import (
	"fmt"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/network"
)

// mostPairs bounds how many pairs of a rule are asked about: one that is let through is mostly found at once.
const mostPairs = 10_000

// ends finds peers that a rule allows in vain, because on none of the rule's ports the other end, or a policy of the whole
// cluster, lets anything through between any of the pods.
func (c *checker) ends(p *policy) {
	if !p.isNetworkPolicy() || p.Doubt != "" || p.Selects.Broken() || anyOf(p.Selects.Maybe()) || !anyOf(p.Selects.Sure()) {
		return
	}
	var subjects []*network.Peer
	for _, d := range directions() {
		for _, r := range p.rules[d] {
			if r.Doubt != "" {
				continue
			}
			for _, item := range r.Peers {
				if item.Block || item.Broken != "" || item.Pods.Broken() || anyOf(item.Pods.Maybe()) {
					continue
				}
				if subjects == nil {
					subjects = c.ofClasses(p.Selects)
				}
				c.end(p, d, r, item, subjects)
			}
		}
	}
}

// ofClasses is one peer of each class, and a second one where there is one: two pods of a class may differ from one pod and
// itself.
func (c *checker) ofClasses(s network.Pods) []*network.Peer {
	var out []*network.Peer
	seen := map[*network.Class]int{}
	for peer := range s.Sure() {
		class := c.m.ClassOf(peer)
		if seen[class]++; seen[class] <= 2 {
			out = append(out, peer)
		}
	}
	return out
}

func (c *checker) end(p *policy, d network.Direction, r network.RuleReading, item network.PeerReading, subjects []*network.Peer) {
	others := c.ofClasses(item.Pods)
	if len(subjects)*len(others) > mostPairs {
		return
	}
	var first *pair
	for _, subject := range subjects {
		for _, other := range others {
			if subject == other {
				continue
			}
			one := pair{subject, other}
			if d == network.Ingress {
				one = pair{other, subject}
			}
			asked := portsIn(r.Ports, one.to)
			if asked.None() {
				continue
			}
			answer := c.m.Allowed(one.from, one.to)
			if !answer.Allowed.Union(answer.Unknown).Intersect(asked).None() {
				return
			}
			if first == nil {
				first = &one
			}
		}
	}
	if first != nil {
		c.vain(p, d, r, item, *first)
	}
}

type pair struct{ from, to *network.Peer }

// portsIn are the ports that a rule names, in a receiver.
func portsIn(list []network.PortReading, to *network.Peer) network.Ports {
	if len(list) == 0 {
		return network.AllPorts()
	}
	var out network.Ports
	for _, p := range list {
		if p.Name != "" {
			out = out.Union(to.NamedPort(p.Protocol, p.Name))
		} else {
			out = out.Union(p.Ports)
		}
	}
	return out
}

func (c *checker) vain(p *policy, d network.Direction, r network.RuleReading, item network.PeerReading, one pair) {
	v := c.m.Judge(one.from, one.to, portsIn(r.Ports, one.to))
	mine, theirs, subject, other := v.Egress, v.Ingress, one.from, one.to
	if d == network.Ingress {
		mine, theirs, subject, other = v.Ingress, v.Egress, one.to, one.from
	}
	switch {
	case closed(theirs) && theirs.Isolated:
		message := fmt.Sprintf("Only one end is open: %s does not let %s in on %s", other, subject, portsText(v.Asked))
		if d == network.Ingress {
			message = fmt.Sprintf("Only one end is open: %s may not send to %s on %s", other, subject, portsText(v.Asked))
		}
		c.found(OneEndOpen, p.Object, item.Path, message, isolating(theirs, other)...)
	case closed(mine):
		c.found(Overruled, p.Object, item.Path, fmt.Sprintf("The rule has no effect for %s: a policy of the whole cluster denies it", other), denying(mine)...)
	case closed(theirs):
		c.found(Overruled, p.Object, item.Path, fmt.Sprintf("The rule has no effect for %s: a policy of the whole cluster denies it", other), denying(theirs)...)
	}
}

func closed(s network.Side) bool { return s.Allowed.None() && s.Unknown.None() }

func isolating(s network.Side, other *network.Peer) []finding.Reason {
	var out []finding.Reason
	for _, q := range s.Policies {
		if q.Sure && q.Tier == network.NetworkPolicyTier && len(out) < mostNamed {
			out = append(out, proves("isolates", fmt.Sprintf("%s isolates %s of %s, and none of its rules allows it", q.Name, s.Direction, other), q.Policy))
		}
	}
	return out
}

func denying(s network.Side) []finding.Reason {
	var out []finding.Reason
	for _, q := range s.Policies {
		if q.Tier == network.NetworkPolicyTier {
			continue
		}
		for _, r := range q.Rules {
			if r.Action == network.Deny && !r.Allowed.None() && len(out) < mostNamed {
				out = append(out, proves("denies", fmt.Sprintf("%s of %s denies it", r.Path, q.Name), q.Policy))
			}
		}
	}
	return out
}

func portsText(p network.Ports) string {
	if p.All() {
		return "any port"
	}
	return p.String()
}
