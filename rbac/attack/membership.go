package attack

import (
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/rbac"
)

// A membership is a binding that counts for a subject, because it names the subject itself or one of its groups.
type membership struct {
	binding *rbac.Binding
	member  rbac.Subject // whom the binding names
}

// memberships are all bindings to roles that count for a subject, worked out once for each.
func (b *builder) memberships(s rbac.Subject) []membership {
	if known, ok := b.through[s]; ok {
		return known
	}
	var out []membership
	for _, member := range b.selves(s) {
		for _, binding := range b.bindings(member) {
			if binding.Role != nil {
				out = append(out, membership{binding, member})
			}
		}
	}
	b.through[s] = out
	return out
}

// candidates are the subjects that may hold all of several things, by a binding of their own at least one: when one of the
// things comes through no group with members, who is bound to that one, else all.
func (b *builder) candidates(all ...holding) []rbac.Subject {
	if len(all) == 1 {
		return all[0].subjects()
	}
	var fewest []rbac.Subject
	found := false
	for _, h := range all {
		subjects := h.subjects()
		if (!found || len(subjects) < len(fewest)) && !slices.ContainsFunc(subjects, b.hasMembers) {
			fewest, found = subjects, true
		}
	}
	if found {
		return fewest
	}
	return either(all...).subjects()
}

// hasMembers says that other subjects are known to be members of a group: it is one of those that authentication gives,
// or people are known.
func (b *builder) hasMembers(s rbac.Subject) bool {
	return s.Kind == rbac.GroupKind && (strings.HasPrefix(s.Name, "system:") || len(b.people) > 0)
}

// A numbering tells which subjects were seen already, without a map for each question.
type numbering struct {
	ids   map[rbac.Subject]int32
	seen  []int32 // per subject, the round that saw it last
	round int32
}

func (n *numbering) begin() { n.round++ }

// first says whether the subject was not seen since begin.
func (n *numbering) first(s rbac.Subject) bool {
	id, known := n.ids[s]
	if !known {
		id = int32(len(n.seen))
		n.ids[s] = id
		n.seen = append(n.seen, 0)
	}
	if n.seen[id] == n.round {
		return false
	}
	n.seen[id] = n.round
	return true
}
