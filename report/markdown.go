package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/scan"
)

// commentLimit keeps a report below what code hosts accept as a comment (65,536 characters), with room for a header.
const commentLimit = 60000

// WriteMarkdown writes a comment for a change request: counts and the worst controls first, details folded. Without
// Verbose it stays below the size of a comment and says how many findings it leaves out.
func WriteMarkdown(w io.Writer, d *Document, opts Options) error {
	m := &markdown{d: d, failed: failed(d.Report)}
	m.head()
	m.controls()
	m.missed()
	m.frameworks()
	m.levels()
	m.details(opts.Verbose)
	_, err := io.WriteString(w, m.String())
	return err
}

type markdown struct {
	strings.Builder
	d      *Document
	failed []ranked
}

func (m *markdown) linef(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }

func (m *markdown) head() {
	r := m.d.Report
	c := countsOf(r.Summary)
	m.linef("## Plimsoll: %s", m.verdict(c))
	m.linef("")
	inv := &r.Inventory
	m.linef("%s from %s.", display.Plural(inv.Objects, "object"), code(strings.Join(inv.Source.Names, ", ")))
	if b := r.Baseline; b != nil {
		m.linef("Against the baseline: **%d new**, %d fixed, %d unchanged.", b.New, b.Fixed, b.Unchanged)
	}
	m.linef("")
	m.linef("| critical | high | medium | low | excepted | errors | checks passed | coverage |")
	m.linef("|---:|---:|---:|---:|---:|---:|---:|---:|")
	m.linef("| %d | %d | %d | %d | %d | %d | %d | %s |", c.Findings["critical"], c.Findings["high"], c.Findings["medium"],
		c.Findings["low"], c.Excepted, c.Errors, c.Passed, percent(c.Coverage))
	var statuses []string
	for _, s := range scan.Statuses() {
		statuses = append(statuses, fmt.Sprintf("%d %s", c.Controls[s], s))
	}
	m.linef("")
	m.linef("Controls: %s.", strings.Join(statuses, " · "))
}

func (m *markdown) verdict(c Counts) string {
	switch {
	case c.total() > 0:
		return display.Plural(c.total(), "finding")
	case m.d.Report.Inventory.Objects == 0:
		return "nothing was judged"
	case c.Coverage < 100:
		return "no findings in what could be judged"
	}
	return "no findings"
}

// controls is a table of the worst ten controls.
func (m *markdown) controls() {
	if len(m.failed) == 0 {
		return
	}
	m.linef("")
	m.linef("| | Control | Findings | Where |")
	m.linef("|---|---|---:|---|")
	shown := m.failed[:min(10, len(m.failed))]
	for _, f := range shown {
		where := code(f.objects[0].String())
		if n := len(f.objects) - 1; n > 0 {
			where += fmt.Sprintf(" and %d more", n)
		}
		mark := ""
		if f.fresh > 0 {
			mark = fmt.Sprintf(" (**%d new**)", f.fresh)
		}
		m.linef("| %s | %s<br>%s | %d%s | %s |", f.worst, markdownText(f.Control.Title), code(f.Control.ID), len(f.Findings), mark, where)
	}
	if left := m.failed[len(shown):]; len(left) > 0 {
		m.linef("")
		m.linef("… and %s with %s.", display.Plural(len(left), "more control"), display.Plural(findingsOf(left), "finding"))
	}
}

func (m *markdown) missed() {
	all := missed(m.d.Report, false)
	if len(all) == 0 {
		return
	}
	m.fold(fmt.Sprintf("Not everything was judged: %s", display.Plural(len(all), "remark")))
	for i, x := range all {
		if i == 30 {
			m.linef("- … and %d more", len(all)-i)
			break
		}
		m.linef("- **%s** %s: %s", x.what, code(x.about), markdownText(limit(x.why, 300)))
	}
	m.unfold()
}

func (m *markdown) frameworks() {
	if len(m.d.Assessments) == 0 {
		return
	}
	m.fold("Frameworks")
	m.linef("| Framework | met | not met | partly | unknown | manual | inherited | of |")
	m.linef("|---|---:|---:|---:|---:|---:|---:|---:|")
	for i := range m.d.Assessments {
		a := &m.d.Assessments[i]
		tally := tallyOf(a)
		row := "| " + markdownText(frameworkTitle(a)) + " |"
		for _, s := range frameworkStatuses() {
			row += fmt.Sprintf(" %d |", tally[s])
		}
		m.linef("%s %d |", row, len(a.Answers))
	}
	m.unfold()
}

// levels is a table of the capabilities, those below first, with what the next level needs.
func (m *markdown) levels() {
	if len(m.d.Levels) == 0 {
		return
	}
	tally := levelTally(m.d.Levels)
	var parts []string
	for _, level := range levelsInOrder() {
		parts = append(parts, fmt.Sprintf("%d %s", tally[level], level))
	}
	m.fold("Maturity: " + strings.Join(parts, " · "))
	m.linef("| Capability | Level | Criteria met | For the next level |")
	m.linef("|---|---|---:|---|")
	for _, c := range lowestFirst(m.d.Levels) {
		var lines []string
		for _, criterion := range needed(c) {
			lines = append(lines, markdownText(criterion.Text+": "+measure(&criterion)))
		}
		met, of := criteriaMet(c)
		m.linef("| %s | %s | %d of %d | %s |", markdownText(string(c.Capability)), markdownText(string(c.Level)), met, of,
			strings.Join(lines, "<br>"))
	}
	m.unfold()
}

// details folds every finding below its control, until the comment is full.
func (m *markdown) details(all bool) {
	size, left := utf8.RuneCountInString(m.String()), 0
	for _, f := range m.failed {
		var part markdown
		part.fold(fmt.Sprintf("%s: %s (%d)", f.worst, markdownText(f.Control.Title), len(f.Findings)))
		if f.Control.Remedy != "" {
			part.linef("%s", markdownText(f.Control.Remedy))
			part.linef("")
		}
		fits := 0
		for i := range f.Findings {
			line := findingLine(&f.Findings[i])
			if !all && size+part.Len()+len(line) > commentLimit {
				break
			}
			part.linef("%s", line)
			fits++
		}
		part.unfold()
		left += len(f.Findings) - fits
		if fits > 0 {
			size += utf8.RuneCountInString(part.String())
			m.WriteString(part.String())
		}
	}
	if n := m.d.Report.Summary.Excepted; n > 0 {
		m.linef("")
		m.linef("%s accepted by exceptions.", display.Plural(n, "finding"))
	}
	if left > 0 {
		m.linef("")
		m.linef("%s left out to fit a comment; `-v` or another format has all.", display.Plural(left, "finding"))
	}
}

func findingLine(f *finding.Finding) string {
	var parts []string
	if where := placeOf(f.Position); where != "" {
		parts = append(parts, code(where))
	}
	parts = append(parts, code(f.Object.String()))
	if f.Path != "" {
		parts = append(parts, code(string(f.Path)))
	}
	fix := ""
	if f.Fix != nil {
		fix = ". Fix: " + code(fixText(f.Fix))
	}
	return "- " + strings.Join(parts, " ") + "<br>" + markdownText(f.Message) + fix + " <!-- " + f.ID() + " -->"
}

func (m *markdown) fold(summary string) {
	m.linef("\n<details><summary>%s</summary>\n", summary)
}

func (m *markdown) unfold() { m.linef("\n</details>") }

// markdownText makes text safe in Markdown: nothing in it is markup, a link, a mention or a reference.
func markdownText(s string) string { return markdownEscapes.Replace(display.Clean(s)) }

// A comment breaks what code hosts would turn into links and mentions of their own accord.
var markdownEscapes = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "&#124;", `\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "~", `\~`,
	"[", `\[`, "]", `\]`, "!", `\!`, "@", "@<!-- -->", "#", "#<!-- -->", "://", ":<!-- -->//", "www.", "www<!-- -->.",
	"$", "&#36;",
)

// code is a code span, whose fence is longer than any run of backticks inside. Bars would end a table's cell.
func code(s string) string {
	s = strings.ReplaceAll(display.Clean(s), "|", "¦")
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	if s == "" {
		return ""
	}
	return fence + s + fence
}
