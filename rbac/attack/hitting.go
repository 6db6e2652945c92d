package attack

import (
	"cmp"
	"slices"
)

// A hitting finds the cheapest set of items that has one of every core. It is exact by branch and bound while work lasts.
type hitting struct {
	weights []int64 // of the items
	work    int     // how many items may still be looked at
	best    []int32
	cost    int64
}

// solve returns a hitting set, and whether no cheaper one exists. Every core has at least one item.
func (h *hitting) solve(cores [][]int32) (set []int32, proven bool) {
	var taken []int32
	var cost int64
	for _, part := range components(h.reduce(cores, &taken)) {
		h.best = h.greedy(part)
		h.cost = h.total(h.best)
		h.branch(part, nil, 0)
		taken = append(taken, h.best...)
		cost += h.cost
	}
	slices.Sort(taken)
	return slices.Compact(taken), h.work > 0
}

// branch tries the items of the smallest core, one after the other; those tried before are left out from then on.
func (h *hitting) branch(cores [][]int32, taken []int32, cost int64) {
	mark := len(taken)
	cores = h.reduce(cores, &taken)
	cost += h.total(taken[mark:])
	if len(cores) == 0 {
		if cost < h.cost {
			h.best, h.cost = slices.Clone(taken), cost
		}
		return
	}
	if h.work <= 0 || cost+h.bound(cores) >= h.cost {
		return
	}
	core := slices.MinFunc(cores, func(x, y []int32) int { return len(x) - len(y) })
	hits := h.count(cores)
	items := slices.Clone(core)
	slices.SortStableFunc(items, func(x, y int32) int { return hits[y] - hits[x] })
	for i, item := range items {
		rest, possible := without(cores, item, items[:i])
		if possible {
			h.branch(rest, append(taken[:len(taken):len(taken)], item), cost+h.weights[item])
		}
	}
}

// without leaves out the cores that an item hits, and the items that were tried before. Not possible: a core loses all.
func without(cores [][]int32, item int32, tried []int32) (rest [][]int32, possible bool) {
	for _, core := range cores {
		if slices.Contains(core, item) {
			continue
		}
		left := core
		if slices.ContainsFunc(core, func(i int32) bool { return slices.Contains(tried, i) }) {
			left = slices.DeleteFunc(slices.Clone(core), func(i int32) bool { return slices.Contains(tried, i) })
			if len(left) == 0 {
				return nil, false
			}
		}
		rest = append(rest, left)
	}
	return rest, true
}

// reduce takes the items of cores with one item, leaves out cores that contain others, and items that another replaces.
// It repeats until nothing changes.
func (h *hitting) reduce(cores [][]int32, taken *[]int32) [][]int32 {
	for changed := true; changed; {
		changed = false
		single := map[int32]bool{}
		for _, core := range cores {
			h.work -= len(core)
			if len(core) == 1 && !single[core[0]] {
				single[core[0]] = true
				*taken = append(*taken, core[0])
			}
		}
		var left [][]int32
		for _, core := range cores {
			if !slices.ContainsFunc(core, func(i int32) bool { return single[i] }) {
				left = append(left, core)
			}
		}
		cores = h.minimal(left)
		if slimmer, did := h.dominated(cores); did {
			cores, changed = slimmer, true
		}
	}
	return cores
}

// minimal leaves out cores that contain another: who hits the other hits them.
func (h *hitting) minimal(cores [][]int32) [][]int32 {
	sorted := slices.Clone(cores)
	slices.SortStableFunc(sorted, func(x, y []int32) int { return cmp.Or(len(x)-len(y), slices.Compare(x, y)) })
	byItem := map[int32][]int{} // cores kept, by their first item
	var kept [][]int32
	for _, core := range sorted {
		inside := false
		for _, item := range core {
			for _, k := range byItem[item] {
				h.work -= len(kept[k])
				if subset(kept[k], core) {
					inside = true
					break
				}
			}
		}
		if !inside {
			byItem[core[0]] = append(byItem[core[0]], len(kept))
			kept = append(kept, core)
		}
	}
	return kept
}

// dominated leaves out items when another, no dearer, hits all the cores that they hit.
func (h *hitting) dominated(cores [][]int32) (slimmer [][]int32, did bool) {
	in := map[int32][]int32{} // cores by item
	var items []int32
	for c, core := range cores {
		for _, item := range core {
			if in[item] == nil {
				items = append(items, item)
			}
			in[item] = append(in[item], int32(c))
		}
	}
	slices.Sort(items)
	gone := map[int32]bool{}
	for _, item := range items {
		for _, other := range cores[in[item][0]] {
			h.work -= len(in[item])
			if other == item || gone[other] || h.weights[other] > h.weights[item] || !subset(in[item], in[other]) {
				continue
			}
			if len(in[item]) < len(in[other]) || h.weights[other] < h.weights[item] || other < item {
				gone[item] = true
				break
			}
		}
	}
	if len(gone) == 0 {
		return cores, false
	}
	for i, core := range cores {
		cores[i] = slices.DeleteFunc(slices.Clone(core), func(item int32) bool { return gone[item] })
	}
	return cores, true
}

// bound is what hitting the cores costs at least: cores without a common item need an item each.
func (h *hitting) bound(cores [][]int32) int64 {
	used := map[int32]bool{}
	var sum int64
	for _, core := range cores { // short ones come first
		h.work -= len(core)
		if slices.ContainsFunc(core, func(i int32) bool { return used[i] }) {
			continue
		}
		least := h.weights[core[0]]
		for _, i := range core {
			used[i] = true
			least = min(least, h.weights[i])
		}
		sum += least
	}
	return sum
}

// guess is a cheap hitting set, found quickly.
func (h *hitting) guess(cores [][]int32) []int32 {
	var taken []int32
	rest := h.reduce(cores, &taken)
	return append(taken, h.greedy(rest)...)
}

// greedy hits the cores with whatever item hits most for its weight.
func (h *hitting) greedy(cores [][]int32) []int32 {
	var out []int32
	for len(cores) > 0 {
		hits := h.count(cores)
		best := cores[0][0]
		for item, n := range hits {
			a, b := int64(n)*h.weights[best], int64(hits[best])*h.weights[item]
			if a > b || a == b && item < best {
				best = item
			}
		}
		out = append(out, best)
		cores, _ = without(cores, best, nil)
	}
	return out
}

func (h *hitting) count(cores [][]int32) map[int32]int {
	hits := map[int32]int{}
	for _, core := range cores {
		h.work -= len(core)
		for _, item := range core {
			hits[item]++
		}
	}
	return hits
}

func (h *hitting) total(items []int32) int64 {
	var sum int64
	for _, i := range items {
		sum += h.weights[i]
	}
	return sum
}

// subset says whether sorted a is in sorted b.
func subset(a, b []int32) bool {
	j := 0
	for _, x := range a {
		for j < len(b) && b[j] < x {
			j++
		}
		if j == len(b) || b[j] != x {
			return false
		}
	}
	return true
}

// components splits cores into groups that share no item, so that each can be hit by itself.
func components(cores [][]int32) [][][]int32 {
	last := map[int32]int{} // the last core with an item
	parent := make([]int, len(cores))
	for c, core := range cores {
		parent[c] = c
		for _, item := range core {
			if other, known := last[item]; known {
				parent[groupOf(parent, other)] = groupOf(parent, c)
			}
			last[item] = c
		}
	}
	var out [][][]int32
	index := map[int]int{}
	for c, core := range cores {
		r := groupOf(parent, c)
		if _, known := index[r]; !known {
			index[r] = len(out)
			out = append(out, nil)
		}
		out[index[r]] = append(out[index[r]], core)
	}
	return out
}

// groupOf is the core that stands for the group of core i.
func groupOf(parent []int, i int) int {
	for parent[i] != i {
		parent[i] = parent[parent[i]]
		i = parent[i]
	}
	return i
}
