package network

import (
	"fmt"
	"slices"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/network"
)

// A Summary counts what matters most. Pairs are ordered pairs of different workloads.
type Summary struct {
	Workloads int `json:"workloads"`
	Classes   int `json:"classes"` // of workloads that no policy can tell apart
	Pairs     int `json:"pairs"`
	// Allowed are the pairs with a port that is surely allowed, AllPorts those where every port is.
	Allowed  int `json:"allowed"`
	AllPorts int `json:"allPorts"`
	// Unknown are the pairs of which something is not known.
	Unknown int `json:"unknown"`
	// OpenToOutside counts workloads that policies let every address outside reach on some port.
	OpenToOutside int `json:"openToOutside"`
	// NoPolicy counts workloads that surely no policy selects; HostNetwork those on the host network, which none can select.
	NoPolicy    int `json:"noPolicy"`
	HostNetwork int `json:"hostNetwork"`

	// IngressController counts workloads that Ingresses and routes lead to, as far as policies let them.
	IngressController int `json:"ingressController"`

	open, free, host, ways []*network.Peer // one of each workload that is counted
}

// summary counts. A workload whose pods policies tell apart counts for what some of them can do.
func (c *connections) summary() *Summary {
	s := &Summary{Workloads: len(c.workloads), Pairs: len(c.workloads) * (len(c.workloads) - 1)}
	counter := newPairCounter(c)
	for _, r := range c.matrix().rows {
		if !r.from[0].External() {
			counter.row(r, s)
		}
	}
	counter.split(s)
	open, free := map[int]bool{}, map[int]bool{}
	for _, class := range c.m.Classes() {
		if !class.External() {
			s.Classes++
			open[class.ID], free[class.ID] = c.openToOutside(class), c.unguarded(class)
		}
	}
	for _, w := range c.workloads {
		some := func(of func(*network.Peer) bool, list *[]*network.Peer) {
			if slices.ContainsFunc(w.peers, of) {
				*list = append(*list, w.peers[0])
			}
		}
		some(func(p *network.Peer) bool { return open[c.m.ClassOf(p).ID] }, &s.open)
		some(func(p *network.Peer) bool { return p.HostNetwork }, &s.host)
		if !slices.ContainsFunc(w.peers, func(p *network.Peer) bool { return !free[c.m.ClassOf(p).ID] }) {
			s.free = append(s.free, w.peers[0])
		}
	}
	for _, f := range c.options.Controllers {
		if n := len(s.ways); !isNothing(f.Connection) && (n == 0 || s.ways[n-1].Object != f.To.Object) {
			s.ways = append(s.ways, f.To)
		}
	}
	s.IngressController = len(s.ways)
	s.OpenToOutside, s.NoPolicy, s.HostNetwork = len(s.open), len(s.free), len(s.host)
	return s
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// unguarded says that surely no policy selects the peers of a class.
func (c *connections) unguarded(class *network.Class) bool {
	p := class.Peers[0]
	return !p.HostNetwork && c.m.Guard(network.Ingress, p).Open() && c.m.Guard(network.Egress, p).Open()
}

// openToOutside says that all addresses outside, of one family at least, can reach a class on some port.
func (c *connections) openToOutside(class *network.Class) bool {
	x := c.matrix()
	some, none := map[int]bool{}, map[int]bool{} // by length of an address
	for i := range x.rows {
		r := &x.rows[i]
		if !r.from[0].External() {
			continue
		}
		closed := r.to(class).Allowed.None()
		for _, from := range r.from {
			bits := from.Peers[0].Addresses[0].First.BitLen()
			some[bits], none[bits] = true, none[bits] || closed
		}
	}
	return some[32] && !none[32] || some[128] && !none[128]
}

// A pairCounter counts pairs of workloads without looking at each.
type pairCounter struct {
	c      *connections
	single []int         // by class: how many of its peers are all of their workload
	parts  map[int][]int // by class: the workloads of which some peers are in it
	stamp  []int         // by workload: the last row that counted it
	rowID  int
}

func newPairCounter(c *connections) *pairCounter {
	p := &pairCounter{c: c, single: make([]int, len(c.m.Classes())), parts: map[int][]int{}, stamp: make([]int, len(c.workloads))}
	for i, w := range c.workloads {
		if len(w.peers) == 1 {
			p.single[c.m.ClassOf(w.peers[0]).ID]++
			continue
		}
		for _, peer := range w.peers {
			id := c.m.ClassOf(peer).ID
			p.parts[id] = append(p.parts[id], i)
		}
	}
	return p
}

// row counts the pairs whose sender is a workload of one peer.
func (p *pairCounter) row(r row, s *Summary) {
	senders := 0
	for _, class := range r.from {
		senders += p.single[class.ID]
	}
	if senders == 0 {
		return
	}
	for _, kind := range []struct {
		out  *int
		some func(network.Connection) bool
	}{
		{&s.Allowed, func(c network.Connection) bool { return !c.Allowed.None() }},
		{&s.AllPorts, func(c network.Connection) bool { return c.Allowed.All() }},
		{&s.Unknown, func(c network.Connection) bool { return !c.Unknown.None() }},
	} {
		*kind.out += senders*p.receivers([]row{r}, kind.some) - p.selves(r, kind.some)
	}
}

// receivers counts the workloads that one of the rows reaches.
func (p *pairCounter) receivers(rows []row, some func(network.Connection) bool) int {
	p.rowID++
	n := 0
	seen := map[int]bool{}
	for _, r := range rows {
		for _, cell := range r.cells {
			if !some(cell.Connection) {
				continue
			}
			for class := range cell.To {
				if len(rows) > 1 {
					if seen[class.ID] {
						continue
					}
					seen[class.ID] = true
				}
				n += p.single[class.ID]
				for _, w := range p.parts[class.ID] {
					if p.stamp[w] != p.rowID {
						p.stamp[w] = p.rowID
						n++
					}
				}
			}
		}
	}
	return n
}

// selves counts the senders of a row that it also reaches.
func (p *pairCounter) selves(r row, some func(network.Connection) bool) int {
	n := 0
	for _, class := range r.from {
		if some(r.to(class)) {
			n += p.single[class.ID]
		}
	}
	return n
}

// split counts the pairs whose sender is a workload of several peers.
func (p *pairCounter) split(s *Summary) {
	x := p.c.matrix()
	for i, w := range p.c.workloads {
		if len(w.peers) == 1 {
			continue
		}
		var rows []row
		for _, peer := range w.peers {
			rows = append(rows, x.rows[x.of[p.c.m.ClassOf(peer).ID]])
		}
		for _, kind := range []struct {
			out  *int
			some func(network.Connection) bool
		}{
			{&s.Allowed, func(c network.Connection) bool { return !c.Allowed.None() }},
			{&s.AllPorts, func(c network.Connection) bool { return c.Allowed.All() }},
			{&s.Unknown, func(c network.Connection) bool { return !c.Unknown.None() }},
		} {
			*kind.out += p.receivers(rows, kind.some)
			if p.stamp[i] == p.rowID {
				*kind.out-- // itself
			}
		}
	}
}

// lines are a summary for people.
func (s *Summary) lines(names *namer) []string {
	first := fmt.Sprintf("%s: %s", display.Plural(s.Workloads, "workload"), s.pairs())
	out := []string{first}
	if s.OpenToOutside > 0 {
		out = append(out, "policies let every address outside reach "+s.which(s.open, names))
	}
	if len(s.ways) > 0 {
		out = append(out, "Ingresses and routes lead to "+s.which(s.ways, names))
	}
	if s.NoPolicy > 0 {
		out = append(out, "no policy selects "+s.which(s.free, names))
	}
	if s.HostNetwork > 0 {
		out = append(out, "on the host network, where no policy selects pods: "+s.which(s.host, names))
	}
	return out
}

func (s *Summary) pairs() string {
	switch {
	case s.Pairs == 0:
		return "no pairs"
	case s.AllPorts == s.Pairs:
		return "everything can talk to everything, on every port"
	case s.Allowed == 0 && s.Unknown == 0:
		return "none can talk to another"
	}
	text := fmt.Sprintf("%d of %s can talk", s.Allowed, display.Plural(s.Pairs, "pair"))
	if s.AllPorts > 0 {
		text += fmt.Sprintf(", %d of them on every port", s.AllPorts)
	}
	if s.Unknown > 0 {
		text += fmt.Sprintf("; of %d not everything is known", s.Unknown)
	}
	return text
}

// which names some workloads.
func (s *Summary) which(peers []*network.Peer, names *namer) string {
	if len(peers) == s.Workloads && s.Workloads > 1 {
		return "any of them"
	}
	return fmt.Sprintf("%d: %s", len(peers), names.objects(peers))
}
