package exposure

import (
	"slices"
	"sync"

	"github.com/plimsoll-io/plimsoll/network"
)

// blocks are the addresses of a cell: worked out once for all peers that are open to the same ones, since policies can tell
// thousands of blocks apart. Its lists are shared: they are never written to.
type blocks struct {
	cell network.Cell
	// public are those that the internet routes, beyond all others; joined.
	public, beyond []network.AddressRange
	// count is how many peers they are, by whether the internet routes them and by family.
	count [2]map[int]int
}

// all are the addresses of a cell, joined.
func (b *blocks) all() []network.AddressRange { return join(b.public, b.beyond) }

// join joins lists, which stay as they are.
func join(lists ...[]network.AddressRange) []network.AddressRange {
	lists = slices.DeleteFunc(lists, func(l []network.AddressRange) bool { return len(l) == 0 })
	if len(lists) == 1 {
		return lists[0]
	}
	return network.JoinRanges(slices.Concat(lists...))
}

// blockMemory remembers blocks by cell. It is safe for concurrent use.
type blockMemory struct {
	mu     sync.Mutex
	public map[*network.Peer]bool
	count  [2]map[int]int // of all peers that are addresses
	known  map[uint64][]*blocks
}

func newBlockMemory(m *network.Map) *blockMemory {
	b := &blockMemory{public: map[*network.Peer]bool{}, count: [2]map[int]int{{}, {}}, known: map[uint64][]*blocks{}}
	for _, p := range m.Peers() {
		if p.External() {
			b.public[p] = Public(p.Addresses)
			b.count[index(b.public[p])][p.Addresses[0].First.BitLen()]++
		}
	}
	return b
}

func index(public bool) int {
	if public {
		return 1
	}
	return 0
}

// of are the blocks of a cell of addresses.
func (m *blockMemory) of(c network.Cell) *blocks {
	m.mu.Lock()
	defer m.mu.Unlock()
	digest := c.Digest()
	for _, b := range m.known[digest] {
		if b.cell.SameClasses(c) {
			return b
		}
	}
	b := &blocks{cell: c, count: [2]map[int]int{{}, {}}}
	for p := range c.Peers {
		if m.public[p] {
			b.public = append(b.public, p.Addresses...)
		} else {
			b.beyond = append(b.beyond, p.Addresses...)
		}
		b.count[index(m.public[p])][p.Addresses[0].First.BitLen()]++
	}
	b.public, b.beyond = network.JoinRanges(b.public), network.JoinRanges(b.beyond)
	m.known[digest] = append(m.known[digest], b)
	return b
}
