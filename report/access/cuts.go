package access

import (
	"fmt"
	"strconv"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A CutSet answers what to remove so that no path leads to a target.
type CutSet struct {
	Header
	To     Ref       `json:"to"`
	Remove []Removal `json:"remove"`
	// Proven says that nothing smaller would do.
	Proven bool `json:"proven"`
	// Remaining are paths that no removal of bindings or rules closes.
	Remaining []Path `json:"remaining"`
}

// A Removal is a binding, or one rule of a role.
type Removal struct {
	Object  Ref  `json:"object"`
	Rule    *int `json:"rule,omitempty"` // index; none when Object is a binding
	Default bool `json:"default,omitempty"`
}

// Cuts is the answer to what to remove so that no path leads to a target from so many starts.
func Cuts(h Header, c attack.CutSet, starts int) *answer.Document {
	body := CutSet{Header: h, To: *refOf(c.To), Remove: make([]Removal, 0, len(c.Remove)), Proven: c.Proven, Remaining: make([]Path, 0, len(c.Remaining))}
	table := answer.Table{
		Title: "To close all paths to " + attack.Describe(c.To), Columns: []string{"remove", "rule", "note"}, Empty: "Nothing has to be removed.",
	}
	for _, r := range c.Remove {
		out := Removal{Object: *refOf(r.Object), Default: r.Default}
		rule, note := "", ""
		if r.Rule >= 0 {
			out.Rule = &r.Rule
			rule = strconv.Itoa(r.Rule)
		}
		if r.Default {
			note = "installed by Kubernetes, which restores it"
		}
		body.Remove = append(body.Remove, out)
		table.Rows = append(table.Rows, []string{r.Object.String(), rule, note})
	}
	left := answer.Table{Title: "Cannot be closed by RBAC alone", Columns: []string{"from", "path"}}
	for _, p := range c.Remaining {
		body.Remaining = append(body.Remaining, pathOf(p))
		left.Rows = append(left.Rows, []string{attack.Describe(p.From), pathText(p)})
	}
	doc := document(h, body, table)
	if len(left.Rows) > 0 {
		doc.Tables = append(doc.Tables, left)
	}
	if len(c.Remove) > 0 {
		word := "the fewest possible"
		if !c.Proven {
			word = "the fewest that were found: fewer may do"
		}
		doc.Notes = append(doc.Notes, fmt.Sprintf("%s, for %s: %s", display.Plural(len(c.Remove), "removal"), display.Plural(starts, "foothold"), word))
	}
	return doc
}
