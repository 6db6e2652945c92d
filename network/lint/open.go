package lint

import (
	"fmt"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/network"
)

// An Opening is how much a rule that allows all ports allows: everyone, or at least all addresses of a family or all pods.
type Opening struct {
	Everyone   bool // no peers are named
	IPv4, IPv6 bool // all addresses of the family
	Pods       bool // all pods of every namespace
	// Path is that of the rule, or of its only item that matters.
	Path finding.Path
}

// OpeningOf looks at a rule; the zero Opening is of a rule that names what it allows.
func OpeningOf(r *network.RuleReading) Opening {
	ports := portsOf(r.Ports)
	if r.Doubt != "" || r.Action != network.Allow || !ports.ports.All() {
		return Opening{}
	}
	out := Opening{Path: r.Path, Everyone: r.Everyone}
	if r.Everyone {
		out.IPv4, out.IPv6, out.Pods = true, true, true
		return out
	}
	var blocks [][]network.AddressRange
	var last finding.Path
	for _, item := range r.Peers {
		switch {
		case item.Broken != "":
		case item.Block:
			blocks = append(blocks, item.Addresses)
			if v4, v6 := whole(item.Addresses); v4 || v6 {
				last = item.Path
			}
		case item.Pods.EveryNamespace() && item.Pods.EveryPod():
			out.Pods, last = true, item.Path
		}
	}
	out.IPv4, out.IPv6 = whole(blocks...)
	if last != "" && !(out.IPv4 && out.IPv6) {
		out.Path = last
	}
	return out
}

// Words says whom the rule allows: everyone, or which addresses; "" when it is no family as a whole.
func (o Opening) Words() string {
	switch {
	case o.Everyone:
		return "everyone"
	case o.IPv4 && o.IPv6:
		return "every address, IPv4 and IPv6"
	case o.IPv4:
		return "every IPv4 address, but no IPv6 address"
	case o.IPv6:
		return "every IPv6 address, but no IPv4 address"
	}
	return ""
}

// openings finds rules that allow everything.
func (c *checker) openings(p *policy) {
	for _, d := range directions() {
		for i := range p.rules[d] {
			o := OpeningOf(&p.rules[d][i])
			word := [...]string{"from", "to"}[d]
			switch {
			case o.Everyone:
				c.found(AllowAll, p.Object, o.Path, fmt.Sprintf("The rule allows %s %s everyone on all ports", d, word), c.cancels(p, d)...)
			case o.Words() != "":
				message := fmt.Sprintf("The rule allows %s %s %s, on all ports", d, word, o.Words())
				if !o.Pods {
					message += "; whether pods are meant too depends on the network plugin"
				}
				c.found(AllowAll, p.Object, o.Path, message, c.cancels(p, d)...)
			case o.Pods:
				c.found(AllowAllPods, p.Object, o.Path, fmt.Sprintf("The rule allows %s %s all pods of every namespace on all ports", d, word))
			}
		}
	}
}

// cancels names what a rule that allows everything makes void.
func (c *checker) cancels(p *policy, d network.Direction) []finding.Reason {
	if !p.isNetworkPolicy() {
		if p.Tier == network.AdminTier {
			return []finding.Reason{proves("before-policies", "no NetworkPolicy can deny what a policy of the Admin tier allows", nil)}
		}
		return nil
	}
	for peer := range p.Selects.Sure() {
		others := slices.DeleteFunc(slices.Clone(c.selecting[d][peer]), func(q *policy) bool { return q == p })
		return namesPolicies("void", fmt.Sprintf("isolates %s in vain for %s", peer, d), others)
	}
	return nil
}
