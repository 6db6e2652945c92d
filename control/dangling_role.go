package control

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac"
)

func danglingRole() Control {
	return Control{
		ID:    "dangling-role",
		Title: "Binding refers to a role that does not exist",
		Why: "The binding grants nothing today, while it reads as if it did: its subjects lack the rights that they were meant to " +
			"have. The day a role of that name is made, for whatever reason, they have all its rights and nobody reviews that. " +
			"What Kubernetes itself installs counts as existing, also in files.",
		Remedy:     "Correct the name in roleRef (a binding has to be made anew for that), create the role, or delete the binding.",
		Severity:   finding.Low,
		Capability: RBACLeastPrivilege,
		References: []string{"CWE-672", "T1098"},
		Enforce:    Webhook,
		Reads:      rbac.Reads(),
		Check:      checkDanglingRole,
	}
}

func checkDanglingRole(f *Facts) Judgement {
	var j Judgement
	where := ""
	if !f.fromCluster() {
		where = ", unless it is made outside of these files"
	}
	for _, b := range f.bindings() {
		if !refersToRole(b) {
			continue // the API server refuses it
		}
		j.Examined = append(j.Examined, b.Object)
		if b.Role == nil {
			j.Findings = append(j.Findings, found(b.Object, "roleRef.name", "There is no "+b.RoleRef.String()+", so that the binding grants nothing"+where))
		}
	}
	return j
}

// refersToRole says whether a role could be what the binding refers to.
func refersToRole(b *rbac.Binding) bool {
	return b.RoleRef.Name != "" && (b.RoleRef.Kind == "ClusterRole" || b.RoleRef.Kind == "Role" && b.Namespace != "")
}
