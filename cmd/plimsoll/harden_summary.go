package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

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
	switch {
	case len(files) == 0 && len(plan.Remedies) > 0:
		fmt.Fprintln(out, "No edits to make in files.")
	case len(files) == 0:
		fmt.Fprintln(out, "No edits to make.")
	default:
		fmt.Fprintf(out, "%s: %s in %s, which mend %s.\n", done, display.Plural(len(plan.Changes), "field"), display.Plural(len(files), "file"),
			display.Plural(harden.Mended(plan.Changes), "finding"))
	}
	p := summary{out, opts.Verbose, 80}
	if width, tty := terminal(w); tty {
		p.width = min(width, 120)
	}
	p.risky(plan)
	p.remedies(plan, opts)
	if len(plan.Along) > 0 {
		fmt.Fprintf(out, "\n%s more go away with these edits.\n", display.Plural(len(plan.Along), "finding"))
	}
	var lines []string
	for _, c := range plan.Rendered {
		lines = append(lines, fmt.Sprintf("%s %s %s: %s", where(c.Object.Origin), display.Clean(c.Object.Ref.String()), display.Clean(string(c.Path)), c.Reason))
	}
	p.list("Rendered from a chart or kustomization, and not mended", len(lines), lines)
	lines = nil
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

// risky lists what was left out for its risk, with what it may break.
func (p summary) risky(plan *harden.Plan) {
	const heading = "Needs --risky, since it may keep a workload from doing its work"
	if p.verbose {
		p.changes(heading, plan.NeedsRisky)
	} else {
		count := map[string]int{}
		var order []string
		for _, c := range plan.NeedsRisky {
			for _, id := range c.Controls() {
				if count[id]++; count[id] == 1 {
					order = append(order, id)
				}
			}
		}
		slices.SortFunc(order, func(a, b string) int { return cmp.Or(count[b]-count[a], cmp.Compare(a, b)) })
		var lines []string
		for _, id := range order {
			lines = append(lines, fmt.Sprintf("%4d × %s%s", count[id], id, folded(harden.Breaks(id), 9, p.width)))
		}
		p.list(heading, len(plan.NeedsRisky), lines)
	}
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

// A decision is one question to a person, about all findings that ask it.
type decision struct {
	question string
	worst    finding.Severity
	controls []string
	findings []finding.Finding
}

// decisions groups findings by what has to be decided, worst first.
func decisions(findings []finding.Finding) []*decision {
	at := map[string]*decision{}
	var out []*decision
	for _, f := range findings {
		question := cmp.Or(harden.Question(f.Control), f.Message)
		d := at[question]
		if d == nil {
			d = &decision{question: question}
			at[question] = d
			out = append(out, d)
		}
		d.worst = max(d.worst, f.Severity)
		d.findings = append(d.findings, f)
		if !slices.Contains(d.controls, f.Control) {
			d.controls = append(d.controls, f.Control)
		}
	}
	slices.SortStableFunc(out, func(a, b *decision) int {
		return cmp.Or(int(b.worst)-int(a.worst), len(b.findings)-len(a.findings), cmp.Compare(a.question, b.question))
	})
	return out
}

// shownPlaces is how many places a decision names without --verbose.
const shownPlaces = 3

// manual says what a person has to decide: each question once, with the places that ask it.
func (p summary) manual(findings []finding.Finding) {
	var lines []string
	for _, d := range decisions(findings) {
		line := strings.TrimLeft(folded(display.Clean(d.question), 2, p.width), "\n ")
		line += fmt.Sprintf("\n    %d × %s (%s)", len(d.findings), strings.Join(d.controls, ", "), d.worst)
		named := 0
		var places []string
		for _, f := range d.findings {
			place := fmt.Sprintf("%s %s", where(f.Position), display.Clean(f.Object.Kind+" "+f.Object.Name))
			if slices.Contains(places, place) {
				continue
			}
			if places = append(places, place); p.verbose || len(places) <= shownPlaces {
				line += "\n      " + place
				named++
			}
		}
		if more := len(places) - named; more > 0 {
			line += fmt.Sprintf("\n      … and in %d more", more)
		}
		lines = append(lines, line)
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
