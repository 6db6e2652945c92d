package network

import (
	"encoding/binary"
	"sync"
)

// A portsID stands for a set of ports of a portTable.
type portsID int32

const (
	noPorts  portsID = 0
	allPorts portsID = 1
)

// A portTable gives equal sets of ports one number, and remembers what was computed with them. It is safe for concurrent
// use.
type portTable struct {
	mu         sync.Mutex
	sets       []Ports
	ids        map[string]portsID
	unions     map[[2]portsID]portsID
	intersects map[[2]portsID]portsID
	subtracts  map[[2]portsID]portsID
}

func newPortTable() *portTable {
	t := &portTable{ids: map[string]portsID{}, unions: map[[2]portsID]portsID{}, intersects: map[[2]portsID]portsID{},
		subtracts: map[[2]portsID]portsID{}}
	t.id(Ports{})
	t.id(AllPorts())
	return t
}

// id is the number of a set.
func (t *portTable) id(p Ports) portsID {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.intern(p)
}

func (t *portTable) intern(p Ports) portsID {
	var space [64]byte
	key := appendPorts(space[:0], p)
	if id, known := t.ids[string(key)]; known {
		return id
	}
	id := portsID(len(t.sets))
	t.sets = append(t.sets, p)
	t.ids[string(key)] = id
	return id
}

// appendPorts appends what is the same for equal sets, and for no others.
func appendPorts(key []byte, p Ports) []byte {
	for _, ranges := range p.ranges {
		key = binary.BigEndian.AppendUint32(key, uint32(len(ranges)))
		for _, r := range ranges {
			key = binary.BigEndian.AppendUint16(key, r.First)
			key = binary.BigEndian.AppendUint16(key, r.Last)
		}
	}
	return key
}

// ports is the set of a number.
func (t *portTable) ports(id portsID) Ports {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sets[id]
}

func (t *portTable) union(a, b portsID) portsID {
	switch {
	case a == b || b == noPorts || a == allPorts:
		return a
	case a == noPorts || b == allPorts:
		return b
	}
	return t.remember(t.unions, min(a, b), max(a, b), Ports.Union)
}

func (t *portTable) intersect(a, b portsID) portsID {
	switch {
	case a == b || b == allPorts || a == noPorts:
		return a
	case a == allPorts || b == noPorts:
		return b
	}
	return t.remember(t.intersects, min(a, b), max(a, b), Ports.Intersect)
}

func (t *portTable) subtract(a, b portsID) portsID {
	switch {
	case a == noPorts || b == noPorts:
		return a
	case a == b || b == allPorts:
		return noPorts
	}
	return t.remember(t.subtracts, a, b, Ports.Subtract)
}

func (t *portTable) remember(known map[[2]portsID]portsID, a, b portsID, compute func(Ports, Ports) Ports) portsID {
	key := [2]portsID{a, b}
	t.mu.Lock()
	defer t.mu.Unlock()
	id, ok := known[key]
	if !ok {
		id = t.intern(compute(t.sets[a], t.sets[b]))
		known[key] = id
	}
	return id
}
