package attack

import "github.com/plimsoll-io/plimsoll/finding"

// A Tree holds the shortest way to one target from everywhere.
type Tree struct {
	graph   *Graph
	to      int32
	blocked bool
	dead    []bool  // steps that count as removed; nil for none
	steps   []int32 // how many steps it takes from each foothold; -1 when there is no way
	next    []int32 // the edge to take first; -1 at the target
}

// Towards finds the shortest ways to a target. With blocked, steps that are cut count as if they were not.
func (g *Graph) Towards(to finding.Ref, blocked bool) *Tree {
	id, ok := g.ids[to]
	if !ok {
		id = -1
	}
	return g.towards(id, blocked, nil)
}

func (g *Graph) towards(to int32, blocked bool, dead []bool) *Tree {
	n := len(g.footholds)
	room := make([]int32, 2*n)
	for i := range room {
		room[i] = -1
	}
	t := &Tree{graph: g, to: to, blocked: blocked, dead: dead, steps: room[:n:n], next: room[n:]}
	if to >= 0 {
		t.search()
	}
	return t
}

// open says whether the step may be taken.
func (t *Tree) open(e int32) bool {
	return (t.blocked || !t.graph.edges[e].cut) && (t.dead == nil || !t.dead[e])
}

// search walks the edges backwards, links first: they are no steps. Each round holds the footholds of one distance.
func (t *Tree) search() {
	g := t.graph
	t.steps[t.to] = 0
	round := []int32{t.to}
	var next []int32
	for distance := int32(0); len(round) > 0; distance++ {
		for i := 0; i < len(round); i++ { // round grows by what links lead to it
			for _, e := range g.into.linksAt(round[i]) {
				if from := g.edges[e].from; t.steps[from] < 0 {
					t.steps[from], t.next[from] = distance, e
					round = append(round, from)
				}
			}
		}
		next = next[:0]
		for _, at := range round {
			for _, e := range g.into.stepsAt(at) {
				if from := g.edges[e].from; t.steps[from] < 0 && t.open(e) {
					t.steps[from], t.next[from] = distance+1, e
					next = append(next, from)
				}
			}
		}
		round, next = next, round
	}
}

// Steps is how many steps it takes from a foothold; ok is false when there is no way.
func (t *Tree) Steps(from finding.Ref) (steps int, ok bool) {
	at, ok := t.nearest(from)
	if !ok {
		return 0, false
	}
	return int(t.steps[at]), true
}

// Path is the shortest way from a foothold; ok is false when there is none.
func (t *Tree) Path(from finding.Ref) (p Path, ok bool) {
	at, ok := t.nearest(from)
	if !ok {
		return Path{}, false
	}
	return t.graph.path(from, t.graph.footholds[t.to], t.graph.footholds[at], t.edgesFrom(at), t.open), true
}

// nearest is where an attacker who holds from starts best.
func (t *Tree) nearest(from finding.Ref) (id int32, ok bool) {
	id = -1
	for _, at := range t.graph.at(from) {
		if t.steps[at] >= 0 && (id < 0 || t.steps[at] < t.steps[id]) {
			id = at
		}
	}
	return id, id >= 0
}

// edgesFrom are the edges from a foothold to the target.
func (t *Tree) edgesFrom(at int32) []int32 {
	var edges []int32
	for at != t.to {
		e := t.next[at]
		edges = append(edges, e)
		at = t.graph.edges[e].to
	}
	return edges
}
