package access

import (
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A Decision answers whether a subject can do something.
type Decision struct {
	Header
	Subject Subject `json:"subject"`
	Request Request `json:"request"`
	// Allowed is false too where a gap may hide the right: Unknown says so.
	Allowed bool    `json:"allowed"`
	Unknown bool    `json:"unknown"`
	Via     []Grant `json:"via"`
}

// Can is the answer to "can this subject": the grants that allow it, none when nothing does.
func Can(h Header, s rbac.Subject, r rbac.Request, grants []rbac.Grant) (*answer.Document, Decision) {
	body := Decision{
		Header: h, Subject: subjectOf(s), Request: requestOf(r), Allowed: len(grants) > 0, Via: grantsOf(grants),
		Unknown: len(grants) == 0 && len(h.Inventory.Gaps) > 0,
	}
	table := answer.Table{Title: "Grants", Columns: []string{"as", "by", "role", "rule"}, Empty: "No binding grants it."}
	for _, g := range grants {
		table.Rows = append(table.Rows, append([]string{g.Subject.String()}, grantCells(g)...))
	}
	doc := document(h, body, table)
	doc.Text = func(t *answer.Terminal) {
		verdict := answer.Lead{Word: "no", Paint: t.Bad}
		switch {
		case body.Allowed:
			verdict = answer.Lead{Word: "yes", Paint: t.Good}
		case body.Unknown:
			verdict = answer.Lead{Word: "unknown", Paint: t.Bad}
		}
		t.Lead(0, verdict, s.String()+" "+r.String())
		if body.Allowed {
			grantLines(t, grants, s)
		} else {
			t.Line("  " + table.Empty)
		}
	}
	return doc, body
}
