package network

import "sync"

// reach is who can talk to whom between classes.
//
// Classes that the same policies select, in one direction, have the same side: the cells of whom they may send to, or
// receive from. A connection needs the sender's egress side and the receiver's ingress side. A row of the matrix is
// computed from the sender's side and from the ingress sides turned around: for each set of senders that occurs in a
// side, whom they reach.
//
// The two families of addresses are two worlds, because a block of addresses may let a pod pass in one of them only.
// When no block tells pods apart there is one world.
type reach struct {
	m *Map
	algebra
	worlds   int
	all      set
	pods     set // classes of pods
	external set
	outside  set // external classes and pods on the host network
	byFamily [4]set
	familyOf []familyKind

	// means finds the classes of a matcher, in a world of classes other than those of the Map; nil for that of the Map.
	means func(*matcher) bounds

	named  []cells // by name of a port: what it stands for, by class
	sides  [directions]*sides
	inward [families]func() *inward
}

// A familyKind says which addresses a peer has.
type familyKind uint8

const (
	onlyIPv4 familyKind = iota
	onlyIPv6
	bothFamilies
	unknownFamily
)

func (p *Peer) families() familyKind {
	switch v4, v6 := p.has(ipv4), p.has(ipv6); {
	case v4 == maybe:
		return unknownFamily
	case v4 == yes && v6 == yes:
		return bothFamilies
	case v6 == yes:
		return onlyIPv6
	}
	return onlyIPv4
}

// common are the worlds in which two peers can meet; with unsure it is not known which of these it is.
func common(a, b familyKind) (meet [families]bool, unsure bool) {
	has := func(k familyKind, f family) bool {
		return k >= bothFamilies || k == onlyIPv4 && f == ipv4 || k == onlyIPv6 && f == ipv6
	}
	for f := range family(families) {
		meet[f] = has(a, f) && has(b, f)
	}
	return meet, (a == unknownFamily || b == unknownFamily) && meet[ipv4] && meet[ipv6]
}

func newReach(m *Map) *reach {
	n := len(m.classes)
	r := &reach{m: m, algebra: algebra{m.compiler.ports, n}, worlds: 1, all: full(n), familyOf: make([]familyKind, n)}
	for id, c := range m.classes {
		p := c.Peers[0]
		r.familyOf[id] = p.families()
		r.byFamily[r.familyOf[id]].add(id)
		if p.External() {
			r.external.add(id)
		} else {
			r.pods.add(id)
		}
		if p.External() || p.HostNetwork {
			r.outside.add(id)
		}
	}
	for _, x := range m.compiler.matchers.all {
		if x.kind != blockMatcher {
			continue
		}
		for _, b := range x.sets {
			if len(b.yes.and(r.pods).words)+len(b.may.words) > 0 {
				r.worlds = families
			}
		}
	}
	r.named = m.named.classes(m)
	var both sync.WaitGroup
	for d := range Direction(directions) {
		both.Go(func() { r.sides[d] = newSides(r, d) })
	}
	both.Wait()
	for w := range r.worlds {
		r.inward[w] = sync.OnceValue(func() *inward { return newInward(r, w) })
	}
	return r
}

// who are the classes that an entry means, in a world.
func (r *reach) who(e *entry, world int) bounds {
	if e.who == anyone {
		return bounds{yes: r.all}
	}
	x := r.m.compiler.matchers.all[e.who]
	if r.means != nil {
		return r.means(x)
	}
	if x.kind == blockMatcher && r.worlds == 1 {
		return bounds{yes: x.sets[ipv4].yes.union(x.sets[ipv6].yes)} // only addresses
	}
	return x.sets[world]
}

// row is whom a class can send to.
func (r *reach) row(class int) cells {
	if r.worlds == 1 {
		return r.sameFamily(class, r.rowIn(class, 0))
	}
	var in [families]cells
	for w := range in {
		in[w] = r.rowIn(class, w)
	}
	var out cells
	for kind, members := range r.byFamily {
		meet, unsure := common(r.familyOf[class], familyKind(kind))
		switch {
		case meet[ipv4] && meet[ipv6] && unsure:
			out = append(out, r.combine(in[ipv4].within(members), in[ipv6].within(members), r.either)...)
		case meet[ipv4] && meet[ipv6]:
			out = append(out, r.combine(in[ipv4].within(members), in[ipv6].within(members), r.union)...)
		case meet[ipv4]:
			out = append(out, in[ipv4].within(members)...)
		case meet[ipv6]:
			out = append(out, in[ipv6].within(members)...)
		}
	}
	return r.merge(out)
}

// sameFamily leaves out the classes that have no address in common with the sender.
func (r *reach) sameFamily(class int, row cells) cells {
	var apart set
	for kind, members := range r.byFamily {
		if meet, _ := common(r.familyOf[class], familyKind(kind)); !meet[ipv4] && !meet[ipv6] {
			apart.addAll(members)
		}
	}
	if len(apart.words) == 0 {
		return row
	}
	return row.within(r.all.without(apart))
}

// rowIn is a row in one world.
func (r *reach) rowIn(class, world int) cells {
	in := r.inward[world]().from(class)
	if nodes, host := r.m.nodes[r.m.classes[class].Peers[0].index]; host {
		in = r.fromNode(in, nodes)
	}
	if r.external.has(class) {
		in = in.within(r.pods)
	}
	out := newPieces()
	for _, e := range r.sides[Egress].of(class, world) {
		for _, c := range in {
			out.add(e.to.and(c.to), r.intersect(e.value, c.value))
		}
	}
	return out.disjoint()
}

// fromNode lets all traffic in that comes from a pod's own node.
func (r *reach) fromNode(in cells, nodes int) cells {
	p := newPieces()
	for _, c := range in {
		p.add(c.to, c.value)
	}
	own := r.m.compiler.matchers.all[nodes].sets[0]
	p.add(own.yes, everything)
	p.add(own.may, value{noPorts, allPorts})
	return r.join(p)
}

// pair is the value of two classes, without making a row.
func (r *reach) pair(from, to int) value {
	if r.external.has(from) && r.external.has(to) {
		return value{}
	}
	meet, unsure := common(r.familyOf[from], r.familyOf[to])
	switch {
	case !meet[ipv4] && !meet[ipv6]:
		return value{}
	case r.worlds == 1:
		return r.pairIn(from, to, 0)
	case meet[ipv4] && meet[ipv6]:
		x, y := r.pairIn(from, to, int(ipv4)), r.pairIn(from, to, int(ipv6))
		if unsure {
			return r.either(x, y)
		}
		return r.union(x, y)
	case meet[ipv4]:
		return r.pairIn(from, to, int(ipv4))
	}
	return r.pairIn(from, to, int(ipv6))
}

func (r *reach) pairIn(from, to, world int) value {
	in := r.sides[Ingress].of(to, world).at(from)
	if nodes, host := r.m.nodes[r.m.classes[from].Peers[0].index]; host {
		own := r.m.compiler.matchers.all[nodes].sets[0]
		if own.yes.has(to) {
			in = everything
		} else if own.may.has(to) {
			in = r.union(in, value{noPorts, allPorts})
		}
	}
	return r.intersect(r.sides[Egress].of(from, world).at(to), in)
}
