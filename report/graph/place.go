package graph

// Distances in a picture, in its units, which are about pixels.
const (
	boxGap = 14 // between boxes of a layer
	margin = 24
)

// place sets the height at which every cell stands. Each layer in turn gives its cells the heights nearest to those of
// their neighbours that keep the order and the distances.
func (l *lattice) place() {
	for _, layer := range l.layers {
		y := 0
		for at, c := range layer {
			if at > 0 {
				y += l.apart(layer[at-1], c)
			}
			l.cells[c].y = y
		}
	}
	for round := range placeRounds {
		for i := range l.layers {
			if round%2 == 1 {
				i = len(l.layers) - 1 - i
			}
			l.settle(l.layers[i], round%2 == 0, round >= placeRounds-2)
		}
	}
}

// apart is the least distance between the centres of two cells, one directly above the other.
func (l *lattice) apart(above, below int) int {
	a, b := &l.cells[above], &l.cells[below]
	gap := boxGap
	if a.box < 0 && b.box < 0 {
		gap = l.lane
	}
	return (a.h+b.h+1)/2 + gap
}

// A run is neighbouring cells that push each other, and so move as one.
type run struct{ cells, sum, weight int }

func (r *run) height() int { return divide(r.sum, r.weight) }

// settle moves the cells of a layer to where their neighbours before, after or on both sides want them: the least squares
// under the distances, found by joining runs of cells that would overlap.
func (l *lattice) settle(layer []int, before, both bool) {
	runs := make([]run, 0, len(layer))
	shift := 0 // how far a cell must be below the first
	for at, c := range layer {
		if at > 0 {
			shift += l.apart(layer[at-1], c)
		}
		want, weight := l.wanted(c, before, both)
		r := run{1, (want - shift) * weight, weight}
		for len(runs) > 0 && runs[len(runs)-1].height() >= r.height() {
			last := runs[len(runs)-1]
			runs = runs[:len(runs)-1]
			r = run{last.cells + r.cells, last.sum + r.sum, last.weight + r.weight}
		}
		runs = append(runs, r)
	}
	at := 0
	shift = 0
	for i := range runs {
		for range runs[i].cells {
			if at > 0 {
				shift += l.apart(layer[at-1], layer[at])
			}
			l.cells[layer[at]].y = runs[i].height() + shift
			at++
		}
	}
}

// wanted is where a cell would best stand, and how much that matters: bends of one arrow should form a straight line.
func (l *lattice) wanted(c int, before, both bool) (y, weight int) {
	this := &l.cells[c]
	sum, total := 0, 0
	add := func(near []int) {
		for _, n := range near {
			w := 1
			if this.box < 0 || l.cells[n].box < 0 {
				w = 2
			}
			if this.box < 0 && l.cells[n].box < 0 {
				w = 8
			}
			sum, total = sum+w*l.cells[n].y, total+w
		}
	}
	if before || both {
		add(this.before)
	}
	if !before || both {
		add(this.after)
	}
	if total == 0 {
		return this.y, 1
	}
	return divide(sum, total), total
}

// divide rounds down, for negative numbers too.
func divide(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
