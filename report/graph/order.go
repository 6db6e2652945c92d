package graph

import (
	"slices"
	"sort"
)

// mostBends is how many bends the long arrows of a part get. Arrows that span several layers bend once in each, so that
// they run around boxes; the longest go straight when there would be too many.
const mostBends = 20_000

// rounds is how often the order within the layers is improved, and then how often the boxes are moved.
const (
	rounds      = 10
	placeRounds = 8
)

// A cell is a box, or a bend of a long arrow, in a layer.
type cell struct {
	box    int // -1 for a bend
	layer  int
	at     int // place within the layer
	w, h   int
	y      int // centre
	before []int
	after  []int
}

// A lattice is a part in layers of cells.
type lattice struct {
	cells  []cell
	layers [][]int
	routes map[int][]int // of each arrow, its cells from left to right
	lane   int           // the least distance between bends
}

func newLattice(d *drawing, p *part, r *ranking, size func(i int) (w, h int)) *lattice {
	l := &lattice{layers: make([][]int, r.layers), routes: make(map[int][]int, len(p.arrows)), lane: 10}
	cellOf := make(map[int]int, len(p.boxes))
	for _, b := range p.boxes {
		w, h := size(b)
		cellOf[b] = l.add(cell{box: b, layer: r.layer[b], w: w, h: h})
	}
	bends := 0
	byLength := slices.Clone(p.arrows)
	span := func(i int) int {
		n := r.layer[d.arrows[i].to] - r.layer[d.arrows[i].from]
		return max(n, -n)
	}
	slices.SortStableFunc(byLength, func(a, b int) int { return span(a) - span(b) })
	for _, i := range byLength {
		from, to := d.arrows[i].from, d.arrows[i].to
		if r.turned[i] {
			from, to = to, from
		}
		route := []int{cellOf[from]}
		if bends += span(i) - 1; bends <= mostBends {
			for layer := r.layer[from] + 1; layer < r.layer[to]; layer++ {
				route = append(route, l.add(cell{box: -1, layer: layer, h: 2}))
			}
		}
		l.routes[i] = append(route, cellOf[to])
	}
	for _, i := range p.arrows {
		route := l.routes[i]
		for j := 1; j < len(route); j++ {
			a, b := route[j-1], route[j]
			if l.cells[b].layer-l.cells[a].layer == 1 {
				l.cells[a].after = append(l.cells[a].after, b)
				l.cells[b].before = append(l.cells[b].before, a)
			}
		}
	}
	l.walk()
	return l
}

func (l *lattice) add(c cell) int {
	l.cells = append(l.cells, c)
	return len(l.cells) - 1
}

// walk fills the layers in the order in which a walk along the arrows meets the cells, which puts paths side by side.
func (l *lattice) walk() {
	seen := make([]bool, len(l.cells))
	starts := make([]int, len(l.cells))
	for i := range starts {
		starts[i] = i
	}
	slices.SortStableFunc(starts, func(a, b int) int { return l.cells[a].layer - l.cells[b].layer })
	for _, start := range starts {
		stack := []int{start}
		for len(stack) > 0 {
			c := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if seen[c] {
				continue
			}
			seen[c] = true
			layer := l.cells[c].layer
			l.cells[c].at = len(l.layers[layer])
			l.layers[layer] = append(l.layers[layer], c)
			for _, next := range slices.Backward(l.cells[c].after) {
				stack = append(stack, next)
			}
		}
	}
}

// untangle orders the cells of every layer so that few arrows cross: each cell goes to the mean place of what it is
// joined to, layer by layer, to the right and back. The best order seen stays.
func (l *lattice) untangle() {
	best, kept := l.crossings(), l.copyOrder()
	for round := 0; round < rounds && best > 0; round++ {
		if round%2 == 0 {
			for i := 1; i < len(l.layers); i++ {
				l.sortLayer(i, true)
			}
		} else {
			for i := len(l.layers) - 2; i >= 0; i-- {
				l.sortLayer(i, false)
			}
		}
		if now := l.crossings(); now < best {
			best, kept = now, l.copyOrder()
		}
	}
	l.layers = kept
	for _, layer := range l.layers {
		for at, c := range layer {
			l.cells[c].at = at
		}
	}
}

func (l *lattice) copyOrder() [][]int {
	out := make([][]int, len(l.layers))
	for i, layer := range l.layers {
		out[i] = slices.Clone(layer)
	}
	return out
}

// sortLayer orders one layer by the layer before or after it. Cells without neighbours there keep their places.
func (l *lattice) sortLayer(i int, before bool) {
	layer := l.layers[i]
	mean := make(map[int]float64, len(layer))
	var free []int // places of the cells that move
	var moving []int
	for at, c := range layer {
		near := l.cells[c].after
		if before {
			near = l.cells[c].before
		}
		if len(near) == 0 {
			continue
		}
		sum := 0
		for _, n := range near {
			sum += l.cells[n].at
		}
		mean[c] = float64(sum) / float64(len(near))
		free, moving = append(free, at), append(moving, c)
	}
	sort.SliceStable(moving, func(a, b int) bool { return mean[moving[a]] < mean[moving[b]] })
	for j, at := range free {
		layer[at] = moving[j]
		l.cells[moving[j]].at = at
	}
}

// crossings counts the pairs of lines between neighbouring layers that cross.
func (l *lattice) crossings() int {
	total := 0
	for i := 1; i < len(l.layers); i++ {
		tree := make([]int, len(l.layers[i])+1) // a Fenwick tree over the places of the ends
		seen := 0
		for _, c := range l.layers[i-1] {
			places := make([]int, 0, len(l.cells[c].after))
			for _, n := range l.cells[c].after {
				places = append(places, l.cells[n].at)
			}
			for _, at := range places { // lines seen so far whose end is further down
				below := 0
				for j := at + 1; j > 0; j -= j & -j {
					below += tree[j]
				}
				total += seen - below
			}
			for _, at := range places {
				for j := at + 1; j < len(tree); j += j & -j {
					tree[j]++
				}
				seen++
			}
		}
	}
	return total
}
