package admission

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A PolicyTestResults is how the tests of policies went.
type PolicyTestResults struct {
	Header
	Summary map[admission.Outcome]int `json:"summary"` // cases by outcome
	Items   []admission.CaseResult    `json:"items"`
}

// Tests is the answer to how tests went.
func Tests(h Header, items []admission.CaseResult) *answer.Document {
	body := PolicyTestResults{Header: h, Summary: emptySummary(), Items: append([]admission.CaseResult{}, items...)}
	table := answer.Table{
		Title:   "Tests of policies",
		Columns: []string{"result", "test", "case", "expected", "got", "policies", "resource", "place", "message"},
		Empty:   "There is no test case.",
	}
	for _, r := range body.Items {
		body.Summary[r.Result]++
		table.Rows = append(table.Rows, []string{
			string(r.Result), r.Test, r.Case, string(r.Expected), string(r.Got), strings.Join(r.Policies, " "), r.Resource.String(),
			r.Position.String(), said(r.Message, r.Patch),
		})
	}
	doc := h.document(body, table)
	doc.Text = func(t *answer.Terminal) { testsText(t, &body) }
	return doc
}

func testsText(t *answer.Terminal, body *PolicyTestResults) {
	t.Heading("Tests of policies", counts(body.Summary))
	last := ""
	for i := range body.Items {
		r := &body.Items[i]
		if r.Test != last {
			t.Line("")
			t.Text(0, t.Bold(r.Test))
			last = r.Test
		}
		t.Lead(2, lead(t, r.Result), r.Case+"  "+t.Dim(string(r.Expected)))
		if r.Message != "" {
			for line := range strings.Lines(r.Message) {
				t.Text(6, strings.TrimRight(line, "\n"))
			}
		}
		if r.Result != admission.Pass || t.All() {
			patchText(t, 6, r.Patch)
		}
		if r.Result != admission.Pass {
			if at := r.Position.String(); at != "" {
				t.Text(6, t.Dim(at))
			}
		}
	}
}

// TestSuites are the cases for JUnit: a suite for each file of cases.
func TestSuites(items []admission.CaseResult) []report.TestSuite {
	var out []report.TestSuite
	for _, r := range items {
		if len(out) == 0 || out[len(out)-1].Name != r.Test {
			out = append(out, report.TestSuite{Name: r.Test})
		}
		last := &out[len(out)-1]
		last.Tests = append(last.Tests, report.TestCase{Name: r.Case, Position: r.Position, Status: string(r.Result), Message: r.Message})
	}
	return out
}
