package network

import "iter"

// A Connection is what is let through from one peer to another. What is in neither set is denied.
type Connection struct {
	Allowed Ports
	// Unknown are the ports of which it is not known: Explain has the reasons.
	Unknown Ports
}

// An Answer is one of the three values.
type Answer uint8

// The answers.
const (
	Denied Answer = iota
	Unknown
	Allowed
)

func (a Answer) String() string { return [...]string{"denied", "unknown", "allowed"}[a] }

// MarshalText writes the answer in lower case.
func (a Answer) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// Port is the answer for one port.
func (c Connection) Port(protocol Protocol, port uint16) Answer {
	switch {
	case c.Allowed.Has(protocol, port):
		return Allowed
	case c.Unknown.Has(protocol, port):
		return Unknown
	}
	return Denied
}

func (m *Map) connection(v value) Connection {
	lower, upper := m.compiler.ports.ports(v.lower), m.compiler.ports.ports(v.upper)
	if v.lower == v.upper {
		return Connection{Allowed: lower}
	}
	return Connection{Allowed: lower, Unknown: upper.Subtract(lower)}
}

// Allowed says what src can send to dst. For a workload and itself it is what one of its pods can send to another;
// only a single pod, which nothing makes more of, can reach itself whatever policies say. Between addresses outside of
// the cluster nothing is said to be allowed.
//
// Both peers have to be of this Map.
func (m *Map) Allowed(src, dst *Peer) Connection {
	if src == dst && src.alone {
		return Connection{Allowed: AllPorts()}
	}
	return m.connection(m.reach().pair(src.class, dst.class))
}

// A Cell is the classes to which a sender has the same connection.
type Cell struct {
	Connection
	m  *Map
	to set
}

// To yields the classes of the cell in order.
func (c Cell) To(yield func(*Class) bool) {
	for id := range c.to.each {
		if !yield(c.m.classes[id]) {
			return
		}
	}
}

// Len is the number of classes of the cell.
func (c Cell) Len() int { return c.to.len() }

// Has says whether a class is in the cell.
func (c Cell) Has(class *Class) bool { return c.to.has(class.ID) }

// Peers yields the peers of the classes of the cell, in order.
func (c Cell) Peers(yield func(*Peer) bool) {
	for class := range c.To {
		for _, p := range class.Peers {
			if !yield(p) {
				return
			}
		}
	}
}

// SameClasses says that two cells of one Map hold the same classes.
func (c Cell) SameClasses(o Cell) bool { return c.to.equal(o.to) }

// Digest is a number that is equal for cells of the same classes, and mostly differs for others.
func (c Cell) Digest() uint64 { return c.to.digest() }

// Row is what each peer of a class can send to which classes; classes in no cell get nothing. The cell with the class
// itself is about two different peers of it, or two pods of one peer.
func (m *Map) Row(src *Class) []Cell {
	return m.cells(m.reach().row(src.ID))
}

func (m *Map) cells(list cells) []Cell {
	out := make([]Cell, len(list))
	for i, c := range list {
		out[i] = Cell{m.connection(c.value), m, c.to}
	}
	return out
}

// Matrix yields all rows, in the order of Classes. They are computed one by one and not kept.
func (m *Map) Matrix() iter.Seq2[*Class, []Cell] {
	return func(yield func(*Class, []Cell) bool) {
		for _, c := range m.classes {
			if !yield(c, m.Row(c)) {
				return
			}
		}
	}
}
