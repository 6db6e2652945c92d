// Package rehearsal writes what a change would break: as a table on a terminal, for pull requests and for programs.
package rehearsal

import (
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rehearse"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A Body is the machine-readable answer.
type Body struct {
	APIVersion string           `json:"apiVersion"`
	Kind       string           `json:"kind"`
	Verdict    rehearse.Verdict `json:"verdict"`
	// Inventory is what the change was rehearsed against.
	Inventory answer.Inventory `json:"inventory"`
	Changes   []Change         `json:"changes"`
	// Breaks are what works now and would not; they make the verdict.
	Breaks []Break `json:"breaks"`
	// Warned are what would only be warned of or noted, Already what is refused today, too.
	Warned  []Break `json:"warned"`
	Already []Break `json:"already"`
	// Unknown are things of which it cannot be said whether they break, NotRehearsed changes of kinds that are not rehearsed.
	Unknown      []Doubt       `json:"unknown"`
	NotRehearsed []finding.Ref `json:"notRehearsed"`
	Covered      []Covered     `json:"covered"`
	CannotKnow   []string      `json:"cannotKnow"`
	Notes        []string      `json:"notes"`
	// Gaps are what of the change could not be read.
	Gaps []inventory.Gap `json:"gaps"`
}

// A Change is one object of the change; Act is "added", "changed" or "removed".
type Change struct {
	finding.Ref
	Act      string           `json:"act"`
	Position finding.Position `json:"position,omitzero"`
	// Breaks is how much it breaks.
	Breaks int   `json:"breaks"`
	Count  int64 `json:"count"`
}

// A Break is one thing that would not work any more: an object, requests or connections.
type Break struct {
	Change  finding.Ref   `json:"change"`
	Changes []finding.Ref `json:"changes,omitempty"` // all that are to blame, where there are several
	Sort    string        `json:"sort"`
	What
	Path     finding.Path     `json:"path,omitempty"`
	Position finding.Position `json:"position,omitzero"`
	Count    int64            `json:"count"`
	Last     *time.Time       `json:"last"` // null when it is not known
	Reason   string           `json:"reason"`
}

// A Doubt is something of which it is not known whether it breaks.
type Doubt struct {
	Change finding.Ref `json:"change,omitzero"`
	Sort   string      `json:"sort"`
	What
	Count  int64  `json:"count"`
	Reason string `json:"reason"`
}

// What is an object, requests or connections.
type What struct {
	Object *finding.Ref `json:"object,omitempty"`
	Event  *Event       `json:"event,omitempty"`
	Flow   *Flow        `json:"flow,omitempty"`
}

// An Event is requests of one sort.
type Event struct {
	User      string   `json:"user"`
	Verb      string   `json:"verb"`
	Resource  string   `json:"resource,omitempty"`
	Namespace string   `json:"namespace,omitempty"`
	Name      string   `json:"name,omitempty"`
	Path      string   `json:"path,omitempty"`
	AuditIDs  []string `json:"auditIDs,omitempty"`
}

// A Flow is connections of one sort.
type Flow struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Protocol string `json:"protocol"`
	Port     uint16 `json:"port"`
}

// Covered is by what one sort of change was judged.
type Covered struct {
	Sort    string `json:"sort"`
	Changes int    `json:"changes"`
	Judged  int64  `json:"judged"`
	What    string `json:"what"`
}

// Of is the answer to what the change that proposed holds would break in before.
func Of(before, proposed *inventory.Inventory, r *rehearse.Rehearsal) *answer.Document {
	body := &Body{
		APIVersion: report.APIVersion, Kind: "Rehearsal", Verdict: r.Verdict(), Inventory: answer.InventoryOf(before, nil),
		Changes: []Change{}, Breaks: []Break{}, Warned: []Break{}, Already: []Break{}, Unknown: []Doubt{}, NotRehearsed: []finding.Ref{},
		Covered: []Covered{}, CannotKnow: append([]string{}, r.CannotKnow...), Notes: append([]string{}, r.Notes...),
		Gaps: append([]inventory.Gap{}, proposed.Gaps...),
	}
	body.Inventory.Gaps = append([]inventory.Gap{}, before.Gaps...)
	for _, b := range r.Breaks {
		one := breakOf(b)
		switch {
		case b.Already && !b.Soft:
			body.Already = append(body.Already, one)
		case b.Soft:
			body.Warned = append(body.Warned, one)
		default:
			body.Breaks = append(body.Breaks, one)
		}
	}
	for _, d := range r.Doubts {
		body.Unknown = append(body.Unknown, doubtOf(d))
	}
	for _, c := range r.Unjudged {
		body.NotRehearsed = append(body.NotRehearsed, c.Ref())
	}
	for _, c := range r.Covered {
		body.Covered = append(body.Covered, Covered(c))
	}
	body.addChanges(r)
	doc := &answer.Document{Body: body, Source: body.Inventory.Line(), Tables: tables(body), Notes: notes(body)}
	doc.Text = func(t *answer.Terminal) { text(t, body) }
	doc.Remarks = func(all bool) []string { return answer.Remarks(append(body.Gaps, body.Inventory.Gaps...), nil, all) }
	return doc
}

// addChanges lists the changes with how much each breaks.
func (body *Body) addChanges(r *rehearse.Rehearsal) {
	at := map[finding.Ref]int{}
	for i, c := range r.Changes {
		one := Change{Ref: c.Ref(), Act: "changed"}
		switch {
		case c.Old == nil:
			one.Act = "added"
		case c.New == nil:
			one.Act = "removed"
		}
		if c.New != nil {
			one.Position = c.New.Origin
		}
		at[one.Ref] = i
		body.Changes = append(body.Changes, one)
	}
	for _, b := range body.Breaks {
		if i, known := at[b.Change]; known {
			body.Changes[i].Breaks++
			body.Changes[i].Count += b.Count
		}
	}
}

func breakOf(b rehearse.Break) Break {
	out := Break{
		Sort: b.Sort, What: whatOf(b.Object, b.Event, b.Flow), Path: b.Path, Position: b.Position, Count: b.Count, Reason: b.Reason,
	}
	if len(b.Changes) > 0 {
		out.Change = b.Changes[0]
	}
	if len(b.Changes) > 1 {
		out.Changes = b.Changes
	}
	if !b.Last.IsZero() {
		last := b.Last.UTC()
		out.Last = &last
	}
	return out
}

func doubtOf(d rehearse.Doubt) Doubt {
	out := Doubt{Sort: d.Sort, What: whatOf(d.Object, d.Event, d.Flow), Count: d.Count, Reason: d.Reason}
	if len(d.Changes) > 0 {
		out.Change = d.Changes[0]
	}
	return out
}

func whatOf(o *finding.Ref, e *rehearse.Event, f *rehearse.Flow) What {
	what := What{Object: o}
	if e != nil {
		event := Event(*e)
		what.Event = &event
	}
	if f != nil {
		flow := Flow(*f)
		what.Flow = &flow
	}
	return what
}
