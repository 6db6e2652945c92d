package graph

import (
	"encoding/json"
	"fmt"
)

// How much a page holds, so that browsers open it at once.
const (
	mostPageNodes = 20_000
	mostPageEdges = 60_000
	mostPageBytes = 4_500_000
)

// pageJSON is the graph as the page holds it. Texts are numbers in a table, since many are the same.
type pageJSON struct {
	Title     string `json:"title"`
	Caption   string `json:"caption"`
	GroupNoun string `json:"groupNoun"`
	EdgeNoun  string `json:"edgeNoun"`
	// What tones and cut edges are called, where it is not what the page calls them.
	Tones  map[Tone]string `json:"tones,omitempty"`
	Cut    string          `json:"cut,omitempty"`
	Texts  []string        `json:"texts"`
	Nodes  []pageNode      `json:"nodes"`
	Edges  []pageEdge      `json:"edges"`
	Levels [][]int         `json:"levels"` // of every level, the class of each node
}

type pageNode struct {
	Name     string        `json:"id"`
	Label    string        `json:"label"`
	Kind     int           `json:"kind"`
	Group    int           `json:"group"`
	Tone     Tone          `json:"tone,omitempty"`
	Rank     int           `json:"rank,omitempty"`
	Weight   int           `json:"weight,omitempty"`
	Mixed    string        `json:"mixed,omitempty"`
	Sections []pageSection `json:"sections,omitempty"`
	More     int           `json:"more,omitempty"` // lines that there was no room for
}

type pageSection struct {
	Title int   `json:"title"`
	Lines []int `json:"lines"`
}

type pageEdge struct {
	From   int   `json:"from"`
	To     int   `json:"to"`
	Label  int   `json:"label"`
	Tone   Tone  `json:"tone,omitempty"`
	Cut    int   `json:"cut,omitempty"`
	Weight int   `json:"weight,omitempty"`
	Lines  []int `json:"lines,omitempty"`
	More   int   `json:"more,omitempty"`
}

// pageData gives the graph that a page can hold, and its JSON. What is too much is first left out of the details, and
// then folded; the graph's note says so.
func pageData(g *Graph) (*Graph, []byte, error) {
	f, err := newFolder(g)
	if err != nil {
		return nil, nil, err
	}
	for most := mostPageNodes; ; most /= 2 {
		held := f.fold(most)
		if len(held.Edges) > mostPageEdges && most > 1 {
			continue
		}
		d, err := draw(held)
		if err != nil {
			return nil, nil, err
		}
		l := f.levels
		if held != g {
			inner, err := newFolder(held)
			if err != nil {
				return nil, nil, err
			}
			l = inner.levels
		}
		for _, lines := range []int{1000, 100, 25, 5, 0} {
			data, left, err := encode(d, l, lines)
			if err != nil {
				return nil, nil, err
			}
			if len(data) > mostPageBytes && (lines > 0 || most > 1) {
				continue
			}
			if left > 0 {
				copied := *held
				copied.Note = joined(held.Note, fmt.Sprintf("This page has no room for %s of its details.", counted(left, "line")))
				held = &copied
			}
			return held, data, nil
		}
	}
}

// encode writes a drawing with at most so many lines of details for each node and edge, and counts those left out.
func encode(d *drawing, l *levels, most int) (data []byte, left int, err error) {
	out := &pageJSON{
		Title: d.title, Caption: d.caption, GroupNoun: d.groupNoun, EdgeNoun: d.edgeNoun, Tones: d.words.Tones, Cut: d.words.Cut,
		Nodes: make([]pageNode, 0, len(d.nodes)), Edges: make([]pageEdge, 0, len(d.arrows)), Levels: make([][]int, 0, levelCount),
	}
	texts := &table{at: map[string]int{"": 0}, texts: []string{""}}
	for i := range d.nodes {
		n := &d.nodes[i]
		node := pageNode{
			Name: n.name, Label: n.label, Kind: texts.number(n.kind), Group: texts.number(n.group), Tone: n.tone,
			Rank: n.rank, Weight: weightOf(n.weight), Mixed: n.mixed,
		}
		room := most
		for _, s := range n.sections {
			lines, more := texts.lines(s.Lines, room)
			node.More += more
			if room -= len(lines); len(lines) > 0 || len(s.Lines) == 0 && most > 0 {
				node.Sections = append(node.Sections, pageSection{texts.number(s.Title), lines})
			}
		}
		left += node.More
		out.Nodes = append(out.Nodes, node)
	}
	for i := range d.arrows {
		a := &d.arrows[i]
		lines, more := texts.lines(a.lines, most)
		left += more
		out.Edges = append(out.Edges, pageEdge{
			a.from, a.to, texts.number(a.label), a.tone, texts.number(a.cut), weightOf(a.weight), lines, more,
		})
	}
	out.Texts = texts.texts
	if l != nil {
		out.Levels = append(out.Levels, l[1:]...)
	}
	data, err = json.Marshal(out) // which escapes <, > and &, so that nothing ends the script element
	return data, left, err
}

// weightOf leaves out the weight of what stands for itself.
func weightOf(n int) int {
	if n == 1 {
		return 0
	}
	return n
}

// A table numbers texts in the order in which they come.
type table struct {
	at    map[string]int
	texts []string
}

func (t *table) number(s string) int {
	n, known := t.at[s]
	if !known {
		n = len(t.texts)
		t.at[s] = n
		t.texts = append(t.texts, s)
	}
	return n
}

func (t *table) lines(lines []string, most int) (numbers []int, more int) {
	kept := lines[:min(len(lines), most)]
	numbers = make([]int, 0, len(kept))
	for _, line := range kept {
		numbers = append(numbers, t.number(line))
	}
	return numbers, len(lines) - len(kept)
}
