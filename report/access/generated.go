package access

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac/usage"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A RolePlan answers which roles a subject needs.
type RolePlan struct {
	Header
	Log
	*usage.Plan
	Subject Subject `json:"subject"`
	// Superfluous are the bindings that the plan replaces.
	Superfluous []Ref `json:"replaces"`
}

// Generated is the answer to which roles a subject needs. As YAML it is the objects, ready to apply.
func Generated(h Header, summary *auditlog.Summary, p *usage.Plan) *answer.Document {
	body := RolePlan{Header: h, Log: logOf(summary, p.Warnings), Plan: p, Subject: subjectOf(p.Subject), Superfluous: []Ref{}}
	if p.Objects == nil || p.Warnings == nil {
		filled := *p
		filled.Objects, filled.Warnings = append([]map[string]any{}, p.Objects...), append([]usage.Warning{}, p.Warnings...)
		body.Plan = &filled
	}
	for _, b := range p.Replaces {
		body.Superfluous = append(body.Superfluous, *refOf(b.Ref))
	}
	notes := body.Log.notes()
	for _, b := range p.Replaces {
		notes = append(notes, "replaces what "+b.String()+" grants: take "+p.Subject.String()+" out of it")
	}
	for _, r := range p.Ungrantable {
		notes = append(notes, "was used and cannot be granted alone: "+r.String())
	}
	if len(p.Objects) == 0 {
		notes = append(notes, fmt.Sprintf("nothing to write: %d rights were used, and existing roles grant them all", p.Covered))
	}
	table := answer.Table{Title: "Roles for " + p.Subject.String(), Columns: []string{"object", "rules"}, Empty: "Nothing is missing."}
	for _, o := range p.Objects {
		table.Rows = append(table.Rows, []string{objectName(o), rulesOf(o)})
	}
	doc := document(h, body, table)
	doc.Notes = notes
	doc.Manifest = func(w io.Writer) error { return writeObjects(w, doc.AllNotes(true), p.Objects) }
	return doc
}

func objectName(o map[string]any) string {
	name := inventory.String(o, "metadata", "name")
	if ns := inventory.String(o, "metadata", "namespace"); ns != "" {
		name = ns + "/" + name
	}
	return inventory.String(o, "kind") + " " + name
}

// rulesOf is a role's rules in words; a binding has none.
func rulesOf(o map[string]any) string {
	var out []string
	for _, item := range inventory.List(o, "rules") {
		rule, _ := item.(map[string]any)
		var parts []string
		for _, field := range []string{"verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"} {
			if list, ok := rule[field].([]any); ok {
				parts = append(parts, fmt.Sprintf("%s %v", field, list))
			}
		}
		out = append(out, strings.Join(parts, " "))
	}
	return strings.Join(out, "; ")
}

// writeObjects writes the notes as comments and then the objects.
func writeObjects(w io.Writer, notes []string, objects []map[string]any) error {
	for _, note := range notes {
		if _, err := fmt.Fprintf(w, "# %s\n", strings.Join(strings.Fields(note), " ")); err != nil {
			return err
		}
	}
	for _, o := range objects {
		text, err := answer.YAML(o)
		if err != nil {
			return fmt.Errorf("write %s: %w", objectName(o), err)
		}
		if _, err := fmt.Fprintf(w, "---\n%s", text); err != nil {
			return err
		}
	}
	return nil
}
