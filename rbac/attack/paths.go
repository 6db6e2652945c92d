package attack

import "github.com/plimsoll-io/plimsoll/finding"

// Limits bound a search for all minimal paths. Zero values mean the defaults.
type Limits struct {
	Paths int // how many paths to return; 100
	Steps int // how many steps a path may have; 12
	Work  int // how many footholds and steps to look at; 5 million, about a second
}

func (l Limits) orDefaults() Limits {
	if l.Paths <= 0 {
		l.Paths = 100
	}
	if l.Steps <= 0 {
		l.Steps = 12
	}
	if l.Work <= 0 {
		l.Work = 5_000_000
	}
	return l
}

// Paths is the answer to a search for all minimal paths.
type Paths struct {
	Items []Path // shortest first; never nil
	// More says why there may be further paths; "" when Items are all.
	More string
}

// Shortest is a shortest path that nothing cuts or, when there is none, one with cut steps: its Blocked is true.
func (g *Graph) Shortest(from, to finding.Ref) (p Path, ok bool) {
	if p, ok = g.Towards(to, false).Path(from); ok {
		return p, true
	}
	return g.Towards(to, true).Path(from)
}

// Paths finds all minimal paths between two footholds, shortest first. A path is minimal when none of its steps can be
// left out: nothing on it can be had in fewer steps from anything before. When several bindings give the same step it is
// one path, whose step has alternatives; when members of a set differ by nothing that matters, the first stands for all.
//
// Without an open path, the paths with cut steps are the answer: their Blocked is true, and Blocks says what cuts them.
func (g *Graph) Paths(from, to finding.Ref, limits Limits) Paths {
	out := g.paths(from, to, limits.orDefaults(), false)
	if len(out.Items) == 0 && out.More == "" {
		return g.paths(from, to, limits.orDefaults(), true)
	}
	return out
}

func (g *Graph) paths(from, to finding.Ref, limits Limits, blocked bool) Paths {
	w := &walk{graph: g, from: from, tree: g.Towards(to, blocked), limits: limits, out: Paths{Items: []Path{}}}
	at, ok := w.tree.nearest(from)
	if !ok {
		return w.out
	}
	shortest := w.tree.steps[at]
	if shortest == 0 {
		w.out.Items = append(w.out.Items, Path{From: from, To: to})
		return w.out
	}
	w.level, w.seen = make([]int32, len(g.footholds)), make([]int, len(g.footholds))
	for i := range w.level {
		w.level[i] = unreached
	}
	for w.bound = shortest; w.bound <= int32(limits.Steps); w.bound++ {
		w.pruned = false
		w.start()
		if !w.pruned || w.out.More != "" {
			return w.out
		}
	}
	w.out.More = "longer paths were not looked for"
	return w.out
}

// A walk goes from foothold to foothold, as deep as bound, and keeps the paths with exactly bound steps.
type walk struct {
	graph  *Graph
	from   finding.Ref
	tree   *Tree
	limits Limits
	bound  int32
	pruned bool // a longer bound may give more
	work   int
	// level is, for each foothold, after how many steps of the current way it can be had at the earliest, less one.
	level  []int32
	seen   []int // the visit that met the foothold last
	visits int
	way    []int32 // the footholds of the current way, as a path shows them
	out    Paths
}

const unreached int32 = -2

// start walks from every foothold that the attacker may begin with.
func (w *walk) start() {
	w.visits++
	var begin, starts []int32
	for _, at := range w.graph.at(w.from) {
		starts = w.members(starts, at, -1)
	}
	for _, at := range w.graph.at(w.from) {
		begin = w.mark(begin, at, -1)
	}
	for _, at := range w.choose(starts, w.bound) {
		w.visit(at, 0)
	}
	w.forget(begin)
}

// visit takes every step from a foothold, and goes on from what is new.
func (w *walk) visit(at, depth int32) {
	if w.out.More != "" {
		return
	}
	w.visits++
	w.way = append(w.way, at)
	var members, reached []int32
	g := w.graph
	for _, actor := range g.held(at) {
		for _, e := range g.outOf.stepsAt(actor) {
			if w.tree.open(e) {
				members = w.members(members, g.edges[e].to, depth)
				reached = w.mark(reached, g.edges[e].to, depth)
			}
		}
	}
	if w.level[w.tree.to] == depth {
		if depth+1 == w.bound {
			w.emit()
		}
	} else {
		w.deeper(members, depth)
	}
	w.forget(reached)
	w.way = w.way[:len(w.way)-1]
}

// members appends a foothold or, of a set, its members, unless they could be had before the level. What a member is in,
// its groups, is none of them.
func (w *walk) members(list []int32, at, level int32) []int32 {
	if w.seen[at] == w.visits || w.level[at] != unreached && w.level[at] < level {
		return list
	}
	w.seen[at] = w.visits
	w.work++
	switch r := w.graph.footholds[at]; {
	case r.Kind == GoalKind || r.Kind == NamespaceKind:
		return list
	case !isSet(r) && r.Kind != SomeNodeKind:
		return append(list, at)
	}
	if len(w.graph.outOf.stepsAt(at)) > 0 { // a set that leads on by itself
		list = append(list, at)
	}
	for _, e := range w.graph.outOf.linksAt(at) {
		list = w.members(list, w.graph.edges[e].to, level)
	}
	return list
}

// deeper goes on from the footholds that the last step gave, as far as the bound allows.
func (w *walk) deeper(members []int32, depth int32) {
	var next []int32
	for _, at := range members {
		switch steps := w.tree.steps[at]; {
		case steps < 0:
		case depth+1+steps > w.bound:
			w.pruned = true
		default:
			next = append(next, at)
		}
	}
	for _, at := range w.choose(next, w.bound-depth-1) {
		w.visit(at, depth+1)
	}
}

// choose keeps of several footholds those that can do something useful which none before them can: of a hundred service
// accounts whose common group has all the rights, the first.
func (w *walk) choose(footholds []int32, steps int32) []int32 {
	type actorOf struct {
		kind  string
		actor int32
	}
	covered := map[actorOf]bool{}
	var out []int32
	for _, at := range footholds {
		useful := false
		for _, actor := range w.graph.held(at) {
			w.work++
			key := actorOf{w.graph.footholds[at].Kind, actor}
			if !covered[key] && w.acts(actor, steps) {
				covered[key], useful = true, true
			}
		}
		if useful {
			out = append(out, at)
		}
	}
	return out
}

// acts says that a foothold itself, not one of its groups, can take a step that comes near enough to the target.
func (w *walk) acts(actor, steps int32) bool {
	for _, e := range w.graph.outOf.stepsAt(actor) {
		if to := w.graph.edges[e].to; w.tree.open(e) && w.tree.steps[to] >= 0 {
			if w.tree.steps[to] < steps {
				return true
			}
			w.pruned = true
		}
	}
	return false
}

// mark notes that a foothold, and all that it holds, can be had at a level, and appends those that are new.
func (w *walk) mark(list []int32, at, level int32) []int32 {
	if w.level[at] != unreached {
		return list
	}
	if w.work++; w.work > w.limits.Work {
		w.out.More = "the search took too long"
		return list
	}
	w.level[at] = level
	first := len(list)
	list = append(list, at)
	for i := first; i < len(list); i++ {
		for _, e := range w.graph.outOf.linksAt(list[i]) {
			if to := w.graph.edges[e].to; w.level[to] == unreached {
				w.work++
				w.level[to] = level
				list = append(list, to)
			}
		}
	}
	return list
}

func (w *walk) forget(footholds []int32) {
	for _, at := range footholds {
		w.level[at] = unreached
	}
}
