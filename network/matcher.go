package network

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A matcher is a part of a policy that some peers match and others do not. Equal parts of all policies are one matcher.
type matcher struct {
	kind       matcherKind
	namespace  int      // the only namespace, or -1: those that namespaces selects
	namespaces selector // of pods
	pods       selector
	block      addressSet
	nodes      []string // sorted; nil when they are not known

	yes, may []int32           // the peers that match, and those that may; of a block: see hits
	hits     [families][]int32 // the pods whose address of a family is in the block
	mark     [2]mark           // the facts that a peer matches, and that it may; of a block: by family

	sets [families]bounds // the classes, by family; the same for both but for blocks
}

// bounds are the classes that match for sure, and those of which it is not known.
type bounds struct{ yes, may set }

type matcherKind uint8

const (
	podMatcher   matcherKind = iota // selectors: pods of the pod network
	blockMatcher                    // addresses
	nodeMatcher                     // pods on certain nodes
)

// anyone stands for the matcher that every peer matches.
const anyone = -1

// matchers holds each matcher once.
type matchers struct {
	all   []*matcher
	byKey map[string]int
}

func newMatchers() *matchers { return &matchers{byKey: map[string]int{}} }

func (ms *matchers) intern(key string, make func() *matcher) int {
	if i, known := ms.byKey[key]; known {
		return i
	}
	i := len(ms.all)
	m := make()
	m.mark = [2]mark{newMark(), newMark()}
	ms.all = append(ms.all, m)
	ms.byKey[key] = i
	return i
}

// inNamespace is the matcher of pods in one namespace.
func (ms *matchers) inNamespace(namespace int, pods selector) int {
	return ms.intern("n"+strconv.Itoa(namespace)+" "+pods.String(), func() *matcher {
		return &matcher{kind: podMatcher, namespace: namespace, pods: pods}
	})
}

// across is the matcher of pods in the namespaces that a selector selects.
func (ms *matchers) across(namespaces, pods selector) int {
	return ms.intern("s"+namespaces.String()+" "+pods.String(), func() *matcher {
		return &matcher{kind: podMatcher, namespace: -1, namespaces: namespaces, pods: pods}
	})
}

// addresses is the matcher of addresses.
func (ms *matchers) addresses(block addressSet) int {
	var key strings.Builder
	key.WriteByte('b')
	for _, ranges := range block {
		for _, r := range ranges {
			first, last := r.First.As16(), r.Last.As16()
			key.Write(first[:])
			key.Write(last[:])
		}
		key.WriteByte('/') // the ranges of one family have a multiple of 32 bytes, so that this is no part of one
	}
	return ms.intern(key.String(), func() *matcher { return &matcher{kind: blockMatcher, block: block} })
}

// onNodes is the matcher of pods on the pod network that run on one of these nodes; nil when these are not known.
func (ms *matchers) onNodes(nodes []string) int {
	key := "x"
	if nodes != nil {
		key = "o" + strings.Join(nodes, "\x00")
	}
	return ms.intern(key, func() *matcher { return &matcher{kind: nodeMatcher, nodes: nodes} })
}

// A crowd is the peers that are pods, in the orders in which matchers look for them.
type crowd struct {
	peers       []*Peer
	names       *namespaces
	byNamespace [][]int32
	byLabel     map[[2]string][]int32
	odd         []int32 // whose labels cannot all be read
	templates   []int32 // whose pods get more labels from controllers
	byAddress   [families][]int32
	byNode      map[string][]int32
	unplaced    []int32
}

func newCrowd(peers []*Peer, names *namespaces) *crowd {
	c := &crowd{
		peers: peers, names: names, byNamespace: make([][]int32, len(names.all)),
		byLabel: map[[2]string][]int32{}, byNode: map[string][]int32{},
	}
	for i, p := range peers {
		at := int32(i)
		for f := range family(families) {
			if p.address[f].IsValid() {
				c.byAddress[f] = append(c.byAddress[f], at)
			}
		}
		if p.HostNetwork {
			continue // no selector selects it
		}
		c.byNamespace[p.namespace] = append(c.byNamespace[p.namespace], at)
		for k, v := range p.labels.values {
			c.byLabel[[2]string{k, v}] = append(c.byLabel[[2]string{k, v}], at)
		}
		if p.labels.open {
			c.odd = append(c.odd, at)
		} else if p.labels.template {
			c.templates = append(c.templates, at)
		}
		for _, node := range p.nodes {
			c.byNode[node] = append(c.byNode[node], at)
		}
		if !p.placed {
			c.unplaced = append(c.unplaced, at)
		}
	}
	for f := range family(families) {
		slices.SortFunc(c.byAddress[f], func(a, b int32) int { return peers[a].address[f].Compare(peers[b].address[f]) })
	}
	return c
}

// fill finds the peers of a matcher.
func (c *crowd) fill(m *matcher) {
	m.yes, m.may, m.hits = nil, nil, [families][]int32{}
	switch m.kind {
	case podMatcher:
		c.fillPods(m)
	case blockMatcher:
		c.fillBlock(m)
	case nodeMatcher:
		c.fillNodes(m)
	}
}

func (c *crowd) fillPods(m *matcher) {
	if m.namespace >= 0 {
		c.try(m, c.byNamespace[m.namespace], yes)
		return
	}
	list, all := c.names.candidates(m.namespaces)
	if t, ok := m.pods.some(); ok && (all || len(list) > 16) { // look for the label, and then at the namespace
		for _, v := range slices.Compact(slices.Clone(t.values)) {
			for _, i := range c.byLabel[[2]string{t.key, v}] {
				c.try(m, []int32{i}, m.namespaces.matches(c.names.all[c.peers[i].namespace].labels))
			}
		}
		odd := c.odd
		if isGenerated(t.key) {
			odd = slices.Concat(c.odd, c.templates)
		}
		for _, i := range odd {
			if _, has := c.peers[i].labels.values[t.key]; !has {
				c.try(m, []int32{i}, m.namespaces.matches(c.names.all[c.peers[i].namespace].labels))
			}
		}
		return
	}
	if all {
		for n := range c.names.all {
			c.try(m, c.byNamespace[n], m.namespaces.matches(c.names.all[n].labels))
		}
		return
	}
	for _, n := range list {
		c.try(m, c.byNamespace[n], m.namespaces.matches(c.names.all[n].labels))
	}
}

// try looks at peers in namespaces that match as much as given.
func (c *crowd) try(m *matcher, peers []int32, inNamespace tri) {
	if inNamespace == no {
		return
	}
	for _, i := range peers {
		switch min(inNamespace, m.pods.matches(c.peers[i].labels)) {
		case yes:
			m.yes = append(m.yes, i)
		case maybe:
			m.may = append(m.may, i)
		}
	}
}

func (c *crowd) fillBlock(m *matcher) {
	for f, ranges := range m.block {
		at := c.byAddress[f]
		for _, r := range ranges {
			i, _ := slices.BinarySearchFunc(at, r.First, func(p int32, first netip.Addr) int { return c.peers[p].address[f].Compare(first) })
			for ; i < len(at) && c.peers[at[i]].address[f].Compare(r.Last) <= 0; i++ {
				m.hits[f] = append(m.hits[f], at[i])
			}
		}
	}
}

func (c *crowd) fillNodes(m *matcher) {
	if m.nodes == nil {
		for _, list := range c.byNamespace {
			m.may = append(m.may, list...)
		}
		return
	}
	seen := map[int32]bool{}
	for _, node := range m.nodes {
		for _, i := range c.byNode[node] {
			if !seen[i] {
				seen[i] = true
				m.yes = append(m.yes, i)
			}
		}
	}
	m.may = c.unplaced
}
