// Package graph draws any directed graph: as dot for Graphviz, as mermaid for Markdown, as svg for documents, and as one
// interactive page that needs no network. It knows nothing of what a graph is about, so that attack paths and network
// maps look and work alike.
//
// The same graph gives the same bytes. All text may come from hostile places: characters that people cannot see are
// written as escapes, overlong text is cut, and everything is escaped for its format.
package graph

import "fmt"

// A Graph is what to draw. Nodes must have different IDs, and edges must join nodes that exist: every writer says so
// otherwise.
type Graph struct {
	Title   string
	Caption string // what the picture shows, in a sentence or two
	Note    string // what was left out or folded, in words; Fold adds to it
	Nodes   []Node
	Edges   []Edge

	// Words are what tones and cut edges mean in this graph, in legends.
	Words Words

	GroupNoun string // what a group is called, "namespace" for instance; "group" if empty
	EdgeNoun  string // what the label of an edge is, "technique" for instance; "label" if empty

	// Most is how many nodes SVG and Mermaid draw before they fold: 0 means MostDrawn, less means that nothing is folded.
	Most int
}

// Words name signs in the language of a graph; what is empty keeps its name.
type Words struct {
	Tones map[Tone]string // "no policy" for Warn, for instance
	Cut   string          // what a cut edge is: "blocked"
}

// tone names a tone.
func (w Words) tone(t Tone) string { return orElse(w.Tones[t], toneNames[t]) }

// cut names cut edges.
func (w Words) cut() string { return orElse(w.Cut, "blocked") }

// A Node is a box.
type Node struct {
	ID       string // names the node in edges, in dot and in the address of the page
	Label    string // what people read; the ID if empty
	Kind     string // what sort of thing it is, "ServiceAccount" for instance
	Group    string // the cluster it folds into, a namespace for instance; may be empty
	Rank     int    // the leftmost layer it may stand in, counted from 0; less than 0 means anywhere
	Tone     Tone
	Weight   int       // how many things it stands for; 0 and 1 mean itself alone
	Sections []Section // details that the page shows when the node is selected

	mixed string // the kinds that a folded node stands for, if they are several
}

// A Section is a part of a node's details.
type Section struct {
	Title string   `json:"title"`
	Lines []string `json:"lines"`
}

// An Edge is an arrow from one node to another.
type Edge struct {
	From, To string // IDs of nodes
	Label    string
	Lines    []string // details: proof, rules, ports
	Tone     Tone
	Cut      string // why the way is blocked; such an edge is drawn dashed and is part of no path
	Weight   int    // how many edges it stands for; 0 and 1 mean itself alone
}

// A Tone says how much a node or an edge matters. Unknown tones count as Plain.
type Tone string

// The tones, which folding compares: of nodes that become one, the first of Goal, Danger, Warn, Plain and Muted wins.
const (
	Plain  Tone = ""
	Danger Tone = "danger"
	Warn   Tone = "warn"
	Goal   Tone = "goal" // what paths lead to; stands at the right and is folded last
	Muted  Tone = "muted"
)

var tones = [...]Tone{Goal, Danger, Warn, Plain, Muted}

// level gives a tone's place among the tones, the most important first.
func (t Tone) level() int {
	for i, other := range tones {
		if t == other {
			return i
		}
	}
	return 3
}

// known gives the tone, or Plain if it is none of the tones.
func (t Tone) known() Tone { return tones[t.level()] }

func strongest(a, b Tone) Tone {
	return tones[min(a.level(), b.level())]
}

// ends resolves the ends of the edges: for each the numbers of its nodes.
func ends(g *Graph) ([][2]int, error) {
	number := make(map[string]int, len(g.Nodes))
	for i := range g.Nodes {
		if _, twice := number[g.Nodes[i].ID]; twice {
			return nil, fmt.Errorf("draw graph: two nodes have the ID %q", visible(g.Nodes[i].ID, mostLabel))
		}
		number[g.Nodes[i].ID] = i
	}
	out := make([][2]int, len(g.Edges))
	for i := range g.Edges {
		e := &g.Edges[i]
		from, isFrom := number[e.From]
		to, isTo := number[e.To]
		if !isFrom || !isTo {
			return nil, fmt.Errorf("draw graph: the edge from %q to %q has an end that is no node",
				visible(e.From, mostLabel), visible(e.To, mostLabel))
		}
		out[i] = [2]int{from, to}
	}
	return out, nil
}
