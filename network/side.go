package network

import (
	"runtime"
	"sync"
)

// sides are the cells of one direction, once for all classes that the same policies select.
type sides struct {
	reach     *reach
	direction Direction
	groupOf   []int // by class
	groups    []*sideGroup
}

// A sideGroup is the classes that have a side in common.
type sideGroup struct {
	first    int // the first of its classes
	members  set
	policies []selected
	admins   []selectedAdmin
	foreign  []*foreign
	once     [families]sync.Once
	cells    [families]cells // by world, when once is done
}

// A selected policy is one that selects the classes of a group; unless it is sure it only may do so, or may not be in
// force.
type selected struct {
	*compiled
	sure bool
}

func (s *sides) of(class, world int) cells { return s.cells(s.groups[s.groupOf[class]], world) }

// cells are those of a group, which are computed when they are first asked for.
func (s *sides) cells(g *sideGroup, world int) cells {
	g.once[world].Do(func() { g.cells[world] = s.reach.side(g, s.direction, world) })
	return g.cells[world]
}

// prepare computes the cells of all groups, on all cores.
func (s *sides) prepare(world int) {
	var all sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		all.Go(func() {
			for i := w; i < len(s.groups); i += workers {
				s.cells(s.groups[i], world)
			}
		})
	}
	all.Wait()
}

func newSides(r *reach, d Direction) *sides {
	s := &sides{reach: r, direction: d, groupOf: make([]int, r.classes)}
	s.group(r, d)
	s.fill(r, d)
	return s
}

// group puts the classes together that the same policies select.
func (s *sides) group(r *reach, d Direction) {
	keys := make([]mark, r.classes)
	r.eachSelected(d, func(class int, p selected) {
		keys[class] = keys[class].xor(p.mark[d][1-boolOrder(p.sure)])
	}, func(int) bool { return true })
	r.eachAdmin(d, func(class int, p selectedAdmin) {
		keys[class] = keys[class].xor(p.marks[d][1-boolOrder(p.sure)])
	})
	for _, f := range r.m.foreign {
		if !f.judges(d) {
			continue
		}
		m := newMark()
		for class := range r.subjects(f).each {
			keys[class] = keys[class].xor(m)
		}
	}
	if r.m.plugin.Strict {
		m := newMark()
		for class := range r.outside.each {
			keys[class] = keys[class].xor(m)
		}
	}
	if d == Ingress { // what a port's name stands for is a matter of the receiver
		for class := range r.pods.each {
			keys[class] = keys[class].xor(r.m.named.key(r.m.classes[class].Peers[0].index))
		}
	}
	known := map[mark]int{}
	for class, key := range keys {
		i, seen := known[key]
		if !seen {
			i = len(s.groups)
			known[key] = i
			s.groups = append(s.groups, &sideGroup{first: class})
		}
		s.groupOf[class] = i
		s.groups[i].members.add(class)
	}
}

// fill finds the policies of each group.
func (s *sides) fill(r *reach, d Direction) {
	isFirst := func(class int) bool { return s.groups[s.groupOf[class]].first == class }
	r.eachSelected(d, func(class int, p selected) {
		g := s.groups[s.groupOf[class]]
		g.policies = append(g.policies, p)
	}, isFirst)
	r.eachAdmin(d, func(class int, p selectedAdmin) {
		if isFirst(class) {
			g := s.groups[s.groupOf[class]]
			g.admins = append(g.admins, p)
		}
	})
	for _, f := range r.m.foreign {
		if !f.judges(d) {
			continue
		}
		for class := range r.subjects(f).each {
			if isFirst(class) {
				g := s.groups[s.groupOf[class]]
				g.foreign = append(g.foreign, f)
			}
		}
	}
}

// eachSelected yields the policies of a direction that select a class, or may.
func (r *reach) eachSelected(d Direction, yield func(class int, p selected), wanted func(class int) bool) {
	for _, p := range r.m.policies {
		if p.isolates[d] == no {
			continue
		}
		subject := r.m.compiler.matchers.all[p.subject].sets[0]
		sure := p.isolates[d] == yes && p.doubt == ""
		for class := range subject.yes.each {
			if wanted(class) {
				yield(class, selected{p, sure})
			}
		}
		for class := range subject.may.each {
			if wanted(class) && !subject.yes.has(class) {
				yield(class, selected{p, false})
			}
		}
	}
}

func (r *reach) subjects(f *foreign) set {
	b := r.m.compiler.matchers.all[f.subject].sets[0]
	return b.yes.union(b.may)
}

// side computes what all policies of a group let through.
func (r *reach) side(g *sideGroup, d Direction, world int) cells {
	var narrowed set // from or to whom policies that are not understood may deny more
	for _, f := range g.foreign {
		switch f.foreignScope {
		case overrides:
			return cells{{r.all, value{noPorts, allPorts}}}
		case outward:
			narrowed = narrowed.union(r.outside)
		default:
			narrowed = r.all
		}
	}
	out := cells{{r.all, everything}}
	if r.m.plugin.Strict && !r.outside.has(g.first) {
		out[0].value.lower = noPorts
	}
	out = r.tierOf(BaselineTier, g, d, world, out, out)
	out = r.networkPolicies(g, d, world, out)
	out = r.tierOf(AdminTier, g, d, world, out, out)
	if r.m.plugin.doubt != "" {
		out = r.combine(out, cells{{r.all, everything}}, func(x, _ value) value { return value{x.lower, allPorts} })
	}
	if len(g.foreign) > 0 {
		out = r.combine(out, cells{{narrowed, value{allPorts, noPorts}}}, func(x, y value) value {
			if y.lower == allPorts {
				x.lower = noPorts
			}
			return x
		})
	}
	return out
}

// networkPolicies computes what NetworkPolicies let through. Those that surely select isolate, and what they allow adds
// up. One that may select adds to what may be let through; without others it may also take all away but what it allows.
// rest is what holds without any.
func (r *reach) networkPolicies(g *sideGroup, d Direction, world int, rest cells) cells {
	if len(g.policies) == 0 {
		return rest
	}
	sure := false
	all := newPieces()
	for _, s := range g.policies {
		sure = sure || s.sure
		r.addPieces(all, s, d, world, g.first)
	}
	if sure {
		return r.join(all)
	}
	out := r.combine(rest, r.join(all), func(x, y value) value { return value{x.lower, r.ports.union(x.upper, y.upper)} })
	for _, s := range g.policies {
		p := newPieces()
		r.addPieces(p, selected{s.compiled, true}, d, world, g.first)
		out = r.combine(out, r.join(p), func(x, y value) value { return value{r.ports.intersect(x.lower, y.lower), x.upper} })
	}
	return out
}

// addPieces adds what the rules of one policy allow. subject is a class that the policy selects.
func (r *reach) addPieces(p *pieces, s selected, d Direction, world, subject int) {
	for i := range s.entries[d] {
		e := &s.entries[d][i]
		who := r.who(e, world)
		v := value{e.ports.lower, e.ports.upper}
		if d == Ingress {
			for _, name := range e.ports.named {
				lower, upper := r.m.named.resolve(r.m.classes[subject].Peers[0].index, name)
				v = r.union(v, value{lower, upper})
			}
		} else {
			for _, name := range e.ports.named {
				r.addNamed(p, who, name, s.sure && !e.unsure)
			}
		}
		if !s.sure || e.unsure {
			v.lower = noPorts
		}
		p.add(who.yes, v)
		p.add(who.may, value{noPorts, v.upper})
	}
}

// addNamed adds what a port's name stands for in each receiver.
func (r *reach) addNamed(p *pieces, who bounds, name int, sure bool) {
	for _, c := range r.named[name] {
		v := c.value
		if !sure {
			v.lower = noPorts
		}
		p.add(who.yes.and(c.to), v)
		p.add(who.may.and(c.to), value{noPorts, v.upper})
	}
}
