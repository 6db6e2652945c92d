package access

import (
	"fmt"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// DiffOf is the answer to which rights subjects gained and lost, and which paths were opened and closed.
func DiffOf(h Header, changes []rbac.Change, paths []attack.Change) *answer.Document {
	body := Diff{Header: h, Items: make([]Change, 0, len(changes)), Opened: []Path{}, Closed: []Path{}}
	rights := answer.Table{Columns: []string{"subject", "change", "right", "by"}, Empty: "No subject gained or lost a right."}
	gained, lost := 0, 0
	for _, c := range changes {
		body.Items = append(body.Items, Change{subjectOf(c.Subject), deltasOf(c.Gained), deltasOf(c.Lost)})
		gained, lost = gained+len(c.Gained), lost+len(c.Lost)
		for _, d := range c.Gained {
			rights.Rows = append(rights.Rows, []string{c.Subject.String(), "gained", deltaText(d), bindingsText(d.Grants, c.Subject)})
		}
		for _, d := range c.Lost {
			rights.Rows = append(rights.Rows, []string{c.Subject.String(), "lost", deltaText(d), bindingsText(d.Grants, c.Subject)})
		}
	}
	rights.Title = fmt.Sprintf("RBAC: %s gained, %d lost", display.Plural(gained, "right"), lost)
	ways := answer.Table{Columns: []string{"change", "from", "to", "path"}, Empty: "No path was opened or closed."}
	for _, c := range paths {
		word := "closed"
		if c.Opened {
			word = "opened"
			body.Opened = append(body.Opened, pathOf(c.Path))
		} else {
			body.Closed = append(body.Closed, pathOf(c.Path))
		}
		text := pathText(c.Path)
		if c.Blocked != nil {
			text += fmt.Sprintf(" (now blocked by %v)", c.Blocked.Blocks())
		}
		ways.Rows = append(ways.Rows, []string{word, attack.Describe(c.From), attack.Describe(c.To), text})
	}
	ways.Title = fmt.Sprintf("Escalation: %s opened, %d closed", display.Plural(len(body.Opened), "path"), len(body.Closed))
	return document(h, body, rights, ways)
}
