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

// proves is inventory.Proves, in fewer letters: nearly every judgement has one.
func proves(fact, message string, object *inventory.Object) finding.Reason {
	return inventory.Proves(fact, message, object)
}
