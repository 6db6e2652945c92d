package network

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/network/lint"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A LintReport is what is wrong with policies.
type LintReport struct {
	Header
	Summary map[string]int `json:"summary"` // problems by severity
	Items   []lint.Problem `json:"items"`
	// NotJudged are questions that the inventory does not show enough to answer.
	NotJudged []lint.Unjudged `json:"notJudged"`
}

// Lint is the answer to what is wrong with policies.
func Lint(h Header, r *lint.Report) *answer.Document {
	body := LintReport{Header: h, Summary: map[string]int{}, Items: append([]lint.Problem{}, r.Problems...), NotJudged: append([]lint.Unjudged{}, r.Unjudged...)}
	for _, s := range finding.Severities() {
		body.Summary[s.String()] = 0
	}
	for _, p := range r.Problems {
		body.Summary[p.Severity.String()]++
	}
	table := answer.Table{
		Title:   "Problems of network policies",
		Columns: []string{"severity", "kind", "object", "path", "place", "message", "because", "remedy"},
		Empty:   "No problem was found.",
	}
	for _, p := range r.Problems {
		table.Rows = append(table.Rows, []string{
			p.Severity.String(), string(p.Kind), p.Object.String(), string(p.Path), p.Position.String(), p.Message, reasons(p.Because), p.Remedy,
		})
	}
	quiet := h
	quiet.Warnings = nil // they are among the problems
	doc := document(quiet, body, table)
	doc.Notes = unjudgedNotes(r.Unjudged)
	doc.Text = func(t *answer.Terminal) { lintText(t, r.Problems, lintCounts(body.Summary)) }
	return doc
}

func reasons(list []finding.Reason) string {
	var texts []string
	for _, r := range list {
		texts = append(texts, r.Message)
	}
	return strings.Join(texts, "; ")
}

// lintCounts says how many problems there are: "7 problems: 5 medium, 2 low".
func lintCounts(summary map[string]int) string {
	total := 0
	var parts []string
	for _, s := range finding.Severities() {
		if n := summary[s.String()]; n > 0 {
			total += n
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	if total == 0 {
		return "none"
	}
	return display.Plural(total, "problem") + ": " + strings.Join(parts, ", ")
}

// unjudgedNotes tell each reason once, with how many objects it is about.
func unjudgedNotes(list []lint.Unjudged) []string {
	type key struct {
		kind   lint.Kind
		reason string
	}
	var order []key
	objects := map[key][]finding.Ref{}
	for _, u := range list {
		k := key{u.Kind, u.Reason}
		if objects[k] == nil {
			order = append(order, k)
		}
		objects[k] = append(objects[k], u.Object)
	}
	var out []string
	for _, k := range order {
		about := ""
		switch of := objects[k]; {
		case len(of) > 1:
			about = fmt.Sprintf(" of %d objects", len(of))
		case of[0] != (finding.Ref{}):
			about = " of " + of[0].String()
		}
		out = append(out, fmt.Sprintf("not judged: %s%s: %s", k.kind, about, k.reason))
	}
	return out
}

// A lintGroup is the problems of one kind and severity.
type lintGroup struct {
	title, remedy string
	problems      []lint.Problem
}

// lintGroups are the problems by severity and kind, the worst first.
func lintGroups(problems []lint.Problem) []lintGroup {
	var out []lintGroup
	for _, s := range finding.Severities() {
		for _, k := range lint.Kinds() {
			of := slices.DeleteFunc(slices.Clone(problems), func(p lint.Problem) bool { return p.Kind != k.Kind || p.Severity != s })
			if len(of) > 0 {
				out = append(out, lintGroup{k.Title, k.Remedy, of})
			}
		}
	}
	return out
}

// shownProblems is how many problems of a kind are shown, unless everything is asked for.
const shownProblems = 10

func lintText(t *answer.Terminal, problems []lint.Problem, counts string) {
	t.Heading("Problems of network policies", counts)
	if len(problems) == 0 {
		t.Line("No problem was found.")
	}
	for _, g := range lintGroups(problems) {
		t.Line("")
		first := g.problems[0]
		t.Lead(0, answer.Lead{Word: first.Severity.String(), Paint: painter(t, first.Severity)}, fmt.Sprintf("%s: %s", t.Bold(string(first.Kind)), g.title))
		shown := g.problems
		if !t.All() && len(shown) > shownProblems {
			shown = shown[:shownProblems]
		}
		for _, p := range shown {
			lintProblem(t, p, g.title)
		}
		if more := len(g.problems) - len(shown); more > 0 {
			t.Text(2, fmt.Sprintf("and %d more: --verbose lists all", more))
		}
		t.Wrapped(2, "fix: ", g.remedy)
	}
}

func painter(t *answer.Terminal, s finding.Severity) func(string) string {
	if s >= finding.Medium {
		return t.Bad
	}
	return t.Dim
}

func lintProblem(t *answer.Terminal, p lint.Problem, title string) {
	where := p.Object.String()
	if p.Path != "" {
		where += " " + string(p.Path)
	}
	if at := p.Position.String(); at != "" {
		where += "  " + t.Dim(at)
	}
	t.Text(2, where)
	if p.Message != title {
		t.Text(4, p.Message)
	}
	for _, b := range p.Because {
		t.Text(4, t.Dim("because "+b.Message))
	}
}
