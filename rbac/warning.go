package rbac

import (
	"fmt"
	"reflect"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A Warning is something about the RBAC objects that a person should know: they do not do what they seem to.
type Warning = inventory.Warning

// The facts of Warnings.
const (
	Refused          = "refused"           // the API server would not take the object
	DanglingRole     = "dangling-role"     // the binding refers to a role that is not there
	DanglingSubject  = "dangling-subject"  // the binding names a service account that is not there
	AggregationCycle = "aggregation-cycle" // ClusterRoles that select each other
	OverwrittenRules = "overwritten-rules" // own rules of an aggregated ClusterRole, which the controller overwrites
	NeverMatches     = "never-matches"     // part of a rule that no request can match
	Duplicate        = "duplicate"         // several objects of one name, which differ
	LookAlike        = "look-alike"        // a name that is made to be read as another
	Unbounded        = "unbounded"         // aggregation of more rules than an API server could hold
)

// maxWarnings bounds the warnings of one object: a role can have a million broken rules.
const maxWarnings = 20

// Warnings are what a person should know about the RBAC objects: roles first, each in reading order. What Kubernetes
// itself installs gives none. They are computed on the first call.
func (a *Authorizer) Warnings() []Warning { return a.warnings() }

// A warner collects warnings.
type warner struct {
	inv    *inventory.Inventory
	out    []Warning
	object *inventory.Object // that is being looked at
	count  int               // of its warnings

	accounts map[string]bool // namespaces of which service accounts are known; nil until somebody asks
}

func warn(a *Authorizer, inv *inventory.Inventory) []Warning {
	w := &warner{inv: inv}
	for _, role := range a.roles {
		for i, o := range role.Objects() {
			if o.Default {
				continue
			}
			w.begin(o)
			if i > 0 && contentDiffers(role.Object, o, "rules", "aggregationRule") {
				w.warn(Duplicate, "", "Another object defines %s with other content; the rules of both count", role.Ref)
			}
			w.role(role)
			w.end()
		}
	}
	w.aggregation(a)
	bindings := make(map[finding.Ref]*inventory.Object, len(a.bindings))
	for _, b := range a.bindings {
		if b.Default {
			continue
		}
		w.begin(b.Object)
		if first, known := bindings[b.Ref]; !known {
			bindings[b.Ref] = b.Object
		} else if contentDiffers(first, b.Object, "roleRef", "subjects") {
			w.warn(Duplicate, "", "Another object defines %s with other content; what both grant counts", b.Ref)
		}
		w.binding(b)
		w.end()
	}
	return w.out
}

// contentDiffers says whether two objects differ in one of these fields.
func contentDiffers(x, y *inventory.Object, fields ...string) bool {
	for _, f := range fields {
		if !reflect.DeepEqual(x.Content[f], y.Content[f]) {
			return true
		}
	}
	return false
}

func (w *warner) begin(o *inventory.Object) {
	w.object, w.count = o, 0
	w.lookAlike("metadata.name", o.Kind, o.Name)
}

func (w *warner) warn(fact string, path finding.Path, format string, args ...any) {
	w.count++
	if w.count > maxWarnings {
		return
	}
	w.out = append(w.out, Warning{Fact: fact, Object: w.object.Ref, Path: path, Message: fmt.Sprintf(format, args...), Source: w.object})
}

// refuse warns that the API server would refuse the object, and says what counts nevertheless.
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

func (w *warner) aggregation(a *Authorizer) {
	for _, members := range a.cycles {
		for _, role := range members {
			w.begin(role.Object)
			w.count = 0
			w.warn(AggregationCycle, "aggregationRule",
				"This ClusterRole and others select each other (%s), so that the rules of each end up in all", otherNames(members, role))
		}
	}
	for _, role := range a.tooMany {
		w.begin(role.Object)
		w.warn(Unbounded, "aggregationRule",
			"Aggregation gives more rules than an API server could hold; the role counts as granting everything")
	}
}

func otherNames(members []*Role, but *Role) string {
	text, n := "", 0
	for _, m := range members {
		if m == but {
			continue
		}
		if n++; n > 5 {
			return fmt.Sprintf("%s and %d more", text, len(members)-1-5)
		}
		if text != "" {
			text += ", "
		}
		text += m.Name
	}
	return text
}
