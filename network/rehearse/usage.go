package rehearse

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/need"
)

// usage notes which rules of the proposed policies some need uses.
type usage struct {
	policies map[*inventory.Object]*policyUse
	order    []*policyUse
	asked    map[question]bool
}

// A question is a need as far as rules can tell it from others.
type question struct {
	pair
	protocol network.Protocol
	port     uint16
}

// A policyUse is what of a policy is used.
type policyUse struct {
	object *inventory.Object
	rules  []finding.Path // that allow something
	used   map[finding.Path]bool
}

// newUsage notes the policies that are new or changed; all where nothing is compared.
func newUsage(current, proposed *network.Map) *usage {
	u := &usage{policies: map[*inventory.Object]*policyUse{}, asked: map[question]bool{}}
	known := map[*inventory.Object]bool{}
	if current != proposed {
		for _, r := range current.Readings() {
			known[r.Object] = true
		}
	}
	list := proposed.Readings()
	for i := range list {
		r := &list[i]
		if known[r.Object] || u.policies[r.Object] != nil {
			continue
		}
		p := &policyUse{object: r.Object, used: map[finding.Path]bool{}}
		for _, d := range []network.Direction{network.Ingress, network.Egress} {
			for _, rule := range r.Rules(d) {
				if rule.Action == network.Allow {
					p.rules = append(p.rules, rule.Path)
				}
			}
		}
		if len(p.rules) > 0 {
			u.policies[r.Object] = p
			u.order = append(u.order, p)
		}
	}
	return u
}

// use notes the rules that a need uses.
func (u *usage) use(s *stage, n *need.Need) {
	if len(u.order) == 0 {
		return
	}
	from, to := s.cast(&n.From), s.cast(&n.To)
	switch {
	case len(to.peers) == 0 && n.To.Kind == need.DNS:
		u.mark(s, network.Egress, from.peers, func(rule *network.RuleReading) bool { return dnsRule(n, rule) != network.Denied })
	case !to.all && len(to.peers) > 0:
		u.mark(s, network.Egress, from.peers, func(rule *network.RuleReading) bool { return outsideRule(n, rule) })
		return
	case !from.all && len(from.peers) > 0:
		u.mark(s, network.Ingress, to.peers, func(rule *network.RuleReading) bool { return outsideRule(n, rule) })
		return
	}
	for _, a := range from.peers {
		for _, b := range to.peers {
			if u.done(s.Guard(network.Egress, a)) && u.done(s.Guard(network.Ingress, b)) {
				continue
			}
			q := question{pair{s.ClassOf(a).ID, s.ClassOf(b).ID}, n.Protocol, n.Port}
			if u.asked[q] {
				continue
			}
			u.asked[q] = true
			v := s.Judge(a, b, network.OnePort(n.Protocol, n.Port))
			u.note(&v.Egress)
			u.note(&v.Ingress)
		}
	}
}

// mark notes rules of the policies that select some peers.
func (u *usage) mark(s *stage, d network.Direction, peers []*network.Peer, uses func(*network.RuleReading) bool) {
	for _, peer := range peers {
		g := s.Guard(d, peer)
		if u.done(g) {
			continue
		}
		for _, o := range g.Policies {
			p, r := u.policies[o], s.reading(o)
			if p == nil || r == nil {
				continue
			}
			for _, rule := range r.Rules(d) {
				if rule.Action == network.Allow && uses(&rule) {
					p.used[rule.Path] = true
				}
			}
		}
	}
}

// outsideRule says whether a rule may be the one that lets an address pass of which nobody knows which it is.
func outsideRule(n *need.Need, rule *network.RuleReading) bool {
	return rulePorts(n, rule) != network.Denied && (rule.Doubt != "" || rule.Everyone ||
		slices.ContainsFunc(rule.Peers, func(p network.PeerReading) bool { return p.Block || p.Broken != "" }))
}

// done says that all rules of some policies are known to be used.
func (u *usage) done(g network.Guard) bool {
	return !g.Unsure && !slices.ContainsFunc(g.Policies, func(o *inventory.Object) bool {
		p := u.policies[o]
		return p != nil && len(p.used) < len(p.rules)
	})
}

func (u *usage) note(s *network.Side) {
	for i := range s.Policies {
		p := u.policies[s.Policies[i].Policy]
		if p == nil {
			continue
		}
		for _, r := range s.Policies[i].Rules {
			if r.Action == network.Allow && !(r.Allowed.None() && r.Unknown.None()) {
				p.used[r.Path] = true
			}
		}
	}
}

// unused are policies of which nothing is used, and rules of others.
func (u *usage) unused() ([]*inventory.Object, []Rule) {
	var objects []*inventory.Object
	var rules []Rule
	for _, p := range u.order {
		if len(p.used) == 0 {
			objects = append(objects, p.object)
			continue
		}
		for _, path := range p.rules {
			if !p.used[path] {
				rules = append(rules, Rule{p.object, path})
			}
		}
	}
	return objects, rules
}
