package graph

import "fmt"

// A drawing is a checked copy of a graph whose texts are all safe to show. The writers draw it.
type drawing struct {
	title, caption, note string
	groupNoun, edgeNoun  string
	words                Words
	nodes                []box
	arrows               []arrow
}

// A box is a node with clean texts.
type box struct {
	name     string // unique
	label    string
	kind     string
	group    string
	tone     Tone
	rank     int
	weight   int
	mixed    string
	sections []Section
}

// An arrow is an edge with clean texts; from and to are numbers of boxes.
type arrow struct {
	from, to int
	label    string
	cut      string
	tone     Tone
	weight   int
	lines    []string
}

// draw checks and cleans a graph.
func draw(g *Graph) (*drawing, error) {
	ends, err := ends(g)
	if err != nil {
		return nil, err
	}
	d := &drawing{
		title: visible(g.Title, mostTitle), caption: visible(g.Caption, mostText), note: visible(g.Note, mostText),
		groupNoun: visible(g.groupNoun(), mostLabel), edgeNoun: visible(g.edgeNoun(), mostLabel), words: g.Words.clean(),
		nodes: make([]box, len(g.Nodes)), arrows: make([]arrow, len(g.Edges)),
	}
	taken := make(map[string]bool, len(g.Nodes))
	for i := range g.Nodes {
		d.nodes[i] = boxOf(&g.Nodes[i], taken)
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		d.arrows[i] = arrow{
			from: ends[i][0], to: ends[i][1], label: visible(e.Label, mostLabel), cut: visible(e.Cut, mostLine),
			tone: e.Tone.known(), weight: max(e.Weight, 1), lines: cleanLines(e.Lines),
		}
	}
	return d, nil
}

func (g *Graph) groupNoun() string {
	if g.GroupNoun == "" {
		return "group"
	}
	return g.GroupNoun
}

func (g *Graph) edgeNoun() string {
	if g.EdgeNoun == "" {
		return "label"
	}
	return g.EdgeNoun
}

func boxOf(n *Node, taken map[string]bool) box {
	b := box{
		name: visible(n.ID, mostTitle), label: visible(n.Label, mostLabel), kind: visible(n.Kind, mostLabel),
		group: visible(n.Group, mostLabel), tone: n.Tone.known(), rank: n.Rank, weight: max(n.Weight, 1), mixed: visible(n.mixed, mostLabel),
	}
	if n.Label == "" {
		b.label = visible(n.ID, mostLabel)
	}
	// Different IDs can look alike once they are cut.
	for base, i := b.name, 2; taken[b.name]; i++ {
		b.name = fmt.Sprintf("%s (%d)", base, i)
	}
	taken[b.name] = true
	for _, s := range n.Sections {
		b.sections = append(b.sections, Section{Title: visible(s.Title, mostLabel), Lines: cleanLines(s.Lines)})
	}
	return b
}

func cleanLines(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = visible(line, mostLine)
	}
	return out
}
