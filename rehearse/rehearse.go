// Package rehearse says what a change would break before anybody makes it. Manifests of the change are laid over the objects
// that exist; what exists, was recorded or was observed is then judged as if the change were in force: objects by admission,
// requests by rights and quotas, connections by network policies and routes. Each sort of change is a file of this package.
package rehearse

import (
	"context"
	"time"

	"github.com/plimsoll-io/plimsoll/auditlog"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network/flow"
)

// A Verdict says of a whole change whether it may be made.
type Verdict string

// The verdicts. Safe speaks only of the evidence.
const (
	Safe    Verdict = "safe"
	Breaks  Verdict = "breaks"
	Unknown Verdict = "unknown"
)

// Evidence is what was recorded, and what may be asked. All of it is optional: what is missing is said in CannotKnow.
type Evidence struct {
	// Audit are logs of the API server, which are replayed.
	Audit []auditlog.Input
	// Flows are connections that were observed; nil when no log was given.
	Flows *flow.Collection
	// DryRun asks an API server what it would do; nil where there is none.
	DryRun DryRunner
	// Minor is the minor version of Kubernetes by which to judge, "1.33"; "" means the newest that is known.
	Minor string
	// Only says that NetworkPolicies of the change replace all of their namespaces.
	Only bool
	// Removed are objects that the change takes away. An absent manifest alone removes nothing.
	Removed []finding.Ref
	// Now is the time of the rehearsal.
	Now time.Time
}

// A DryRunner asks an API server to create or update an object without doing so.
type DryRunner interface {
	DryRun(ctx context.Context, object map[string]any) (Answer, error)
}

// An Answer is what an API server would do. The error of a DryRunner means that it could not be asked.
type Answer struct {
	Allowed  bool
	Message  string   // why not
	Warnings []string // what it would tell the user besides
}

// A Change is one object of the change and what it takes the place of.
type Change struct {
	// Old is nil for a new object, New for a removed one.
	Old, New *inventory.Object
}

// Ref names the object of the change.
func (c Change) Ref() finding.Ref {
	if c.New != nil {
		return c.New.Ref
	}
	return c.Old.Ref
}

// A Break is one thing that works now and would not. Exactly one of Object, Event and Flow is set.
type Break struct {
	// Changes are what is to blame, that which decides first.
	Changes []finding.Ref
	// Sort is the sort of change: "pod-security", "admission", "quota", "rbac", "network", "route", "audit".
	Sort string
	// Object would be refused; Path is the field at fault, "" for the whole object.
	Object   *finding.Ref
	Path     finding.Path
	Position finding.Position
	Event    *Event
	Flow     *Flow
	// Count is how often it was seen, 1 for an object; pods behind an object count too. Last is when last, zero when not known.
	Count  int64
	Last   time.Time
	Reason string // a sentence without a final dot
	// Soft says that users would only be warned, or an entry made in the audit log: nothing is denied.
	Soft bool
	// Already says that it is refused today, too, though it is there.
	Already bool
}

// An Event is requests of one sort that would be refused, or no longer be recorded.
type Event struct {
	User      string
	Verb      string
	Resource  string // "pods/exec", "deployments.apps"; "" for requests of other paths
	Namespace string
	Name      string // "" when there are several
	Path      string
	AuditIDs  []string // the first few
}

// A Flow is connections of one sort that would be denied.
type Flow struct {
	From, To string // as people name them
	Protocol string
	Port     uint16
}

// A Doubt is something of which it cannot be said whether the change breaks it.
type Doubt struct {
	Changes []finding.Ref
	Sort    string
	Object  *finding.Ref
	Event   *Event
	Flow    *Flow
	Count   int64
	Reason  string // a sentence without a final dot
}

// A Coverage is what one sort of change was judged by: "pod-security: 120 objects, 14 by templates".
type Coverage struct {
	Sort    string
	Changes int   // of the change
	Judged  int64 // objects, requests or connections
	What    string
}

// A Rehearsal is what would become of everything that is known.
type Rehearsal struct {
	Changes []Change
	Breaks  []Break
	Doubts  []Doubt
	Covered []Coverage
	// CannotKnow says, in sentences, what the evidence cannot show.
	CannotKnow []string
	// Notes are what a reader should know besides: warnings about the change itself.
	Notes []string
	// Unjudged are changes of kinds that are not rehearsed: never called safe.
	Unjudged []Change
	// Incomplete says that a part of what was given could not be read, so that the change is never called safe.
	Incomplete bool
}

// Verdict sums up: what surely breaks decides, then what is not known.
func (r *Rehearsal) Verdict() Verdict {
	for _, b := range r.Breaks {
		if !b.Soft && !b.Already {
			return Breaks
		}
	}
	if len(r.Doubts) > 0 || len(r.Unjudged) > 0 || r.Incomplete {
		return Unknown
	}
	return Safe
}
