package report

import (
	"fmt"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/scan"
)

// details writes every finding, grouped by control and worst first, then what was excepted and what passed. Nothing
// is cut: this is the part that people search.
func (t *table) details() {
	fresh := freshness(t.d.Report)
	isNew := map[*finding.Finding]bool{}
	for i := range t.d.Report.Results {
		for j := range t.d.Report.Results[i].Findings {
			f := &t.d.Report.Results[i].Findings[j]
			isNew[f] = fresh(f)
		}
	}
	for _, f := range t.failed {
		t.line("")
		t.line(" " + t.severity(f.worst, f.worst.String()) + "  " + t.bold(display.Clean(f.Control.ID)) + "  " +
			display.Clean(f.Control.Title) + t.dim("  "+display.Plural(len(f.Findings), "finding")))
		for i := range f.Findings {
			t.finding(&f.Findings[i], &f.Control.Severity, isNew[&f.Findings[i]])
		}
	}
	t.excepted()
	t.passes()
}

// finding writes one finding. The severity is named where it differs from the control's own.
func (t *table) finding(f *finding.Finding, usual *finding.Severity, isNew bool) {
	head := display.Clean(f.Object.String())
	if where := placeOf(f.Position); where != "" {
		head = where + "  " + head
	}
	if f.Severity != *usual {
		head += "  " + t.severity(f.Severity, f.Severity.String())
	}
	if isNew {
		head += "  " + t.doubt("new")
	}
	t.line("   " + head)
	if f.Path != "" {
		t.line("       " + t.dim(display.Clean(string(f.Path))))
	}
	t.line("       " + display.Clean(f.Message))
	for _, b := range f.Because {
		t.line("       " + t.dim(display.Clean(b.Effect+": "+b.Message)))
	}
	if f.Fix != nil {
		t.line("       " + t.dim("fix: "+display.Clean(fixText(f.Fix))))
	}
}

// placeOf is "file:line", with a word when the line counts in rendered output; "" when no file is known.
func placeOf(p finding.Position) string {
	if p.File == "" {
		return ""
	}
	out := display.Clean(p.String())
	if p.Rendered {
		out += " (rendered)"
	}
	return out
}

func (t *table) excepted() {
	head := false
	for i := range t.d.Report.Results {
		for _, e := range t.d.Report.Results[i].Excepted {
			if !head {
				t.line("")
				t.line(" " + t.bold("EXCEPTED"))
				head = true
			}
			line := fmt.Sprintf("%s  %s  %s", e.Control, e.Object, e.Path)
			t.line("   " + display.Clean(line) + t.dim("  by exception "+display.Clean(e.Exception)))
		}
	}
}

// passes names what held, so that a long report also says what was looked at.
func (t *table) passes() {
	t.line("")
	t.line(" " + t.bold("PASSED"))
	for i := range t.d.Report.Results {
		r := &t.d.Report.Results[i]
		switch {
		case r.Status == scan.NotApplicable:
			t.line("   " + display.Clean(r.Control.ID) + t.dim("  nothing to judge"))
		case len(r.Passed) > 0:
			t.line("   " + display.Clean(r.Control.ID) + t.dim("  "+display.Plural(len(r.Passed), "object")))
		}
	}
}
