package graph

import (
	"bufio"
	_ "embed" // the style of pictures
	"fmt"
	"io"
	"strings"
)

//go:embed html/svg.css
var svgStyle string

// SVG writes a picture of the graph: layers from left to right, in the light or dark colours that the reader's system
// asks for. Graphs with more nodes than the graph's Most are folded, and the picture says so.
func SVG(w io.Writer, g *Graph) error {
	d, err := shown(g, g.most(), mostArrows)
	if err != nil {
		return err
	}
	l := arrange(d, d.sizer())
	p := &pen{w: bufio.NewWriter(w)}
	head := headLines(d, max(l.width, 560))
	legend := d.legend()
	width := max(l.width, 560) + 2*margin
	top := margin + 22*len(head)
	height := top + l.height + margin
	if len(legend) > 0 {
		height += 34
	}
	p.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="t d">`+"\n",
		width, height, width, height)
	p.printf("<title id=\"t\">%s</title>\n<desc id=\"d\">%s</desc>\n", xmlText(orElse(d.title, "Graph")), xmlText(d.describe()))
	p.printf("<style>\n%s</style>\n<rect class=\"bg\" width=\"%d\" height=\"%d\"/>\n", svgStyle, width, height)
	for i, line := range head {
		p.printf("<text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>\n", line.class, margin, margin+14+22*i, xmlText(line.text))
	}
	p.printf("<g transform=\"translate(%d %d)\">\n", margin, top)
	p.picture(d, l)
	p.printf("</g>\n")
	p.legend(legend, margin, top+l.height+margin+8)
	p.printf("</svg>\n")
	return p.w.Flush()
}

// mostArrows is how many arrows a folded picture has at most: with more, nobody can follow one.
const mostArrows = 240

// shown gives a drawing of at most so many boxes, and if it has to be folded, of at most so many arrows.
func shown(g *Graph, most, arrows int) (*drawing, error) {
	f, err := newFolder(g)
	if err != nil {
		return nil, err
	}
	for {
		folded := f.fold(most)
		d, err := draw(folded)
		if err != nil {
			return nil, err
		}
		d.bundle()
		if g.Most < 0 || most < 12 || len(d.arrows) <= arrows {
			return d, nil
		}
		most = min(most, len(d.nodes)) * 3 / 4
	}
}

// A pen writes SVG; the writer keeps the first error, which Flush returns.
type pen struct{ w *bufio.Writer }

func (p *pen) printf(format string, args ...any) { fmt.Fprintf(p.w, format, args...) }

// picture writes arrows below, boxes above them, and labels on top.
func (p *pen) picture(d *drawing, l *layout) {
	for i := range d.arrows {
		a := &d.arrows[i]
		p.printf("<g class=\"e%s\"><title>%s</title><path class=\"w\" d=\"%s\"/><path class=\"h\" d=\"%s\"/></g>\n",
			a.classes(), xmlText(d.tell(a)), curve(l.routes[i]), arrowHead(l.routes[i]))
	}
	for i := range d.nodes {
		p.box(&d.nodes[i], l.boxes[i], d.words)
	}
	for i, at := range l.placeLabels(d, d.labelWidth) {
		if at.found {
			p.printf("<text class=\"t%s\" x=\"%d\" y=\"%d\">%s</text>\n", d.arrows[i].classes(), at.x, at.y+4,
				xmlText(d.arrows[i].shortText()))
		}
	}
}

func (p *pen) box(n *box, r rect, words Words) {
	p.printf("<g class=\"n%s\"><title>%s</title>", toneClass(n.tone), xmlText(n.tell(words)))
	round := 8
	if n.tone == Goal {
		round = r.h / 2
	}
	if n.weight > 1 {
		p.printf("<rect class=\"b\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"/>", r.x+4, r.y+4, r.w, r.h, round)
	}
	p.printf("<rect class=\"b\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"/>", r.x, r.y, r.w, r.h, round)
	wide := textColumns
	if sub := n.sub(true); sub != "" {
		p.printf("<text class=\"k\" x=\"%d\" y=\"%d\">%s</text>", r.x+14, r.y+17, xmlText(fit(sub, wide+6)))
		p.printf("<text class=\"l\" x=\"%d\" y=\"%d\">%s</text></g>\n", r.x+14, r.y+34, xmlText(fit(n.label, wide)))
		return
	}
	p.printf("<text class=\"l\" x=\"%d\" y=\"%d\">%s</text></g>\n", r.x+14, r.y+r.h/2+5, xmlText(fit(n.label, wide)))
}

// Widths of text in a picture are estimates, on the safe side: fonts differ.
const (
	textColumns = 38
	boxHeight   = 44
	labelWide   = 26
)

func (d *drawing) sizer() sizer {
	return sizer{label: d.labelWidth, box: func(i int) (int, int) {
		n := &d.nodes[i]
		label := columns.StringWidth(fit(n.label, textColumns)) * 76 / 10
		sub := columns.StringWidth(fit(n.sub(true), textColumns+6)) * 64 / 10
		return max(label, sub, 70) + 30, boxHeight
	}}
}

func (a *arrow) shortText() string { return fit(a.text(), labelWide) }

func (d *drawing) labelWidth(i int) int {
	return columns.StringWidth(d.arrows[i].shortText()) * 62 / 10
}

// selfLoop is how far apart an arrow begins and ends that leads from a box to itself.
const selfLoop = 20

const headLength = 9

// curve writes the line of an arrow, which ends inside its head.
func curve(route []point) string {
	if isLoop(route) {
		return fmt.Sprintf("M%d %dc-2 -26 %d -26 %d -6", route[0].x, route[0].y, selfLoop+2, selfLoop)
	}
	route = append([]point(nil), route...)
	last := len(route) - 1
	if route[last].x > route[last-1].x {
		route[last].x -= headLength - 2
	} else {
		route[last].x += headLength - 2
	}
	var b strings.Builder
	fmt.Fprintf(&b, "M%d %d", route[0].x, route[0].y)
	for i := 1; i < len(route); i++ {
		from, to := route[i-1], route[i]
		if i%2 == 0 || from.y == to.y {
			fmt.Fprintf(&b, "L%d %d", to.x, to.y)
			continue
		}
		middle := (from.x + to.x) / 2
		fmt.Fprintf(&b, "C%d %d %d %d %d %d", middle, from.y, middle, to.y, to.x, to.y)
	}
	return b.String()
}

func isLoop(route []point) bool {
	return len(route) == 2 && route[0].y == route[1].y && route[1].x-route[0].x == selfLoop
}

func arrowHead(route []point) string {
	tip, before := route[len(route)-1], route[len(route)-2]
	switch {
	case isLoop(route):
		return fmt.Sprintf("M%d %dl-4 -9h8z", tip.x, tip.y)
	case tip.x < before.x:
		return fmt.Sprintf("M%d %dl%d -4v8z", tip.x, tip.y, headLength)
	}
	return fmt.Sprintf("M%d %dl-%d -4v8z", tip.x, tip.y, headLength)
}

func (a *arrow) classes() string {
	if a.cut != "" {
		return toneClass(a.tone) + " cut"
	}
	return toneClass(a.tone)
}

func toneClass(t Tone) string {
	if t == Plain {
		return ""
	}
	return " " + string(t)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// xmlText escapes text for elements and attributes. Characters that XML does not allow became escapes before.
func xmlText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;").Replace(s)
}
