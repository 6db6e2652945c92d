package graph

import "slices"

// A part is a connected piece of a drawing while it is laid out.
type part struct {
	boxes  []int // numbers of boxes
	arrows []int // numbers of arrows, those from a box to itself left out
}

// parts splits a drawing into its connected pieces, in the order of their first boxes.
func (d *drawing) parts() []part {
	root := make([]int, len(d.nodes))
	for i := range root {
		root[i] = i
	}
	find := func(i int) int {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	for i := range d.arrows {
		a, b := find(d.arrows[i].from), find(d.arrows[i].to)
		root[max(a, b)] = min(a, b)
	}
	at := map[int]int{}
	var out []part
	for i := range d.nodes {
		r := find(i)
		if _, known := at[r]; !known {
			at[r] = len(out)
			out = append(out, part{})
		}
		p := &out[at[r]]
		p.boxes = append(p.boxes, i)
	}
	for i := range d.arrows {
		if a := &d.arrows[i]; a.from != a.to {
			p := &out[at[find(a.from)]]
			p.arrows = append(p.arrows, i)
		}
	}
	return out
}

// A ranking puts every box of a part in a layer, so that all arrows lead to the right. Arrows that would close a circle,
// or that lead from a later rank to an earlier one, count as turned around.
type ranking struct {
	layer  map[int]int
	turned map[int]bool
	layers int
}

func (d *drawing) rank(p *part) *ranking {
	r := &ranking{layer: make(map[int]int, len(p.boxes)), turned: map[int]bool{}}
	next := map[int][]step{} // of each box, the arrows that lead on
	for _, i := range p.arrows {
		a := &d.arrows[i]
		from, to := a.from, a.to
		if d.nodes[from].rank > d.nodes[to].rank && d.nodes[to].rank >= 0 {
			r.turned[i] = true
			from, to = to, from
		}
		next[from] = append(next[from], step{i, to})
	}
	order := d.sorted(p, r, next)
	for _, v := range order {
		r.layer[v] = max(r.layer[v], d.nodes[v].rank)
		for _, s := range next[v] {
			r.layer[s.to] = max(r.layer[s.to], r.layer[v]+1)
		}
	}
	d.pull(r, order, next)
	r.compact(p)
	return r
}

// A step is one arrow out of a box.
type step struct{ arrow, to int }

// sorted turns the arrows that close circles and gives the boxes in topological order. It needs no recursion, however
// long the paths.
func (d *drawing) sorted(p *part, r *ranking, next map[int][]step) []int {
	const fresh, open, done = 0, 1, 2
	state := make(map[int]int, len(p.boxes))
	starts := slices.Clone(p.boxes)
	slices.SortStableFunc(starts, func(a, b int) int { return d.nodes[a].rank - d.nodes[b].rank })
	starts = append(sources(p.boxes, next), starts...)
	type frame struct{ box, at int }
	var post []int
	for _, start := range starts {
		if state[start] != fresh {
			continue
		}
		state[start] = open
		stack := []frame{{start, 0}}
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if f.at == len(next[f.box]) {
				state[f.box] = done
				post = append(post, f.box)
				stack = stack[:len(stack)-1]
				continue
			}
			s := next[f.box][f.at]
			f.at++
			switch state[s.to] {
			case open:
				r.turned[s.arrow] = !r.turned[s.arrow]
				next[f.box] = slices.Delete(slices.Clone(next[f.box]), f.at-1, f.at)
				f.at--
				next[s.to] = append(next[s.to], step{s.arrow, f.box})
			case fresh:
				state[s.to] = open
				stack = append(stack, frame{s.to, 0})
			}
		}
	}
	slices.Reverse(post)
	return post
}

// sources gives the boxes that no arrow leads to.
func sources(boxes []int, next map[int][]step) []int {
	reached := map[int]bool{}
	for _, steps := range next {
		for _, s := range steps {
			reached[s.to] = true
		}
	}
	var out []int
	for _, b := range boxes {
		if !reached[b] {
			out = append(out, b)
		}
	}
	return out
}

// pull moves goals that lead nowhere to the last layer, and boxes that may stand anywhere next to what they lead to.
func (d *drawing) pull(r *ranking, order []int, next map[int][]step) {
	last := 0
	for _, v := range order {
		last = max(last, r.layer[v])
	}
	reached := map[int]bool{}
	for _, steps := range next {
		for _, s := range steps {
			reached[s.to] = true
		}
	}
	for _, v := range order {
		n := &d.nodes[v]
		switch {
		case len(next[v]) == 0 && n.tone == Goal:
			r.layer[v] = last
		case len(next[v]) > 0 && !reached[v] && n.rank < 0:
			nearest := last
			for _, s := range next[v] {
				nearest = min(nearest, r.layer[s.to]-1)
			}
			r.layer[v] = nearest
		}
	}
}

// compact leaves out layers that nothing is in.
func (r *ranking) compact(p *part) {
	used := map[int]bool{}
	for _, v := range p.boxes {
		used[r.layer[v]] = true
	}
	layers := make([]int, 0, len(used))
	for l := range used {
		layers = append(layers, l)
	}
	slices.Sort(layers)
	at := make(map[int]int, len(layers))
	for i, l := range layers {
		at[l] = i
	}
	for _, v := range p.boxes {
		r.layer[v] = at[r.layer[v]]
	}
	r.layers = len(layers)
}
