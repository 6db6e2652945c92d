package report

import (
	"fmt"
	"strings"

	"github.com/plimsoll-io/plimsoll/framework"
	"github.com/plimsoll-io/plimsoll/internal/display"
)

const mostFrameworks = 11

// frameworks gives each framework a line with its title, or where there is no room for titles half a line with its id.
// When nothing was judged there is nothing to say about requirements.
func (t *table) frameworks() []string {
	if len(t.d.Assessments) == 0 || t.nothing() && !t.all {
		return nil
	}
	shown, left := t.d.Assessments, ""
	if len(shown) > mostFrameworks && !t.all {
		shown, left = shown[:mostFrameworks-1], fmt.Sprintf("… and %d more; -v shows all", len(shown)-mostFrameworks+1)
	}
	out := []string{""}
	if t.width >= wide || t.all {
		out = append(out, t.frameworkRows(shown)...)
	} else {
		out = append(out, t.frameworkPairs(shown)...)
	}
	if left != "" {
		out = append(out, " "+t.dim(left))
	}
	return out
}

// frameworkRows is one line a framework with every status.
func (t *table) frameworkRows(shown []framework.Assessment) []string {
	var statuses []framework.Status
	room := t.width - 1 - 6
	for _, s := range frameworkStatuses() {
		if s != framework.Inherited || t.has(s) { // rare, and titles need the room
			statuses = append(statuses, s)
			room -= len(frameworkWords[s]) + 2
		}
	}
	width := len("FRAMEWORK")
	for i := range shown {
		width = max(width, display.Width(t.frameworkName(&shown[i])))
	}
	width = min(width, max(room, 12))
	head := display.Pad("FRAMEWORK", width)
	for _, s := range statuses {
		head += "  " + frameworkWords[s]
	}
	out := []string{" " + t.bold(head+display.PadLeft("of", 6))}
	for i := range shown {
		row := display.Pad(display.Cut(t.frameworkName(&shown[i]), width), width)
		tally := tallyOf(&shown[i])
		for _, s := range statuses {
			row += t.answer(s, tally[s], display.PadLeft(fmt.Sprint(tally[s]), len(frameworkWords[s])+2))
		}
		out = append(out, " "+row+display.PadLeft(fmt.Sprint(len(shown[i].Answers)), 6))
	}
	return out
}

// frameworkPairs is half a line a framework: what is met, what is not, and what is open, for whatever reason.
func (t *table) frameworkPairs(shown []framework.Assessment) []string {
	const name, gap = 17, "   "
	head := t.bold(display.Pad("FRAMEWORK", name) + "  met  not met  open")
	halves := []string{head, head}
	for i := range shown {
		tally := tallyOf(&shown[i])
		open := len(shown[i].Answers) - tally[framework.Met] - tally[framework.NotMet]
		halves = append(halves, display.Pad(display.Cut(display.Clean(shown[i].Framework.ID), name), name)+
			t.answer(framework.Met, tally[framework.Met], display.PadLeft(fmt.Sprint(tally[framework.Met]), 5))+
			t.answer(framework.NotMet, tally[framework.NotMet], display.PadLeft(fmt.Sprint(tally[framework.NotMet]), 9))+
			display.PadLeft(fmt.Sprint(open), 6))
	}
	if t.width < 80 || len(shown) == 1 {
		halves = halves[1:]
		gap := ""
		return t.inRows(halves, 1, gap)
	}
	return t.inRows(halves, 2, gap)
}

// inRows joins so many cells of equal width to a line.
func (t *table) inRows(cells []string, n int, gap string) []string {
	var out []string
	for len(cells) > 0 {
		k := min(n, len(cells))
		out = append(out, " "+strings.Join(cells[:k], gap))
		cells = cells[k:]
	}
	return out
}

// frameworkName is the title where there is room for titles, else the id.
func (t *table) frameworkName(a *framework.Assessment) string {
	if t.width >= wide || a.Framework.ID == "" {
		return display.Clean(frameworkTitle(a))
	}
	return display.Clean(a.Framework.ID)
}

// has says whether any requirement has this status.
func (t *table) has(s framework.Status) bool {
	for i := range t.d.Assessments {
		if tallyOf(&t.d.Assessments[i])[s] > 0 {
			return true
		}
	}
	return false
}

func (t *table) answer(s framework.Status, n int, text string) string {
	switch {
	case n == 0:
		return t.dim(text)
	case s == framework.NotMet:
		return t.bad(text)
	case s == framework.Met:
		return t.good(text)
	case s == framework.Unknown:
		return t.doubt(text)
	}
	return text
}

// levelCounts says how many capabilities have come how far: "7 below compliant · 9 unknown".
func (t *table) levelCounts() string {
	tally := levelTally(t.d.Levels)
	var out []string
	for _, level := range levelsInOrder() {
		if n := tally[level]; n > 0 {
			text := fmt.Sprintf("%d %s", n, level)
			if level == framework.Below {
				text += " compliant"
			}
			out = append(out, t.level(level, text))
		}
	}
	return strings.Join(out, " · ")
}

func (t *table) level(level framework.Level, text string) string {
	switch level {
	case framework.Below:
		return t.bad(text)
	case framework.Open:
		return t.doubt(text)
	default:
		return t.good(text)
	}
}

// levels gives each capability a line, the ones below first, with the first thing that its next level needs.
func (t *table) levels() []string {
	if len(t.d.Levels) == 0 || !t.all {
		return nil
	}
	name := 0
	for i := range t.d.Levels {
		name = max(name, display.Width(display.Clean(string(t.d.Levels[i].Capability))))
	}
	out := []string{"", " " + t.bold(display.Pad("LEVEL", 11)+display.Pad("CAPABILITY", name+2)+"CRITERIA  FOR THE NEXT LEVEL")}
	for _, c := range lowestFirst(t.d.Levels) {
		met, of := criteriaMet(c)
		row := " " + t.level(c.Level, display.Pad(string(c.Level), 11)) + display.Pad(display.Clean(string(c.Capability)), name+2) +
			display.PadLeft(fmt.Sprintf("%d of %d", met, of), 8) + "  "
		if open := needed(c); len(open) > 0 {
			row += display.Clean(open[0].Text + ": " + measure(&open[0]))
			if len(open) > 1 {
				row += t.dim(fmt.Sprintf("; and %d more", len(open)-1))
			}
		}
		out = append(out, row)
	}
	return out
}
