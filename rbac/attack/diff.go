package attack

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
)

// A Change is a way from a start to a target that was opened or closed.
type Change struct {
	From, To finding.Ref
	Opened   bool
	// Path is the shortest one: of the new graph when it was opened, of the old when it was closed.
	Path Path
	// Blocked is a path that stays possible by rights alone but is cut, when the way was closed like this; nil otherwise.
	Blocked *Path
}

// Diff compares which targets can be reached from where, for every start that either graph knows (see Graph.Starts). It
// lists what was opened first, each sorted by target, as given, and start. With no targets, the goals are compared.
func Diff(old, updated *Graph, targets ...finding.Ref) []Change {
	if len(targets) == 0 {
		targets = Goals()
	}
	starts := append(old.Starts(), updated.Starts()...)
	slices.SortFunc(starts, finding.Ref.Compare)
	starts = slices.Compact(starts)
	var opened, closed []Change
	for _, to := range targets {
		before, after, cut := old.Towards(to, false), updated.Towards(to, false), updated.Towards(to, true)
		for _, from := range starts {
			_, was := before.Steps(from)
			_, is := after.Steps(from)
			switch {
			case is && !was:
				p, _ := after.Path(from)
				opened = append(opened, Change{From: from, To: to, Opened: true, Path: p})
			case was && !is:
				p, _ := before.Path(from)
				c := Change{From: from, To: to, Path: p}
				if blocked, ok := cut.Path(from); ok {
					c.Blocked = &blocked
				}
				closed = append(closed, c)
			}
		}
	}
	return append(opened, closed...)
}
