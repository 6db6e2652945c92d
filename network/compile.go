package network

import (
	"encoding/binary"
	"slices"
)

// An entry of a policy allows some ports to those that a matcher matches.
type entry struct {
	who int // a matcher, or anyone
	// unsure says that whom the rule means is not known: nobody for sure, and maybe those of who.
	unsure bool
	ports  portRule
}

// A portRule is the ports that a rule names: those that are known, within two bounds, and those that depend on what a
// pod calls its ports.
type portRule struct {
	lower, upper portsID
	named        []int // numbers of named ports, sorted
}

// A compiled policy is a policy in terms of matchers.
type compiled struct {
	*policy
	subject int // the matcher of the pods that it selects
	entries [directions][]entry
	mark    [directions][2]mark // the facts that it selects a peer, and that it may
}

// A compiler makes matchers of policies.
type compiler struct {
	matchers *matchers
	ports    *portTable
	names    *namespaces
	named    []namedPort
	namedIDs map[namedPort]int
}

func newCompiler(names *namespaces) *compiler {
	return &compiler{matchers: newMatchers(), ports: newPortTable(), names: names, namedIDs: map[namedPort]int{}}
}

func (c *compiler) namedID(n namedPort) int {
	id, known := c.namedIDs[n]
	if !known {
		id = len(c.named)
		c.named = append(c.named, n)
		c.namedIDs[n] = id
	}
	return id
}

func (c *compiler) compile(p *policy) *compiled {
	out := &compiled{policy: p, mark: [directions][2]mark{{newMark(), newMark()}, {newMark(), newMark()}}}
	namespace := -1
	if p.object != nil {
		namespace = c.names.of(p.object.Namespace)
		out.subject = c.matchers.inNamespace(namespace, p.pods)
	}
	for d := range Direction(directions) {
		switch {
		case p.isolates[d] == no:
		case p.wild:
			out.entries[d] = []entry{{who: anyone, unsure: true, ports: portRule{upper: allPorts}}}
		default:
			out.entries[d] = c.entries(p.rules[d], namespace)
		}
	}
	return out
}

// A draft is the ports of all entries with the same who, before they are put in order.
type draft struct {
	entry
	lower, upper [protocols][]Range
}

// entries joins the rules of a policy by whom they mean, so that 100,000 rules cost no more than they say.
func (c *compiler) entries(rules []rule, namespace int) []entry {
	var order []*draft
	byWho := map[entryKey]*draft{}
	blocks := map[string]*blockDraft{} // by ports
	var blockOrder []*blockDraft
	add := func(who int, unsure bool, ports portRule) {
		key := entryKey{who, unsure}
		d := byWho[key]
		if d == nil {
			d = &draft{entry: entry{who: who, unsure: unsure}}
			byWho[key] = d
			order = append(order, d)
		}
		d.add(c.ports.ports(ports.lower), c.ports.ports(ports.upper), ports.named)
	}
	for i := range rules {
		r := &rules[i]
		if r.doubt != "" {
			add(anyone, true, portRule{upper: allPorts})
			continue
		}
		ports := c.portRule(r.ports)
		if r.anyone {
			add(anyone, false, ports)
		}
		for j := range r.peers {
			peer := &r.peers[j]
			switch {
			case peer.broken != "":
				add(anyone, true, ports)
			case peer.block != nil:
				key := ports.key()
				if blocks[key] == nil {
					blocks[key] = &blockDraft{ports: ports}
					blockOrder = append(blockOrder, blocks[key])
				}
				blocks[key].add(peer.block)
			case peer.everywhere:
				add(c.matchers.across(peer.namespaces, peer.pods), false, ports)
			default:
				add(c.matchers.inNamespace(namespace, peer.pods), false, ports)
			}
		}
	}
	for _, b := range blockOrder {
		add(c.matchers.addresses(b.join()), false, b.ports)
	}
	out := make([]entry, len(order))
	for i, d := range order {
		out[i] = d.finish(c.ports)
	}
	return out
}

type entryKey struct {
	who    int
	unsure bool
}

func (d *draft) add(lower, upper Ports, named []int) {
	for i := range d.lower {
		d.lower[i] = append(d.lower[i], lower.ranges[i]...)
		d.upper[i] = append(d.upper[i], upper.ranges[i]...)
	}
	d.ports.named = append(d.ports.named, named...)
}

func (d *draft) finish(table *portTable) entry {
	e := d.entry
	var lower, upper Ports
	for i := range d.lower {
		lower.ranges[i], upper.ranges[i] = normalRanges(d.lower[i]), normalRanges(d.upper[i])
	}
	e.ports.lower, e.ports.upper = table.id(lower), table.id(upper)
	slices.Sort(e.ports.named)
	e.ports.named = slices.Compact(e.ports.named)
	return e
}

// A blockDraft is the addresses of all rules with the same ports.
type blockDraft struct {
	ports portRule
	set   addressSet
}

func (b *blockDraft) add(set *addressSet) {
	for f := range set {
		b.set[f] = append(b.set[f], set[f]...)
	}
}

func (b *blockDraft) join() addressSet {
	for f := range b.set {
		b.set[f] = JoinRanges(b.set[f])
	}
	return b.set
}

// key is the same for equal ports.
func (p portRule) key() string {
	out := binary.BigEndian.AppendUint32(nil, uint32(p.lower))
	out = binary.BigEndian.AppendUint32(out, uint32(p.upper))
	for _, n := range p.named {
		out = binary.BigEndian.AppendUint32(out, uint32(n))
	}
	return string(out)
}

// portRule joins the ports of a rule; none are all.
func (c *compiler) portRule(ports []rulePort) portRule {
	if len(ports) == 0 {
		return portRule{lower: allPorts, upper: allPorts}
	}
	var d draft
	for i := range ports {
		p := &ports[i]
		switch {
		case p.broken != "":
			d.add(Ports{}, p.ports, nil)
		case p.name != "":
			d.ports.named = append(d.ports.named, c.namedID(namedPort{p.proto, p.name}))
		default:
			d.add(p.ports, p.ports, nil)
		}
	}
	return d.finish(c.ports).ports
}

// compileAdmin makes matchers of a policy of the whole cluster. Its rules are not joined, because their order counts.
func (c *compiler) compileAdmin(p *adminPolicy) {
	p.subject = c.matchers.across(p.namespaces, p.pods)
	for d := range Direction(directions) {
		p.marks[d] = [2]mark{newMark(), newMark()}
		for i := range p.rules[d] {
			p.entries[d] = append(p.entries[d], c.entries(p.rules[d][i:i+1], -1))
		}
	}
}
