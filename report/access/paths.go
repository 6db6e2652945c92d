package access

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
	"github.com/plimsoll-io/plimsoll/report/answer"
	"github.com/plimsoll-io/plimsoll/report/graph"
)

// EscalationPaths answers how footholds lead to a target.
type EscalationPaths struct {
	Header
	To    Ref    `json:"to"`
	Items []Path `json:"items"`
	// More says why there may be further paths, "" when Items are all that were asked for.
	More string `json:"more"`
}

// A Path is one way from a foothold to the target.
type Path struct {
	From Ref `json:"from"`
	To   Ref `json:"to"`
	// Blocked says that admission refuses one of its steps.
	Blocked bool   `json:"blocked"`
	Steps   []Step `json:"steps"`
}

// A Step is one technique applied; Because proves it.
type Step struct {
	Technique    string             `json:"technique"`
	Title        string             `json:"title"`
	From         Ref                `json:"from"`
	To           Ref                `json:"to"`
	Because      []finding.Reason   `json:"because"`
	Alternatives [][]finding.Reason `json:"alternatives,omitempty"`
	Cut          string             `json:"cut,omitempty"`
	MITRE        string             `json:"mitre"`
}

// A PathList is what to write about paths to one target.
type PathList struct {
	To    finding.Ref
	Paths []attack.Path
	More  string
	// Each says that the paths are the shortest of many footholds, and not all of one.
	Each bool
	// Hidden is how many paths of Kubernetes' own identities were left out.
	Hidden int
}

// Paths is the answer to how footholds lead to a target. Starts without a path are not listed.
func Paths(h Header, list PathList, picture func(page bool) *graph.Graph) *answer.Document {
	body := EscalationPaths{Header: h, To: *refOf(list.To), Items: make([]Path, 0, len(list.Paths)), More: list.More}
	table := answer.Table{
		Title:   "Paths to " + attack.Describe(list.To),
		Columns: []string{"from", "steps", "path", "blocked by"}, Empty: "No path leads there, as far as can be seen.",
	}
	for _, p := range list.Paths {
		body.Items = append(body.Items, pathOf(p))
		table.Rows = append(table.Rows, []string{
			attack.Describe(p.From), strconv.Itoa(len(p.Steps)), pathText(p), strings.Join(p.Blocks(), "; "),
		})
	}
	doc := document(h, body, table)
	doc.Picture = picture
	if list.More != "" {
		doc.Notes = append([]string{list.More}, doc.Notes...)
	}
	if list.Hidden > 0 {
		doc.Notes = append([]string{fmt.Sprintf("%s of Kubernetes itself also lead there: --verbose lists them",
			display.Plural(list.Hidden, "identity"))}, doc.Notes...)
	}
	doc.Text = func(t *answer.Terminal) {
		if list.Each && len(list.Paths) > 0 {
			pathSummary(t, list)
		} else {
			pathDetails(t, list, table.Empty)
		}
	}
	return doc
}

func pathOf(p attack.Path) Path {
	out := Path{From: *refOf(p.From), To: *refOf(p.To), Blocked: p.Blocked(), Steps: make([]Step, 0, len(p.Steps))}
	for _, s := range p.Steps {
		step := Step{
			Technique: s.Technique.ID, Title: s.Technique.Title, MITRE: s.Technique.MITRE, From: *refOf(s.From), To: *refOf(s.To),
			Because: s.Because, Alternatives: s.Alternatives, Cut: s.Cut,
		}
		if step.Because == nil {
			step.Because = []finding.Reason{}
		}
		out.Steps = append(out.Steps, step)
	}
	return out
}

// pathText is a path on one line: "mint-token → ServiceAccount kube-system/operator · cluster-admin → …".
func pathText(p attack.Path) string {
	if len(p.Steps) == 0 {
		return "is there already"
	}
	parts := make([]string, 0, len(p.Steps))
	for i, s := range p.Steps {
		part := s.Technique.ID
		if i < len(p.Steps)-1 {
			part += " → " + attack.Describe(s.To)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " · ")
}

// pathSummary lists many footholds by how far they are.
func pathSummary(t *answer.Terminal, list PathList) {
	t.Heading("Paths to "+attack.Describe(list.To), display.Plural(len(list.Paths), "foothold"))
	steps := -1
	for i, p := range list.Paths {
		if i >= answer.Shown && !t.All() {
			t.Line("")
			t.Wrapped(0, "", fmt.Sprintf("… and %d more: --verbose shows all, --from FOOTHOLD shows the proof", len(list.Paths)-i))
			return
		}
		if len(p.Steps) != steps {
			steps = len(p.Steps)
			t.Line("")
			t.Line(t.Dim("in " + display.Plural(steps, "step")))
		}
		t.Text(0, attack.Describe(p.From))
		t.Wrapped(4, "", pathText(p))
		for _, b := range p.Blocks() {
			t.Wrapped(4, "blocked: ", b)
		}
	}
	t.Line("")
	t.Wrapped(0, "", "--from FOOTHOLD shows the proof of each step")
}
