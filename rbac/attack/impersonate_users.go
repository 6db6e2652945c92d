package attack

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac"
)

var impersonateUsers = Technique{
	ID: "impersonate-users", Title: "Impersonate a user", MITRE: "T1078",
	What: "With the verb impersonate on users, a request with the header Impersonate-User is decided as if that user had sent it, even if " +
		"nobody of that name can log in. The user comes without the groups that the identity provider would give it: only " +
		"system:authenticated is added (system:unauthenticated for system:anonymous). Names of service accounts are not users here: the " +
		"API server asks for impersonate on the serviceaccounts of that namespace. The rights uids and userextras, of the group " +
		"authentication.k8s.io, only set the user's UID and extra fields; RBAC reads neither, so that they give no step, but webhooks, " +
		"admission policies and other authorizers may. Constrained impersonation (verbs like impersonate:user-info together with " +
		"impersonate-on:user-info:VERB; beta and on since 1.36) is a weaker right of another name, which is not counted here.",
	Needs: "impersonate on users of the core group, by a ClusterRoleBinding: users lie in no namespace. resourceNames limit the names.",
	Proof: "The binding and the rule. Check with: kubectl auth can-i impersonate users/NAME --as SUBJECT",
	Cut:   "Name the users with resourceNames, or replace the right by constrained impersonation on 1.36 and later.",
	find: func(b *builder) {
		for _, h := range b.holders(impersonation("users")) {
			b.addCluster(h, set(AnyUserKind, ""), func(name string) (finding.Ref, bool) {
				s := rbac.SubjectOfUser(name)
				return s.Ref(), s.Kind == rbac.UserKind // for the others the API server asks for serviceaccounts
			})
		}
	},
}

// impersonation is the right to impersonate what a resource of the core group stands for.
func impersonation(resource string) right {
	return right{verbs: []string{"impersonate"}, resource: resource, named: true, cluster: resource != "serviceaccounts"}
}
