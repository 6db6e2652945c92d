package attack

import "github.com/plimsoll-io/plimsoll/rbac"

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

// candidates are the subjects that may hold all of several things: when one of them is held by no group, who holds it by
// a binding of his own, else all.
func candidates(all ...holding) []rbac.Subject {
	var fewest []rbac.Subject
	found := false
	for _, h := range all {
		subjects := h.subjects()
		if (!found || len(subjects) < len(fewest)) && !hasGroup(subjects) {
			fewest, found = subjects, true
		}
	}
	if found {
		return fewest
	}
	return either(all...).subjects()
}

func hasGroup(subjects []rbac.Subject) bool {
	for i := range subjects {
		if subjects[i].Kind == rbac.GroupKind {
			return true
		}
	}
	return false
}
