package attack

import "github.com/plimsoll-io/plimsoll/rbac"

var impersonateUsers = Technique{
	ID: "impersonate-users", Title: "Impersonate a user", MITRE: "T1078",
	What: "With the verb impersonate on users, a request with the header Impersonate-User is decided as if that user had sent it, even if " +
		"nobody of that name can log in. The user comes without the groups that the identity provider would give it: only " +
		"system:authenticated is added (system:unauthenticated for system:anonymous). Where an identity file puts the user into groups, " +
		"the step leads to the roles of the user's own bindings instead of to the user. Names of service accounts are not users here: the " +
		"API server asks for impersonate on the serviceaccounts of that namespace. The rights uids and userextras, of the group " +
		"authentication.k8s.io, only set the user's UID and extra fields; RBAC reads neither, so that they give no step, but webhooks, " +
		"admission policies and other authorizers may. Constrained impersonation (verbs like impersonate:user-info together with " +
		"impersonate-on:user-info:VERB; beta and on since 1.36) is a weaker right of another name, which is not counted here.",
	Needs: "impersonate on users of the core group, by a ClusterRoleBinding: users lie in no namespace. resourceNames limit the names.",
	Proof: "The binding and the rule. Check with: kubectl auth can-i impersonate users/NAME --as SUBJECT",
	Cut:   "Name the users with resourceNames, or replace the right by constrained impersonation on 1.36 and later.",
	grows: true,
	find: func(b *builder) {
		for _, h := range b.holders(impersonation("users")) {
			if h.names == nil && len(b.groupsOf) == 0 {
				b.add(subject(h), set(AnyUserKind, ""), h.proof())
				continue
			}
			for _, s := range b.usersOf(h) {
				b.addImpersonated(h, s)
			}
		}
	},
}

// usersOf are the users that the holder's right names, or all that have rights. For names of service accounts the API
// server asks for the right to impersonate those instead.
func (b *builder) usersOf(h holder) []rbac.Subject {
	var out []rbac.Subject
	if h.names == nil {
		for _, s := range b.access.Subjects() {
			if s.Kind == rbac.UserKind {
				out = append(out, s)
			}
		}
		return out
	}
	for _, name := range h.names {
		if s := rbac.SubjectOfUser(name); s.Kind == rbac.UserKind {
			out = append(out, s)
		}
	}
	return out
}

// addImpersonated adds the step to a user. One who is in groups, as an identity file says, comes without them: then only
// what the user's own bindings give follows.
func (b *builder) addImpersonated(h holder, s rbac.Subject) {
	if len(b.groupsOf[s.Name]) == 0 {
		b.add(subject(h), s.Ref(), h.proof())
		return
	}
	b.add(subject(h), authenticated.Ref(), h.proof())
	for _, binding := range b.bindings(s) {
		if binding.Role != nil {
			p := h.proof()
			p.object, p.note = binding.Object, "the user is bound to it; the user's groups are not impersonated"
			b.add(subject(h), b.takerOf(binding.Role, binding.Namespace), p)
		}
	}
}

// impersonation is the right to impersonate what a resource of the core group stands for.
func impersonation(resource string) right {
	return right{verbs: []string{"impersonate"}, resource: resource, named: true, cluster: resource != "serviceaccounts"}
}
