package access

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A UsageReport answers what is granted and was never used.
type UsageReport struct {
	Header
	Log
	Items []SubjectUsage `json:"items"`
}

// A Log says what was observed, and how well.
type Log struct {
	First    time.Time             `json:"first"`
	Last     time.Time             `json:"last"`
	Events   int64                 `json:"events"`
	Broken   int64                 `json:"broken"`
	Examples []auditlog.Broken     `json:"brokenExamples"`
	Missing  []auditlog.Incomplete `json:"incomplete"`
	LogGaps  []auditlog.Gap        `json:"logGaps"`
	Notes    []usage.Warning       `json:"notes"`
}

// A SubjectUsage is what a subject has, and used.
type SubjectUsage struct {
	usage.SubjectReport
	Subject Subject      `json:"subject"`
	Grants  []GrantUsage `json:"grants"`
}

// A GrantUsage is what was used of one binding.
type GrantUsage struct {
	Binding *Ref `json:"binding"`
	Role    *Ref `json:"role"`
	usage.GrantReport
}

func logOf(s *auditlog.Summary, notes []usage.Warning) Log {
	l := Log{
		First: s.First, Last: s.Last, Events: s.Events, Broken: s.Broken, Examples: s.FirstBroken, Missing: s.Incomplete, LogGaps: s.Gaps, Notes: notes,
	}
	if l.Examples == nil {
		l.Examples = []auditlog.Broken{}
	}
	if l.Missing == nil {
		l.Missing = []auditlog.Incomplete{}
	}
	if l.LogGaps == nil {
		l.LogGaps = []auditlog.Gap{}
	}
	if l.Notes == nil {
		l.Notes = []usage.Warning{}
	}
	return l
}

// window is what was observed, for people.
func (l Log) window() string {
	if l.First.IsZero() {
		return fmt.Sprintf("%d events without a time", l.Events)
	}
	days := l.Last.Sub(l.First).Hours() / 24
	return fmt.Sprintf("%s from %s to %s (%.1f days)", display.Plural(int(l.Events), "event"),
		l.First.UTC().Format(time.DateTime), l.Last.UTC().Format(time.DateTime), days)
}

func (l Log) notes() []string {
	out := []string{"observed: " + l.window()}
	for _, w := range l.Notes {
		out = append(out, w.Message)
	}
	for _, m := range l.Missing {
		out = append(out, fmt.Sprintf("not read to its end: %s: %s", m.File, m.Reason))
	}
	for _, b := range l.Examples {
		out = append(out, fmt.Sprintf("broken: %s line %d: %s", b.File, b.Line, b.Reason))
	}
	if more := l.Broken - int64(len(l.Examples)); more > 0 {
		out = append(out, fmt.Sprintf("and %d more broken records", more))
	}
	return out
}

// Unused is the answer to what is granted and was never used.
func Unused(h Header, summary *auditlog.Summary, r *usage.Report) *answer.Document {
	body := UsageReport{Header: h, Log: logOf(summary, r.Warnings), Items: make([]SubjectUsage, 0, len(r.Subjects))}
	table := answer.Table{
		Title: "Granted and not used", Columns: []string{"subject", "binding", "role", "rule", "unused", "last used"},
		Empty: "Everything that bindings grant was used.",
	}
	for _, s := range r.Subjects {
		item := SubjectUsage{SubjectReport: s, Subject: subjectOf(s.Subject), Grants: make([]GrantUsage, 0, len(s.Grants))}
		for _, g := range s.Grants {
			if g.Rules == nil { // of a role that is not there
				g.Rules = []usage.RuleReport{}
			}
			for i := range g.Rules {
				if g.Rules[i].Used == nil {
					g.Rules[i].Used = []*usage.Use{}
				}
			}
			item.Grants = append(item.Grants, GrantUsage{refOf(g.Binding.Ref), refOf(g.Binding.RoleRef), g})
			table.Rows = append(table.Rows, unusedRows(s.Subject, g)...)
		}
		if item.Warnings == nil {
			item.Warnings = []usage.Warning{}
		}
		body.Items = append(body.Items, item)
	}
	doc := document(h, body, table)
	doc.Notes = body.Log.notes()
	doc.Text = func(t *answer.Terminal) { unusedText(t, r) }
	return doc
}

func unusedRows(s rbac.Subject, g usage.GrantReport) [][]string {
	head := []string{s.String(), g.Binding.String(), g.Binding.RoleRef.String()}
	if g.Unused {
		return [][]string{append(head, "all", "everything", lastUsed(g.Last))}
	}
	var out [][]string
	for _, rule := range g.Rules {
		if what := unusedOf(rule); what != "" {
			out = append(out, append(head[:3:3], fmt.Sprint(rule.Rule), what, lastUsed(rule.Last)))
		}
	}
	return out
}

// unusedOf says in words what of a rule was not used, "" when all of it was.
func unusedOf(r usage.RuleReport) string {
	if r.Unused {
		return "the whole rule"
	}
	var parts []string
	add := func(what string, list []string) {
		if len(list) > 0 {
			parts = append(parts, what+" "+strings.Join(list, ", "))
		}
	}
	add("verbs", r.UnusedVerbs)
	add("resources", r.UnusedResources)
	add("names", r.UnusedNames)
	add("paths", r.UnusedPaths)
	add("", r.UnusedCombinations)
	text := strings.TrimSpace(strings.Join(parts, "; "))
	if r.Truncated {
		text += " and more"
	}
	return text
}

func lastUsed(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.DateTime)
}

// unusedText tells it subject by subject.
func unusedText(t *answer.Terminal, r *usage.Report) {
	t.Heading("Used against granted", unusedCounts(r))
	for i, s := range r.Subjects {
		if i >= answer.Shown && !t.All() {
			t.Line("")
			t.Wrapped(0, "", fmt.Sprintf("… and %d more subjects: --verbose shows all", len(r.Subjects)-i))
			return
		}
		if len(s.Grants) == 0 && len(s.Elsewhere) == 0 {
			continue
		}
		t.Line("")
		seen := "never seen"
		if s.Seen {
			seen = "last seen " + lastUsed(s.Last)
		}
		t.Text(0, s.Subject.String()+"  "+seen)
		for _, g := range s.Grants {
			unusedGrant(t, g)
		}
		for _, w := range s.Warnings {
			t.Wrapped(2, "! ", w.Message)
		}
	}
}

// unusedCounts says how much of what is granted was never used.
func unusedCounts(r *usage.Report) string {
	bindings, unusedBindings, rules, unusedRules := 0, 0, 0, 0
	for _, s := range r.Subjects {
		for _, g := range s.Grants {
			bindings++
			if g.Unused {
				unusedBindings++
			}
			for _, rule := range g.Rules {
				rules++
				if rule.Unused {
					unusedRules++
				}
			}
		}
	}
	return fmt.Sprintf("%s, %d never used · %s in them, %d never used",
		display.Plural(bindings, "assignment"), unusedBindings, display.Plural(rules, "rule"), unusedRules)
}

func unusedGrant(t *answer.Terminal, g usage.GrantReport) {
	name := g.Binding.String() + " → " + g.Binding.RoleRef.String()
	if g.Unused {
		t.Lead(2, answer.Lead{Word: "unused", Paint: t.Bad}, name)
		return
	}
	t.Lead(2, answer.Lead{Word: "used  ", Paint: t.Good}, name+"  "+lastUsed(g.Last))
	var whole []string
	for _, r := range g.Rules {
		switch what := unusedOf(r); {
		case r.Unused:
			whole = append(whole, strconv.Itoa(r.Rule))
		case what != "":
			t.Wrapped(10, "", fmt.Sprintf("rule %d, not used: %s", r.Rule, what))
		}
	}
	if len(whole) > 0 {
		word := "rule "
		if len(whole) > 1 {
			word = "rules "
		}
		t.Wrapped(10, "", word+strings.Join(whole, ", ")+": nothing of it was used")
	}
}
