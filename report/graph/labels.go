package graph

// A labelled place is where the middle of an arrow's label goes.
type labelPlace struct {
	point
	found bool
}

// labelTries are where along a curve a label is tried, in tenths.
var labelTries = [...]int{5, 4, 6, 3, 7, 2, 8}

const labelHeight = 16

// placeLabels finds room for the labels of the arrows, where they meet no box and no other label. Those that find none
// show when the reader points at the arrow.
func (l *layout) placeLabels(d *drawing, width func(i int) int) []labelPlace {
	taken := shelves{}
	for _, r := range l.boxes {
		taken.add(r)
	}
	out := make([]labelPlace, len(d.arrows))
	for i := range d.arrows {
		w := width(i)
		if w == 0 {
			continue
		}
		for _, p := range labelPoints(l.routes[i]) {
			r := rect{p.x - w/2 - 2, p.y - labelHeight/2, w + 4, labelHeight}
			if !taken.meets(r) {
				taken.add(r)
				out[i] = labelPlace{p, true}
				break
			}
		}
	}
	return out
}

// labelPoints gives the places on an arrow's curves where its label may go, the best first.
func labelPoints(route []point) []point {
	if len(route) == 2 && route[0].y == route[1].y && route[1].x-route[0].x == selfLoop {
		return []point{{(route[0].x + route[1].x) / 2, route[0].y - 20}}
	}
	var out []point
	for i := 0; i+1 < len(route); i += 2 {
		for _, t := range labelTries {
			out = append(out, onCurve(route[i], route[i+1], t))
		}
	}
	return out
}

// onCurve gives the point of the curve between two points, t tenths along it.
func onCurve(a, b point, t int) point {
	u := 10 - t
	middle := (a.x + b.x) / 2
	x := u*u*u*a.x + 3*u*u*t*middle + 3*u*t*t*middle + t*t*t*b.x
	y := (u*u*u+3*u*u*t)*a.y + (3*u*t*t+t*t*t)*b.y
	return point{divide(x, 1000), divide(y, 1000)}
}

// shelves finds rectangles by their heights.
type shelves map[int][]rect

const shelfHeight = 64

func (s shelves) add(r rect) {
	for at := divide(r.y, shelfHeight); at <= divide(r.y+r.h, shelfHeight); at++ {
		s[at] = append(s[at], r)
	}
}

func (s shelves) meets(r rect) bool {
	for at := divide(r.y, shelfHeight); at <= divide(r.y+r.h, shelfHeight); at++ {
		for _, o := range s[at] {
			if r.meets(o) {
				return true
			}
		}
	}
	return false
}
