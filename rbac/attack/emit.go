package attack

import "slices"

// A hop is the ways to take one step of a path: edges of one technique that lead to the same foothold.
type hop struct {
	technique int16
	to        int32 // as the path shows it
	edges     []int32
}

// emit keeps the current way as paths: one for each combination of techniques that leads along it.
func (w *walk) emit() {
	hops := make([][]hop, len(w.way))
	for i, at := range w.way {
		if i+1 < len(w.way) {
			hops[i] = w.hopsTo(at, w.way[i+1])
		} else {
			hops[i] = w.lastHops(at)
		}
	}
	chosen := make([]int, len(hops))
	for {
		if len(w.out.Items) == w.limits.Paths {
			w.out.More = "only the first paths are kept"
			return
		}
		w.out.Items = append(w.out.Items, w.pathOf(hops, chosen))
		i := len(hops) - 1
		for ; i >= 0; i-- { // count on, like an odometer
			if chosen[i]++; chosen[i] < len(hops[i]) {
				break
			}
			chosen[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

// hopsTo are the ways from one foothold to the next of the current way.
func (w *walk) hopsTo(at, to int32) []hop {
	g := w.graph
	holding := g.holding(to)
	var hops []hop
	for _, actor := range g.held(at) {
		for _, e := range g.outOf.stepsAt(actor) {
			if w.tree.open(e) && slices.Contains(holding, g.edges[e].to) {
				hops = addHop(hops, g.edges[e].technique, to, e)
			}
		}
	}
	return hops
}

// lastHops are the ways from a foothold to the target.
func (w *walk) lastHops(at int32) []hop {
	g := w.graph
	var hops []hop
	for _, actor := range g.held(at) {
		for _, e := range g.outOf.stepsAt(actor) {
			if to := g.edges[e].to; w.tree.open(e) && w.tree.steps[to] == 0 {
				hops = addHop(hops, g.edges[e].technique, g.shown(append([]int32{e}, w.tree.edgesFrom(to)...), 0), e)
			}
		}
	}
	return hops
}

func addHop(hops []hop, technique int16, to, e int32) []hop {
	for i := range hops {
		if hops[i].technique == technique && hops[i].to == to {
			hops[i].edges = append(hops[i].edges, e)
			return hops
		}
	}
	return append(hops, hop{technique, to, []int32{e}})
}

func (w *walk) pathOf(hops [][]hop, chosen []int) Path {
	g := w.graph
	p := Path{From: w.from, To: g.footholds[w.tree.to]}
	here := w.way[0]
	for i, h := range hops {
		edges := w.uncut(h[chosen[i]].edges)
		p.Steps = append(p.Steps, g.step(edges[0], here, h[chosen[i]].to, edges[1:]))
		here = h[chosen[i]].to
	}
	return p
}

// uncut leaves out cut edges beside open ones, and edges with the same proof.
func (w *walk) uncut(edges []int32) []int32 {
	g := w.graph
	open := slices.ContainsFunc(edges, func(e int32) bool { return !g.edges[e].cut })
	var out []int32
	for _, e := range edges {
		same := func(o int32) bool { return g.edges[o].proof == g.edges[e].proof && g.edges[o].from == g.edges[e].from }
		if g.edges[e].cut != open && !slices.ContainsFunc(out, same) {
			out = append(out, e)
		}
	}
	return out
}
