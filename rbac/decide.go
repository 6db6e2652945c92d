package rbac

import "slices"

// Can says whether the API server's RBAC authorizer allows the request, and by which grant.
func (a *Authorizer) Can(id Identity, r Request) (Grant, bool) {
	for g := range a.grants(id, r) {
		return g, true
	}
	return Grant{}, false
}

// Grants are all proofs that the request is allowed; empty when it is not.
func (a *Authorizer) Grants(id Identity, r Request) []Grant {
	return slices.Collect(a.grants(id, r))
}

func (a *Authorizer) grants(id Identity, r Request) func(yield func(Grant) bool) {
	return func(yield func(Grant) bool) {
		if slices.Contains(id.Groups, Masters) && !yield(Grant{Subject: Subject{Kind: GroupKind, Name: Masters}}) {
			return
		}
		if !grantsOf(a.byUser[id.User], SubjectOfUser(id.User), r, yield) {
			return
		}
		for _, g := range id.Groups {
			if !grantsOf(a.byGroup[g], Subject{Kind: GroupKind, Name: g}, r, yield) {
				return
			}
		}
	}
}

// grantsOf yields the grants by the bindings of one subject; it returns false when the caller has enough.
func grantsOf(bindings []*Binding, s Subject, r Request, yield func(Grant) bool) bool {
	for _, b := range bindings {
		if b.Role == nil || b.Namespace != "" && (b.Namespace != r.Namespace || r.Path != "") {
			continue
		}
		for i := range b.Role.Rules {
			if b.Role.Rules[i].Allows(r) && !yield(Grant{b, i, s}) {
				return false
			}
		}
	}
	return true
}

// An Access is a subject that may do something, and why.
type Access struct {
	Subject Subject
	Via     []Grant
}

// WhoCan are the subjects that bindings name whose members may make the request, sorted. Callers in system:masters
// can always; they come last, since no binding names them.
func (a *Authorizer) WhoCan(r Request) []Access {
	found := map[Subject][]Grant{}
	for _, b := range a.bindings {
		if b.Role == nil || b.Namespace != "" && (b.Namespace != r.Namespace || r.Path != "") {
			continue
		}
		for i := range b.Role.Rules {
			if b.Role.Rules[i].Allows(r) {
				for _, s := range b.Subjects {
					found[s] = append(found[s], Grant{b, i, s})
				}
			}
		}
	}
	out := make([]Access, 0, len(found)+1)
	for s, via := range found {
		out = append(out, Access{s, via})
	}
	slices.SortFunc(out, func(x, y Access) int { return x.Subject.Compare(y.Subject) })
	masters := Subject{Kind: GroupKind, Name: Masters}
	return append(out, Access{masters, []Grant{{Subject: masters}}})
}
