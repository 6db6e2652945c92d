package network

import "slices"

// hostNodes are the matchers of the pods on the nodes of each peer on the host network.
func (m *Map) hostNodes() map[int]int {
	out := map[int]int{}
	for i, p := range m.peers {
		if !p.HostNetwork {
			continue
		}
		nodes := p.nodes
		if !p.placed {
			nodes = nil
		}
		out[i] = m.compiler.matchers.onNodes(nodes)
	}
	return out
}

// mark gives every pod peer the mark of what is true of it and what policies can see.
func (m *Map) mark() {
	flags := map[[4]bool]mark{}
	hosts := map[int]mark{}
	for i, p := range m.peers[:m.pods] {
		flag := [4]bool{p.HostNetwork, p.located, p.address[ipv4].IsValid(), p.address[ipv6].IsValid()}
		p.facts = m.named.key(i).xor(markOf(flags, flag))
		for _, a := range p.address {
			if a.IsValid() {
				p.facts = p.facts.xor(m.atlas.at(a).facts)
			}
		}
		if id, host := m.nodes[i]; host {
			p.facts = p.facts.xor(markOf(hosts, id))
		}
	}
	for _, x := range m.compiler.matchers.all {
		m.markWith(x)
	}
}

// markWith adds the mark of one matcher to the peers that match.
func (m *Map) markWith(x *matcher) {
	for _, i := range x.yes {
		m.peers[i].facts = m.peers[i].facts.xor(x.mark[0])
	}
	for _, i := range x.may {
		m.peers[i].facts = m.peers[i].facts.xor(x.mark[1])
	}
}

// markOf is the mark of a fact, which is made when it is first asked for.
func markOf[K comparable](known map[K]mark, fact K) mark {
	m, seen := known[fact]
	if !seen {
		m = newMark()
		known[fact] = m
	}
	return m
}

// classify makes a class of the peers with equal facts.
func (m *Map) classify() {
	byFacts := make(map[mark]*Class, len(m.peers))
	m.classes = nil
	for i, p := range m.peers {
		p.index = i
		c, known := byFacts[p.facts]
		if !known || p.External() {
			c = &Class{ID: len(m.classes)}
			m.classes = append(m.classes, c)
			if !p.External() {
				byFacts[p.facts] = c
			}
		}
		c.Peers = append(c.Peers, p)
		p.class = c.ID
	}
}

// matchClasses finds the classes of every matcher.
func (m *Map) matchClasses() {
	var unlocated set
	for i, p := range m.peers[:m.pods] {
		if !p.located {
			unlocated.add(m.peers[i].class)
		}
	}
	for _, x := range m.compiler.matchers.all {
		if x.kind == blockMatcher {
			for f := range family(families) {
				x.sets[f] = m.blockClasses(x, f, unlocated)
			}
			continue
		}
		both := bounds{m.classesOf(x.yes), m.classesOf(x.may)}
		x.sets = [families]bounds{both, both}
	}
}

func (m *Map) blockClasses(x *matcher, f family, unlocated set) bounds {
	b := bounds{yes: m.classesOf(x.hits[f])}
	base := m.peers[m.pods].class // each group of addresses is a class, and their numbers follow each other
	for _, r := range x.block[f] {
		m.atlas.within(r, func(first, last int) { b.yes.addRange(base+first, base+last) })
	}
	switch {
	case x.block.whole(f):
		b.yes.addAll(unlocated) // whatever their addresses are
	case len(x.block[f]) > 0:
		b.may.addAll(unlocated)
	}
	return b
}

func (m *Map) classesOf(peers []int32) set {
	var s set
	if len(peers) == 0 {
		return s
	}
	low, high := m.peers[peers[0]].class, m.peers[peers[0]].class
	for _, i := range peers[1:] {
		low, high = min(low, m.peers[i].class), max(high, m.peers[i].class)
	}
	s.grow(low/64, high/64+1)
	for _, i := range peers {
		s.add(m.peers[i].class)
	}
	return s
}

// unusedNames warns of named ports that no peer has.
func (m *Map) unusedNames() []Warning {
	used := make([]bool, len(m.compiler.named))
	for _, list := range m.named.of {
		for _, r := range list {
			used[r.name] = true
		}
	}
	if !slices.Contains(used, false) {
		return nil
	}
	var w warner
	for _, p := range m.policies {
		if p.object == nil {
			continue
		}
		w.begin(p.object)
		for d := range Direction(directions) {
			for i := range p.rules[d] {
				r := &p.rules[d][i]
				for _, port := range r.ports {
					id, asked := m.compiler.namedIDs[namedPort{port.proto, port.name}]
					if asked && port.name != "" && !used[id] && w.wanted() {
						w.warn(NoPort, p.rulePath(d, r).Field("ports").Index(port.index), "No pod has a port that is named %q for %s", port.name, port.proto)
					}
				}
			}
		}
		w.end()
	}
	return w.out
}
