package graph

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

type writer func(io.Writer, *Graph) error

// writers are all formats, by the extension of their files.
var writers = map[string]writer{"dot": DOT, "mmd": Mermaid, "svg": SVG, "html": HTML}

// render gives what a writer writes, and checks that it writes the same twice.
func render(t testing.TB, write writer, g *Graph) string {
	t.Helper()
	var first, second bytes.Buffer
	if err := write(&first, g); err != nil {
		t.Fatal(err)
	}
	if err := write(&second, g); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Fatal("the same graph gives different bytes")
	}
	return first.String()
}

// TestGolden compares what the writers make of small graphs with testdata. Look at the files after an update: they are
// what people get. Of the page it compares the data; its looks are its program's.
func TestGolden(t *testing.T) {
	data := func(w io.Writer, g *Graph) error {
		_, text, err := pageData(g)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := json.Indent(&out, text, "", " "); err != nil {
			return err
		}
		_, err = w.Write(append(out.Bytes(), '\n'))
		return err
	}
	folded := big(200)
	folded.Most = 20
	for name, c := range map[string]struct {
		write writer
		graph *Graph
	}{
		"shop.dot": {DOT, shop()}, "shop.mmd": {Mermaid, shop()}, "shop.svg": {SVG, shop()}, "shop.json": {data, shop()},
		"folded.dot": {DOT, Fold(folded, 20)}, "folded.mmd": {Mermaid, folded}, "folded.svg": {SVG, folded},
		"empty.dot": {DOT, &Graph{}}, "empty.mmd": {Mermaid, &Graph{}}, "empty.svg": {SVG, &Graph{}},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", name)
			got := render(t, c.write, c.graph)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s differs (-want +got); run with -update and look at it:\n%s", file, diff)
			}
		})
	}
}

// TestRefused checks the graphs that no writer takes.
func TestRefused(t *testing.T) {
	for name, g := range map[string]*Graph{
		"two nodes with one ID":  {Nodes: []Node{{ID: "a"}, {ID: "a"}}},
		"an edge from nowhere":   {Nodes: []Node{{ID: "a"}}, Edges: []Edge{{From: "b", To: "a"}}},
		"an edge to nowhere":     {Nodes: []Node{{ID: "a"}}, Edges: []Edge{{From: "a", To: "b"}}},
		"an edge without a node": {Edges: []Edge{{}}},
	} {
		for format, write := range writers {
			if err := write(io.Discard, g); err == nil {
				t.Errorf("%s takes a graph with %s", format, name)
			}
		}
		if Fold(g, 1) != g {
			t.Errorf("Fold changes a graph with %s", name)
		}
	}
}
