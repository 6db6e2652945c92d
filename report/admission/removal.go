package admission

import (
	"fmt"

	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A PolicyRemoval is what is, or would be, removed.
type PolicyRemoval struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Cluster    string   `json:"cluster"`
	Written    bool     `json:"written"`
	Changes    []Change `json:"changes"`
	// Left says what stays, and why.
	Left []string `json:"left"`
}

// Removal is the answer to what is, or would be, removed.
func Removal(cluster string, written bool, changes []Change, left []string) *answer.Document {
	body := &PolicyRemoval{
		APIVersion: report.APIVersion, Kind: "PolicyRemoval", Cluster: cluster, Written: written, Changes: append([]Change{}, changes...), Left: append([]string{}, left...),
	}
	doc := &answer.Document{Body: body, Source: cluster, Tables: []answer.Table{changeTable(body.Changes)}, Notes: body.Left}
	doc.Text = func(t *answer.Terminal) {
		if len(body.Changes) == 0 {
			t.Heading("Changes", "0")
			t.Line(fmt.Sprintf("Plimsoll installed nothing in %s that is to be removed.", cluster))
			return
		}
		changeText(t, body.Changes, body.Written)
	}
	return doc
}
