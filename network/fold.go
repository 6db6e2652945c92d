package network

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// fold joins the pods of one workload that policies cannot tell apart to peers.
func (m *Map) fold(pods []*pod) []*Peer {
	keys := m.labelKeys()
	var out []*Peer
	var key []byte
	for _, list := range byWorkload(pods) {
		byKey := map[string]*Peer{}
		for _, p := range list {
			key = m.foldKey(key[:0], p, keys)
			peer, known := byKey[string(key)]
			if !known {
				peer = &p.Peer
				byKey[string(key)] = peer
				peer.index = len(out)
				out = append(out, peer)
			} else {
				peer.nodes = append(peer.nodes, p.nodes...)
				peer.placed = peer.placed && p.placed
				peer.alone = false
			}
			if p.object != nil {
				peer.Pods = append(peer.Pods, p.object)
			}
		}
	}
	for _, p := range out {
		slices.Sort(p.nodes)
		p.nodes = slices.Compact(p.nodes)
	}
	return out
}

// byWorkload puts the pods of each workload together: workloads by namespace, kind and name, and pods by name.
func byWorkload(pods []*pod) [][]*pod {
	number := map[*inventory.Object]int{}
	var lists [][]*pod
	for _, p := range pods {
		n, known := number[p.Object]
		if !known {
			n = len(lists)
			number[p.Object] = n
			lists = append(lists, nil)
		}
		lists[n] = append(lists[n], p)
	}
	slices.SortFunc(lists, func(a, b []*pod) int {
		if c := a[0].Object.Compare(b[0].Object.Ref); c != 0 {
			return c
		}
		return cmp.Compare(number[a[0].Object], number[b[0].Object])
	})
	for _, list := range lists {
		slices.SortStableFunc(list, comparePodNames)
	}
	return lists
}

// labelKeys are the labels that selectors of pods look at.
func (m *Map) labelKeys() map[string]bool {
	keys := map[string]bool{}
	for _, x := range m.compiler.matchers.all {
		for _, t := range x.pods.terms {
			keys[t.key] = true
		}
	}
	return keys
}

// foldKey is the same for pods of one workload that policies cannot tell apart.
func (m *Map) foldKey(key []byte, p *pod, labelKeys map[string]bool) []byte {
	var space [16]string
	own := space[:0]
	for k := range p.labels.values {
		if labelKeys[k] {
			own = append(own, k)
		}
	}
	slices.Sort(own)
	for _, k := range own {
		key = strconv.AppendQuote(strconv.AppendQuote(key, k), p.labels.values[k])
	}
	key = strconv.AppendBool(append(key, 0), p.labels.open)
	key = strconv.AppendBool(key, p.HostNetwork)
	key = strconv.AppendBool(key, p.located)
	for f := range family(families) {
		key = append(key, byte(f))
		if p.address[f].IsValid() {
			key = binary.BigEndian.AppendUint64(key, uint64(m.atlas.at(p.address[f]).group))
		}
	}
	var ids []int
	for _, c := range p.ports {
		if id, asked := m.compiler.namedIDs[c.namedPort]; asked && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		if lower, upper := p.resolve(m.compiler.named[id]); !upper.None() {
			key = binary.BigEndian.AppendUint32(key, uint32(id))
			key = appendPorts(appendPorts(key, lower), upper)
		}
	}
	return key
}

// namedPorts says what the names of ports stand for.
type namedPorts struct {
	marks map[resolved]mark
	of    [][]resolved // by peer: only names that it has
}

// A resolved name of a port is the ports that it stands for in a peer, within two bounds.
type resolved struct {
	name         int
	lower, upper portsID
}

func resolveNames(m *Map) *namedPorts {
	n := &namedPorts{marks: map[resolved]mark{}, of: make([][]resolved, m.pods)}
	if len(m.compiler.named) == 0 {
		return n
	}
	for i, p := range m.peers[:m.pods] {
		for _, c := range p.ports {
			id, wanted := m.compiler.namedIDs[c.namedPort]
			if !wanted || slices.ContainsFunc(n.of[i], func(r resolved) bool { return r.name == id }) {
				continue
			}
			lower, upper := p.resolve(c.namedPort)
			if upper.None() {
				continue
			}
			r := resolved{id, m.compiler.ports.id(lower), m.compiler.ports.id(upper)}
			n.of[i] = append(n.of[i], r)
			if _, known := n.marks[r]; !known {
				n.marks[r] = newMark()
			}
		}
	}
	return n
}

// resolve is what a name stands for in a peer.
func (n *namedPorts) resolve(peer, name int) (lower, upper portsID) {
	if peer < len(n.of) {
		for _, r := range n.of[peer] {
			if r.name == name {
				return r.lower, r.upper
			}
		}
	}
	return noPorts, noPorts
}

// key stands for everything that names stand for in a peer.
func (n *namedPorts) key(peer int) mark {
	var key mark
	if peer < len(n.of) {
		for _, r := range n.of[peer] {
			key = key.xor(n.marks[r])
		}
	}
	return key
}

// classes are, for each name, the classes that have such a port, by what it stands for.
func (n *namedPorts) classes(m *Map) []cells {
	drafts := make([]*pieces, len(m.compiler.named))
	for i := range drafts {
		drafts[i] = newPieces()
	}
	for _, c := range m.classes {
		if peer := c.Peers[0].index; peer < len(n.of) {
			for _, r := range n.of[peer] {
				var one set
				one.add(c.ID)
				drafts[r.name].add(one, value{r.lower, r.upper})
			}
		}
	}
	out := make([]cells, len(drafts))
	for i, d := range drafts {
		out[i] = d.disjoint()
	}
	return out
}
