package rbac

import (
	"slices"
	"strings"
)

// A Change is how the rights of a subject differ between two Authorizers.
type Change struct {
	Subject Subject
	Gained  []Delta // with the grants of the new Authorizer
	Lost    []Delta // with the grants of the old one
}

// A Delta is a right that one Authorizer gives and the other does not.
type Delta struct {
	Right
	// Besides are rights of the other Authorizer that overlap this one: who could get Pods and may now do everything to
	// everything has gained all but that. Only wildcards and rights everywhere can overlap others.
	Besides []Right
}

// Diff says which rights subjects have gained and lost, sorted by subject. It compares what can be done, not how that is
// written: roles and bindings that are split, joined or renamed change nothing, and of a right that is widened only what
// was not covered before counts.
//
// A subject's changes come from the bindings that name it. What it keeps as a member of the groups that authentication
// gives it is not lost, and what it had so is not gained; changes of these groups themselves are listed under the groups.
func Diff(old, new *Authorizer) []Change {
	d := &differ{old: old, new: new, signatures: map[*Role]string{}}
	var out []Change
	for _, s := range subjectsOf(old, new) {
		c := Change{Subject: s}
		have, want := d.places(old, s), d.places(new, s)
		if !within(want, have) {
			c.Gained = gained(s, old, new)
		}
		if !within(have, want) {
			c.Lost = gained(s, new, old)
		}
		if len(c.Gained)+len(c.Lost) > 0 {
			out = append(out, c)
		}
	}
	return out
}

func subjectsOf(old, new *Authorizer) []Subject {
	all := append(old.Subjects(), new.Subjects()...)
	slices.SortFunc(all, Subject.Compare)
	return slices.Compact(all)
}

type differ struct {
	old, new   *Authorizer
	signatures map[*Role]string
}

// places are a subject's roles by scope and what they grant. Equal ones need no closer look.
func (d *differ) places(a *Authorizer, s Subject) map[string]bool {
	out := map[string]bool{}
	for _, p := range a.held(s).places {
		out[p.binding.Namespace+"\x00"+d.signature(p.role)] = true
	}
	return out
}

func (d *differ) signature(role *Role) string {
	if text, known := d.signatures[role]; known {
		return text
	}
	keys := make([]string, len(role.Rules))
	for i := range role.Rules {
		keys[i] = string(role.Rules[i].appendKey(nil))
	}
	slices.Sort(keys)
	text := strings.Join(slices.Compact(keys), "\x02")
	d.signatures[role] = text
	return text
}

func within(part, whole map[string]bool) bool {
	for k := range part {
		if !whole[k] {
			return false
		}
	}
	return true
}

// gained are the rights that the subject's own bindings give it in one Authorizer and that it does not have in the other.
func gained(s Subject, before, after *Authorizer) []Delta {
	id := s.Identity()
	if slices.Contains(id.Groups, Masters) {
		return nil
	}
	var covers []*cover
	for _, b := range before.boxesOf(id) {
		covers = append(covers, newCover(b))
	}
	index := newCoverIndex(covers)
	var left []box
	for _, b := range after.ownBoxes(s) {
		left = append(left, b.without(index.of(&b))...)
	}
	if len(left) == 0 {
		return nil
	}
	var out []Delta
	for _, right := range rights(widest(cells(left))) {
		out = append(out, Delta{Right: right, Besides: besides(right, covers)})
	}
	return out
}

// widest leaves out what another cell covers.
func widest(list []*cell) []*cell {
	const largest = 500 // above, repetition is better than waiting
	if len(list) > largest {
		return list
	}
	covers := make([]*cover, len(list))
	for i, c := range list {
		covers[i] = newCover(c.box())
	}
	out := list[:0:0]
	for i, c := range list {
		b := c.box()
		b.rule.Verbs, _ = split(c.verbs, func(verb string) bool {
			one := b
			one.rule.Verbs = []string{verb}
			return !slices.ContainsFunc(covers, func(other *cover) bool {
				return other != covers[i] && len(other.subtract(nil, one)) == 0
			})
		})
		if len(b.rule.Verbs) > 0 {
			c.verbs = b.rule.Verbs
			out = append(out, c)
		}
	}
	return out
}

func (c *cell) box() box {
	if c.path {
		return box{c.namespace, Rule{Verbs: c.verbs, NonResourceURLs: c.resources}, c.grants}
	}
	return box{c.namespace, Rule{Verbs: c.verbs, APIGroups: c.groups, Resources: c.resources, ResourceNames: c.names}, c.grants}
}

// besides are the rights before that overlap a right gained.
func besides(right Right, covers []*cover) []Right {
	var parts []box
	for _, b := range boxes(right.Namespace, &right.Rule) {
		for _, c := range covers {
			if c.overlaps(&b) {
				parts = append(parts, c.box)
			}
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return rights(widest(cells(parts)))
}
