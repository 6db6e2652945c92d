package rbac

import "slices"

// Can says whether the API server's RBAC authorizer allows the request, and by which grant.
func (a *Authorizer) Can(id Identity, r Request) (Grant, bool) {
	if slices.Contains(id.Groups, Masters) {
		return Grant{Subject: Subject{Kind: GroupKind, Name: Masters}}, true
	}
	namespace := a.holders.namespace(&r)
	if g, ok := a.holders.user(id.User).first(&r, namespace); ok {
		return g, true
	}
	for _, name := range id.Groups {
		if g, ok := a.holders.group(name).first(&r, namespace); ok {
			return g, true
		}
	}
	return Grant{}, false
}

// first is the first grant by the bindings of a subject.
func (h *held) first(r *Request, namespace int32) (Grant, bool) {
	for _, list := range [...][]place{h.places[:h.everywhere], h.in(namespace)} {
		for _, p := range list {
			if i := p.role.first(r); i >= 0 {
				return Grant{p.binding, i, h.named(p.binding)}, true
			}
		}
	}
	return Grant{}, false
}

// inNamespace is the namespace whose RoleBindings count for the request; "" for none.
func (r *Request) inNamespace() string {
	if r.Path != "" {
		return ""
	}
	return r.Namespace
}

// named is the subject as the binding names it.
func (h *held) named(b *Binding) Subject {
	if h.aliased {
		for _, s := range b.Subjects {
			if s == h.subject || s.caller() == h.subject {
				return s
			}
		}
	}
	return h.subject
}

// Grants are all proofs that the request is allowed; empty when it is not.
func (a *Authorizer) Grants(id Identity, r Request) []Grant {
	var out []Grant
	if slices.Contains(id.Groups, Masters) {
		out = append(out, Grant{Subject: Subject{Kind: GroupKind, Name: Masters}})
	}
	namespace := a.holders.namespace(&r)
	out = a.holders.user(id.User).appendGrants(out, &r, namespace)
	for i, name := range id.Groups {
		if !slices.Contains(id.Groups[:i], name) {
			out = a.holders.group(name).appendGrants(out, &r, namespace)
		}
	}
	return out
}

// appendGrants appends all grants by the bindings of a subject.
func (h *held) appendGrants(out []Grant, r *Request, namespace int32) []Grant {
	for _, list := range [...][]place{h.places[:h.everywhere], h.in(namespace)} {
		for _, p := range list {
			for _, i := range p.role.covering(nil, r) {
				out = append(out, Grant{p.binding, i, h.named(p.binding)})
			}
		}
	}
	return out
}

// An Access is a subject that may do something, and why.
type Access struct {
	Subject Subject
	Via     []Grant
}

// WhoCan are the subjects that bindings name whose members may make the request, sorted. Callers in system:masters can
// always: the group is among them, and its first grant is that it bypasses RBAC.
func (a *Authorizer) WhoCan(r Request) []Access {
	masters := Subject{Kind: GroupKind, Name: Masters}
	out := []Access{{masters, []Grant{{Subject: masters}}}}
	at := map[Subject]int{masters: 0}
	covering := map[*Role][]int{}
	for _, b := range a.bindings {
		if b.Role == nil || b.Namespace != "" && b.Namespace != r.inNamespace() {
			continue
		}
		rules, known := covering[b.Role]
		if !known {
			rules = b.Role.covering(nil, &r)
			covering[b.Role] = rules
		}
		if len(rules) == 0 {
			continue
		}
		for _, s := range b.Subjects {
			caller := s.caller()
			i, known := at[caller]
			if !known {
				i = len(out)
				at[caller] = i
				out = append(out, Access{Subject: caller})
			}
			if via := out[i].Via; len(via) > 0 && via[len(via)-1].Binding == b {
				continue // the binding names it twice
			}
			for _, rule := range rules {
				out[i].Via = append(out[i].Via, Grant{b, rule, s})
			}
		}
	}
	slices.SortFunc(out, func(x, y Access) int { return x.Subject.Compare(y.Subject) })
	return out
}
