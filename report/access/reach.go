package access

import (
	"strconv"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
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
func ReachOf(h Header, from finding.Ref, list []attack.Reached) *Document {
	body := Reach{Header: h, From: *refOf(from), Items: make([]Reached, 0, len(list))}
	table := Table{
		Title: "What follows from " + attack.Describe(from), Columns: []string{"steps", "foothold"}, Empty: "Nothing follows from it, as far as can be seen.",
	}
	for _, r := range list {
		body.Items = append(body.Items, Reached{*refOf(r.Foothold), r.Steps})
		table.Rows = append(table.Rows, []string{strconv.Itoa(r.Steps), attack.Describe(r.Foothold)})
	}
	return &Document{Body: body, Tables: []Table{table}, Notes: h.notes(), Unseen: h.Unseen}
}
