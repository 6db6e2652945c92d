package rehearse

import (
	"net/netip"
	"slices"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/need"
)

// A stage is a Map on which needs are played: it finds their ends there.
type stage struct {
	*network.Map
	peers   map[*inventory.Object][]*network.Peer // by workload
	pods    map[*inventory.Object]*network.Peer
	outside []outsideRange  // sorted
	others  []*network.Peer // addresses outside, one peer of each class
	known   map[pair]network.Connection
	own     map[*network.Peer]bool // the peers of this Map
	// readings are those of the policies, once they are asked for.
	readings map[*inventory.Object]*network.Reading
}

// A pair is two classes.
type pair struct{ from, to int }

// An outsideRange is addresses of one peer outside.
type outsideRange struct {
	network.AddressRange
	peer *network.Peer
}

func newStage(m *network.Map) *stage {
	s := &stage{
		Map: m, peers: map[*inventory.Object][]*network.Peer{}, pods: map[*inventory.Object]*network.Peer{},
		known: map[pair]network.Connection{}, own: map[*network.Peer]bool{},
	}
	for _, p := range m.Peers() {
		s.own[p] = true
		for _, r := range p.Addresses {
			s.outside = append(s.outside, outsideRange{r, p})
		}
		if p.External() {
			if m.ClassOf(p).Peers[0] == p {
				s.others = append(s.others, p)
			}
			continue
		}
		s.peers[p.Object] = append(s.peers[p.Object], p)
		for _, o := range p.Pods {
			s.pods[o] = p
		}
	}
	slices.SortFunc(s.outside, func(a, b outsideRange) int { return a.First.Compare(b.First) })
	return s
}

// A cast is the peers that an end stands for.
type cast struct {
	peers []*network.Peer
	// all says that every one of them is meant; else at least one is, and it is not known which.
	all bool
	// own says that one of them may be the node of the other end.
	own bool
}

// cast finds an end.
func (s *stage) cast(e *need.End) cast {
	own := (e.Kind == need.Node || e.Kind == need.APIServer) && !e.OtherNode
	switch {
	case e.Object != nil:
		return cast{peers: s.workload(e), all: true}
	case e.Kind == need.Gateway, e.Kind == need.DNS && len(e.Addresses) == 0:
		return cast{}
	case len(e.Addresses) == 0:
		return cast{peers: s.others, own: own}
	}
	return cast{peers: s.at(e.Addresses), all: !e.Wider, own: own}
}

// workload finds the peers of an end here: those with its pods, or of its template.
func (s *stage) workload(e *need.End) []*network.Peer {
	var out []*network.Peer
	for _, p := range e.Peers {
		if s.own[p] {
			out = append(out, p)
			continue
		}
		if len(p.Pods) == 0 {
			return s.peers[e.Object]
		}
		for _, o := range p.Pods {
			if here := s.pods[o]; here != nil && !slices.Contains(out, here) {
				out = append(out, here)
			}
		}
	}
	return out
}

// at are the peers outside that some blocks of addresses belong to, each once.
func (s *stage) at(blocks []netip.Prefix) []*network.Peer {
	var out []*network.Peer
	seen := map[*network.Peer]bool{}
	add := func(p *network.Peer) {
		if p != nil && !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	for _, b := range blocks {
		first := b.Masked().Addr()
		if b.IsSingleIP() {
			add(s.Address(first))
			continue
		}
		i, found := slices.BinarySearchFunc(s.outside, first, func(r outsideRange, a netip.Addr) int { return r.First.Compare(a) })
		if !found && i > 0 {
			i-- // the one that the block begins in
		}
		for ; i < len(s.outside); i++ {
			r := s.outside[i]
			if r.First.Compare(first) > 0 && !b.Contains(r.First) {
				break
			}
			if r.Last.Compare(first) >= 0 {
				add(r.peer)
			}
		}
	}
	return out
}

// ask is what passes between two peers. Classes are asked once.
func (s *stage) ask(from, to *network.Peer) network.Connection {
	if from == to {
		return s.Allowed(from, to)
	}
	key := pair{s.ClassOf(from).ID, s.ClassOf(to).ID}
	c, known := s.known[key]
	if !known {
		c = s.Allowed(from, to)
		s.known[key] = c
	}
	return c
}
