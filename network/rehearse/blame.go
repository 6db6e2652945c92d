package rehearse

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/need"
)

// acts are what a set does with policies, by what they are called.
type acts struct {
	before, after map[finding.Ref]*inventory.Object
}

func compare(current, proposed *network.Map) acts {
	return acts{policies(current), policies(proposed)}
}

func policies(m *network.Map) map[finding.Ref]*inventory.Object {
	out := map[finding.Ref]*inventory.Object{}
	for _, r := range m.Readings() {
		out[r.Object.Ref] = r.Object
	}
	return out
}

// of is what is done with a policy; InForce when nothing is.
func (a acts) of(ref finding.Ref) Act {
	before, after := a.before[ref], a.after[ref]
	switch {
	case before == after:
		return InForce
	case before == nil:
		return Added
	case after == nil:
		return Removed
	}
	return Changed
}

// blame says which policies deny a need.
func (j *judge) blame(b *Break, o outcome) {
	n := &b.Need
	if j.before != nil {
		b.Before = j.before.outcome(n).answer == network.Denied
	}
	if o.to == nil {
		j.guarded(b, o.from)
		return
	}
	asked := network.OnePort(n.Protocol, n.Port)
	v := j.Judge(o.from, o.to, asked)
	var earlier *network.Verdict
	if j.before != nil && !b.Before {
		earlier = j.earlier(o, n, asked)
	}
	out, in := j.side(&v.Egress, sideOf(earlier, network.Egress)), j.side(&v.Ingress, sideOf(earlier, network.Ingress))
	var reasons []string
	switch {
	case out == nil && in == nil:
		reasons = append(reasons, cmp.Or(v.Rule, "each side lets a part pass, and they have none in common"))
	case out != nil && in != nil && out.isolates && in.isolates && slices.Equal(out.blames, in.blames):
		reasons = append(reasons, names(out.blames)+" "+verb(out.blames, "isolates", "isolate")+" both ends, and no rule lets it pass")
		b.Changes = out.blames
	default:
		for _, side := range []*closed{out, in} {
			if side == nil {
				continue
			}
			reasons = append(reasons, side.reason)
			for _, blame := range side.blames {
				if !slices.Contains(b.Changes, blame) {
					b.Changes = append(b.Changes, blame)
				}
			}
		}
	}
	b.Reason = strings.Join(reasons, "; ")
	if o.some {
		b.Reason += ", for some of the pods or addresses that are meant"
	}
}

func sideOf(v *network.Verdict, d network.Direction) *network.Side {
	switch {
	case v == nil:
		return nil
	case d == network.Egress:
		return &v.Egress
	}
	return &v.Ingress
}

// guarded blames all policies that isolate the egress of a peer.
func (j *judge) guarded(b *Break, from *network.Peer) {
	side := &network.Side{Direction: network.Egress, Isolated: true}
	for _, o := range j.Guard(network.Egress, from).Policies {
		side.Policies = append(side.Policies, network.SelectingPolicy{Policy: o, Tier: network.NetworkPolicyTier, Sure: true})
	}
	c := j.side(side, nil)
	b.Changes, b.Reason = c.blames, c.reason
}

// earlier is what the policies in force say of the pair that the proposed ones deny.
func (j *judge) earlier(o outcome, n *need.Need, asked network.Ports) *network.Verdict {
	find := func(p *network.Peer, e *need.End) *network.Peer {
		c := j.before.cast(e)
		if p.External() {
			return j.before.Address(p.Addresses[0].First)
		}
		for _, x := range c.peers {
			if len(x.Pods) == 0 || len(p.Pods) > 0 && slices.Contains(x.Pods, p.Pods[0]) {
				return x
			}
		}
		return nil
	}
	from, to := find(o.from, &n.From), find(o.to, &n.To)
	if from == nil || to == nil {
		return nil
	}
	v := j.before.Judge(from, to, asked)
	return &v
}

// A closed side is one that lets a connection not pass, and what is to blame.
type closed struct {
	blames   []Blame
	reason   string
	isolates bool // no rule allows it, and none ever did
}

// side blames one side: a deny of the whole cluster, policies that let it pass before and do so no more, or those that
// isolate. It is nil for a side that is not closed.
func (j *judge) side(s, was *network.Side) *closed {
	if !s.Allowed.None() || !s.Unknown.None() {
		return nil
	}
	end, way := "receiver", "in"
	if s.Direction == network.Egress {
		end, way = "sender", "out"
	}
	if rule, policy := deny(s); policy != nil {
		blame := []Blame{{j.acts.of(policy.Ref), policy.Ref}}
		return &closed{blames: blame, reason: fmt.Sprintf("%s of %s denies it", rule, names(blame))}
	}
	if was != nil && was.Isolated && !was.Allowed.None() {
		if lost := j.lost(was); len(lost) > 0 {
			return &closed{blames: lost, reason: fmt.Sprintf("%s let it %s and %s not any more", names(lost), way, verb(lost, "does", "do"))}
		}
	}
	blame := j.isolating(s, j.before != nil && (was == nil || !was.Isolated))
	return &closed{
		blames: blame, isolates: true,
		reason: fmt.Sprintf("%s %s the %s, and no rule lets it %s", names(blame), verb(blame, "isolates", "isolate"), end, way),
	}
}

// isolating are the NetworkPolicies that isolate: those that are new or changed, where they can be told apart.
func (j *judge) isolating(s *network.Side, tell bool) []Blame {
	var all, young []Blame
	for _, p := range s.Policies {
		if p.Tier != network.NetworkPolicyTier || !p.Sure || p.Policy == nil {
			continue
		}
		b := Blame{j.acts.of(p.Policy.Ref), p.Policy.Ref}
		all = append(all, b)
		if b.Act != InForce {
			young = append(young, b)
		}
	}
	if tell && len(young) > 0 {
		return young
	}
	return all
}

func names(list []Blame) string {
	texts := make([]string, 0, len(list))
	for _, b := range list {
		texts = append(texts, b.String())
	}
	return strings.Join(texts, ", ")
}

func verb(list []Blame, one, many string) string {
	if len(list) == 1 {
		return one
	}
	return many
}

// deny finds the rule of a policy of the whole cluster that denies; nil when NetworkPolicies do.
func deny(s *network.Side) (finding.Path, *inventory.Object) {
	left := map[network.Tier]bool{}
	for _, p := range s.Policies {
		if p.Tier == network.NetworkPolicyTier && p.Sure {
			return "", nil
		}
		for _, r := range p.Rules {
			if left[p.Tier] || r.Allowed.None() {
				continue
			}
			switch r.Action {
			case network.Deny:
				return r.Path, p.Policy
			default:
				left[p.Tier] = true
			}
		}
	}
	return "", nil
}

// lost are the policies that let a connection pass before and were changed or removed.
func (j *judge) lost(was *network.Side) []Blame {
	var out []Blame
	for _, p := range was.Policies {
		if p.Policy == nil || !slices.ContainsFunc(p.Rules, func(r network.RuleAnswer) bool { return r.Action == network.Allow && !r.Allowed.None() }) {
			continue
		}
		if act := j.acts.of(p.Policy.Ref); act != InForce {
			out = append(out, Blame{act, p.Policy.Ref})
		}
	}
	return out
}
