package answer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// How many gaps and warnings are shown where not all are wanted.
const (
	fewGaps     = 10
	fewWarnings = 5
)

// Remarks are what people must know of what was read: gaps and warnings, all of them or the first of each sort. Warnings
// of the facts that are urgent come first.
func Remarks(gaps []inventory.Gap, warnings []inventory.Warning, all bool, urgent ...string) []string {
	out := few(gapNotes(gaps), fewGaps, "gap", all)
	return append(slices.Clip(out), few(warningNotes(warnings, urgent), fewWarnings, "warning", all)...)
}

// few cuts a list, and counts what it cuts off.
func few(notes []string, most int, noun string, all bool) []string {
	if all || len(notes) <= most {
		return notes
	}
	word := noun + "s"
	if len(notes) == most+1 {
		word = noun
	}
	return append(notes[:most:most], fmt.Sprintf("and %d more %s: --verbose lists all", len(notes)-most, word))
}

// gapNotes tell what could not be read, each once: one broken document is a gap of every kind that it may have held.
func gapNotes(gaps []inventory.Gap) []string {
	var out []string
	for _, g := range gaps {
		text := "could not be read: "
		if g.File != "" {
			text += g.File
			if g.Line > 0 {
				text += fmt.Sprintf(" line %d", g.Line)
			}
			text += ": "
		}
		if text += g.Reason; !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// warningNotes tell each warning once, and one of each sort before the others: a hundred odd rules must not hide a
// name that is made to be read as another.
func warningNotes(warnings []inventory.Warning, urgent []string) []string {
	type note struct {
		text          string
		first, urgent bool
		times         int
	}
	var notes []*note
	known := map[string]*note{}
	facts := map[string]bool{}
	for _, w := range warnings {
		text := "warning: " + w.Object.String() + ": " + w.Message
		if n := known[text]; n != nil {
			n.times++
			continue
		}
		n := &note{text: text, first: !facts[w.Fact], urgent: slices.Contains(urgent, w.Fact), times: 1}
		facts[w.Fact], known[text], notes = true, n, append(notes, n)
	}
	rank := func(n *note) int {
		switch {
		case n.first && n.urgent:
			return 0
		case n.first:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(notes, func(a, b *note) int { return rank(a) - rank(b) })
	out := make([]string, 0, len(notes))
	for _, n := range notes {
		if n.times > 1 {
			n.text = strings.TrimSuffix(n.text, ".") + fmt.Sprintf(" (%d times)", n.times)
		}
		out = append(out, n.text)
	}
	return out
}
