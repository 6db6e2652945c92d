package network

import (
	"iter"
	"slices"

	"github.com/plimsoll-io/plimsoll/network"
)

// A sender collects what the peers of one unit can send, by receiver. It is used again for the next unit.
type sender struct {
	c       *connections
	classes []*network.Class
	weights []int // how many peers of the unit are in each class

	to      []received // by unit
	touched []int
	outside []received // by class; only those of addresses are used
	reached []int

	known   []network.Connection // by number, each once; the first is nothing
	numbers map[uint64][]int32   // by digest
	joined  map[[2]int32]int32
}

// A received is what a receiver gets.
type received struct {
	number int32
	pairs  int  // of peers that have a connection
	mixed  bool // their connections differ
}

func newSender(c *connections) *sender {
	return &sender{c: c, to: make([]received, len(c.units)), outside: make([]received, len(c.m.Classes()))}
}

// read collects what a unit sends.
func (s *sender) read(u *unit) {
	s.classes, s.weights = s.classes[:0], s.weights[:0]
	for _, p := range u.peers {
		class := s.c.m.ClassOf(p)
		if i := slices.Index(s.classes, class); i >= 0 {
			s.weights[i]++
		} else {
			s.classes, s.weights = append(s.classes, class), append(s.weights, 1)
		}
	}
	for _, i := range s.touched {
		s.to[i] = received{}
	}
	for _, i := range s.reached {
		s.outside[i] = received{}
	}
	s.touched, s.reached = s.touched[:0], s.reached[:0]
	s.known, s.numbers, s.joined = append(s.known[:0], network.Connection{}), map[uint64][]int32{}, map[[2]int32]int32{}
	for i, class := range s.classes {
		for _, cell := range s.c.matrix().row(class) {
			s.cell(u, class, s.weights[i], cell, s.number(cell.Connection))
		}
	}
}

// number gives equal connections the same number.
func (s *sender) number(c network.Connection) int32 {
	digest := connectionDigest(c)
	for _, i := range s.numbers[digest] {
		if sameConnection(s.known[i], c) {
			return i
		}
	}
	n := int32(len(s.known)) // #nosec G115 -- few
	s.known, s.numbers[digest] = append(s.known, c), append(s.numbers[digest], n)
	return n
}

func (s *sender) cell(u *unit, from *network.Class, weight int, cell network.Cell, number int32) {
	for class := range cell.To {
		if class.External() {
			if s.outside[class.ID].number == 0 {
				s.reached = append(s.reached, class.ID)
			}
			s.join(&s.outside[class.ID], number, weight)
			continue
		}
		for _, share := range s.c.shares[class.ID] {
			pairs := weight * share.peers
			if class == from && &s.c.units[share.unit] == u {
				pairs -= weight // a peer and itself
			}
			if pairs == 0 {
				continue
			}
			if s.to[share.unit].number == 0 {
				s.touched = append(s.touched, share.unit)
			}
			s.join(&s.to[share.unit], number, pairs)
		}
	}
}

// join adds a connection to those of a receiver.
func (s *sender) join(r *received, number int32, pairs int) {
	r.pairs += pairs
	switch {
	case r.number == number:
	case r.number == 0:
		r.number = number
	default:
		key := [2]int32{min(r.number, number), max(r.number, number)}
		joint, known := s.joined[key]
		if !known {
			joint = s.number(eitherOf(s.known[key[0]], s.known[key[1]]))
			s.joined[key] = joint
		}
		r.mixed = true
		r.number = joint
	}
}

// joints yields what the unit sends: to units in order, then to addresses. from is the unit's place.
func (s *sender) joints(from int) iter.Seq[joint] {
	return func(yield func(joint) bool) {
		u := &s.c.units[from]
		slices.Sort(s.touched)
		for _, i := range s.touched {
			to := &s.c.units[i]
			of := len(u.peers) * len(to.peers)
			if i == from {
				if s.c.options.By == ByWorkload {
					continue // see selfJoints
				}
				of -= len(u.peers)
			}
			if !s.c.receives(to) {
				continue
			}
			r := s.to[i]
			j := joint{from: side{unit: u}, to: side{unit: to}, Connection: s.known[r.number], partly: r.mixed || r.pairs < of}
			j.asked = s.c.unknownPairs(j.Connection, u.peers, to.peers)
			if !yield(j) {
				return
			}
		}
		for _, j := range s.addresses(u) {
			if !yield(j) {
				return
			}
		}
	}
}

// addresses are what the unit sends to addresses, those with equal answers together.
func (s *sender) addresses(u *unit) []joint {
	var out []joint
	type key struct {
		number int32
		partly bool
	}
	at := map[key]int{}
	slices.Sort(s.reached)
	for _, id := range s.reached {
		r := s.outside[id]
		k := key{r.number, r.mixed || r.pairs < len(u.peers)}
		peers := s.c.m.Classes()[id].Peers
		i, known := at[k]
		if !known {
			connection := s.known[r.number]
			i = len(out)
			out = append(out, joint{from: side{unit: u}, Connection: connection, partly: k.partly,
				asked: s.c.unknownPairs(connection, u.peers, peers)})
			at[k] = i
		}
		for _, p := range peers {
			if s.c.options.To.has(p) {
				out[i].to.addresses = append(out[i].to.addresses, p.Addresses...)
			}
		}
	}
	for i := range out {
		out[i].to.addresses = network.JoinRanges(slices.Clone(out[i].to.addresses))
	}
	return out
}

// unknownPairs are a few pairs of peers of which something is not known.
func (c *connections) unknownPairs(total network.Connection, from, to []*network.Peer) [][2]*network.Peer {
	if total.Unknown.None() {
		return nil
	}
	var out [][2]*network.Peer
	for _, p := range from {
		for _, q := range to {
			if p != q && !c.m.Allowed(p, q).Unknown.None() {
				if out = append(out, [2]*network.Peer{p, q}); len(out) == reasonPairs {
					return out
				}
			}
		}
	}
	return out
}
