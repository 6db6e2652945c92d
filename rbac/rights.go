package rbac

import (
	"cmp"
	"slices"
	"strings"
)

// A Right is what somebody may do: a rule, everywhere or in a namespace, joined of the rules of all its grants.
type Right struct {
	Namespace string // "" is everywhere, cluster-scoped resources included
	Rule      Rule   // about resources or about paths; of resources, each verb counts on each of them
	// Grants are what the right is made of. A grant whose Subject is a Group comes by membership.
	Grants []Grant
}

// ByGroup says that the caller has the right, or part of it, as a member of a group only.
func (r Right) ByGroup() bool {
	return !slices.ContainsFunc(r.Grants, func(g Grant) bool { return g.Subject.Kind != GroupKind })
}

func (r Right) compare(o Right) int {
	return cmp.Or(strings.Compare(r.Namespace, o.Namespace), cmp.Compare(len(r.Rule.NonResourceURLs), len(o.Rule.NonResourceURLs)),
		slices.Compare(r.Rule.APIGroups, o.Rule.APIGroups), slices.Compare(r.Rule.Resources, o.Rule.Resources),
		slices.Compare(r.Rule.NonResourceURLs, o.Rule.NonResourceURLs), slices.Compare(r.Rule.ResourceNames, o.Rule.ResourceNames),
		slices.Compare(r.Rule.Verbs, o.Rule.Verbs))
}

// Rights are all that a caller may do, its groups' rights included, sorted: everywhere first, then by namespace. Rules
// are joined where that changes nothing, so that they are few; what a wildcard covers is not listed one by one.
func (a *Authorizer) Rights(id Identity) []Right { return rights(cells(a.boxesOf(id))) }

// OwnRights are what the bindings that name the subject itself grant, without those of its groups.
func (a *Authorizer) OwnRights(s Subject) []Right { return rights(cells(a.ownBoxes(s))) }

func (a *Authorizer) boxesOf(id Identity) []box {
	out := a.held(SubjectOfUser(id.User)).boxes()
	for i, name := range id.Groups {
		if !slices.Contains(id.Groups[:i], name) {
			out = append(out, a.ownBoxes(Subject{Kind: GroupKind, Name: name})...)
		}
	}
	return out
}

func (a *Authorizer) ownBoxes(s Subject) []box {
	out := a.held(s).boxes()
	if s.Kind == GroupKind && s.Name == Masters {
		out = append(out, boxes("", &everything, Grant{Subject: s})...)
	}
	return out
}

func (h *held) boxes() []box {
	var out []box
	for _, p := range h.places {
		s := h.named(p.binding)
		for i := range p.role.Rules {
			out = append(out, boxes(p.binding.Namespace, &p.role.Rules[i], Grant{p.binding, i, s})...)
		}
	}
	return out
}
