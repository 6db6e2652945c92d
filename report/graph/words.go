package graph

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tell says in words what an arrow is.
func (d *drawing) tell(a *arrow) string {
	s := d.nodes[a.from].label + " → " + d.nodes[a.to].label
	if text := a.text(); text != "" {
		s += ": " + text
	}
	if a.cut != "" {
		s += " — " + d.words.cut() + ": " + a.cut
	}
	return visible(s, mostLine)
}

// tell says in words what a box is.
func (b *box) tell(words Words) string {
	s := b.label
	if sub := b.sub(true); sub != "" {
		s = sub + ": " + s
	}
	if b.tone == Goal || b.tone == Danger || b.tone == Warn {
		s += " (" + words.tone(b.tone) + ")"
	}
	return s
}

var toneNames = map[Tone]string{Goal: "goal", Danger: "danger", Warn: "warning", Muted: "minor"}

// describe says in words what a picture shows, for those who do not see it.
func (d *drawing) describe() string {
	cut, goals := 0, make([]string, 0, 8)
	for i := range d.arrows {
		if d.arrows[i].cut != "" {
			cut++
		}
	}
	for i := range d.nodes {
		if d.nodes[i].tone == Goal {
			goals = append(goals, d.nodes[i].label)
		}
	}
	parts := []string{fmt.Sprintf("%s and %s.", counted(len(d.nodes), "box"), counted(len(d.arrows), "arrow"))}
	parts[0] = strings.Replace(parts[0], "boxs", "boxes", 1)
	if cut > 0 {
		parts = append(parts, fmt.Sprintf("%s: %s.", capital(d.words.cut()), counted(cut, "arrow")))
	}
	if len(goals) > 0 {
		parts = append(parts, "Goals: "+strings.Join(goals, ", ")+".")
	}
	for _, s := range []string{d.note, d.caption} {
		if s != "" {
			parts = append([]string{s}, parts...)
		}
	}
	return visible(strings.Join(parts, " "), mostText)
}

// A headLine is a line of text above a picture.
type headLine struct{ class, text string }

func headLines(d *drawing, width int) []headLine {
	var out []headLine
	for _, line := range wrap(d.title, width/11) {
		out = append(out, headLine{"title", line})
	}
	for _, line := range wrap(d.caption, width/7) {
		out = append(out, headLine{"cap", line})
	}
	for _, line := range wrap(d.note, width/7) {
		out = append(out, headLine{"cap note", line})
	}
	if len(out) > 0 {
		out = append(out, headLine{"cap", ""})
	}
	return out
}

// A sign is an entry of a picture's legend.
type sign struct{ class, text string }

// legend explains the signs that a drawing uses.
func (d *drawing) legend() []sign {
	tone := map[Tone]bool{}
	several, cut := false, false
	for i := range d.nodes {
		tone[d.nodes[i].tone] = true
		several = several || d.nodes[i].weight > 1
	}
	for i := range d.arrows {
		tone[d.arrows[i].tone] = true
		cut = cut || d.arrows[i].cut != ""
	}
	var out []sign
	for _, t := range []Tone{Goal, Danger, Warn} {
		if tone[t] {
			out = append(out, sign{"n " + string(t), d.words.tone(t)})
		}
	}
	if several {
		out = append(out, sign{"several", "stands for several"})
	}
	if cut {
		out = append(out, sign{"e cut", d.words.cut()})
	}
	return out
}

func (p *pen) legend(signs []sign, x, y int) {
	for _, s := range signs {
		switch s.class {
		case "e cut":
			p.printf("<g class=\"e cut\"><path class=\"w\" d=\"M%d %dh26\"/></g>", x, y+7)
		case "several":
			p.printf("<g class=\"n\"><rect class=\"b\" x=\"%d\" y=\"%d\" width=\"22\" height=\"12\" rx=\"3\"/>"+
				"<rect class=\"b\" x=\"%d\" y=\"%d\" width=\"22\" height=\"12\" rx=\"3\"/></g>", x+3, y+3, x, y)
		default:
			p.printf("<g class=\"%s\"><rect class=\"b\" x=\"%d\" y=\"%d\" width=\"24\" height=\"14\" rx=\"4\"/></g>", s.class, x, y)
		}
		p.printf("<text class=\"cap\" x=\"%d\" y=\"%d\">%s</text>\n", x+34, y+12, xmlText(s.text))
		x += 60 + 7*len(s.text)
	}
}

// clean makes the words safe to show.
func (w Words) clean() Words {
	out := Words{Cut: visible(w.Cut, mostLabel), Tones: map[Tone]string{}}
	for t, word := range w.Tones {
		out.Tones[t.known()] = visible(word, mostLabel)
	}
	return out
}

func capital(s string) string {
	if s == "" {
		return s
	}
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}
