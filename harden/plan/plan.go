// Package plan is the form that all plans of hardening have, whatever they harden: steps in the order to take them, each
// with the objects to apply, why, what it may break, and how to go back; and what a person has to decide.
package plan

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A Plan is what to do, in order. It is made without touching anything.
type Plan struct {
	// Title says what is hardened: "Pod Security levels of 12 namespaces".
	Title string
	// Manager is who applies the objects, as the API server notes it for each field: "plimsoll-namespaces". Plans of
	// different sorts must not share one, since each would take away what the other has set; "" is "plimsoll".
	Manager string
	Steps   []Step
	// Decisions are what only a person can decide; each keeps something from being in a step.
	Decisions []Decision
	// CannotKnow says, in sentences, what the evidence of the plan cannot show.
	CannotKnow []string

	earlier []Step // of the plan that this is a part of
}

// A Step is applied as a whole, after those before it have proved harmless.
type Step struct {
	// Name names the step's folder: "1-warn".
	Name  string
	Title string
	// Why is a sentence or two for those who have to agree.
	Why     string
	Changes []Change
	// Files are what is no Kubernetes object: flags and configuration of an API server, instructions.
	Files []File
	// Before and After are what to do by hand around the step, in order. Undo is what to know, or to do by hand, to go
	// back, besides what Plan.Reverts does to the objects.
	Before, After, Undo []string
}

// An Action says what becomes of an object.
type Action string

// The actions. Update objects hold only fields to set: they are meant for server-side apply, or to be merged. Where several
// steps update an object, each holds the fields of those before it too: applied by the same manager, what a later step
// does not hold would be taken away again.
const (
	Create Action = "create"
	Update Action = "update"
	Remove Action = "remove"
)

// A Change is one object to create, update or remove.
type Change struct {
	Action Action
	// Object is what to apply, whole or in part; of a removal its apiVersion, kind and name.
	Object map[string]any
	// Text is the object's own text where that has to stay as it is, byte for byte; nil when Object says it all.
	Text []byte
	// Source is the object as it is, nil when there is none or it is not known.
	Source *inventory.Object
	// Fields are what changes in the source; of a new object, what is worth showing.
	Fields []finding.Path
	// Because is the evidence, one sentence without a final dot each; it becomes the comment above the object.
	Because []string
	// Risk says what the change may break; "" when nothing is known.
	Risk string
}

// A File is a file that is no Kubernetes object.
type File struct {
	Name string // relative, with slashes
	Text []byte
}

// A Decision is a question to a person.
type Decision struct {
	// Object and Path are what it is about; zero when it is about the cluster as a whole.
	Object   finding.Ref
	Path     finding.Path
	Position finding.Position
	// Question says what has to be decided, and between what.
	Question string
	// Because is why it matters, or what stands in the way.
	Because []string
}
