// Package rehearse says what a set of policies would break, before anybody applies it: each connection that is needed is
// judged as if the set were in force, in three values.
package rehearse

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/need"
)

// A Verdict says of a whole set whether it may be applied.
type Verdict string

// The verdicts. Safe speaks only of what was observed.
const (
	Safe    Verdict = "safe"
	Breaks  Verdict = "breaks"
	Unknown Verdict = "unknown"
)

// A Rehearsal is what became of the needs.
type Rehearsal struct {
	Breaks []Break
	// Unknown are needs of which it cannot be said, each with why.
	Unknown []Doubt
	// Kept is how many needs go on working, KeptFlows how many flows they stand for.
	Kept      int
	KeptFlows int64
	// Unresolved are flows that cannot be judged because an end of them was not found. Those of ends that are surely gone
	// are only counted, in Gone.
	Unresolved []need.Unresolved
	Gone       int64
	// Changes are what the set changes, with how much each breaks; those that break most come first.
	Changes []Change
	// NeverUsed are policies that allow something, of which no need uses anything; Rules are rules that none uses, of policies
	// of which others are used.
	NeverUsed []*inventory.Object
	Rules     []Rule
	// CannotKnow says, in sentences, what the needs cannot show.
	CannotKnow []string
	// Denied are connections that were denied already while they were observed.
	Denied []need.Need
	// Incomplete says that a part of what was given could not be judged at all, so that the set is never called safe.
	Incomplete bool
}

// A Break is a need that the set surely denies.
type Break struct {
	Need need.Need
	// Before says that the policies that are in force deny it too, although it was observed: they are younger than what was
	// observed, or not enforced.
	Before bool
	// Changes are what is to blame: that of the sender's side first. Reason says the same in a sentence.
	Changes []Blame
	Reason  string
}

// A Doubt is a need of which it cannot be said whether the set denies it.
type Doubt struct {
	Need   need.Need
	Reason string // a sentence without a final dot
}

// An Act is what a set does with a policy.
type Act string

// The acts. InForce is that of policies when nothing is compared.
const (
	Added   Act = "added"
	Changed Act = "changed"
	Removed Act = "removed"
	InForce Act = ""
)

// A Blame is a policy that keeps a connection from coming about, and what was done with it.
type Blame struct {
	Act    Act
	Policy finding.Ref
}

// String is how people name it: "NetworkPolicy shop/default-deny (added)".
func (b Blame) String() string {
	if b.Act == InForce {
		return b.Policy.String()
	}
	return b.Policy.String() + " (" + string(b.Act) + ")"
}

// A Change is what breaks needs, with how many needs and flows.
type Change struct {
	Blame
	Needs int
	Flows int64
}

// A Rule is a rule of a policy.
type Rule struct {
	Policy *inventory.Object
	Path   finding.Path // "spec.ingress[0]"
}

// Verdict sums up.
func (r *Rehearsal) Verdict() Verdict {
	switch {
	case len(r.Breaks) > 0:
		return Breaks
	case len(r.Unknown) > 0, len(r.Unresolved) > 0, r.Incomplete:
		return Unknown
	}
	return Safe
}

// Rehearse judges needs, whose peers are of the current Map, as if the proposed one were in force, and says which policies
// nobody uses. When current and proposed are the same Map, nothing is compared: the policies that are there are rehearsed.
func Rehearse(needs *need.Needs, current, proposed *network.Map) *Rehearsal {
	r, s := play(needs, current, proposed)
	u := newUsage(current, proposed)
	for i := range needs.List {
		u.use(s, &needs.List[i])
	}
	r.NeverUsed, r.Rules = u.unused()
	return r
}

// Judge is Rehearse for those who do not ask which policies are used.
func Judge(needs *need.Needs, current, proposed *network.Map) *Rehearsal {
	r, _ := play(needs, current, proposed)
	return r
}

// play judges needs on the stage that it returns.
func play(needs *need.Needs, current, proposed *network.Map) (*Rehearsal, *stage) {
	j := &judge{stage: newStage(proposed)}
	if current != proposed {
		j.before = newStage(current)
		j.acts = compare(current, proposed)
	}
	r := &Rehearsal{
		Unresolved: []need.Unresolved{}, CannotKnow: slices.Clone(needs.CannotKnow), Denied: needs.Denied, Incomplete: needs.Incomplete,
	}
	for i := range needs.List {
		j.need(r, &needs.List[i])
	}
	for i := range needs.Unresolved {
		j.unresolved(r, &needs.Unresolved[i])
	}
	r.Changes = tally(r.Breaks)
	return r, j.stage
}

// tally counts what each change breaks.
func tally(breaks []Break) []Change {
	found := map[Blame]*Change{}
	for i := range breaks {
		for _, b := range breaks[i].Changes {
			if found[b] == nil {
				found[b] = &Change{Blame: b}
			}
			found[b].Needs++
			found[b].Flows += Flows(breaks[i].Need)
		}
	}
	out := make([]Change, 0, len(found))
	for c := range maps.Values(found) {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Change) int {
		return cmp.Or(cmp.Compare(b.Needs, a.Needs), a.Policy.Compare(b.Policy), strings.Compare(string(a.Act), string(b.Act)))
	})
	return out
}

// Flows is how many flows show a need.
func Flows(n need.Need) int64 {
	var all int64
	for _, e := range n.Evidence {
		if all += e.Flows; all < 0 {
			return 1<<63 - 1
		}
	}
	return all
}

// Last is when a need was last observed; zero when that is not known.
func Last(n need.Need) time.Time {
	var last time.Time
	for _, e := range n.Evidence {
		if e.Last.After(last) {
			last = e.Last
		}
	}
	return last
}
