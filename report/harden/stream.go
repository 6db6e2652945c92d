package harden

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// commentWidth is how many columns a comment takes at most, unless a word is longer.
const commentWidth = 110

// comment writes a sentence as a YAML comment, over as many lines as it takes. Whatever names hold, it stays a comment.
func comment(w *bytes.Buffer, lead, text string) {
	width := 0
	for _, part := range strings.Fields(display.Clean(text)) {
		switch {
		case width == 0:
			w.WriteString("# " + lead)
			width = 2 + display.Width(lead)
		case width+1+display.Width(part) > commentWidth:
			w.WriteString("\n# " + strings.Repeat(" ", display.Width(lead)))
			width = 2 + display.Width(lead)
		default:
			w.WriteByte(' ')
			width++
		}
		w.WriteString(part)
		width += display.Width(part)
	}
	if width > 0 {
		w.WriteByte('\n')
	}
}

// writeStream writes the objects of all steps, in order, as one stream of YAML.
func writeStream(w io.Writer, h Header, p *plan.Plan) error {
	out := bufio.NewWriter(w)
	var head bytes.Buffer
	comment(&head, "", p.Title+", by "+h.Command+".")
	for _, d := range p.Decisions {
		comment(&head, "- ", "to decide: "+about(&d)+": "+question(&d)+" "+sentences(d.Because))
	}
	for _, s := range p.CannotKnow {
		comment(&head, "- ", "cannot be known: "+s)
	}
	if len(p.Steps) == 0 {
		comment(&head, "", nothing(p))
	}
	_, _ = out.Write(head.Bytes()) // Flush tells the error
	for i := range p.Steps {
		s := &p.Steps[i]
		var b bytes.Buffer
		b.WriteString("---\n")
		comment(&b, "", "Step "+s.Name+": "+s.Title+". "+s.Why)
		stepComments(&b, p, i)
		_, _ = out.Write(b.Bytes())
		for j := range s.Changes {
			if s.Changes[j].Action == plan.Remove {
				continue
			}
			text, err := annotated(&s.Changes[j])
			if err != nil {
				return err
			}
			_, _ = out.WriteString("---\n")
			_, _ = out.Write(text)
		}
	}
	return out.Flush()
}

// stepComments tell what is to be done by hand, and what applying objects cannot do.
func stepComments(b *bytes.Buffer, p *plan.Plan, i int) {
	s := &p.Steps[i]
	for _, text := range s.Before {
		comment(b, "- ", "before: "+text)
	}
	for j := range s.Changes {
		if c := &s.Changes[j]; c.Action == plan.Remove {
			comment(b, "- ", "remove: kubectl delete "+target(c.Object))
			comment(b, "    ", sentences(c.Because))
			if c.Risk != "" {
				comment(b, "    ", "Risk: "+sentences([]string{c.Risk}))
			}
		}
	}
	for _, f := range s.Files {
		comment(b, "- ", "file: "+f.Name+" (--output-dir writes it)")
	}
	for _, text := range s.After {
		comment(b, "- ", "after: "+text)
	}
	for _, text := range s.Undo {
		comment(b, "- ", "undo: "+text)
	}
}

// annotated is one object with the evidence above it.
func annotated(c *plan.Change) ([]byte, error) {
	var b bytes.Buffer
	for _, text := range c.Because {
		comment(&b, "", sentences([]string{text}))
	}
	if what := changed(c); what != "" {
		comment(&b, "", "Sets "+what+".")
	}
	if c.Risk != "" {
		comment(&b, "", "Risk: "+sentences([]string{c.Risk}))
	}
	if c.Text != nil {
		b.Write(c.Text)
		return b.Bytes(), nil
	}
	text, err := answer.YAML(c.Object)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", plan.RefOf(c.Object), err)
	}
	b.Write(text)
	return b.Bytes(), nil
}
