package graph

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// What Mermaid draws before it refuses, with its defaults: so many characters and so many edges.
const (
	mermaidText  = 48_000
	mermaidEdges = 480
)

// Mermaid writes the graph as a Mermaid flowchart, for Markdown. Graphs that are larger than the graph's Most, or than
// what Mermaid draws by default, are folded, unless Most is less than 0.
func Mermaid(w io.Writer, g *Graph) error {
	for most := g.most(); ; {
		d, err := shown(g, most, mermaidEdges)
		if err != nil {
			return err
		}
		text := mermaidOf(d)
		if most <= 1 || g.Most < 0 || len(text) <= mermaidText {
			_, err := w.Write(text)
			return err
		}
		most = min(most, len(d.nodes)) * 3 / 4
	}
}

func (g *Graph) most() int {
	switch {
	case g.Most < 0:
		return max(len(g.Nodes), 1)
	case g.Most == 0:
		return MostDrawn
	}
	return g.Most
}

func mermaidOf(d *drawing) []byte {
	var out bytes.Buffer
	out.WriteString("flowchart LR\n")
	if heading := d.heading(); heading != "" {
		fmt.Fprintf(&out, "  accTitle: %s\n", mermaidLine(heading))
	}
	for i, group := range d.groups() {
		indent := "  "
		if group.name != "" {
			fmt.Fprintf(&out, "  subgraph g%d[\"%s\"]\n", i, mermaidEscaped(group.name))
			indent = "    "
		}
		for _, i := range group.members {
			n := &d.nodes[i]
			text := mermaidEscaped(n.label)
			if sub := n.sub(false); sub != "" {
				text = mermaidEscaped(sub) + "<br>" + text
			}
			fmt.Fprintf(&out, "%sn%d[\"%s\"]%s\n", indent, i, text, mermaidClass(n.tone))
		}
		if group.name != "" {
			out.WriteString("  end\n")
		}
	}
	for i := range d.arrows {
		a := &d.arrows[i]
		line := "-->"
		if a.cut != "" {
			line = "-.->"
		}
		if text := a.text(); text != "" {
			line += `|"` + mermaidEscaped(text) + `"|`
		}
		fmt.Fprintf(&out, "  n%d %s n%d\n", a.from, line, a.to)
	}
	if d.note != "" {
		fmt.Fprintf(&out, "  note[\"%s\"]\n  style note fill:none,stroke:none\n", mermaidEscaped(d.note))
	}
	out.WriteString("  classDef danger fill:#fbe9ee,stroke:#a3153a,color:#5d0c22\n" +
		"  classDef warn fill:#fcf3dd,stroke:#b07a08,color:#4d3600\n" +
		"  classDef goal fill:#a3153a,stroke:#a3153a,color:#ffffff\n" +
		"  classDef muted fill:#eef1f5,stroke:#c3ccd6,color:#546070\n")
	return out.Bytes()
}

func mermaidClass(t Tone) string {
	if t == Plain {
		return ""
	}
	return ":::" + string(t)
}

// mermaidEscaped writes all but letters, digits and a few harmless characters as Mermaid's entity codes, so that no text
// is read as syntax, as Markdown or as HTML.
func mermaidEscaped(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r) && i > 0, r == ' ', r == ',', r == '/', i > 0 && (r == '-' || r == '.'):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return b.String()
}

// mermaidLine is for the one place where Mermaid reads text to the end of the line and knows no codes.
func mermaidLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" ,./-", r) {
			return r
		}
		return ' '
	}, s)
}
