package graph

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// DOT writes the whole graph in Graphviz's language. Groups are clusters. It is data for other tools as well, so nothing
// is folded: pass it a folded graph to see less.
func DOT(w io.Writer, g *Graph) error {
	d, err := draw(g)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	out.WriteString("digraph plimsoll {\n  rankdir=LR;\n  charset=\"UTF-8\";\n")
	fmt.Fprintf(out, "  label=%s;\n  labelloc=t;\n", dotQuoted(d.heading()))
	out.WriteString("  node [shape=box, style=\"rounded,filled\", fillcolor=\"#ffffff\", fontname=\"Helvetica\"];\n" +
		"  edge [fontname=\"Helvetica\", fontsize=10];\n")
	for i, group := range d.groups() {
		indent := "  "
		if group.name != "" {
			fmt.Fprintf(out, "  subgraph cluster_%d {\n    label=%s;\n", i, dotQuoted(group.name))
			indent = "    "
		}
		for _, n := range group.members {
			dotNode(out, indent, &d.nodes[n])
		}
		if group.name != "" {
			out.WriteString("  }\n")
		}
	}
	for i := range d.arrows {
		dotEdge(out, d, &d.arrows[i])
	}
	out.WriteString("}\n")
	return out.Flush()
}

var dotTones = map[Tone]string{
	Danger: `, color="#a3153a", fillcolor="#fbe9ee"`, Warn: `, color="#d79a14", fillcolor="#fcf3dd"`,
	Goal: `, color="#a3153a", fillcolor="#a3153a", fontcolor="#ffffff"`, Muted: `, color="#c3ccd6", fontcolor="#546070"`,
}

var dotEdgeTones = map[Tone]string{
	Danger: `, color="#a3153a"`, Goal: `, color="#a3153a"`, Warn: `, color="#b07a08"`, Muted: `, color="#c3ccd6"`,
}

func dotNode(out *bufio.Writer, indent string, n *box) {
	label := dotText(n.label)
	if sub := n.sub(false); sub != "" {
		label = dotText(sub) + `\n` + label
	}
	extra := dotTones[n.tone]
	if n.weight > 1 {
		extra += ", peripheries=2"
	}
	fmt.Fprintf(out, "%s%s [label=\"%s\"%s];\n", indent, dotQuoted(n.name), label, extra)
}

func dotEdge(out *bufio.Writer, d *drawing, a *arrow) {
	extra := dotEdgeTones[a.tone]
	if a.cut != "" {
		extra += fmt.Sprintf(", style=dashed, tooltip=%s", dotQuoted(a.cut))
	}
	fmt.Fprintf(out, "  %s -> %s [label=%s%s];\n", dotQuoted(d.nodes[a.from].name), dotQuoted(d.nodes[a.to].name),
		dotQuoted(a.text()), extra)
}

// dotText escapes text inside a quoted string, where a backslash would begin a sequence such as \N.
func dotText(s string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) }

func dotQuoted(s string) string { return `"` + dotText(s) + `"` }
