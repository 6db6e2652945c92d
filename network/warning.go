package network

import (
	"fmt"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A Warning is something about a policy, or about an object that policies look at, that a person should know.
type Warning = inventory.Warning

// The facts of Warnings.
const (
	Refused   = "refused"   // the API server would not take the object; what the part may mean counts as unknown
	HostBits  = "host-bits" // a block of addresses with bits beyond its length
	Duplicate = "duplicate" // several objects of one name, which differ
	NoEffect  = "no-effect" // a part that policyTypes switches off
	NoPort    = "no-port"   // a named port that no pod has
	Ambiguous = "ambiguous" // policies of which it is not defined which one is asked first
)

// maxWarnings bounds the warnings of one object: a policy can have 100,000 broken rules.
const maxWarnings = 20

// A warner collects warnings.
type warner struct {
	out    []Warning
	object *inventory.Object // that is being read
	count  int               // of its warnings
}

func (w *warner) begin(o *inventory.Object) { w.object, w.count = o, 0 }

// wanted says that one more warning about the object would be kept.
func (w *warner) wanted() bool {
	if w.count >= maxWarnings {
		w.count++
		return false
	}
	return true
}

func (w *warner) warn(fact string, path finding.Path, format string, args ...any) {
	w.count++
	if w.count > maxWarnings {
		return
	}
	w.out = append(w.out, Warning{Fact: fact, Object: w.object.Ref, Path: path, Message: fmt.Sprintf(format, args...), Source: w.object})
}

func (w *warner) refuse(path finding.Path, format string, args ...any) {
	w.warn(Refused, path, "The API server refuses this object: "+format, args...)
}

// end says how many warnings there are beyond the bound.
func (w *warner) end() {
	if more := w.count - maxWarnings; more > 0 {
		last := w.out[len(w.out)-1]
		w.out = append(w.out, Warning{
			Fact: last.Fact, Object: w.object.Ref, Message: fmt.Sprintf("%d more warnings about this object are left out", more), Source: w.object,
		})
	}
}
