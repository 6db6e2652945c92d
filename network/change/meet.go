package change

import (
	"encoding/binary"
	"slices"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// A comparison puts the classes of two maps side by side.
type comparison struct {
	before, after *network.Map
	units         []unit
	joints        []*joint
}

// A unit is a workload, or addresses, with its peers in both maps.
type unit struct {
	end           End
	before, after []*network.Peer
}

// A joint is units that neither map can tell apart.
type joint struct {
	units         []unit
	before, after []int // classes, sorted; more than one where policies can tell a workload's pods apart
}

// meet makes units of both maps' peers, and joints of the units.
func (c *comparison) meet() {
	type key struct{ group, kind, namespace, name string }
	keyOf := func(o *inventory.Object) key { return key{o.Group(), o.Kind, o.Namespace, o.Name} }
	at := map[key]int{}
	collect := func(m *network.Map, add func(*unit, *network.Peer)) {
		for _, p := range m.Peers() {
			if p.External() {
				break // addresses come last
			}
			k := keyOf(p.Object)
			i, known := at[k]
			if !known {
				i = len(c.units)
				at[k] = i
				c.units = append(c.units, unit{})
			}
			add(&c.units[i], p)
		}
	}
	collect(c.before, func(u *unit, p *network.Peer) { u.end.Before, u.before = p.Object, append(u.before, p) })
	collect(c.after, func(u *unit, p *network.Peer) { u.end.After, u.after = p.Object, append(u.after, p) })
	slices.SortFunc(c.units, func(a, b unit) int { return a.end.Object().Compare(b.end.Object().Ref) })
	c.units = append(c.units, c.outside()...)
	c.join()
}

// join puts units together by the classes of their peers.
func (c *comparison) join() {
	known := map[string]*joint{}
	for _, u := range c.units {
		before, after := classes(c.before, u.before), classes(c.after, u.after)
		key := make([]byte, 0, 32)
		for _, id := range before {
			key = binary.AppendUvarint(key, uint64(id)+1)
		}
		key = append(key, 0)
		for _, id := range after {
			key = binary.AppendUvarint(key, uint64(id)+1)
		}
		j := known[string(key)]
		if j == nil {
			j = &joint{before: before, after: after}
			known[string(key)] = j
			c.joints = append(c.joints, j)
		}
		j.units = append(j.units, u)
	}
}

func classes(m *network.Map, peers []*network.Peer) []int {
	out := make([]int, 0, len(peers))
	for _, p := range peers {
		out = append(out, m.ClassOf(p).ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// A stretch is a range of addresses and the peer that it belongs to.
type stretch struct {
	network.AddressRange
	peer *network.Peer
}

func stretches(m *network.Map) []stretch {
	var out []stretch
	for _, p := range m.Peers() {
		for _, r := range p.Addresses {
			out = append(out, stretch{r, p})
		}
	}
	slices.SortFunc(out, func(a, b stretch) int { return a.First.Compare(b.First) })
	return out
}

// outside cuts the addresses where either map cuts them. All addresses are in a peer of each map.
func (c *comparison) outside() []unit {
	type pair struct{ before, after *network.Peer }
	at := map[pair]int{}
	var out []unit
	before, after := stretches(c.before), stretches(c.after)
	for i, j := 0, 0; i < len(before) && j < len(after); {
		a, b := before[i], after[j]
		if both, ok := a.Intersect(b.AddressRange); ok {
			p := pair{a.peer, b.peer}
			k, known := at[p]
			if !known {
				k = len(out)
				at[p] = k
				out = append(out, unit{before: []*network.Peer{a.peer}, after: []*network.Peer{b.peer}})
			}
			out[k].end.Addresses = append(out[k].end.Addresses, both)
		}
		if a.Last.Compare(b.Last) < 0 {
			i++
		} else {
			j++
		}
	}
	return out
}
