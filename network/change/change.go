// Package change compares two network maps: which connections were gained, and which were lost. Workloads are the same
// when group, kind, namespace and name are; what changed between them is compared as sets of ports in three values, so
// that policies which say the same in other words are no change.
package change

import (
	"reflect"
	"slices"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// A Diff is what changed from one map to another.
type Diff struct {
	// Changes are between groups of ends.
	Changes []Change
	// Added and Removed are workloads that only one of the maps has. Their connections are changes too.
	Added, Removed []*inventory.Object
	// Rewritten counts the NetworkPolicies that were added, removed or changed, whatever that did.
	Rewritten int
}

// A Change is one Delta, of each end of From with each other end of To.
type Change struct {
	From, To []End
	// Self says that the change is of what the pods of each end can send to other pods of the same end; To is From.
	Self bool
	Delta
	// Because are the policies that decide, of one pair of ends: those that now allow what was gained, and those that now
	// deny what was lost; in sentences without a final dot. None when workloads were added or removed.
	Because []string
}

// A Delta is how a connection changed.
type Delta struct {
	// Gained ports were denied and are allowed. Lost ones were allowed and are denied.
	Gained, Lost network.Ports
	// MayGain ports are allowed now, or may be, and it was not known before whether they were; or they were denied and it is not known
	// now. MayLose is the same the other way round.
	MayGain, MayLose network.Ports
}

// None says that nothing changed.
func (d Delta) None() bool {
	return d.Gained.None() && d.Lost.None() && d.MayGain.None() && d.MayLose.None()
}

// An End is a workload, or addresses outside of the cluster.
type End struct {
	// Before and After are the workload in the two maps; one is nil when it was added or removed, both are for addresses.
	Before, After *inventory.Object
	Addresses     []network.AddressRange
}

// Object is the workload; nil for addresses.
func (e End) Object() *inventory.Object {
	if e.After != nil {
		return e.After
	}
	return e.Before
}

// delta compares a connection with what became of it.
func delta(before, after network.Connection) Delta {
	d := Delta{
		Gained: after.Allowed.Subtract(before.Allowed).Subtract(before.Unknown),
		Lost:   before.Allowed.Subtract(after.Allowed).Subtract(after.Unknown),
	}
	maybeBefore, maybeAfter := before.Allowed.Union(before.Unknown), after.Allowed.Union(after.Unknown)
	d.MayGain = after.Allowed.Intersect(before.Unknown).Union(after.Unknown.Subtract(maybeBefore))
	d.MayLose = before.Allowed.Intersect(after.Unknown).Union(before.Unknown.Subtract(maybeAfter))
	return d
}

// Compare says what changed. It takes time by the classes of both maps, and not by pairs of workloads.
func Compare(before, after *network.Map) *Diff {
	c := &comparison{before: before, after: after}
	c.meet()
	d := &Diff{Rewritten: rewritten(before.Policies(), after.Policies())}
	for _, u := range c.units {
		switch {
		case u.end.After == nil && u.end.Before != nil:
			d.Removed = append(d.Removed, u.end.Before)
		case u.end.Before == nil && u.end.After != nil:
			d.Added = append(d.Added, u.end.After)
		}
	}
	d.Changes = c.changes()
	slices.SortStableFunc(d.Changes, func(a, b Change) int { return weight(b.Delta) - weight(a.Delta) })
	return d
}

// weight orders changes: what surely is allowed now stands first, then what surely is denied.
func weight(d Delta) int {
	switch {
	case !d.Gained.None():
		return 3
	case !d.Lost.None():
		return 2
	case !d.MayGain.None():
		return 1
	}
	return 0
}

// rewritten counts policies of one list that the other does not have with the same content, each name once.
func rewritten(before, after []*inventory.Object) int {
	type key struct{ namespace, name string }
	old := map[key]*inventory.Object{}
	for _, o := range before {
		old[key{o.Namespace, o.Name}] = o
	}
	n := 0
	for _, o := range after {
		k := key{o.Namespace, o.Name}
		if was := old[k]; was == nil || !reflect.DeepEqual(was.Content["spec"], o.Content["spec"]) {
			n++
		}
		delete(old, k)
	}
	return n + len(old)
}
