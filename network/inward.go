package network

import "encoding/binary"

// inward is the ingress sides of one world, turned around: whom a sender reaches.
type inward struct {
	algebra
	senders []senders
	of      [][]int32 // by class: the small sets of senders that it is in
	broad   []int32   // the others, which are asked one by one
}

// A set of senders, and who lets exactly these in, by value.
type senders struct {
	set set
	to  *pieces
}

// isBroad says that a set of senders has too many members to be listed at each of them: the lists would take more than
// twice the memory of the set.
func isBroad(s set) bool { return s.len() > max(256, 4*len(s.words)) }

func newInward(r *reach, world int) *inward {
	in := &inward{algebra: r.algebra, of: make([][]int32, r.classes)}
	known := map[string]int{}
	var key []byte
	sides := r.sides[Ingress]
	sides.prepare(world)
	for _, g := range sides.groups {
		for _, c := range sides.cells(g, world) {
			key = binary.BigEndian.AppendUint64(key[:0], uint64(c.to.first))
			for _, w := range c.to.words {
				key = binary.BigEndian.AppendUint64(key, w)
			}
			i, seen := known[string(key)]
			if !seen {
				i = len(in.senders)
				known[string(key)] = i
				in.senders = append(in.senders, senders{c.to, newPieces()})
			}
			in.senders[i].to.add(g.members, c.value)
		}
	}
	for i, s := range in.senders {
		if isBroad(s.set) {
			in.broad = append(in.broad, int32(i))
			continue
		}
		for class := range s.set.each {
			in.of[class] = append(in.of[class], int32(i))
		}
	}
	return in
}

// from is who lets a sender in. The sets of senders of one receiver are disjoint, so that nothing overlaps.
func (in *inward) from(class int) cells {
	p := newPieces()
	add := func(i int32) {
		to := in.senders[i].to
		for _, v := range to.order {
			p.add(*to.sets[v], v)
		}
	}
	for _, i := range in.broad {
		if in.senders[i].set.has(class) {
			add(i)
		}
	}
	for _, i := range in.of[class] {
		add(i)
	}
	return p.disjoint()
}
