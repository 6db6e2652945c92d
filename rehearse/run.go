package rehearse

import (
	"context"
	"fmt"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A state is what the rehearsers judge: the objects before and after, and the evidence. They only read it.
type state struct {
	before, after *inventory.Inventory
	changes       []Change // all of them
	evidence      Evidence
}

// A part is what one rehearser found.
type part struct {
	breaks     []Break
	doubts     []Doubt
	covered    []Coverage
	cannotKnow []string
	notes      []string
	incomplete bool
}

// A rehearser judges the changes of some kinds. A change may concern several rehearsers: a Namespace's labels are looked at
// by admission and by network policies. It is called only when there are changes for it.
type rehearser struct {
	sort    string
	concern func(Change) bool
	run     func(context.Context, *state, []Change) (part, error)
}

// rehearsers are all of them, in the order of the answer.
func rehearsers() []rehearser {
	return []rehearser{}
}

// Run rehearses the objects of proposed as if they were applied to what before holds. Gaps of either make the answer
// incomplete. The error is that of ctx, or says that something could not be prepared at all.
func Run(ctx context.Context, before, proposed *inventory.Inventory, evidence Evidence) (*Rehearsal, error) {
	after, changes := overlay(before, proposed, evidence)
	s := &state{before: before, after: after, changes: changes, evidence: evidence}
	r := &Rehearsal{Changes: changes, Incomplete: len(proposed.Gaps) > 0}
	judged := make([]bool, len(changes))
	for _, one := range rehearsers() {
		var mine []Change
		for i, c := range changes {
			if one.concern(c) {
				mine, judged[i] = append(mine, c), true
			}
		}
		if len(mine) == 0 {
			continue
		}
		p, err := one.run(ctx, s, mine)
		if err != nil {
			return nil, fmt.Errorf("rehearse %s: %w", one.sort, err)
		}
		r.add(p)
	}
	for i, c := range changes {
		if !judged[i] {
			r.Unjudged = append(r.Unjudged, c)
		}
	}
	return r, ctx.Err()
}

func (r *Rehearsal) add(p part) {
	r.Breaks = append(r.Breaks, p.breaks...)
	r.Doubts = append(r.Doubts, p.doubts...)
	r.Covered = append(r.Covered, p.covered...)
	r.Notes = append(r.Notes, p.notes...)
	r.Incomplete = r.Incomplete || p.incomplete
	for _, sentence := range p.cannotKnow {
		if !slices.Contains(r.CannotKnow, sentence) {
			r.CannotKnow = append(r.CannotKnow, sentence)
		}
	}
}

// overlay lays the proposed objects over those that exist: each takes the place of the one of its group, kind, namespace and
// name. Objects that stay as they are, are no change.
func overlay(before, proposed *inventory.Inventory, evidence Evidence) (*inventory.Inventory, []Change) {
	var changes []Change
	taken := map[finding.Ref]*inventory.Object{} // nil for removed ones
	for _, ref := range evidence.Removed {
		if old := before.Get(ref.Group(), ref.Kind, ref.Namespace, ref.Name); old != nil {
			taken[identity(old.Ref)] = nil
			changes = append(changes, Change{Old: old})
		}
	}
	for _, o := range proposed.All() {
		taken[identity(o.Ref)] = o
		changes = append(changes, Change{Old: before.Get(o.Group(), o.Kind, o.Namespace, o.Name), New: o})
	}
	objects := make([]*inventory.Object, 0, len(before.All())+len(changes))
	for _, o := range before.All() {
		if _, changed := taken[identity(o.Ref)]; !changed {
			objects = append(objects, o)
		}
	}
	for _, c := range changes {
		if c.New != nil && taken[identity(c.New.Ref)] == c.New {
			objects = append(objects, c.New)
		}
	}
	gaps := slices.Concat(before.Gaps, proposed.Gaps)
	return inventory.New(before.Source, before.Taken, before.Version, objects, gaps), changes
}

// identity is what makes two objects the same, whatever version of the API they are written in.
func identity(ref finding.Ref) finding.Ref {
	ref.APIVersion = ref.Group()
	return ref
}
