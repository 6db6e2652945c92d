package graph

import (
	"fmt"
	"testing"
)

// TestFold checks what folding must keep: the number of things, the edges between what stays apart, the goals and the
// ways to them.
func TestFold(t *testing.T) {
	graphs := []*Graph{shop(), big(300)}
	for seed := range int64(20) {
		graphs = append(graphs, random(seed, 60, 120))
	}
	for i, g := range graphs {
		for _, most := range []int{-1, 1, 2, 5, 12, 30, 100} {
			name := fmt.Sprintf("graph %d to %d", i, most)
			f := Fold(g, most)
			if len(f.Nodes) > max(most, 1) {
				t.Errorf("%s: %d nodes", name, len(f.Nodes))
			}
			if _, err := draw(f); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if got, want := things(f), things(g); got != want {
				t.Errorf("%s: stands for %d things, want %d", name, got, want)
			}
			if f != g && f.Note == "" {
				t.Errorf("%s: nothing says that it is folded", name)
			}
			if f2 := Fold(g, most); fmt.Sprintf("%+v", f2) != fmt.Sprintf("%+v", f) {
				t.Errorf("%s: differs from the time before", name)
			}
			checkWays(t, name, g, f)
		}
	}
}

func things(g *Graph) int {
	n := 0
	for i := range g.Nodes {
		n += max(g.Nodes[i].Weight, 1)
	}
	return n
}

// checkWays checks that a goal which can be reached in a graph can be reached in its folded one.
func checkWays(t *testing.T, name string, g, f *Graph) {
	t.Helper()
	still := map[string]bool{}
	for i := range f.Nodes {
		still[f.Nodes[i].ID] = true
	}
	entered := func(g *Graph) map[string]bool {
		out := map[string]bool{}
		for i := range g.Edges {
			if e := &g.Edges[i]; e.Cut == "" && e.From != e.To {
				out[e.To] = true
			}
		}
		return out
	}
	before, after := entered(g), entered(f)
	for i := range g.Nodes {
		if n := &g.Nodes[i]; still[n.ID] && before[n.ID] != after[n.ID] {
			t.Errorf("%s: whether something leads to %s was %v and is %v", name, n.ID, before[n.ID], after[n.ID])
		}
	}
}

// TestFoldOrder checks what folds first, and how it is named.
func TestFoldOrder(t *testing.T) {
	g := &Graph{GroupNoun: "namespace", Nodes: []Node{{ID: "admin", Label: "admin", Tone: Goal, Rank: -1}}}
	for _, ns := range []string{"a", "b", "c"} {
		for i := range 4 {
			id := fmt.Sprint(ns, i)
			kind := "ServiceAccount"
			if i == 3 {
				kind = "User"
			}
			g.Nodes = append(g.Nodes, Node{ID: id, Label: id, Kind: kind, Group: ns})
			label := "bind"
			if i == 2 {
				label = "escalate"
			}
			if ns != "c" {
				g.Edges = append(g.Edges, Edge{From: id, To: "admin", Label: label})
			}
		}
	}
	for most, want := range map[int]string{
		13: "admin a0 a1 a2 a3 b0 b1 b2 b3 c0 c1 c2 c3",
		9:  "admin | a0 and 1 more | a2 | a3 | b0 and 1 more | b2 | b3 | c0 and 2 more | c3",
		7:  "admin | a | a3 | b | b3 | c | c3",
		4:  "admin | a | b | c",
		3:  "admin | a and 1 more | c",
		2:  "admin | 3 namespaces",
		1:  "everything",
	} {
		got := ""
		for _, n := range Fold(g, most).Nodes {
			if got += n.Label; most == 13 {
				got += " "
			} else {
				got += " | "
			}
		}
		if got != want+" " && got != want+" | " {
			t.Errorf("folded to %d: %s\nwant %s", most, got, want)
		}
	}
	four := Fold(g, 4)
	if e := four.Edges[0]; len(four.Edges) != 4 || e.Label != "bind" || e.Weight != 3 || e.To != "admin" {
		t.Errorf("the edges of the groups are %+v", four.Edges)
	}
	if text := render(t, SVG, four); four.Nodes[1].mixed != "3 × ServiceAccount, 1 × User" {
		t.Errorf("the kinds of a group are %q in %s", four.Nodes[1].mixed, text)
	}
}

// TestFoldedByDefault checks that large pictures are folded, say so, and can be told not to be.
func TestFoldedByDefault(t *testing.T) {
	g := big(1000)
	d, err := shown(g, g.most(), mostArrows)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.nodes) > MostDrawn || len(d.arrows) > mostArrows || d.note == "" {
		t.Errorf("%d boxes and %d arrows, note %q", len(d.nodes), len(d.arrows), d.note)
	}
	g.Most = -1
	if d, err = shown(g, g.most(), mostArrows); err != nil || len(d.nodes) != len(g.Nodes) || d.note != "" {
		t.Errorf("%d boxes, want %d; note %q, error %v", len(d.nodes), len(g.Nodes), d.note, err)
	}
}
