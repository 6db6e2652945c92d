package report

import (
	"fmt"

	"github.com/plimsoll-io/plimsoll/internal/display"
)

// heading is a blank line and a title.
func (t *table) heading(text string) []string { return []string{"", " " + t.bold(text)} }

// controls lists the failed controls in at most so many lines, but never fewer than six.
func (t *table) controls(lines int) []string {
	if len(t.failed) == 0 {
		return nil
	}
	rows := len(t.failed)
	if most := max(lines-2, 4); !t.all && rows > most {
		rows = most - 1
	}
	id, title := len("CONTROL"), 0
	for _, f := range t.failed[:rows] {
		id = max(id, display.Width(display.Clean(f.Control.ID)))
	}
	id = min(id, max(20, t.width*2/5))
	head := display.Pad("SEVERITY", 10) + display.Pad("CONTROL", id+2)
	if t.width >= 120 {
		for _, f := range t.failed[:rows] {
			title = max(title, display.Width(display.Clean(f.Control.Title)))
		}
		title = min(title, t.width/3)
		head += display.Pad("WHAT IS WRONG", title+2)
	}
	head += "FINDINGS  "
	out := []string{"", " " + t.bold(head+"WHERE")}
	for _, f := range t.failed[:rows] {
		row := " " + t.severity(f.worst, display.Pad(f.worst.String(), 10)) + display.Pad(display.Cut(display.Clean(f.Control.ID), id), id+2)
		if title > 0 {
			row += display.Pad(display.Cut(display.Clean(f.Control.Title), title), title+2)
		}
		out = append(out, row+display.PadLeft(fmt.Sprint(len(f.Findings)), 8)+"  "+t.where(f, t.width-1-len(head)))
	}
	if left := t.failed[rows:]; len(left) > 0 {
		out = append(out, " "+t.dim(fmt.Sprintf("… and %s with %s; -v shows all",
			display.Plural(len(left), "more control"), display.Plural(findingsOf(left), "finding"))))
	}
	return out
}

func findingsOf(controls []ranked) int {
	n := 0
	for _, c := range controls {
		n += len(c.Findings)
	}
	return n
}

// where names as many of the failing objects as fit, and how many more there are.
func (t *table) where(f ranked, width int) string {
	mark := ""
	if f.fresh > 0 {
		mark = fmt.Sprintf("%d new: ", f.fresh)
	}
	text := ""
	for i := range f.objects {
		name := display.Clean(f.objects[i].String())
		next := name
		if i > 0 {
			next = text + ", " + name
		}
		more := ""
		if left := len(f.objects) - i - 1; left > 0 {
			more = fmt.Sprintf(" +%d", left)
		}
		if display.Width(mark+next+more) <= width {
			text = next
			continue
		}
		more = fmt.Sprintf(" +%d", len(f.objects)-i)
		if i == 0 {
			if more = ""; len(f.objects) > 1 {
				more = fmt.Sprintf(" +%d", len(f.objects)-1)
			}
			text = display.Cut(name, width-len(mark)-len(more))
		}
		return t.doubt(mark) + text + t.dim(more)
	}
	return t.doubt(mark) + text
}
