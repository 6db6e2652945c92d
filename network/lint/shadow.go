package lint

import (
	"fmt"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/network"
)

// comparisons bounds the work for the policies of one namespace, or of the cluster.
const comparisons = 5_000_000

// shadows finds NetworkPolicies and rules without which no connection would change: not those between the pods that there
// are, and not those of pods to come. Everything that is reported can go at once.
//
// A policy only counts as covered by policies that select whatever it selects, going by the selectors: a policy that denies by
// default is not useless because each pod of today has policies of its own.
func (c *checker) shadows() {
	own := slices.IndexFunc(c.policies, func(p *policy) bool { return !p.isNetworkPolicy() })
	if own < 0 {
		own = len(c.policies)
	}
	for start := 0; start < own; {
		end := start + 1
		for end < own && c.policies[end].Object.Namespace == c.policies[start].Object.Namespace {
			end++
		}
		c.shadowsIn(c.policies[start:end])
		start = end
	}
}

// A candidate is a policy that may be shadowed, and may shadow others.
type candidate struct {
	*policy
	rules [2][]*rule
	by    map[*rule][]*rule
	gone  bool
}

func (c *checker) shadowsIn(policies []*policy) {
	var list []*candidate
	for _, p := range policies {
		if p.Doubt != "" || p.Selects.Broken() || slices.ContainsFunc(directions(), func(d network.Direction) bool { return p.Isolates(d) == network.Unknown }) {
			continue
		}
		x := &candidate{policy: p, by: map[*rule][]*rule{}}
		for _, d := range directions() {
			for i := range p.rules[d] {
				x.rules[d] = append(x.rules[d], newRule(p, &p.rules[d][i]))
			}
		}
		list = append(list, x)
	}
	b := &budget{comparisons}
	for _, x := range slices.Backward(list) { // of equal ones the first stays
		c.shadowed(x, list, b)
	}
	if b.left < 0 && len(list) > 0 {
		c.cannot(ShadowedRule, finding.Ref{APIVersion: "v1", Kind: "Namespace", Name: list[0].Object.Namespace},
			"the policies of the namespace have too many rules to compare each with each")
	}
}

func (c *checker) shadowed(x *candidate, list []*candidate, b *budget) {
	whole := true
	var wider []*candidate // that do as much as x, in all its directions together
	for _, d := range directions() {
		if x.Isolates(d) != network.Allowed {
			continue
		}
		var around []*candidate
		for _, y := range list {
			if y != x && !y.gone && y.Isolates(d) == network.Allowed && b.spend() && x.Selects.Within(y.Selects) {
				around = append(around, y)
			}
		}
		whole = whole && len(around) > 0
		var others []*rule
		for _, y := range around {
			others = append(others, y.rules[d]...)
		}
		others = append(others, x.rules[d]...)
		for _, r := range slices.Backward(x.rules[d]) {
			r.gone = true // it does not cover itself
			by, ok := covered(r, others, b)
			if r.gone = ok; ok {
				x.by[r] = by
			}
			whole = whole && ok
		}
		wider = append(wider, around...)
	}
	if whole {
		x.gone = true
		c.shadowedPolicy(x, wider)
		return
	}
	for _, d := range directions() {
		for _, r := range x.rules[d] {
			if r.gone {
				c.found(ShadowedRule, x.Object, r.Path, "Other rules already allow all that the rule allows", because(r, x.by[r])...)
			}
		}
	}
}

func (c *checker) shadowedPolicy(x *candidate, wider []*candidate) {
	var by []finding.Reason
	told := map[*policy]bool{}
	tell := func(p *policy, message string) {
		if p != x.policy && !told[p] && len(by) < mostNamed {
			told[p] = true
			by = append(by, proves("shadows", p.Object.String()+" "+message, p.Object))
		}
	}
	for _, d := range directions() {
		for _, r := range x.rules[d] {
			for _, o := range x.by[r] {
				tell(o.policy, "selects the same pods, and allows as much in "+string(o.Path))
			}
		}
	}
	for _, y := range wider {
		tell(y.policy, "isolates the same pods")
	}
	c.found(ShadowedPolicy, x.Object, "", "Other policies already do all that the policy does", by...)
}

func because(r *rule, by []*rule) []finding.Reason {
	var out []finding.Reason
	for i, o := range by {
		if i == mostNamed {
			break
		}
		where := string(o.Path)
		if o.policy != r.policy {
			where += " of " + o.policy.Object.String()
		}
		out = append(out, proves("shadows", where+" covers it", o.policy.Object))
	}
	return out
}

// adminOrder finds rules of policies of the cluster that are never asked, because others decide before.
func (c *checker) adminOrder() {
	var before [2][]*rule // those of lower priority, and then those of the same policy
	var tier network.Tier
	var waiting []*policy
	b := &budget{comparisons}
	flush := func() {
		for _, p := range waiting {
			for _, d := range directions() {
				for i := range p.rules[d] {
					if p.Doubt == "" && !p.Selects.Broken() {
						before[d] = append(before[d], newRule(p, &p.rules[d][i]))
					}
				}
			}
		}
		waiting = nil
	}
	for _, p := range c.policies {
		if p.isNetworkPolicy() {
			continue
		}
		if p.Tier != tier {
			before, waiting, tier = [2][]*rule{}, nil, p.Tier
		}
		if len(waiting) > 0 && waiting[0].Priority != p.Priority {
			flush()
		}
		for _, d := range directions() {
			c.neverAsked(p, d, before[d], b)
		}
		waiting = append(waiting, p)
	}
	if b.left < 0 {
		c.cannot(NeverAsked, finding.Ref{}, "the policies of the cluster have too many rules to compare each with each")
	}
}

func (c *checker) neverAsked(p *policy, d network.Direction, before []*rule, b *budget) {
	if p.Selects.Broken() {
		return
	}
	var earlier []*rule
	for _, r := range before {
		if b.spend() && p.Selects.Within(r.policy.Selects) {
			earlier = append(earlier, r)
		}
	}
	for i := range p.rules[d] {
		r := newRule(p, &p.rules[d][i])
		if by, ok := covered(r, earlier, b); ok {
			message := fmt.Sprintf("The rule (%s) is never asked: earlier rules decide about all that it is about", r.Action)
			c.found(NeverAsked, p.Object, r.Path, message, because(r, by)...)
			continue
		}
		earlier = append(earlier, r)
	}
}
