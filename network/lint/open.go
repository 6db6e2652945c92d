package lint

import (
	"fmt"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/network"
)

// An opening is how much a rule that allows all ports allows: everyone, or at least all addresses of a family or all pods.
type opening struct {
	everyone, v4, v6, pods bool
	path                   finding.Path // of the rule, or of its only item that matters
}

// openingOf looks at a rule; the zero opening is of a rule that names what it allows.
func openingOf(r *network.RuleReading) opening {
	ports := portsOf(r.Ports)
	if r.Doubt != "" || r.Action != network.Allow || !ports.ports.All() {
		return opening{}
	}
	out := opening{path: r.Path, everyone: r.Everyone}
	if r.Everyone {
		out.v4, out.v6, out.pods = true, true, true
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
			out.pods, last = true, item.Path
		}
	}
	out.v4, out.v6 = whole(blocks...)
	if last != "" && !(out.v4 && out.v6) {
		out.path = last
	}
	return out
}

// addresses says in words which addresses are allowed; "" when none are as a whole.
func (o opening) addresses() string {
	switch {
	case o.v4 && o.v6:
		return "every address, IPv4 and IPv6"
	case o.v4:
		return "every IPv4 address, but no IPv6 address"
	case o.v6:
		return "every IPv6 address, but no IPv4 address"
	}
	return ""
}

// openings finds rules that allow everything.
func (c *checker) openings(p *policy) {
	for _, d := range directions() {
		for i := range p.rules[d] {
			o := openingOf(&p.rules[d][i])
			word := [...]string{"from", "to"}[d]
			switch {
			case o.everyone:
				c.found(AllowAll, p.Object, o.path, fmt.Sprintf("The rule allows %s %s everyone on all ports", d, word), c.cancels(p, d)...)
			case o.addresses() != "":
				message := fmt.Sprintf("The rule allows %s %s %s, on all ports", d, word, o.addresses())
				if !o.pods {
					message += "; whether pods are meant too depends on the network plugin"
				}
				c.found(AllowAll, p.Object, o.path, message, c.cancels(p, d)...)
			case o.pods:
				c.found(AllowAllPods, p.Object, o.path, fmt.Sprintf("The rule allows %s %s all pods of every namespace on all ports", d, word))
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
