package graph

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"
)

// random is a graph of random nodes and edges: with circles, several edges between two nodes, and lonely nodes.
func random(seed int64, nodes, edges int) *Graph {
	r := rand.New(rand.NewSource(seed))
	g := &Graph{Most: -1}
	for i := range nodes {
		g.Nodes = append(g.Nodes, Node{
			ID: fmt.Sprint(i), Label: strings.Repeat("w", r.Intn(50)), Kind: fmt.Sprint("kind", r.Intn(3)),
			Group: []string{"", "a", "b", "c"}[r.Intn(4)], Rank: r.Intn(5) - 1, Tone: tones[r.Intn(len(tones))],
		})
	}
	for range edges {
		e := Edge{From: fmt.Sprint(r.Intn(nodes)), To: fmt.Sprint(r.Intn(nodes)), Label: fmt.Sprint("label", r.Intn(5)), Weight: r.Intn(3)}
		if r.Intn(5) == 0 {
			e.Cut = fmt.Sprint("reason ", r.Intn(3))
		}
		g.Edges = append(g.Edges, e)
	}
	return g
}

// TestLayout checks what every picture must keep: boxes do not overlap, and every arrow begins and ends at its boxes.
func TestLayout(t *testing.T) {
	graphs := map[string]*Graph{"shop": shop(), "big": big(300), "one": {Nodes: []Node{{ID: "a"}}}}
	for seed := range int64(60) {
		n := 1 + int(seed)*2
		graphs[fmt.Sprint("random ", seed)] = random(seed, n, n*(int(seed)%4))
	}
	graphs["far"] = &Graph{Nodes: []Node{{ID: "a", Rank: 1 << 40}, {ID: "b", Rank: -1 << 40}}, Edges: []Edge{{From: "a", To: "b"}}}
	for name, g := range graphs {
		d, err := draw(g)
		if err != nil {
			t.Fatal(err)
		}
		d.bundle()
		checkLayout(t, name, d, arrange(d, d.sizer()))
	}
}

func checkLayout(t *testing.T, name string, d *drawing, l *layout) {
	t.Helper()
	for i, r := range l.boxes {
		if r.w <= 0 || r.h <= 0 || r.x < 0 || r.y < 0 || r.x+r.w > l.width || r.y+r.h > l.height {
			t.Errorf("%s: box %d at %v is outside of %d × %d", name, i, r, l.width, l.height)
		}
		for j, o := range l.boxes[:i] {
			if r.meets(o) {
				t.Errorf("%s: boxes %d and %d overlap: %v, %v", name, j, i, o, r)
			}
		}
	}
	for i := range d.arrows {
		a, route := &d.arrows[i], l.routes[i]
		if len(route) < 2 || len(route)%2 != 0 {
			t.Fatalf("%s: arrow %d has %d points", name, i, len(route))
		}
		if from, to := route[0], route[len(route)-1]; !touches(l.boxes[a.from], from) || !touches(l.boxes[a.to], to) {
			t.Errorf("%s: arrow %d runs from %v to %v, its boxes are at %v and %v", name, i, from, to, l.boxes[a.from], l.boxes[a.to])
		}
	}
	var labels []rect
	for i, p := range l.placeLabels(d, d.labelWidth) {
		if w := d.labelWidth(i); p.found {
			labels = append(labels, rect{p.x - w/2, p.y - labelHeight/2, w, labelHeight})
		}
	}
	for i, r := range labels {
		for _, o := range append(labels[:i:i], l.boxes...) {
			if r.meets(o) {
				t.Errorf("%s: the label at %v covers %v", name, r, o)
			}
		}
	}
}

// touches tells whether a point is on the edge of a box.
func touches(r rect, p point) bool {
	return p.x >= r.x && p.x <= r.x+r.w && p.y >= r.y && p.y <= r.y+r.h &&
		(p.x == r.x || p.x == r.x+r.w || p.y == r.y || p.y == r.y+r.h)
}

// TestLayoutUntangles checks that a graph that can be drawn without crossings is, and that arrows lead to the right.
func TestLayoutUntangles(t *testing.T) {
	g := &Graph{}
	for i := range 20 {
		g.Nodes = append(g.Nodes, Node{ID: fmt.Sprint("a", i)}, Node{ID: fmt.Sprint("b", 19-i), Rank: -1}, Node{ID: fmt.Sprint("c", i), Rank: -1})
	}
	for i := range 20 {
		g.Edges = append(g.Edges, Edge{From: fmt.Sprint("a", i), To: fmt.Sprint("b", i/2)},
			Edge{From: fmt.Sprint("b", i/2), To: fmt.Sprint("c", 19-i)}, Edge{From: fmt.Sprint("a", i), To: fmt.Sprint("c", 19-i)})
	}
	d, err := draw(g)
	if err != nil {
		t.Fatal(err)
	}
	l := arrange(d, d.sizer())
	for i := range d.arrows {
		if r := l.routes[i]; r[0].x >= r[len(r)-1].x {
			t.Errorf("arrow %d runs from %v to %v", i, r[0], r[len(r)-1])
		}
	}
	parts := d.parts()
	if len(parts) != 20 { // ten joined ones, and ten of the b's are alone
		t.Fatalf("%d parts, want 20", len(parts))
	}
	lattice := newLattice(d, &parts[0], d.rank(&parts[0]), func(int) (int, int) { return 10, 10 })
	lattice.untangle()
	if n := lattice.crossings(); n != 0 {
		t.Errorf("%d crossings, want none", n)
	}
}

// TestGoalsStandRight checks that goals end up in the last layer, however near they are.
func TestGoalsStandRight(t *testing.T) {
	d, err := draw(shop())
	if err != nil {
		t.Fatal(err)
	}
	l := arrange(d, d.sizer())
	for i := range d.nodes {
		if d.nodes[i].tone == Goal && l.boxes[i].x+l.boxes[i].w != l.width {
			t.Errorf("%s does not stand at the right: %v of %d", d.nodes[i].label, l.boxes[i], l.width)
		}
	}
}

func BenchmarkSVGAll2000(b *testing.B) {
	g := big(2000)
	g.Most = -1
	benchmark(b, SVG, g)
}

func BenchmarkSVGRandom2000(b *testing.B) { benchmark(b, SVG, random(1, 2000, 6000)) }
func BenchmarkSVGFolded(b *testing.B)     { benchmark(b, SVG, big(2000)) }
func BenchmarkHTML2000(b *testing.B)      { benchmark(b, HTML, big(2000)) }

func benchmark(b *testing.B, write writer, g *Graph) {
	for b.Loop() {
		var n counter
		if err := write(&n, g); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(n)/1e6, "MB")
	}
}

type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
