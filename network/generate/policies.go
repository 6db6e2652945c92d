package generate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/network"
)

// welcome lets all pods ask the resolvers whose namespace the plan isolates.
func (b *builder) welcome() {
	if !b.isolates(network.Ingress) || b.options.NoDNS {
		return
	}
	for _, w := range b.dns.workloads {
		if !b.covered[w.namespace] {
			continue
		}
		s := b.side(w.unit, network.Ingress)
		s.broader["all pods of the cluster may ask, as the cluster's DNS is for all"] = true
		t := targetOf(s.pods, Everywhere)
		t.peer = Peer{Namespace: Everywhere}
		t.reason.End = "all pods"
		t.ports = b.dns.ports
	}
}

// namespace makes the policies of a namespace.
func (b *builder) namespace(ns string) {
	b.defaultDeny(ns)
	b.allowDNS(ns)
	var out []*Policy
	for _, u := range append(slices.Clip(b.units[ns]), b.controllers(ns)...) {
		for _, d := range b.options.Directions {
			if p := b.unitPolicy(u, d); p != nil {
				out = append(out, p)
			}
		}
	}
	slices.SortFunc(out, func(a, b *Policy) int { return strings.Compare(a.Name, b.Name) })
	b.plan.Policies = append(b.plan.Policies, out...)
	b.unseen(ns)
	if kept := b.standing.kept[ns]; len(kept) > 0 {
		b.note(Untouched, ns, "", stay(kept))
	}
}

// stay says that policies stay, and names the first few of them.
func stay(list []string) string {
	if len(list) == 1 {
		return "NetworkPolicy " + list[0] + " stays as it is, and goes on to allow what it allows"
	}
	names := enumerate(list[:min(len(list), most)], max(len(list)-most, 0))
	return "NetworkPolicies " + names + " stay as they are, and go on to allow what they allow"
}

// policy starts a policy under a free name.
func (b *builder) policy(ns, name string, directions ...network.Direction) *Policy {
	free := name
	for i := 2; b.standing.taken[[2]string{ns, free}]; i++ {
		suffix := "-" + strconv.Itoa(i)
		free = strings.TrimRight(name[:min(len(name), longestName-len(suffix))], "-") + suffix
	}
	b.standing.taken[[2]string{ns, free}] = true
	p := &Policy{
		Namespace: ns, Name: free, For: "all pods", Directions: directions, Labels: map[string]string{}, Annotations: map[string]string{},
	}
	maps.Copy(p.Labels, b.options.Labels)
	maps.Copy(p.Annotations, b.options.Annotations)
	p.Labels[managedBy] = plimsoll
	return p
}

func (b *builder) defaultDeny(ns string) {
	directions := slices.DeleteFunc(slices.Clone(b.options.Directions), func(d network.Direction) bool {
		return slices.Contains(b.standing.closed[ns], d)
	})
	if len(directions) == 0 {
		return
	}
	p := b.policy(ns, "default-deny", directions...)
	switch {
	case len(directions) == 2:
		p.Comments = append(p.Comments, "Nothing goes in or out of the pods of "+ns+" but what other policies allow")
	case directions[0] == network.Ingress:
		p.Comments = append(p.Comments, "Nothing goes in to the pods of "+ns+" but what other policies allow")
	default:
		p.Comments = append(p.Comments, "Nothing goes out of the pods of "+ns+" but what other policies allow")
	}
	if directions[0] == network.Ingress {
		p.Comments = append(p.Comments, "Probes by the kubelet need no rule: no policy keeps a node from the pods that run on it")
	}
	b.plan.Policies = append(b.plan.Policies, p)
}

func (b *builder) allowDNS(ns string) {
	if b.options.NoDNS || !b.isolates(network.Egress) {
		return
	}
	p := b.policy(ns, "allow-dns", network.Egress)
	p.Comments = append(p.Comments, "All pods of "+ns+" may ask the cluster's DNS")
	b.note(Broader, ns, p.Name, "all pods may ask the cluster's DNS, whether they were seen to or not")
	if b.dns.usual {
		p.Comments = append(p.Comments, sentence(usualDNS))
		b.note(Broader, ns, p.Name, usualDNS)
	}
	reason := Reason{} // the policy's comment says all
	if asking := b.asking[ns]; asking != nil {
		reason = *asking
	}
	r := Rule{Ports: b.dns.ports, Reasons: []Reason{reason}}
	for _, peer := range b.dns.peers {
		if peer.Namespace == ns {
			peer.Namespace = ""
		}
		r.Peers = append(r.Peers, peer)
	}
	p.Rules = []Rule{r}
	if len(b.dns.caches) > 0 {
		cache := Rule{Ports: usualDNSPorts(), Reasons: []Reason{{End: "the DNS cache on each node"}}}
		for _, block := range b.dns.caches {
			cache.Peers = append(cache.Peers, Peer{Block: block})
		}
		p.Rules = append(p.Rules, cache)
	}
	b.plan.Policies = append(b.plan.Policies, p)
}

// unitPolicy is what a unit needs in a direction; nil when that is nothing that a policy can allow.
func (b *builder) unitPolicy(u *unit, d network.Direction) *Policy {
	s := b.sides[sideKey{u, d}]
	if s == nil {
		return nil
	}
	rules, widened := s.rules(u.namespace, b.options.MaxBlocks)
	if len(rules) == 0 {
		b.unopened(u, d, s, "")
		return nil
	}
	p := b.policy(u.namespace, u.name+"-"+d.String(), d)
	p.Selector, p.For, p.Rules = u.selector, u.String(), rules
	if b.plan.Observed > 0 {
		b.plan.Unseen += declaredOnly(rules)
	}
	if d == network.Ingress {
		p.Comments = append(p.Comments, "Who may connect to "+p.For)
	} else {
		p.Comments = append(p.Comments, "What "+p.For+" may connect to")
	}
	for _, text := range b.broader(u, s, widened) {
		p.Comments = append(p.Comments, "Broader than what is needed: "+text)
		b.note(Broader, u.namespace, p.Name, text)
	}
	for _, text := range b.unopened(u, d, s, p.Name) {
		p.Comments = append(p.Comments, "Not opened: "+text)
	}
	for _, what := range slices.Sorted(maps.Keys(s.free)) {
		p.Comments = append(p.Comments, fmt.Sprintf("Connections with %s (%s) need no rule", what, portsText(s.free[what].portRanges())))
	}
	if blocks := mostBlocks(rules); blocks > manyBlocks {
		b.note(Untouched, u.namespace, p.Name, fmt.Sprintf("a rule has %d blocks of addresses: --max-blocks joins them", blocks))
	}
	return p
}

// declaredOnly counts reasons that nothing was seen of.
func declaredOnly(rules []Rule) int {
	n := 0
	for i := range rules {
		for j := range rules[i].Reasons {
			if r := &rules[i].Reasons[j]; r.Flows == 0 && len(r.Declared) > 0 {
				n++
			}
		}
	}
	return n
}

// manyBlocks is how many blocks of addresses nobody reads any more.
const manyBlocks = 100

func mostBlocks(rules []Rule) int {
	n := 0
	for i := range rules {
		if rules[i].Peers[0].Block.IsValid() {
			n = max(n, len(rules[i].Peers))
		}
	}
	return n
}

// broader says what a policy allows beyond what is needed.
func (b *builder) broader(u *unit, s *side, widened int) []string {
	out := slices.Sorted(maps.Keys(s.broader))
	if widened > 0 {
		out = append(out, "addresses outside were joined to larger blocks, as the options say")
	}
	if u.whole {
		if len(u.members) > 1 {
			out = append(out, "what one workload of "+u.namespace+" needs is open to all its pods")
		}
	} else {
		out = append(out, u.beyond(u.namespace)...)
	}
	var others []string
	for _, t := range s.pods {
		if t.unit == nil || t.unit == u {
			continue
		}
		if t.unit.whole && len(t.unit.members) > 1 {
			others = append(others, "all pods of "+t.unit.namespace+" are meant where one workload of it is needed")
		} else if !t.unit.whole {
			others = append(others, t.unit.beyond(u.namespace)...)
		}
	}
	slices.Sort(others)
	return append(out, slices.Compact(others)...)
}

// beyond says what the selector of a unit means beside its workload.
func (u *unit) beyond(namespace string) []string {
	var out []string
	who := u.in(namespace)
	if len(u.members) > 1 {
		out = append(out, who+" have the same labels, so that no policy tells them apart")
	}
	if len(u.also) > 0 {
		out = append(out, "the labels of "+who+" also select "+workloadNames(u.also, namespace))
	}
	switch {
	case u.selector.All():
		out = append(out, who+" has no labels to be selected by: all pods of "+u.namespace+" are meant")
	case len(u.selector.Absent) > 0:
		out = append(out, who+" has no labels to be selected by: all pods without "+strings.Join(u.selector.Absent, ", ")+" are meant")
	}
	return out
}

// unopened says, in sentences, what a unit needs and is not allowed.
func (b *builder) unopened(u *unit, d network.Direction, s *side, policy string) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(s.unopened)) {
		t := s.unopened[key]
		preposition := map[network.Direction]string{network.Ingress: "from", network.Egress: "to"}[d]
		text := fmt.Sprintf("%s %s %s on %s: %s", d, preposition, t.reason.End, portsText(t.portRanges()), t.reason.Note)
		b.addNote(Note{Sort: NotOpened, Namespace: u.namespace, Policy: policy, About: u.in(""), Text: text})
		out = append(out, text)
	}
	return out
}

func portsText(ports []Port) string {
	var parts []string
	for i, p := range ports {
		text := p.String()
		if i > 0 && ports[i-1].Protocol == p.Protocol {
			_, text, _ = strings.Cut(text, " ")
		}
		parts = append(parts, text)
	}
	return enumerate(parts[:min(len(parts), 2*most)], max(len(parts)-2*most, 0))
}

// unseen names the workloads of a namespace of which no connection was found, and those that no policy isolates.
func (b *builder) unseen(ns string) {
	var unseen, hosts []*workload
	for _, w := range b.byPlace[ns] {
		switch {
		case w.hosts():
			hosts = append(hosts, w)
		case !w.seen:
			unseen = append(unseen, w)
		}
	}
	if len(unseen) > 0 {
		b.note(NotSeen, ns, "", "no connection of "+workloadNames(unseen, ns)+" was found, so that none is opened")
	}
	if len(hosts) > 0 {
		verb := map[bool]string{true: " is", false: " are"}[len(hosts) == 1]
		b.note(Untouched, ns, "", workloadNames(hosts, ns)+verb+" on the network of the nodes, where no policy has an effect")
	}
}

// sentence starts with a capital.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
