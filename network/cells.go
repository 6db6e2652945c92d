package network

import (
	"cmp"
	"slices"
)

// A value is the ports of an answer within two bounds: those that are let through for sure, and those that may be. The
// lower is a part of the upper.
type value struct{ lower, upper portsID }

var everything = value{allPorts, allPorts}

func (v value) none() bool { return v.upper == noPorts }

// A cell gives the classes of a set one value.
type cell struct {
	to    set
	value value
}

// cells are disjoint; classes in none of them have the value of no ports.
type cells []cell

// at is the value of a class.
func (c cells) at(class int) value {
	for i := range c {
		if c[i].to.has(class) {
			return c[i].value
		}
	}
	return value{}
}

// within leaves out the classes that are not in a set.
func (c cells) within(s set) cells {
	out := make(cells, 0, len(c))
	for _, x := range c {
		if to := x.to.and(s); len(to.words) > 0 {
			out = append(out, cell{to, x.value})
		}
	}
	return out
}

// pieces are sets with values that may overlap: a class has the union of all values that it is given.
type pieces struct {
	order []value
	sets  map[value]*set
}

func newPieces() *pieces { return &pieces{sets: map[value]*set{}} }

func (p *pieces) add(s set, v value) {
	if v.none() || len(s.words) == 0 {
		return
	}
	known := p.sets[v]
	if known == nil {
		known = &set{}
		p.sets[v] = known
		p.order = append(p.order, v)
	}
	known.addAll(s)
}

// An algebra computes with cells.
type algebra struct {
	ports   *portTable
	classes int
}

func (a algebra) union(x, y value) value {
	return value{a.ports.union(x.lower, y.lower), a.ports.union(x.upper, y.upper)}
}

func (a algebra) intersect(x, y value) value {
	return value{a.ports.intersect(x.lower, y.lower), a.ports.intersect(x.upper, y.upper)}
}

// either is the value when one of two holds and it is not known which.
func (a algebra) either(x, y value) value {
	return value{a.ports.intersect(x.lower, y.lower), a.ports.union(x.upper, y.upper)}
}

// manyPieces is from where on looking at every class is cheaper than splitting sets.
const manyPieces = 48

// join makes cells of pieces.
func (a algebra) join(p *pieces) cells {
	if len(p.order) > manyPieces {
		return a.joinMany(p)
	}
	var out cells
	for _, v := range p.order {
		rest := *p.sets[v]
		for i, n := 0, len(out); i < n && len(rest.words) > 0; i++ {
			both := out[i].to.and(rest)
			if len(both.words) == 0 {
				continue
			}
			rest = rest.without(both)
			if joined := a.union(out[i].value, v); joined != out[i].value {
				out[i].to = out[i].to.without(both)
				out = append(out, cell{both, joined})
			}
		}
		if rest = rest.trim(); len(rest.words) > 0 {
			out = append(out, cell{rest, v})
		}
	}
	return a.merge(out)
}

// joinMany joins class by class. Classes that are in the same pieces have the same value, which is computed once.
func (a algebra) joinMany(p *pieces) cells {
	in := make([]mark, a.classes) // the pieces of each class
	for _, v := range p.order {
		m := newMark()
		for class := range p.sets[v].each {
			in[class] = in[class].xor(m)
		}
	}
	number := map[mark]int{}
	var members []*set
	first := make([]int, a.classes) // for the first class of each kind its number, else -1
	for class, m := range in {
		first[class] = -1
		if m == (mark{}) {
			continue
		}
		n, known := number[m]
		if !known {
			n = len(members)
			number[m], first[class] = n, n
			members = append(members, &set{})
		}
		members[n].add(class)
	}
	values := make([][]value, len(members))
	for _, v := range p.order {
		for class := range p.sets[v].each {
			if n := first[class]; n >= 0 {
				values[n] = append(values[n], v)
			}
		}
	}
	out := newPieces()
	for n, list := range values {
		out.add(*members[n], a.unionAll(list))
	}
	return out.disjoint()
}

// unionAll joins many values at once: one by one would make a new set of ports each time.
func (a algebra) unionAll(values []value) value {
	if len(values) == 1 {
		return values[0]
	}
	var d draft
	for _, v := range values {
		d.add(a.ports.ports(v.lower), a.ports.ports(v.upper), nil)
	}
	e := d.finish(a.ports)
	return value{e.ports.lower, e.ports.upper}
}

// disjoint are the pieces as cells, when no two of them overlap.
func (p *pieces) disjoint() cells {
	slices.SortFunc(p.order, compareValues)
	out := make(cells, 0, len(p.order))
	for _, v := range p.order {
		out = append(out, cell{*p.sets[v], v})
	}
	return out
}

func compareValues(x, y value) int {
	return cmp.Or(cmp.Compare(x.lower, y.lower), cmp.Compare(x.upper, y.upper))
}

// merge makes one cell of those with equal values, and leaves out empty ones.
func (a algebra) merge(c cells) cells {
	p := newPieces()
	for _, x := range c {
		if to := x.to.trim(); len(to.words) > 0 {
			p.add(to, x.value)
		}
	}
	return p.disjoint()
}

// combine computes with the values of two lists of cells, class by class.
func (a algebra) combine(x, y cells, with func(value, value) value) cells {
	p := newPieces()
	var covered set
	for _, c := range y {
		covered.addAll(c.to)
	}
	var mine set
	for _, c := range x {
		mine.addAll(c.to)
		for _, d := range y {
			p.add(c.to.and(d.to), with(c.value, d.value))
		}
		p.add(c.to.without(covered), with(c.value, value{}))
	}
	for _, d := range y {
		p.add(d.to.without(mine), with(value{}, d.value))
	}
	return p.disjoint()
}
