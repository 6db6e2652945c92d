package control

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// found makes a finding at a path of an object. The position is taken from this very object: two files may hold objects
// of the same name.
func found(o *inventory.Object, path finding.Path, message string, because ...finding.Reason) finding.Finding {
	return finding.Finding{Object: o.Ref, Path: path, Position: o.Position(path), Message: message, Because: because}
}

// proves is a reason that shows the finding; object is what it is about, if that is another one.
func proves(fact, message string, object *inventory.Object) finding.Reason {
	r := finding.Reason{Effect: "proves", Fact: fact, Message: message}
	if object != nil {
		ref := object.Ref
		r.Object = &ref
	}
	return r
}
