package graph

import (
	"math"
	"slices"
)

// A point is a place in a picture.
type point struct{ x, y int }

// A rect is a box or a label in a picture, by its top left corner.
type rect struct{ x, y, w, h int }

func (r rect) meets(o rect) bool {
	return r.x < o.x+o.w && o.x < r.x+r.w && r.y < o.y+o.h && o.y < r.y+r.h
}

// A layout says where everything goes.
type layout struct {
	boxes  []rect
	routes [][]point // of each arrow from its tail to its head: the ends of its curves, from layer to layer
	width  int
	height int
}

// A sizer says how much room boxes and the labels of arrows need.
type sizer struct {
	box   func(i int) (w, h int)
	label func(i int) int
}

// arrange lays a drawing out from left to right: every connected part in layers, the parts side by side on shelves.
func arrange(d *drawing, size sizer) *layout {
	out := &layout{boxes: make([]rect, len(d.nodes)), routes: make([][]point, len(d.arrows))}
	parts := d.parts()
	sizes := make([]point, len(parts))
	area, widest := 0, 0
	for i := range parts {
		sizes[i] = out.arrangePart(d, &parts[i], size)
		area += (sizes[i].x + margin) * (sizes[i].y + margin)
		widest = max(widest, sizes[i].x)
	}
	order := make([]int, len(parts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(parts[b].boxes) - len(parts[a].boxes) })
	room := max(widest, min(int(math.Sqrt(float64(area))*5/4), 1200), 640)
	x, y, shelf := 0, 0, 0
	for at, i := range order {
		lonely := at > 0 && len(parts[i].boxes) == 1 && len(parts[order[at-1]].boxes) > 1
		if x > 0 && x+sizes[i].x > room || lonely { // boxes without arrows stand below
			x, y, shelf = 0, y+shelf+margin, 0
		}
		out.move(&parts[i], x, y)
		out.width = max(out.width, x+sizes[i].x)
		x += sizes[i].x + margin
		shelf = max(shelf, sizes[i].y)
	}
	out.height = y + shelf
	for i := range d.arrows {
		if a := &d.arrows[i]; a.from == a.to {
			r := out.boxes[a.from]
			out.routes[i] = []point{{r.x + r.w - 28, r.y}, {r.x + r.w - 8, r.y}}
		}
	}
	return out
}

// arrangePart lays one part out at the origin and gives its size.
func (out *layout) arrangePart(d *drawing, p *part, size sizer) point {
	r := d.rank(p)
	l := newLattice(d, p, r, size.box)
	l.untangle()
	l.place()
	left, right := columnsOf(d, l, size.label)
	top, bottom := math.MaxInt, math.MinInt
	for i := range l.cells {
		top = min(top, l.cells[i].y-l.cells[i].h/2)
	}
	for i := range l.cells {
		c := &l.cells[i]
		c.y -= top
		bottom = max(bottom, c.y+(c.h+1)/2)
		if c.box >= 0 {
			// All boxes of a layer are as wide as the widest, so that no arrow runs behind a wider neighbour.
			out.boxes[c.box] = rect{left[c.layer], c.y - c.h/2, right[c.layer] - left[c.layer], c.h}
		}
	}
	for _, i := range p.arrows {
		out.routes[i] = l.route(i, left, right)
		if r.turned[i] {
			slices.Reverse(out.routes[i])
		}
	}
	l.spread(d, p, r, out)
	return point{right[len(right)-1], bottom}
}

// columnsOf gives every layer its place from left to right, with room between them for the labels of the arrows that
// begin there, and for slopes that are not too steep.
func columnsOf(d *drawing, l *lattice, label func(i int) int) (left, right []int) {
	gap := make([]int, len(l.layers))
	lines := make([]int, len(l.layers))
	for i := range d.arrows {
		if route, ok := l.routes[i]; ok {
			layer := l.cells[route[0]].layer
			gap[layer] = max(gap[layer], label(i)+34)
			for _, c := range route[:len(route)-1] {
				lines[l.cells[c].layer]++
			}
		}
	}
	x := 0
	for i, layer := range l.layers {
		w := 0
		for _, c := range layer {
			w = max(w, l.cells[c].w)
		}
		left, right = append(left, x), append(right, x+w)
		x += w + min(max(gap[i], 48+2*lines[i]), 240)
	}
	return left, right
}

// route follows an arrow's cells from left to right: over each gap between layers a curve, through each layer a line.
func (l *lattice) route(arrow int, left, right []int) []point {
	route := l.routes[arrow]
	first := &l.cells[route[0]]
	out := []point{{right[first.layer], first.y}}
	for _, c := range route[1 : len(route)-1] {
		b := &l.cells[c]
		out = append(out, point{left[b.layer], b.y}, point{right[b.layer], b.y})
	}
	last := &l.cells[route[len(route)-1]]
	return append(out, point{left[last.layer], last.y})
}

// spread lets the arrows of a box end at different heights of its sides, in the order of where they come from, so that
// they can be told apart.
func (l *lattice) spread(d *drawing, p *part, r *ranking, out *layout) {
	type side struct {
		box   int
		right bool
	}
	type end struct{ arrow, index, other int }
	ends := map[side][]end{}
	for _, i := range p.arrows {
		route := out.routes[i]
		n := len(route) - 1
		a := &d.arrows[i]
		ends[side{a.from, !r.turned[i]}] = append(ends[side{a.from, !r.turned[i]}], end{i, 0, route[1].y})
		ends[side{a.to, r.turned[i]}] = append(ends[side{a.to, r.turned[i]}], end{i, n, route[n-1].y})
	}
	// The order of the sides does not matter: each end is moved once, and where others end is not looked at again.
	for s, list := range ends {
		slices.SortStableFunc(list, func(a, b end) int { return a.other - b.other })
		room := out.boxes[s.box].h - 16
		between := min(room/max(len(list)-1, 1), 8)
		for j, e := range list {
			offset := between * (2*j - len(list) + 1) / 2
			if between == 0 {
				offset = room * (2*j - len(list) + 1) / (2 * len(list))
			}
			out.routes[e.arrow][e.index].y += offset
		}
	}
}

func (out *layout) move(p *part, dx, dy int) {
	for _, b := range p.boxes {
		out.boxes[b].x += dx
		out.boxes[b].y += dy
	}
	for _, i := range p.arrows {
		for j := range out.routes[i] {
			out.routes[i][j].x += dx
			out.routes[i][j].y += dy
		}
	}
}
