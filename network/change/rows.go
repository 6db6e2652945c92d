package change

import (
	"encoding/binary"

	"github.com/plimsoll-io/plimsoll/network"
)

// A reader answers what a group of classes can send to others, in one map.
type reader struct {
	m       *network.Map
	classes []*network.Class
	// of a sender: the number of its connection to each class
	to []int32
	// connections by number; the first is that of nothing
	known  []network.Connection
	joined map[[2]int32]int32
}

func newReader(m *network.Map) *reader {
	return &reader{m: m, classes: m.Classes(), to: make([]int32, len(m.Classes()))}
}

// send reads the rows of a sender: what any of its classes can send.
func (r *reader) send(senders []int) {
	clear(r.to)
	r.known = append(r.known[:0], network.Connection{})
	r.joined = map[[2]int32]int32{}
	for i, sender := range senders {
		for _, cell := range r.m.Row(r.classes[sender]) {
			r.known = append(r.known, cell.Connection)
			number := int32(len(r.known) - 1)
			cell.To(func(class *network.Class) bool {
				if i == 0 {
					r.to[class.ID] = number
				} else {
					r.to[class.ID] = r.join(r.to[class.ID], number)
				}
				return true
			})
		}
	}
}

// receive is the number of the connection to a group of classes.
func (r *reader) receive(receivers []int) int32 {
	var out int32
	for i, receiver := range receivers {
		if i == 0 {
			out = r.to[receiver]
		} else {
			out = r.join(out, r.to[receiver])
		}
	}
	return out
}

// join is the number of what either connection lets through.
func (r *reader) join(a, b int32) int32 {
	if a == b || b == 0 {
		return a
	}
	if a == 0 {
		return b
	}
	key := [2]int32{min(a, b), max(a, b)}
	number, known := r.joined[key]
	if !known {
		r.known = append(r.known, either(r.known[a], r.known[b]))
		number = int32(len(r.known) - 1)
		r.joined[key] = number
	}
	return number
}

func either(a, b network.Connection) network.Connection {
	allowed := a.Allowed.Union(b.Allowed)
	return network.Connection{Allowed: allowed, Unknown: a.Unknown.Union(b.Unknown).Subtract(allowed)}
}

// between is what the pods of a workload can send to others of it, or of another, by asking pair by pair.
func between(m *network.Map, from, to []*network.Peer) network.Connection {
	var out network.Connection
	for _, p := range from {
		for _, q := range to {
			out = either(out, m.Allowed(p, q))
		}
	}
	return out
}

// A group is a set of joints, as a key of maps.
type group []byte

func (g group) has(i int) bool { return g[i/8]&(1<<(i%8)) != 0 }
func (g group) add(i int)      { g[i/8] |= 1 << (i % 8) }

// keyOf makes one text of a delta's ports.
func keyOf(d Delta) string {
	var key []byte
	for _, ports := range []network.Ports{d.Gained, d.Lost, d.MayGain, d.MayLose} {
		for _, protocol := range []network.Protocol{network.TCP, network.UDP, network.SCTP} {
			ranges := ports.Of(protocol)
			key = binary.AppendUvarint(key, uint64(len(ranges)))
			for _, r := range ranges {
				key = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(key, r.First), r.Last)
			}
		}
	}
	return string(key)
}
