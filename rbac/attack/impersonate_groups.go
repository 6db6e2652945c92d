package attack

import (
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac"
)

var impersonateGroups = Technique{
	ID: "impersonate-groups", Title: "Impersonate a group", MITRE: "T1078",
	What: "With the verb impersonate on groups, the header Impersonate-Group gives the request the rights of any group, system:masters " +
		"included, which bypasses RBAC. The header alone is refused: a user or service account has to be impersonated in the same " +
		"request, so that a second right is needed, whoever it names. The groups that are asked for replace those that the impersonated " +
		"service account has; system:authenticated is added. With the group system:nodes and a user called system:node:NAME the " +
		"request counts as that node's kubelet. Constrained impersonation refuses system:masters and is not counted here.",
	Needs: "impersonate on groups of the core group by a ClusterRoleBinding, and impersonate on some user or service account. " +
		"resourceNames limit the groups. A rule with the verb * on the core group's resources * has both.",
	Proof: "The bindings and rules for both rights. Check with: kubectl auth can-i impersonate groups/system:masters --as SUBJECT",
	Cut:   "Name the groups with resourceNames, and never system:masters; write verbs out instead of *.",
	find: func(b *builder) {
		groups, users := b.holding(impersonation("groups")), b.holding(impersonation("users"))
		for _, h := range b.joint(groups, either(users, b.holding(impersonation("serviceaccounts")))) {
			b.addCluster(h, set(AnyGroupKind, ""), func(name string) (finding.Ref, bool) {
				s := rbac.Subject{Kind: rbac.GroupKind, Name: name}
				return s.Ref(), s != nodesGroup
			})
		}
		for _, h := range b.joint(startingWith(groups, nodesGroup.Name), startingWith(users, nodePrefix)) {
			b.add(subject(h), nodesGroup.Ref(), h.proof())
		}
	},
}

// startingWith keeps the holdings that cover a name that starts like this.
func startingWith(names holding, prefix string) holding {
	of := names.of
	names.of = func(s rbac.Subject) []holder {
		return slices.DeleteFunc(of(s), func(h holder) bool { return !h.coversPrefix(prefix) })
	}
	return names
}

// nodesGroup is the group of kubelets, and nodePrefix how their names start. The Node authorizer asks for both.
var nodesGroup = rbac.Subject{Kind: rbac.GroupKind, Name: "system:nodes"}

const nodePrefix = "system:node:"

// coversPrefix says whether the holder's names cover one that starts like this.
func (h holder) coversPrefix(prefix string) bool {
	if h.names == nil {
		return true
	}
	for _, name := range h.names {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
