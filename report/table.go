package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/framework"
	"github.com/plimsoll-io/plimsoll/scan"
)

const (
	screen         = 40 // how many lines the table fills at most when Verbose is off
	mostFrameworks = 11
	label          = 16 // columns of the words that start the lines of counts
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

// summary writes everything but the single findings. The list of controls gets the lines that the rest leaves.
func (t *table) summary() {
	counts := t.counts()
	missed := t.missed()
	first := t.fixFirst()
	frameworks := t.frameworks()
	rest := 1 + 2 // the title, and the last lines
	for _, part := range [][]string{counts, missed, first, frameworks} {
		rest += len(part)
	}
	for _, part := range [][]string{counts, t.controls(screen - rest), missed, first, frameworks} {
		for _, line := range part {
			t.line(line)
		}
	}
	t.line("")
	t.line(t.next())
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
	facts := plural(inv.Objects, "object") + " in " + plural(namespaces, "namespace")
	if inv.Version != "" {
		facts += " · Kubernetes " + clean(strings.TrimPrefix(inv.Version, "v"))
	}
	tool := "Plimsoll"
	if t.d.Report.Tool.Version != "" {
		tool += " " + clean(t.d.Report.Tool.Version)
	}
	room := t.width - columns.StringWidth(tool+facts) - 4
	return t.bold(tool) + "  " + cut(clean(source), max(room, 8)) + t.dim("  "+facts)
}

func (t *table) counts() []string {
	c := countsOf(t.d.Report.Summary)
	out := []string{"", " " + t.bold(pad(plural(c.total(), "finding"), label)) + t.severities(c)}
	if c.total() == 0 {
		out[1] = " " + t.verdictWithoutFindings(c)
	}
	accepted := fmt.Sprintf("%d excepted · %s · %s passed", c.Excepted, plural(c.Errors, "error"), plural(c.Passed, "check"))
	out = append(out, " "+strings.Repeat(" ", label)+t.dim(accepted))
	var statuses []string
	for _, s := range scan.Statuses() {
		if n := c.Controls[s]; n > 0 {
			statuses = append(statuses, t.status(s, fmt.Sprintf("%d %s", n, statusWords[s])))
		}
	}
	out = append(out, " "+t.bold(pad(plural(c.controls(), "control"), label))+strings.Join(statuses, " · "))
	coverage := " " + t.bold(pad("coverage", label))
	if c.Coverage < 100 {
		out = append(out, coverage+t.doubt(percent(c.Coverage)+" of the controls could look everywhere"))
	} else {
		out = append(out, coverage+percent(c.Coverage))
	}
	if b := t.d.Report.Baseline; b != nil {
		out = append(out, " "+t.bold(pad("baseline", label))+fmt.Sprintf("%d new · %d fixed · %d unchanged", b.New, b.Fixed, b.Unchanged))
	}
	return out
}

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
	case c.controls() == 0 || t.d.Report.Inventory.Objects == 0:
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
		id = max(id, columns.StringWidth(clean(f.Control.ID)))
	}
	id = min(id, max(20, t.width*2/5))
	head := pad("SEVERITY", 10) + pad("CONTROL", id+2)
	if t.width >= 120 {
		title = 40
		head += pad("WHAT IS WRONG", title+2)
	}
	head += "FINDINGS  "
	out := []string{"", " " + t.bold(head+"WHERE")}
	for _, f := range t.failed[:rows] {
		row := " " + t.severity(f.worst, pad(f.worst.String(), 10)) + pad(cut(clean(f.Control.ID), id), id+2)
		if title > 0 {
			row += pad(cut(clean(f.Control.Title), title), title+2)
		}
		out = append(out, row+padLeft(fmt.Sprint(len(f.Findings)), 8)+"  "+t.where(f, t.width-1-len(head)))
	}
	if left := t.failed[rows:]; len(left) > 0 {
		out = append(out, " "+t.dim(fmt.Sprintf("… and %s with %s; -v shows all",
			plural(len(left), "more control"), plural(findingsOf(left), "finding"))))
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
		name := clean(f.objects[i].String())
		next := name
		if i > 0 {
			next = text + ", " + name
		}
		more := ""
		if left := len(f.objects) - i - 1; left > 0 {
			more = fmt.Sprintf(" +%d", left)
		}
		if columns.StringWidth(mark+next+more) <= width {
			text = next
			continue
		}
		more = fmt.Sprintf(" +%d", len(f.objects)-i)
		if i == 0 {
			if more = ""; len(f.objects) > 1 {
				more = fmt.Sprintf(" +%d", len(f.objects)-1)
			}
			text = cut(name, width-len(mark)-len(more))
		}
		return t.doubt(mark) + text + t.dim(more)
	}
	return t.doubt(mark) + text
}

// missed shows what was not judged; without Verbose in few lines.
func (t *table) missed() []string {
	all := missed(t.d.Report)
	if len(all) == 0 {
		return nil
	}
	rows, left := all, ""
	switch {
	case t.all:
	case len(t.d.Assessments) > 6:
		rows, left = sample(all, 4)
	default:
		rows, left = sample(all, 6)
	}
	about := 0
	for _, m := range rows {
		about = max(about, columns.StringWidth(clean(m.about)))
	}
	about = min(about, max(20, t.width*2/5))
	out := t.heading("ATTENTION: not everything was judged")
	if countsOf(t.d.Report.Summary).Coverage >= 100 {
		out = t.heading("ATTENTION")
	}
	for _, m := range rows {
		why := clean(m.why)
		if !t.all {
			why = cut(why, t.width-1-9-about-2)
		}
		paint := t.doubt
		if m.what == "unset" {
			paint = t.dim
		}
		out = append(out, " "+paint(pad(m.what, 9))+pad(cutMiddle(clean(m.about), about), about+2)+why)
	}
	if left != "" {
		out = append(out, " "+t.doubt(cut("… and "+left+"; -v shows all", t.width-1)))
	}
	return out
}

// fixFirst names the few controls that remove most.
func (t *table) fixFirst() []string {
	if len(t.failed) == 0 {
		return nil
	}
	chosen := fixFirst(t.failed, 3)
	out := t.heading(fmt.Sprintf("FIX FIRST: %s, %d of %s", plural(len(chosen), "control"), findingsOf(chosen),
		plural(findingsOf(t.failed), "finding")))
	id := 0
	for _, f := range chosen {
		id = max(id, columns.StringWidth(clean(f.Control.ID)))
	}
	id = min(id, max(20, t.width*2/5))
	for i, f := range chosen {
		text := fmt.Sprintf("%d  %s  %s", i+1, pad(cut(clean(f.Control.ID), id), id), pad(plural(len(f.Findings), "finding"), 12))
		fix := ""
		switch {
		case f.fixes == len(f.Findings):
			fix = "automatic fix"
		case f.fixes > 0:
			fix = fmt.Sprintf("automatic fix for %d", f.fixes)
		}
		room := t.width - 1 - columns.StringWidth(text) - 2
		if room >= 60 {
			out = append(out, " "+text+"  "+t.good(pad(fix, 22))+t.dim(cut(clean(f.Control.Remedy), room-22)))
			continue
		}
		out = append(out, " "+text+"  "+t.good(cut(fix, room)))
	}
	return out
}

// frameworks gives each framework one line.
func (t *table) frameworks() []string {
	if len(t.d.Assessments) == 0 {
		return nil
	}
	var statuses []framework.Status
	width := t.width - 1 - 6
	for _, s := range frameworkStatuses() {
		if s != framework.Inherited || t.has(s) { // rare, and titles need the room
			statuses = append(statuses, s)
			width -= len(frameworkWords[s]) + 2
		}
	}
	width = min(max(width, 12), 60)
	head := pad("FRAMEWORK", width)
	for _, s := range statuses {
		head += "  " + frameworkWords[s]
	}
	out := []string{"", " " + t.bold(head+padLeft("of", 6))}
	for i := range t.d.Assessments {
		if i == mostFrameworks-1 && len(t.d.Assessments) > mostFrameworks && !t.all {
			return append(out, " "+t.dim(fmt.Sprintf("… and %d more; -v shows all", len(t.d.Assessments)-i)))
		}
		a := &t.d.Assessments[i]
		row := pad(cut(clean(frameworkTitle(a)), width), width)
		tally := tallyOf(a)
		for _, s := range statuses {
			row += t.answer(s, tally[s], padLeft(fmt.Sprint(tally[s]), len(frameworkWords[s])+2))
		}
		out = append(out, " "+row+padLeft(fmt.Sprint(len(a.Answers)), 6))
	}
	return out
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

// next says which command to run now.
func (t *table) next() string {
	if len(t.failed) == 0 {
		return " " + t.dim("Next: plimsoll scan -f html -o report.html, to share it")
	}
	text := "Next: plimsoll explain " + clean(fixFirst(t.failed, 1)[0].Control.ID)
	if !t.all {
		text += "  ·  -v every finding"
	}
	if share := "  ·  -f html -o report.html"; columns.StringWidth(text+share) < t.width {
		text += share
	}
	return " " + text
}
