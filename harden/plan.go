// Package harden plans how findings are mended in the files that they come from: which edits, in which object, for
// which findings; what is risky; what contradicts itself; and what a person has to decide. It does no I/O: callers
// bring the texts and do the writing.
package harden

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/scan"
)

// Options choose what is mended.
type Options struct {
	// Risky makes edits, too, that may keep a workload from running.
	Risky bool
	// MinSeverity leaves findings below it alone.
	MinSeverity finding.Severity
}

// A Change is one edit of one object.
type Change struct {
	Object *inventory.Object
	Path   finding.Path
	Fix    finding.Fix
	// Findings are what the edit mends, at least one.
	Findings []finding.Finding
	// Reason says why the edit is not made; "" when it is.
	Reason string
}

// A Conflict is a field that controls want to have different values. None of them is written.
type Conflict struct {
	Object  *inventory.Object
	Path    finding.Path
	Changes []Change
}

// A Plan says what becomes of every finding: each is in exactly one of the lists.
type Plan struct {
	Changes    []Change          // edits to make, in the order of the files
	NeedsRisky []Change          // left out because Options.Risky is not set
	Rendered   []Change          // of objects that a chart or kustomization makes, and no remedy helps; Reason may say why
	Remedies   []Remedy          // values and patches for what charts and kustomizations render
	Refused    []Change          // the text could not be edited; Reason says why
	Conflicts  []Conflict        // controls contradict each other
	Manual     []finding.Finding // a person has to decide
	// Along are findings without an edit of their own that go away with those of NeedsRisky and Rendered. Only Mend
	// tells them from Manual.
	Along []finding.Finding
}

// New plans the edits that mend the findings of a report about an inventory of files. It leaves both as they are.
func New(inv *inventory.Inventory, report *scan.Report, opts Options) *Plan {
	objects := byRef(inv)
	var changes []Change
	plan := &Plan{}
	for _, r := range report.Results {
		for _, f := range r.Findings {
			if f.Severity < opts.MinSeverity {
				continue
			}
			o := objectOf(objects[f.Object], f)
			if f.Fix == nil || o == nil || f.Path == "" {
				plan.Manual = append(plan.Manual, f)
				continue
			}
			changes = append(changes, Change{Object: o, Path: f.Path, Fix: *f.Fix, Findings: []finding.Finding{f}})
		}
	}
	changes, plan.Conflicts = settle(merge(changes))
	for _, c := range changes {
		switch {
		case !opts.Risky && risky(c):
			plan.NeedsRisky = append(plan.NeedsRisky, c)
		case c.Object.Origin.Rendered:
			plan.Rendered = append(plan.Rendered, c)
		case c.Object.Origin.File == "":
			c.Reason = "the object is in no file"
			plan.Refused = append(plan.Refused, c)
		default:
			plan.Changes = append(plan.Changes, c)
		}
	}
	return plan
}

func byRef(inv *inventory.Inventory) map[finding.Ref][]*inventory.Object {
	out := map[finding.Ref][]*inventory.Object{}
	for _, o := range inv.All() {
		out[o.Ref] = append(out[o.Ref], o)
	}
	return out
}

// objectOf tells objects of one name apart by where the finding lies: in the last one that starts before it.
func objectOf(objects []*inventory.Object, f finding.Finding) (found *inventory.Object) {
	for _, o := range objects {
		if o.Origin.File == f.Position.File && o.Position(f.Path) == f.Position {
			return o
		}
	}
	for _, o := range objects {
		if o.Origin.File == f.Position.File && o.Origin.Line <= f.Position.Line && (found == nil || found.Origin.Line < o.Origin.Line) {
			found = o
		}
	}
	return found
}

// place is what an edit is about.
type place struct {
	object *inventory.Object
	path   finding.Path
}

// merge makes one of equal edits, in the order of files, objects, and of the way they are made.
func merge(changes []Change) []Change {
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(
			cmp.Compare(a.Object.Origin.File, b.Object.Origin.File),
			cmp.Compare(a.Object.Origin.Line, b.Object.Origin.Line),
			cmp.Compare(a.Object.Origin.Column, b.Object.Origin.Column),
			cmp.Compare(order(a.Fix.Op), order(b.Fix.Op)),
			comparePaths(a, b),
		)
	})
	at := map[place][]int{}
	var out []Change
	for _, c := range changes {
		p := place{c.Object, c.Path}
		same := slices.IndexFunc(at[p], func(i int) bool {
			return out[i].Fix.Op == c.Fix.Op && (reflect.DeepEqual(out[i].Fix.Value, c.Fix.Value) || covers(out[i], c) || covers(c, out[i]))
		})
		if same < 0 {
			at[p] = append(at[p], len(out))
			out = append(out, c)
			continue
		}
		o := &out[at[p][same]]
		if covers(c, *o) {
			o.Fix.Value = c.Fix.Value
		}
		o.Fix.Risky = o.Fix.Risky || c.Fix.Risky
		o.Findings = append(o.Findings, c.Findings...)
	}
	return out
}

// covers says that edit a does what b does: who drops all capabilities need not drop one more.
func covers(a, b Change) bool {
	return a.Fix.Op == finding.Append && b.Fix.Op == finding.Append && a.Fix.Value == "ALL" && strings.HasSuffix(string(a.Path), "capabilities.drop")
}

// order is the order of the operations: list items are removed last, so that the indices before hold.
func order(op finding.Op) int {
	return slices.Index([]finding.Op{finding.Set, finding.Append, finding.Remove}, op)
}

// comparePaths orders edits by path; removals from the highest index down.
func comparePaths(a, b Change) int {
	if a.Fix.Op != finding.Remove {
		return cmp.Compare(a.Path, b.Path)
	}
	x, y := a.Path.Steps(), b.Path.Steps()
	for i := 0; i < min(len(x), len(y)); i++ {
		if c := cmp.Or(cmp.Compare(x[i].Field, y[i].Field), cmp.Compare(x[i].Key, y[i].Key), cmp.Compare(x[i].Value, y[i].Value),
			cmp.Compare(y[i].Index, x[i].Index)); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(y), len(x))
}

// settle takes edits out that contradict each other: two values for one field, or a value for a field that goes.
func settle(changes []Change) (kept []Change, conflicts []Conflict) {
	at := map[place][]Change{}
	for _, c := range changes {
		at[place{c.Object, c.Path}] = append(at[place{c.Object, c.Path}], c)
	}
	said := map[place]bool{}
	for _, c := range changes {
		p := place{c.Object, c.Path}
		others := at[p]
		contradict := len(others) > 1 && slices.ContainsFunc(others, func(o Change) bool { return o.Fix.Op != finding.Append })
		switch {
		case !contradict:
			kept = append(kept, c)
		case !said[p]:
			said[p] = true
			conflicts = append(conflicts, Conflict{Object: c.Object, Path: c.Path, Changes: others})
		}
	}
	return kept, conflicts
}
