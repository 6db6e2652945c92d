// Package harden writes plans of hardening: as documents that package answer shows, and as folders of manifests to apply
// one after the other.
package harden

import (
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// Kind is the kind of a plan as a machine-readable answer.
const Kind = "HardeningPlan"

// A Header starts every machine-readable plan.
type Header struct {
	APIVersion string           `json:"apiVersion"`
	Kind       string           `json:"kind"`
	Inventory  answer.Inventory `json:"inventory"`
	// Command is how the plan is made again: "plimsoll harden namespaces".
	Command string `json:"-"`
}

// HeaderOf starts a plan for an inventory. Only the gaps that can hide something of these kinds are named. A plan for
// nothing that exists, as for a new cluster, has no inventory: nil.
func HeaderOf(command string, inv *inventory.Inventory, reads []schema.GroupKind) Header {
	h := Header{APIVersion: report.APIVersion, Kind: Kind, Command: command}
	if inv == nil {
		h.Inventory = answer.Inventory{Source: inventory.Source{Names: []string{}}, Gaps: []inventory.Gap{}}
		return h
	}
	h.Inventory = answer.InventoryOf(inv, reads)
	return h
}

// A Body is a plan for programs.
type Body struct {
	Header
	Title      string     `json:"title"`
	Steps      []Step     `json:"steps"`
	Decisions  []Decision `json:"decisions"`
	CannotKnow []string   `json:"cannotKnow"`
}

// A Step is one step of a plan.
type Step struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Why     string   `json:"why"`
	Before  []string `json:"before"`
	Changes []Change `json:"changes"`
	Files   []File   `json:"files"`
	After   []string `json:"after"`
	Undo    []string `json:"undo"`
	// Reverts take the changes back, in this order.
	Reverts []Revert `json:"reverts"`
}

// A Change is one change of an object.
type Change struct {
	Action   plan.Action       `json:"action"`
	Object   map[string]any    `json:"object"`
	Position *finding.Position `json:"position,omitempty"` // of the object as it is
	Fields   []finding.Path    `json:"fields"`
	Because  []string          `json:"because"`
	Risk     string            `json:"risk"`
}

// A Revert takes a change back: an object to create, a JSON merge patch for one to update, or the name of one to remove.
type Revert struct {
	Action  plan.Action    `json:"action"`
	Object  map[string]any `json:"object"`
	Unknown string         `json:"unknown,omitempty"` // why it cannot
}

// A File is a file that is no Kubernetes object.
type File struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// A Decision is a question to a person.
type Decision struct {
	Object   *finding.Ref      `json:"object,omitempty"`
	Path     finding.Path      `json:"path"`
	Position *finding.Position `json:"position,omitempty"`
	Question string            `json:"question"`
	Because  []string          `json:"because"`
}

// BodyOf is a plan for programs.
func BodyOf(h Header, p *plan.Plan) Body {
	body := Body{Header: h, Title: p.Title, Steps: []Step{}, Decisions: []Decision{}, CannotKnow: append([]string{}, p.CannotKnow...)}
	for i := range p.Steps {
		body.Steps = append(body.Steps, stepOf(p, i))
	}
	for _, d := range p.Decisions {
		one := Decision{Path: d.Path, Position: known(d.Position), Question: d.Question, Because: append([]string{}, d.Because...)}
		if d.Object != (finding.Ref{}) {
			one.Object = &d.Object
		}
		body.Decisions = append(body.Decisions, one)
	}
	return body
}

func stepOf(p *plan.Plan, i int) Step {
	s := &p.Steps[i]
	out := Step{
		Name: s.Name, Title: s.Title, Why: s.Why, Before: append([]string{}, s.Before...), After: append([]string{}, s.After...),
		Undo: append([]string{}, s.Undo...), Changes: []Change{}, Files: []File{}, Reverts: []Revert{},
	}
	for _, c := range s.Changes {
		one := Change{
			Action: c.Action, Object: c.Object, Fields: append([]finding.Path{}, c.Fields...),
			Because: append([]string{}, c.Because...), Risk: c.Risk,
		}
		if c.Source != nil {
			one.Position = known(c.Source.Origin)
		}
		out.Changes = append(out.Changes, one)
	}
	for _, f := range s.Files {
		out.Files = append(out.Files, File{Name: f.Name, Text: string(f.Text)})
	}
	for _, r := range p.Reverts(i) {
		out.Reverts = append(out.Reverts, Revert(r))
	}
	return out
}

func known(p finding.Position) *finding.Position {
	if p == (finding.Position{}) {
		return nil
	}
	return &p
}

// Of is a plan as a document. As YAML it is the objects, step after step, ready to apply.
func Of(h Header, p *plan.Plan) *answer.Document {
	return document(h, p, BodyOf(h, p), nil)
}

// document is a plan with a body of its own, after tables that lead to it.
func document(h Header, p *plan.Plan, body any, first []answer.Table) *answer.Document {
	doc := &answer.Document{
		Body: body, Tables: append(first, tables(p)...), Unseen: p.CannotKnow, Limits: "A plan knows what was read and no more",
		Remarks:  func(all bool) []string { return answer.Remarks(h.Inventory.Gaps, nil, all) },
		Text:     func(t *answer.Terminal) { write(t, p, first) },
		Manifest: func(w io.Writer) error { return writeStream(w, h, p) },
	}
	if len(h.Inventory.Source.Names) > 0 {
		doc.Source = h.Inventory.Line(p.Title)
	}
	return doc
}

// tables are the plan for spreadsheets and pull requests: what to do in which order, each change, and what to decide.
func tables(p *plan.Plan) []answer.Table {
	steps := answer.Table{
		Title: p.Title, Columns: []string{"step", "what", "why", "before", "after", "undo"}, Empty: nothing(p),
	}
	changes := answer.Table{
		Title: "Changes", Columns: []string{"step", "action", "object", "change", "because", "risk"}, Empty: "No object changes.",
	}
	for _, s := range p.Steps {
		steps.Rows = append(steps.Rows, []string{
			s.Name, s.Title, s.Why, sentences(s.Before), sentences(s.After), sentences(s.Undo),
		})
		for _, c := range s.Changes {
			changes.Rows = append(changes.Rows, []string{
				s.Name, string(c.Action), plan.RefOf(c.Object).String(), changed(&c), sentences(c.Because), c.Risk,
			})
		}
		for _, f := range s.Files {
			changes.Rows = append(changes.Rows, []string{s.Name, "write", f.Name, display.Plural(strings.Count(string(f.Text), "\n"), "line"), "", ""})
		}
	}
	decisions := answer.Table{Title: "To decide", Columns: []string{"about", "question", "because"}, Empty: "There is nothing to decide."}
	for _, d := range p.Decisions {
		decisions.Rows = append(decisions.Rows, []string{about(&d), d.Question, sentences(d.Because)})
	}
	return slices.DeleteFunc([]answer.Table{steps, changes, decisions}, func(t answer.Table) bool {
		return len(t.Rows) == 0 && t.Title != p.Title
	})
}
