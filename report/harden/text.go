package harden

import (
	"fmt"

	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// fewChanges is how many changes of a step a terminal shows, unless everything is asked for.
const fewChanges = 20

// write writes a plan for terminals: what leads to it, the steps, and what is left to people.
func write(t *answer.Terminal, p *plan.Plan, first []answer.Table) {
	for i := range first {
		t.Table(&first[i])
		t.Line("")
	}
	t.Heading(p.Title, t.Dim(Size(p)))
	if len(p.Steps) == 0 {
		t.Text(0, nothing(p))
	}
	for i := range p.Steps {
		t.Line("")
		writeStep(t, &p.Steps[i])
	}
	if len(p.Decisions) == 0 {
		return
	}
	t.Line("")
	t.Heading("To decide", t.Dim("by a person; not in any step"))
	for i, d := range p.Decisions {
		if i == fewChanges && len(p.Decisions) > fewChanges+1 && !t.All() {
			t.Wrapped(2, "", fmt.Sprintf("… and %s: --verbose shows all", display.Plural(len(p.Decisions)-i, "more decision")))
			break
		}
		t.Lead(2, answer.Lead{Word: "?", Paint: t.Bold}, about(&d)+": "+d.Question)
		if text := sentences(d.Because); text != "" {
			t.Wrapped(5, "", text)
		}
	}
}

func writeStep(t *answer.Terminal, s *plan.Step) {
	t.Heading(s.Name, s.Title)
	if s.Why != "" {
		t.Wrapped(2, "", s.Why)
	}
	notes(t, "before", s.Before)
	for i := range s.Changes {
		if i == fewChanges && len(s.Changes) > fewChanges+1 && !t.All() {
			t.Wrapped(2, "", fmt.Sprintf("… and %s: --verbose shows all", display.Plural(len(s.Changes)-i, "more change")))
			break
		}
		writeChange(t, &s.Changes[i])
	}
	for _, f := range s.Files {
		t.Lead(2, answer.Lead{Word: "write ", Paint: t.Bold}, f.Name)
	}
	notes(t, "after", s.After)
	notes(t, "undo", s.Undo)
}

func notes(t *answer.Terminal, word string, list []string) {
	for _, s := range list {
		t.Lead(2, answer.Lead{Word: display.Pad(word, 6), Paint: t.Dim}, s)
	}
}

func writeChange(t *answer.Terminal, c *plan.Change) {
	paint := t.Good
	if c.Action == plan.Remove {
		paint = t.Bad
	}
	text := plan.RefOf(c.Object).String()
	if what := changed(c); what != "" {
		text += "  " + what
	}
	t.Lead(2, answer.Lead{Word: display.Pad(string(c.Action), 6), Paint: paint}, text)
	if why := sentences(c.Because); why != "" {
		t.Wrapped(10, "", why)
	}
	if c.Risk != "" {
		t.Lead(10, answer.Lead{Word: "risk", Paint: t.Bad}, c.Risk)
	}
}

// Size says how large a plan is: "3 steps, 12 changes, 1 decision".
func Size(p *plan.Plan) string {
	changes := 0
	for _, s := range p.Steps {
		changes += len(s.Changes)
	}
	text := display.Plural(len(p.Steps), "step") + ", " + display.Plural(changes, "change")
	if n := len(p.Decisions); n > 0 {
		text += ", " + display.Plural(n, "decision")
	}
	return text
}
