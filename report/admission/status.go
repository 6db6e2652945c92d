package admission

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/harden/enforce"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A PolicyStatus is what is enforced where, and what it did.
type PolicyStatus struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Source says what was read: a context or files.
	Source string                  `json:"source"`
	Items  []enforce.ControlStatus `json:"items"`
	// Observed is what policies did by the audit log; Log says which, and is nil when none was given.
	Observed []enforce.Observation `json:"observed"`
	Log      *Log                  `json:"log,omitempty"`
	Gaps     []inventory.Gap       `json:"gaps"`
}

// A Log is what was read of audit logs.
type Log struct {
	First    time.Time `json:"first,omitzero"`
	Last     time.Time `json:"last,omitzero"`
	Events   int64     `json:"events"`
	Broken   int64     `json:"broken"`
	Complete bool      `json:"complete"`
	// Gaps counts stretches without events that are far longer than usual.
	Gaps int `json:"gaps"`
}

// NewStatus starts the answer about what is installed.
func NewStatus(source string, s *enforce.Status, gaps []inventory.Gap) *PolicyStatus {
	return &PolicyStatus{
		APIVersion: report.APIVersion, Kind: "PolicyStatus", Source: source, Items: s.Controls, Observed: []enforce.Observation{},
		Gaps: append([]inventory.Gap{}, gaps...),
	}
}

// Status is the answer to what is enforced where.
func Status(body *PolicyStatus) *answer.Document {
	table := answer.Table{
		Title: "Policies of controls", Columns: []string{"control", "binding", "stage", "actions", "where", "since", "exceptions", "problems", "drift"},
		Empty: "No control is installed as a policy.",
	}
	for i := range body.Items {
		c := &body.Items[i]
		if len(c.Bindings) == 0 {
			table.Rows = append(table.Rows, []string{c.Control, "", "", "", "", "", "", strings.Join(c.Problems, "; "), drifts(c.Drift)})
		}
		for _, b := range c.Bindings {
			table.Rows = append(table.Rows, []string{
				c.Control, b.Name, string(b.Stage), strings.Join(b.Actions, " "), where(b.Scope), b.Since, grantStates(b.Exceptions),
				strings.Join(append(append([]string{}, c.Problems...), b.Problems...), "; "), drifts(append(append([]enforce.Difference{}, c.Drift...), b.Drift...)),
			})
		}
	}
	doc := &answer.Document{Body: body, Source: body.Source, Tables: []answer.Table{table}}
	if body.Log != nil {
		doc.Tables = append(doc.Tables, observedTable(body.Observed))
		doc.Notes = logNotes(body.Log)
	} else {
		doc.Notes = []string{"what policies denied, warned about or audited is in the API server's audit log: give it with --audit"}
	}
	doc.Remarks = func(all bool) []string { return answer.Remarks(body.Gaps, nil, all) }
	doc.Text = func(t *answer.Terminal) { statusText(t, body) }
	return doc
}

func logNotes(l *Log) []string {
	notes := []string{fmt.Sprintf("audit log: %d events from %s to %s", l.Events, moment(l.First), moment(l.Last))}
	if !l.Complete {
		notes = append(notes, fmt.Sprintf("the audit log could not be read to its end, or has broken records (%d): there may be more", l.Broken))
	}
	return notes
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

func where(s *enforce.Scope) string {
	if s == nil {
		return ""
	}
	return s.String()
}

func grantStates(grants []enforce.GrantState) string {
	var out []string
	for _, g := range grants {
		word := "until "
		if g.Expired {
			word = "expired "
		}
		out = append(out, g.Name+" ("+word+g.Expires+")")
	}
	return strings.Join(out, ", ")
}

// drifts is how fields differ, in one line.
func drifts(all []enforce.Difference) string {
	var out []string
	for _, d := range all {
		out = append(out, drifted(d))
	}
	return strings.Join(out, "; ")
}

func drifted(d enforce.Difference) string {
	text := fmt.Sprintf("%s is %s, not %s", d.Path, value(d.Have), value(d.Want))
	if d.By != "" {
		text += ", by " + d.By
	}
	if d.Since != "" {
		text += " at " + d.Since
	}
	return text
}

// value is a JSON shape in few characters.
func value(v any) string {
	if v == nil {
		return "absent"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "unreadable"
	}
	return display.Cut(string(text), 120)
}

func observedTable(observed []enforce.Observation) answer.Table {
	table := answer.Table{
		Title: "What they did", Columns: []string{"policy", "namespace", "denied", "warned", "audited", "first", "last", "most often"},
		Empty: "The audit log shows no violation.",
	}
	for i := range observed {
		o := &observed[i]
		table.Rows = append(table.Rows, []string{
			o.Policy, o.Namespace, fmt.Sprint(o.Denied), fmt.Sprint(o.Warned), fmt.Sprint(o.Audited), moment(o.First), moment(o.Last), topObjects(o),
		})
	}
	return table
}

func topObjects(o *enforce.Observation) string {
	const shown = 3
	var out []string
	for i, one := range o.Objects {
		if i == shown {
			out = append(out, fmt.Sprintf("and %d more", len(o.Objects)-i))
			break
		}
		name := one.Resource + " " + one.Name
		if one.Name == "" {
			name = one.Resource
		}
		out = append(out, fmt.Sprintf("%s ×%d", name, one.Count))
	}
	return strings.Join(out, ", ")
}

func statusText(t *answer.Terminal, body *PolicyStatus) {
	t.Heading("Controls installed as policies", fmt.Sprint(len(body.Items)))
	if len(body.Items) == 0 {
		t.Line("None: see plimsoll policy install.")
	}
	for i := range body.Items {
		controlText(t, &body.Items[i])
	}
	if body.Log == nil {
		return
	}
	t.Line("")
	t.Heading("What they did", "by the audit log")
	if len(body.Observed) == 0 {
		t.Line("It shows no violation.")
	}
	for i := range body.Observed {
		o := &body.Observed[i]
		place := o.Namespace
		if place == "" {
			place = "no namespace"
		}
		t.Text(2, t.Bold(o.Policy)+"  "+place+"  "+did(o)+"  "+t.Dim("last "+moment(o.Last)))
		t.Text(6, t.Dim(topObjects(o)))
	}
}

func did(o *enforce.Observation) string {
	var out []string
	for _, part := range []struct {
		n    int
		word string
	}{{o.Denied, "denied"}, {o.Warned, "warned"}, {o.Audited, "audited"}} {
		if part.n > 0 {
			out = append(out, fmt.Sprintf("%d %s", part.n, part.word))
		}
	}
	return strings.Join(out, ", ")
}

// controlText shows a control, stage by stage: what its bindings have in common once, and then what is wrong with each.
func controlText(t *answer.Terminal, c *enforce.ControlStatus) {
	if plainStatus(c) && len(stagesOf(c)) == 1 {
		b := c.Bindings[0]
		t.Text(2, t.Bold(c.Control)+"  "+string(b.Stage)+"  "+t.Dim(where(b.Scope)+bindingCount(c.Bindings)))
		grantsText(t, 4, b.Exceptions)
		return
	}
	t.Text(2, t.Bold(c.Control))
	for _, p := range c.Problems {
		t.Text(4, t.Bad(p))
	}
	for _, d := range c.Drift {
		t.Text(4, t.Bad("edited: ")+drifted(d))
	}
	for _, bindings := range stagesOf(c) {
		first := bindings[0]
		stage := string(first.Stage)
		if stage == "" {
			stage = "unknown stage"
		}
		t.Text(4, stage+"  "+t.Dim(where(first.Scope)+bindingCount(bindings)))
		grantsText(t, 6, first.Exceptions)
		for _, b := range bindings {
			for _, p := range b.Problems {
				t.Text(6, t.Bad(b.Name+": ")+p)
			}
			for _, d := range b.Drift {
				t.Text(6, t.Bad(b.Name+" edited: ")+drifted(d))
			}
		}
	}
}

func bindingCount(bindings []enforce.BindingStatus) string {
	if len(bindings) == 1 {
		return ""
	}
	return ", by " + display.Plural(len(bindings), "binding")
}

func grantsText(t *answer.Terminal, indent int, grants []enforce.GrantState) {
	for _, g := range grants {
		if g.Expired {
			t.Text(indent, t.Bad("exception "+g.Name+" expired on "+g.Expires)+": install the control again, which removes it")
		} else {
			t.Text(indent, t.Dim("exception "+g.Name+" until "+g.Expires))
		}
	}
}

// stagesOf groups a control's bindings by stage.
func stagesOf(c *enforce.ControlStatus) [][]enforce.BindingStatus {
	var out [][]enforce.BindingStatus
	for _, b := range c.Bindings {
		i := slices.IndexFunc(out, func(group []enforce.BindingStatus) bool { return group[0].Stage == b.Stage })
		if i < 0 {
			i = len(out)
			out = append(out, nil)
		}
		out[i] = append(out[i], b)
	}
	return out
}

// plainStatus says whether there is nothing about a control that people have to look at.
func plainStatus(c *enforce.ControlStatus) bool {
	if len(c.Problems)+len(c.Drift) > 0 {
		return false
	}
	for _, b := range c.Bindings {
		if len(b.Problems)+len(b.Drift) > 0 {
			return false
		}
		for _, g := range b.Exceptions {
			if g.Expired {
				return false
			}
		}
	}
	return true
}
