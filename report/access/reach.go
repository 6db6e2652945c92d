package access

import (
	"slices"
	"strconv"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A Reach answers what an attacker gets from a foothold.
type Reach struct {
	Header
	From  Ref       `json:"from"`
	Items []Reached `json:"items"`
}

// A Reached is what can be had, and in how many steps at least.
type Reached struct {
	Foothold Ref `json:"foothold"`
	Steps    int `json:"steps"`
}

// ReachOf is the answer to what follows from a foothold.
func ReachOf(h Header, from finding.Ref, list []attack.Reached) *answer.Document {
	body := Reach{Header: h, From: *refOf(from), Items: make([]Reached, 0, len(list))}
	table := answer.Table{
		Title: "What follows from " + attack.Describe(from), Columns: []string{"steps", "foothold"}, Empty: "Nothing follows from it, as far as can be seen.",
	}
	admin := slices.IndexFunc(list, func(r attack.Reached) bool { return r.Foothold == attack.ClusterAdmin })
	implied := 0
	for _, r := range list {
		body.Items = append(body.Items, Reached{*refOf(r.Foothold), r.Steps})
		if admin >= 0 && r.Steps >= list[admin].Steps && r.Foothold.Kind != attack.GoalKind {
			implied++
			continue
		}
		table.Rows = append(table.Rows, []string{strconv.Itoa(r.Steps), attack.Describe(r.Foothold)})
	}
	doc := document(h, body, table)
	if implied > 0 {
		doc.Notes = append(doc.Notes, "and, being cluster-admin, everything else: "+display.Plural(implied, "further foothold"))
	}
	return doc
}
