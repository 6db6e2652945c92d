package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/network"
)

// name finds policies whose names say something else than they do. The words of a name are what is between its hyphens,
// dots and underscores. Few names are read, those that can hardly mean anything else:
//
//   - "deny-all", "block-all": there is no rule in the directions that the name means, unless the name also has a word for
//     what is allowed ("allow", "except", "but", "only", "from", "to", "other", "non", "external", "dns" …);
//   - "default-deny", "deny-by-default": all pods of the namespace are selected, and no rule allows everyone;
//   - "deny" with "ingress" or "egress": the policy isolates that direction, which without policyTypes it may not;
//   - "allow-…" without "deny", "none", "nothing" or "no": it has a rule in some direction;
//   - "allow-all", alone or with a direction: it allows everyone, all addresses or all pods;
//   - "allow-from-NAME" and "allow-to-NAME": it does so when there are workloads of exactly this name in its namespace.
func (c *checker) name(p *policy) {
	if !p.isNetworkPolicy() || p.Doubt != "" || p.Selects.Broken() {
		return
	}
	n := readName(p.Object.Name)
	for _, d := range directions() {
		if p.Isolates(d) == network.Unknown || slices.ContainsFunc(p.rules[d], func(r network.RuleReading) bool { return r.Doubt != "" }) {
			return
		}
	}
	switch {
	case n.has("deny", "block") && !n.has("allow", "permit"):
		c.nameDenies(p, n)
	case n.has("allow") && !n.has("deny", "block", "none", "nothing", "no", "not"):
		c.nameAllows(p, n)
	}
}

// A policyName is the words of a name.
type policyName struct {
	words []string
	// says are the directions that the words mean: those that are named, else both.
	says  [2]bool
	named bool // a direction is named
}

func readName(name string) policyName {
	n := policyName{words: strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '.' || r == '_' })}
	for d, words := range [...][]string{{"ingress", "inbound", "incoming"}, {"egress", "outbound", "outgoing"}} {
		n.says[d] = n.has(words...)
	}
	n.named = n.says[0] || n.says[1]
	if !n.named {
		n.says = [2]bool{true, true}
	}
	return n
}

func (n policyName) has(words ...string) bool {
	return slices.ContainsFunc(n.words, func(w string) bool { return slices.Contains(words, w) })
}

// after is the place behind two words that follow each other; -1 when they do not.
func (n policyName) after(first, second string) int {
	for i := 1; i < len(n.words); i++ {
		if n.words[i-1] == first && n.words[i] == second {
			return i + 1
		}
	}
	return -1
}

// exceptions are words for what a policy that denies still allows.
func (n policyName) exceptions() bool {
	return n.has("except", "but", "only", "from", "to", "other", "others", "non", "not", "external", "internal", "dns", "with", "unless", "and", "cross")
}

func (c *checker) nameDenies(p *policy, n policyName) {
	byDefault := n.after("default", "deny") > 0 || n.after("by", "default") > 0 || n.after("deny", "default") > 0
	all := n.after("deny", "all") > 0 || n.after("block", "all") > 0
	for _, d := range directions() {
		if !n.says[d] {
			continue
		}
		if n.named && p.Isolates(d) == network.Denied {
			if byDefault || all || len(n.words) == 2 {
				c.found(NameContradicts, p.Object, "spec.policyTypes", fmt.Sprintf("The name says that %s is denied, and the policy does not isolate it", d),
					proves("types", typesInWords(p), nil))
			}
			continue
		}
		for i := range p.rules[d] {
			r := &p.rules[d][i]
			switch o := OpeningOf(r); {
			case (byDefault || all) && (o.Everyone || o.IPv4 && o.IPv6):
				c.found(NameContradicts, p.Object, r.Path, fmt.Sprintf("The name says that %s is denied, and the rule allows all of it", d))
			case all && !n.exceptions():
				c.found(NameContradicts, p.Object, r.Path, fmt.Sprintf("The name says that all %s is denied, and there is a rule that allows some", d))
			default:
				continue
			}
			break
		}
	}
	if byDefault && !p.Selects.EveryPod() && c.leavesOut(p) {
		c.found(NameContradicts, p.Object, "spec.podSelector", fmt.Sprintf("The name says that the policy denies by default, and it only selects %s", p.Selects))
	}
}

func typesInWords(p *policy) string {
	for _, d := range directions() {
		if p.Isolates(d) == network.Allowed && p.Isolates(1-d) == network.Denied {
			return fmt.Sprintf("going by its policyTypes and rules it isolates %s only", d)
		}
	}
	return "its policyTypes name neither"
}

// leavesOut says that some pods of the namespace are surely not selected.
func (c *checker) leavesOut(p *policy) bool {
	selected := map[*network.Peer]bool{}
	for peer := range p.Selects.Sure() {
		selected[peer] = true
	}
	for peer := range p.Selects.Maybe() {
		selected[peer] = true
	}
	return slices.ContainsFunc(c.m.In(p.Object.Namespace), func(peer *network.Peer) bool { return !peer.HostNetwork && !selected[peer] })
}

func (c *checker) nameAllows(p *policy, n policyName) {
	rules := len(p.rules[network.Ingress]) + len(p.rules[network.Egress])
	if rules == 0 {
		c.found(NameContradicts, p.Object, "", "The name says that something is allowed, and the policy has no rule that allows anything: it only denies",
			proves("empty-list", "an empty list of rules allows nothing; one rule without fields, {}, allows everything", nil))
		return
	}
	if at := n.after("allow", "all"); at > 0 && len(n.words[at:]) <= 1 && (len(n.words) == at || n.named || n.has("traffic")) {
		c.nameAllowsAll(p, n)
	}
	for i, d := range directions() {
		if at := n.after("allow", [...]string{"from", "to"}[i]); at > 0 && at < len(n.words) {
			c.nameOfPeer(p, d, strings.Join(n.words[at:], "-"))
		}
	}
}

func (c *checker) nameAllowsAll(p *policy, n policyName) {
	for _, d := range directions() {
		if p.Isolates(d) != network.Allowed || !n.says[d] {
			continue
		}
		open := false
		for i := range p.rules[d] {
			o := OpeningOf(&p.rules[d][i])
			open = open || o.Everyone || o.Pods || o.IPv4 || o.IPv6
		}
		if !open {
			c.found(NameContradicts, p.Object, field("spec", d.String()), fmt.Sprintf("The name says that all is allowed, and no rule for %s allows everything", d))
		}
	}
}

// nameOfPeer looks for a workload of the name, which the policy does not allow.
func (c *checker) nameOfPeer(p *policy, d network.Direction, name string) {
	var called []*network.Peer
	for _, peer := range c.m.In(p.Object.Namespace) {
		if peer.Object.Name == name || peer.Labels()["app"] == name || peer.Labels()["app.kubernetes.io/name"] == name {
			called = append(called, peer)
		}
	}
	if len(called) == 0 || p.Isolates(d) != network.Allowed {
		return
	}
	meant := map[*network.Peer]bool{}
	for _, r := range p.rules[d] {
		if r.Everyone {
			return
		}
		for _, item := range r.Peers {
			if item.Block || item.Broken != "" {
				return // an address may be that of the workload
			}
			for peer := range item.Pods.Sure() {
				meant[peer] = true
			}
			for peer := range item.Pods.Maybe() {
				meant[peer] = true
			}
		}
	}
	if !slices.ContainsFunc(called, func(peer *network.Peer) bool { return meant[peer] }) {
		c.found(NameContradicts, p.Object, field("spec", d.String()),
			fmt.Sprintf("The name says that %s is allowed, and no rule for %s means it", name, d), proves("named", "there is "+names(called), called[0].Object))
	}
}
