package admission

import (
	"fmt"
	"strings"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A PolicyResults is what policies say of objects.
type PolicyResults struct {
	Header
	Summary map[admission.Outcome]int `json:"summary"` // results by outcome
	Items   []admission.Result        `json:"items"`
}

func emptySummary() map[admission.Outcome]int {
	return map[admission.Outcome]int{
		admission.Pass: 0, admission.Fail: 0, admission.Skip: 0, admission.Error: 0, admission.Unsupported: 0,
	}
}

// Results is the answer to what policies say of objects.
func Results(h Header, items []admission.Result) *answer.Document {
	body := PolicyResults{Header: h, Summary: emptySummary(), Items: append([]admission.Result{}, items...)}
	table := answer.Table{
		Title:   "What policies say",
		Columns: []string{"result", "policy", "rule", "binding", "actions", "resource", "place", "message"},
		Empty:   "No policy looks at an object.",
	}
	for i := range body.Items {
		r := &body.Items[i]
		r.Actions = append([]string{}, r.Actions...)
		body.Summary[r.Result]++
		table.Rows = append(table.Rows, []string{
			string(r.Result), r.Policy, r.Rule, r.Binding, strings.Join(r.Actions, " "), r.Resource.String(), r.Position.String(), said(r.Message, r.Patch),
		})
	}
	doc := h.document(body, table)
	doc.Text = func(t *answer.Terminal) { resultsText(t, &body) }
	return doc
}

func resultsText(t *answer.Terminal, body *PolicyResults) {
	t.Heading("What policies say", counts(body.Summary))
	if len(body.Items) == 0 {
		t.Line("No policy looks at an object.")
	}
	for i := range body.Items {
		r := &body.Items[i]
		if r.Result == admission.Pass && len(r.Patch) == 0 && !t.All() {
			continue
		}
		policy := t.Bold(r.Policy)
		if r.Binding != "" {
			policy += t.Dim(" by " + r.Binding)
		}
		if r.Result == admission.Fail {
			policy += t.Dim(" " + strings.ToLower(strings.Join(r.Actions, ", ")))
		}
		t.Lead(0, lead(t, r.Result), policy)
		t.Text(2, strings.TrimRight(r.Resource.String()+"  "+t.Dim(r.Position.String()), " "))
		if r.Rule != "" {
			t.Text(2, t.Dim(r.Rule))
		}
		for line := range strings.Lines(r.Message) {
			t.Text(4, strings.TrimRight(line, "\n"))
		}
		patchText(t, 4, r.Patch)
	}
	if n := body.Summary[admission.Pass]; n > 0 && !t.All() {
		t.Line("")
		t.Line(t.Dim(fmt.Sprintf("%s passed: --verbose lists them", display.Plural(n, "result"))))
	}
}

func lead(t *answer.Terminal, o admission.Outcome) answer.Lead {
	paint := t.Dim
	switch o {
	case admission.Pass:
		paint = t.Good
	case admission.Fail, admission.Error:
		paint = t.Bad
	}
	return answer.Lead{Word: string(o), Paint: paint}
}

// counts says how many results of each sort there are: "2 fail, 7 pass".
func counts(summary map[admission.Outcome]int) string {
	var parts []string
	for _, o := range []admission.Outcome{admission.Fail, admission.Error, admission.Unsupported, admission.Skip, admission.Pass} {
		if n := summary[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	return strings.Join(parts, ", ")
}

// ResultSuites are results as tests: a suite for each policy.
func ResultSuites(items []admission.Result) []report.TestSuite {
	var out []report.TestSuite
	index := map[string]int{}
	for _, r := range items {
		i, known := index[r.Policy]
		if !known {
			i = len(out)
			index[r.Policy] = i
			out = append(out, report.TestSuite{Name: r.Policy})
		}
		name := r.Resource.String()
		if r.Binding != "" {
			name += " by " + r.Binding
		}
		if r.Rule != "" {
			name += " " + r.Rule
		}
		out[i].Tests = append(out[i].Tests, report.TestCase{Name: name, Position: r.Position, Status: string(r.Result), Message: r.Message})
	}
	return out
}
