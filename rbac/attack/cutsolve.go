package attack

import "slices"

// solve finds the cheapest set of removals that closes all paths. Cheap guesses find most cores; the exact set is only
// looked for when a guess leaves no path, and is the answer when it leaves none either.
func (c *cutter) solve() (items []int32, proven bool) {
	var closed []int32 // the cheapest set known that closes all paths
	guess := true
	c.collect(nil)
	for c.solver.work > 0 {
		var set []int32
		exact := true
		if guess {
			set = c.solver.guess(c.cores)
		} else {
			set, exact = c.solver.solve(c.cores)
		}
		if c.collect(set) {
			guess = true
			continue
		}
		if closed == nil || c.solver.total(set) < c.solver.total(closed) {
			closed = set
		}
		if !guess && exact {
			return closed, true
		}
		if guess {
			guess = false
			continue
		}
		break
	}
	return c.finish(closed), false
}

// collect adds cores of paths that a set of removals leaves open, as many as share no removal; false when it leaves none.
func (c *cutter) collect(set []int32) bool {
	c.remove(set)
	found := false
	used := make([]bool, len(c.items))
	for {
		tree := c.search()
		more := false
		for _, at := range c.starts {
			if tree.steps[at] < 0 {
				continue
			}
			core := c.core(tree.edgesFrom(at))
			if slices.ContainsFunc(core, func(i int32) bool { return used[i] }) {
				continue
			}
			more = true
			c.cores = append(c.cores, core)
			for _, i := range core {
				used[i] = true
				c.kill(i)
			}
		}
		if !more {
			return found
		}
		found = true
		if c.solver.work <= 0 {
			return true
		}
	}
}

// core are the removals that take a path away, sorted.
func (c *cutter) core(edges []int32) []int32 {
	var out []int32
	for _, e := range edges {
		out = append(out, c.ofEdge[e]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (c *cutter) remove(set []int32) {
	clear(c.dead)
	for _, i := range set {
		c.kill(i)
	}
}

func (c *cutter) kill(item int32) {
	for _, e := range c.edges[item] {
		c.dead[e] = true
	}
}

// finish makes a set that closes all paths when there is no time for the cheapest: it removes what the shortest path
// needs until no path is left, and takes back what turns out not to be needed, the dearest first.
func (c *cutter) finish(set []int32) []int32 {
	if set == nil {
		set = c.solver.guess(c.cores)
		for {
			c.remove(set)
			tree := c.search()
			i := slices.IndexFunc(c.starts, func(at int32) bool { return tree.steps[at] >= 0 })
			if i < 0 {
				break
			}
			core := c.core(tree.edgesFrom(c.starts[i]))
			set = append(set, slices.MinFunc(core, func(x, y int32) int { return int(c.solver.weights[x] - c.solver.weights[y]) }))
		}
	}
	return c.needed(set)
}

// mostTakenBack bounds how many removals are tried to be taken back.
const mostTakenBack = 200

func (c *cutter) needed(set []int32) []int32 {
	slices.SortStableFunc(set, func(x, y int32) int { return int(c.solver.weights[y] - c.solver.weights[x]) })
	out := slices.Clone(set)
	for _, item := range set[:min(len(set), mostTakenBack)] {
		without := slices.DeleteFunc(slices.Clone(out), func(i int32) bool { return i == item })
		c.remove(without)
		tree := c.search()
		if !slices.ContainsFunc(c.starts, func(at int32) bool { return tree.steps[at] >= 0 }) {
			out = without
		}
	}
	return out
}
