package inventory

import "github.com/plimsoll-io/plimsoll/finding"

// Proves is a reason that shows a finding; object is what it is about, nil when that is nothing else than the finding's own.
func Proves(fact, message string, object *Object) finding.Reason {
	r := finding.Reason{Effect: "proves", Fact: fact, Message: message}
	if object != nil {
		ref := object.Ref
		r.Object = &ref
	}
	return r
}
