package report

import (
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/finding"
)

// TestTrim checks that the worst findings stay, that no control loses all while another keeps many, and that new
// findings stay new.
func TestTrim(t *testing.T) {
	d := large(8, 100) // two controls of each severity
	d.Report.Baseline.NewIDs = map[string]int{d.Report.Results[0].Findings[7].ID(): 1}
	cut, fresh := trim(d.Report, 470, 80)
	kept := map[finding.Severity][]int{}
	isNew := 0
	for i := range cut.Results {
		r := &cut.Results[i]
		kept[r.Control.Severity] = append(kept[r.Control.Severity], len(r.Findings))
		if len(r.Passed) != 10 {
			t.Errorf("%d passed objects of control %d are named, want 10", len(r.Passed), i)
		}
		for j := range r.Findings {
			if fresh(&r.Findings[j]) {
				isNew++
			}
		}
	}
	for severity, want := range map[finding.Severity]int{finding.Critical: 100, finding.High: 100, finding.Medium: 35, finding.Low: 0} {
		for _, n := range kept[severity] {
			if n != want {
				t.Errorf("%d findings of a control of severity %s stay, want %d", n, severity, want)
			}
		}
	}
	if isNew != 1 {
		t.Errorf("%d findings are new, want 1", isNew)
	}
	if len(d.Report.Results[0].Findings) != 100 {
		t.Error("the report itself was cut")
	}
	if same, _ := trim(d.Report, 800, 800); same != d.Report {
		t.Error("a report that fits was cut")
	}
}

// TestHTMLSaysWhatItLeavesOut checks a page that cannot hold everything: it says so, and its counts are the whole.
func TestHTMLSaysWhatItLeavesOut(t *testing.T) {
	d := large(30, 1000)
	text := render(t, WriteHTML, d, Options{})
	overview, _, _ := strings.Cut(text, `<script type="application/json"`)
	for _, want := range []string{"30,000 findings", "only the worst 19,997 of 30,000 findings.", "-f json=report.json"} {
		if !strings.Contains(overview, want) {
			t.Errorf("the overview lacks %q", want)
		}
	}
	page := decode[struct {
		Summary Counts
		LeftOut string
		Totals  pageTotals
	}](t, embedded(t, text))
	if len(htmlIDs(t, text)) > pageFindings || page.Summary.total() != 30000 || page.LeftOut == "" {
		t.Errorf("%d findings in the page, %d counted, note %q", len(htmlIDs(t, text)), page.Summary.total(), page.LeftOut)
	}
	sum := func(tallies map[string]*pageTally) (n int) {
		for _, x := range tallies {
			n += x.Critical + x.High + x.Medium + x.Low
		}
		return n
	}
	if byControl, byNamespace := sum(page.Totals.Controls), sum(page.Totals.Namespaces); byControl != 30000 || byNamespace != 30000 {
		t.Errorf("totals: %d by control, %d by namespace", byControl, byNamespace)
	}
	if text := leftOut(d.Report, d.Report); text != "" {
		t.Error("a whole report leaves something out")
	}
}
