package rbac

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// A Definition is a role as the documentation of access rights lists it.
type Definition struct {
	Role *Role
	// AggregatedFrom are the ClusterRoles whose rules it has by aggregation, sorted by name.
	AggregatedFrom []*Role
	// Aggregated says that the role is filled by aggregation; in a live cluster AggregatedFrom is not known.
	Aggregated bool
	// Bindings counts the bindings that refer to it.
	Bindings int
}

// Definitions are all roles, ClusterRoles first, then by namespace and name.
func (a *Authorizer) Definitions() []Definition {
	bound := map[*Role]int{}
	for _, b := range a.bindings {
		if b.Role != nil {
			bound[b.Role]++
		}
	}
	out := make([]Definition, 0, len(a.roles))
	for _, role := range a.roles {
		d := Definition{Role: role, Bindings: bound[role], Aggregated: inventory.Map(role.Object.Content, "aggregationRule") != nil}
		for _, from := range role.From {
			if from != nil && from != role && !slices.Contains(d.AggregatedFrom, from) {
				d.AggregatedFrom = append(d.AggregatedFrom, from)
			}
		}
		slices.SortFunc(d.AggregatedFrom, func(x, y *Role) int { return strings.Compare(x.Name, y.Name) })
		out = append(out, d)
	}
	slices.SortStableFunc(out, func(x, y Definition) int { return x.Role.Compare(y.Role.Ref) })
	return out
}

// An Assignment is a role given to a subject.
type Assignment struct {
	Subject Subject // as the binding names it
	Binding *Binding
	// Since is when the binding was made, in UTC; zero when that is not known, as for files.
	Since time.Time
}

// Assignments are all roles that subjects have been given, by subject, scope and binding. Those of bindings to roles that
// are not there are among them: they grant nothing today.
func (a *Authorizer) Assignments() []Assignment {
	var out []Assignment
	for _, b := range a.bindings {
		since, _ := time.Parse(time.RFC3339, inventory.String(b.Object.Content, "metadata", "creationTimestamp"))
		for _, s := range b.Subjects {
			out = append(out, Assignment{s, b, since.UTC()})
		}
	}
	slices.SortStableFunc(out, func(x, y Assignment) int {
		return cmp.Or(x.Subject.Compare(y.Subject), x.Binding.Compare(y.Binding.Ref))
	})
	return out
}
