package admission

import (
	"fmt"
	"strings"

	"github.com/plimsoll-io/plimsoll/harden/enforce"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A PolicyPromotion is which controls can go to their next stage, and what stands in the way of the others.
type PolicyPromotion struct {
	APIVersion string              `json:"apiVersion"`
	Kind       string              `json:"kind"`
	Cluster    string              `json:"cluster"`
	Days       int                 `json:"days"`
	Written    bool                `json:"written"`
	Items      []enforce.Promotion `json:"items"`
	Changes    []Change            `json:"changes"`
	Log        *Log                `json:"log,omitempty"`
	Gaps       []inventory.Gap     `json:"gaps"`
}

// NewPromotion starts the answer about promotions.
func NewPromotion(cluster string, days int, items []enforce.Promotion, log *Log, gaps []inventory.Gap) *PolicyPromotion {
	return &PolicyPromotion{
		APIVersion: report.APIVersion, Kind: "PolicyPromotion", Cluster: cluster, Days: days, Items: items, Changes: []Change{}, Log: log,
		Gaps: append([]inventory.Gap{}, gaps...),
	}
}

// Promotion is the answer to which controls can go on.
func Promotion(body *PolicyPromotion) *answer.Document {
	table := answer.Table{
		Title: "Promotions", Columns: []string{"control", "from", "to", "where", "in the way: object", "in the way"},
		Empty: "No control is installed at a stage that could be left.",
	}
	for i := range body.Items {
		p := &body.Items[i]
		row := []string{p.Control, string(p.From), string(p.To), p.Scope.String()}
		if len(p.Blockers) == 0 {
			table.Rows = append(table.Rows, append(row, "", "nothing"))
		}
		for _, b := range p.Blockers {
			table.Rows = append(table.Rows, append(append([]string{}, row...), objectOf(b), b.Why))
		}
	}
	doc := &answer.Document{Body: body, Source: body.Cluster, Tables: []answer.Table{table, changeTable(body.Changes)}}
	if body.Log != nil {
		doc.Notes = logNotes(body.Log)
	}
	doc.Remarks = func(all bool) []string { return answer.Remarks(body.Gaps, nil, all) }
	doc.Text = func(t *answer.Terminal) { promotionText(t, body) }
	return doc
}

func objectOf(b enforce.Blocker) string {
	if b.Object == nil {
		return ""
	}
	return b.Object.String()
}

func promotionText(t *answer.Terminal, body *PolicyPromotion) {
	ready := 0
	for i := range body.Items {
		if len(body.Items[i].Blockers) == 0 {
			ready++
		}
	}
	t.Heading("Promotions", fmt.Sprintf("%d of %d can go on", ready, len(body.Items)))
	if len(body.Items) == 0 {
		t.Line("No control is installed at a stage that could be left: see plimsoll policy status.")
	}
	for i := range body.Items {
		promoted(t, &body.Items[i])
	}
	if len(body.Changes) > 0 {
		t.Line("")
		changeText(t, body.Changes, body.Written)
	}
}

func promoted(t *answer.Terminal, p *enforce.Promotion) {
	lead := answer.Lead{Word: display.Pad("ready", len("blocked")), Paint: t.Good}
	if len(p.Blockers) > 0 {
		lead = answer.Lead{Word: "blocked", Paint: t.Bad}
	}
	t.Lead(2, lead, fmt.Sprintf("%s  %s → %s  %s", t.Bold(p.Control), p.From, p.To, t.Dim(p.Scope.String())))
	const shown = 10
	for i, b := range p.Blockers {
		if i == shown && !t.All() {
			t.Text(11, t.Dim(fmt.Sprintf("and %d more: see -v", len(p.Blockers)-i)))
			return
		}
		t.Text(11, strings.TrimSpace(objectOf(b)+"  "+b.Why))
	}
}
