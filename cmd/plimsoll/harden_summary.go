package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// shownLines is how many lines of each list the summary has without --verbose.
const shownLines = 8

// writeSummary says what was done and what was not, for people.
func writeSummary(w io.Writer, plan *harden.Plan, files []harden.File, gaps []inventory.Gap, opts HardenOptions) {
	out := bufio.NewWriter(w)
	defer out.Flush() //nolint:errcheck // a summary that cannot be shown changes nothing
	done := "Edits to make"
	if opts.Apply {
		done = "Edited"
	}
	if len(files) == 0 {
		fmt.Fprintln(out, "No edits to make.")
	} else {
		fmt.Fprintf(out, "%s: %s in %s, which mend %s.\n", done, display.Plural(len(plan.Changes), "field"), display.Plural(len(files), "file"),
			display.Plural(harden.Mended(plan.Changes), "finding"))
	}
	p := summary{out, opts.Verbose, 80}
	if width, tty := terminal(w); tty {
		p.width = min(width, 120)
	}
	p.changes("Needs --risky, since it may keep a workload from running", plan.NeedsRisky)
	p.changes("Rendered from a chart or kustomization, to be set in its sources", plan.Rendered)
	var lines []string
	for _, c := range plan.Refused {
		lines = append(lines, fmt.Sprintf("%s %s %s: %s", where(c.Object.Origin), display.Clean(c.Object.Ref.String()), display.Clean(string(c.Path)), c.Reason))
	}
	p.list("Not edited", len(lines), lines)
	lines = nil
	for _, c := range plan.Conflicts {
		line := fmt.Sprintf("%s %s %s:", where(c.Object.Origin), display.Clean(c.Object.Ref.String()), display.Clean(string(c.Path)))
		for _, o := range c.Changes {
			line += fmt.Sprintf(" %s wants %s %v;", o.Controls()[0], o.Fix.Op, o.Fix.Value)
		}
		lines = append(lines, line)
	}
	p.list("Controls contradict each other", len(lines), lines)
	p.manual(plan.Manual)
	lines = nil
	for _, g := range gaps {
		lines = append(lines, fmt.Sprintf("%s:%d %s", display.Clean(g.File), g.Line, display.Clean(g.Reason)))
	}
	p.list("Could not be read", len(lines), lines)
}

type summary struct {
	w       io.Writer
	verbose bool
	width   int
}

// list writes a heading and some lines.
func (p summary) list(heading string, count int, lines []string) {
	if count == 0 {
		return
	}
	fmt.Fprintf(p.w, "\n%s: %d\n", heading, count)
	for i, line := range lines {
		if i == shownLines && !p.verbose && len(lines) > shownLines+1 {
			fmt.Fprintf(p.w, "  … %d more (-v lists them)\n", len(lines)-i)
			return
		}
		fmt.Fprintf(p.w, "  %s\n", line)
	}
}

// changes counts edits by what they do; with --verbose it lists each.
func (p summary) changes(heading string, changes []harden.Change) {
	var lines []string
	if p.verbose {
		for _, c := range changes {
			lines = append(lines, fmt.Sprintf("%s %s %s: %s", where(c.Object.Origin), display.Clean(c.Object.Ref.String()), display.Clean(string(c.Path)), c.Controls()[0]))
		}
	} else {
		var ids []string
		for _, c := range changes {
			ids = append(ids, c.Controls()...)
		}
		lines = countEach(ids)
	}
	p.list(heading, len(changes), lines)
}

// countEach lists words by how often they come, most often first.
func countEach(words []string) []string {
	count := map[string]int{}
	var order []string
	for _, word := range words {
		if count[word] == 0 {
			order = append(order, word)
		}
		count[word]++
	}
	slices.SortFunc(order, func(a, b string) int { return cmp.Or(count[b]-count[a], cmp.Compare(a, b)) })
	var lines []string
	for _, word := range order {
		lines = append(lines, fmt.Sprintf("%4d × %s", count[word], word))
	}
	return lines
}

// manual says what a person has to decide, by control, worst first, with the remedy.
func (p summary) manual(findings []finding.Finding) {
	controls, err := control.All()
	if err != nil {
		return // the scan has said so
	}
	count, worst := map[string]int{}, map[string]finding.Severity{}
	for _, f := range findings {
		count[f.Control]++
		worst[f.Control] = max(worst[f.Control], f.Severity)
	}
	slices.SortStableFunc(controls, func(a, b control.Control) int { return int(worst[b.ID]) - int(worst[a.ID]) })
	var lines []string
	for _, c := range controls {
		if count[c.ID] > 0 {
			lines = append(lines, fmt.Sprintf("%4d × %s (%s)%s", count[c.ID], c.ID, worst[c.ID], folded(c.Remedy, 9, p.width)))
		}
	}
	p.list("A person has to decide", len(findings), lines)
}

func where(at finding.Position) string { return fmt.Sprintf("%s:%d", display.Clean(at.File), at.Line) }

// folded breaks a text between words into lines of a width, each indented.
func folded(text string, indent, width int) string {
	var out strings.Builder
	at := width
	for _, word := range strings.Fields(text) {
		if at+1+len(word) > width {
			out.WriteString("\n" + strings.Repeat(" ", indent-1))
			at = indent - 1
		}
		out.WriteString(" " + word)
		at += 1 + len(word)
	}
	return out.String()
}
