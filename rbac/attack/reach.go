package attack

import "github.com/plimsoll-io/plimsoll/finding"

// A Reach is everything that an attacker can get from a foothold: its blast radius.
type Reach struct {
	graph *Graph
	from  finding.Ref
	open  func(int32) bool
	order []int32 // what can be had, nearest first
	steps []int32 // by foothold; -1 when it cannot be had
	via   []int32 // the edge by which a foothold is had first; -1 at the start
}

// A Reached is a foothold that can be had, and in how many steps at least.
type Reached struct {
	Foothold finding.Ref
	Steps    int
}

// Reach finds everything that follows from a foothold by steps that nothing cuts.
func (g *Graph) Reach(from finding.Ref) *Reach {
	r := &Reach{graph: g, from: from, steps: make([]int32, len(g.footholds)), via: make([]int32, len(g.footholds))}
	r.open = func(e int32) bool { return !g.edges[e].cut }
	for i := range r.steps {
		r.steps[i], r.via[i] = -1, -1
	}
	var round []int32
	for _, at := range g.at(from) {
		r.steps[at] = 0
		round = append(round, at)
	}
	for distance := int32(0); len(round) > 0; distance++ {
		for i := 0; i < len(round); i++ { // round grows by what links lead to
			round = r.take(round, g.outOf.linksAt(round[i]), distance)
		}
		r.order = append(r.order, round...)
		var next []int32
		for _, at := range round {
			next = r.take(next, g.outOf.stepsAt(at), distance+1)
		}
		round = next
	}
	return r
}

func (r *Reach) take(list, edges []int32, distance int32) []int32 {
	for _, e := range edges {
		if to := r.graph.edges[e].to; r.steps[to] < 0 && r.open(e) {
			r.steps[to], r.via[to] = distance, e
			list = append(list, to)
		}
	}
	return list
}

// All lists what can be had, nearest first: objects, subjects and goals. Sets are left out, since their members are
// listed, and so are the roles that the attacker can bind himself to: what they are good for is listed.
func (r *Reach) All() []Reached {
	var out []Reached
	for _, at := range r.order {
		ref := r.graph.footholds[at]
		switch {
		case isSet(ref), ref.Kind == SomeNodeKind, ref.Kind == RoleHolderKind, ref.Kind == AdminOfKind, r.via[at] < 0:
			continue
		}
		out = append(out, Reached{ref, int(r.steps[at])})
	}
	return out
}

// Steps is how many steps it takes to a foothold; ok is false when there is no way.
func (r *Reach) Steps(to finding.Ref) (steps int, ok bool) {
	id, known := r.graph.ids[to]
	if !known || r.steps[id] < 0 {
		return 0, false
	}
	return int(r.steps[id]), true
}

// Path is a shortest way to a foothold; ok is false when there is none.
func (r *Reach) Path(to finding.Ref) (p Path, ok bool) {
	id, known := r.graph.ids[to]
	if !known || r.steps[id] < 0 {
		return Path{}, false
	}
	var edges []int32
	at := id
	for r.via[at] >= 0 {
		edges = append(edges, r.via[at])
		at = r.graph.edges[r.via[at]].from
	}
	for i, j := 0, len(edges)-1; i < j; i, j = i+1, j-1 {
		edges[i], edges[j] = edges[j], edges[i]
	}
	return r.graph.path(r.from, to, r.graph.footholds[at], edges, r.open), true
}
