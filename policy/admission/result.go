package admission

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// An Outcome is what came of judging.
type Outcome string

// The outcomes.
const (
	Pass        Outcome = "pass"
	Fail        Outcome = "fail"
	Skip        Outcome = "skip"        // what the verdict depends on is not known
	Error       Outcome = "error"       // the policy or the object could not be judged
	Unsupported Outcome = "unsupported" // this program does not judge such policies
)

// A Result is what one policy says of one object: one for all its validations when they hold, else one for each that
// does not.
type Result struct {
	Policy string `json:"policy"`
	// Rule is the validation, "spec.validations[0]"; "" for the policy as a whole.
	Rule string `json:"rule"`
	// Binding is the binding that it was judged under; "" when there is none.
	Binding string `json:"binding"`
	// Resource is the object that was judged; of an error in a policy or binding, that one.
	Resource finding.Ref      `json:"resource"`
	Position finding.Position `json:"position,omitzero"`
	Result   Outcome          `json:"result"`
	// Actions are what an API server does about a failure: "Deny", "Warn", "Audit".
	Actions []string `json:"actions"`
	Message string   `json:"message"`
	// Patch is what a mutating policy changes.
	Patch []Operation `json:"patch,omitempty"`

	// mutating says that a mutating policy said it: what others say depends on it.
	mutating bool
	// Refused says that no API server would take the object, whatever the policies are: a field has a type that it cannot have.
	Refused bool `json:"-"`

	// denied says that an API server refuses the request for it.
	denied bool
	// broken says that the object could not even be read as its kind.
	broken bool
	// ignored says that an API server ignores the error.
	ignored bool
	// err is what could not be evaluated, word for word.
	err string
}

// place is where an object, or a path in it, lies in its file.
func place(o *inventory.Object, path string) finding.Position {
	if o.Locate == nil {
		return o.Origin
	}
	return o.Position(finding.Path(path))
}
