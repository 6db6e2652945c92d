package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/scan"
)

const (
	screen = 40 // how many lines the table fills at most when Verbose is off
	label  = 17 // columns of the words that start the lines of counts
	wide   = 100
)

// WriteTable writes what people look at: what was judged, the counts, the failed controls worst first, what was not
// judged, what to fix first, the frameworks, and what to do next. It fits a screen; with Verbose every finding comes
// before the summary.
func WriteTable(w io.Writer, d *Document, opts Options) error {
	t := &table{d: d, width: opts.Width, palette: palette(opts.Color), all: opts.Verbose, failed: failed(d.Report)}
	if t.width <= 0 {
		t.width = 80
	}
	t.width = max(t.width, 40)
	out := bufio.NewWriter(w)
	t.w = out
	t.line(t.title())
	if t.all {
		t.details()
	}
	t.summary()
	return out.Flush()
}

// A table lays out one document.
type table struct {
	palette
	w      *bufio.Writer
	d      *Document
	width  int
	all    bool
	failed []ranked
}

// line writes one line; the writer keeps its first error for Flush.
func (t *table) line(s string) { fmt.Fprintln(t.w, strings.TrimRight(s, " ")) }

// summary writes everything but the single findings. The list of controls gets the lines that the rest leaves; where
// those are few, fewer controls are named to fix first.
func (t *table) summary() {
	counts, missed, frameworks, next := t.counts(), t.missed(), t.frameworks(), t.next()
	first := t.fixFirst(5)
	left := screen - 1 - len(counts) - len(missed) - len(frameworks) - len(next)
	if left-len(first) < 9 {
		first = t.fixFirst(3)
	}
	for _, part := range [][]string{counts, t.controls(left - len(first)), missed, first, frameworks, t.levels(), next} {
		for _, line := range part {
			t.line(line)
		}
	}
}

// title says what was judged.
func (t *table) title() string {
	inv := &t.d.Report.Inventory
	source := strings.Join(inv.Source.Names, ", ")
	if inv.Source.Kind == "cluster" {
		source = "cluster " + source
	}
	namespaces := len(inv.Namespaces)
	if _, clusterWide := inv.Namespaces[""]; clusterWide {
		namespaces--
	}
	facts := display.Plural(inv.Objects, "object") + " in " + display.Plural(namespaces, "namespace")
	if inv.Version != "" {
		facts += " · Kubernetes " + display.Clean(strings.TrimPrefix(inv.Version, "v"))
	}
	tool := "Plimsoll"
	if t.d.Report.Tool.Version != "" {
		tool += " " + display.Clean(t.d.Report.Tool.Version)
	}
	room := t.width - display.Width(tool+facts) - 4
	shorten := display.CutMiddle
	if len(inv.Source.Names) == 1 && inv.Source.Kind != "cluster" {
		shorten = display.CutFolders
	}
	return t.bold(tool) + "  " + shorten(display.Clean(source), max(room, 8)) + t.dim("  "+facts)
}

// counts are the figures, each line with its subject in front. What still fits on the line before it goes there.
func (t *table) counts() []string {
	c := countsOf(t.d.Report.Summary)
	out := []string{""}
	add := func(subject, text string) {
		out = append(out, " "+t.bold(display.Pad(subject, label))+text)
	}
	if c.total() == 0 {
		out = append(out, " "+t.verdictWithoutFindings(c))
	} else {
		add(display.Plural(c.total(), "finding"), t.severities(c))
	}
	accepted := fmt.Sprintf("%d excepted · %s · %s passed", c.Excepted, display.Plural(c.Errors, "error"), display.Plural(c.Passed, "check"))
	if t.width >= 120 {
		out[1] += t.dim(" · " + accepted)
	} else {
		add("", t.dim(accepted))
	}
	var statuses []string
	for _, s := range scan.Statuses() {
		if n := c.Controls[s]; n > 0 {
			statuses = append(statuses, t.status(s, fmt.Sprintf("%d %s", n, statusWords[s])))
		}
	}
	add(display.Plural(c.controls(), "control"), strings.Join(statuses, " · "))
	coverage := percent(c.Coverage)
	switch {
	case t.nothing():
		add("coverage", t.doubt(coverage+", but there was nothing to judge"))
	case c.Coverage < 100:
		add("coverage", t.doubt(coverage+" of the controls could look everywhere"))
	default:
		out[len(out)-1] += " · " + coverage + " coverage"
	}
	if len(t.d.Levels) > 0 && !t.nothing() {
		add(display.Plural(len(t.d.Levels), "capability"), t.levelCounts())
	}
	if b := t.d.Report.Baseline; b != nil {
		add("baseline", fmt.Sprintf("%d new · %d fixed · %d unchanged", b.New, b.Fixed, b.Unchanged))
	}
	return out
}

// nothing says that there was no object to judge.
func (t *table) nothing() bool { return t.d.Report.Inventory.Objects == 0 }

func (t *table) severities(c Counts) string {
	var out []string
	for _, s := range finding.Severities() {
		if n := c.Findings[s.String()]; n > 0 {
			out = append(out, t.severity(s, fmt.Sprintf("%d %s", n, s)))
		}
	}
	return strings.Join(out, " · ")
}

func (t *table) verdictWithoutFindings(c Counts) string {
	switch {
	case c.controls() == 0 || t.nothing():
		return t.doubt("nothing was judged")
	case c.Coverage < 100:
		return t.doubt("no findings in what could be judged")
	default:
		return t.good("no findings")
	}
}

// statusWords are short, so that all of them fit on a line.
var statusWords = map[scan.Status]string{
	scan.Fail: "fail", scan.Error: "error", scan.Skipped: "skipped", scan.ExceptedOnly: "excepted",
	scan.Pass: "pass", scan.NotApplicable: "n/a",
}

func (t *table) status(s scan.Status, text string) string {
	switch s {
	case scan.Fail:
		return t.bad(text)
	case scan.Error, scan.Skipped:
		return t.doubt(text)
	case scan.Pass:
		return t.good(text)
	default:
		return t.dim(text)
	}
}
