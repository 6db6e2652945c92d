package control

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac"
)

func unknownUser() Control {
	return Control{
		ID:    "unknown-user",
		Title: "Binding names a user that the identity provider does not have",
		Why: "A binding to one person outlives the person's account: nobody removes it when somebody leaves, and a later account of " +
			"the same name inherits it. A user that the identity provider does not have may also be the name in a client " +
			"certificate, which nobody can revoke before it ends. Users that Kubernetes and EKS make are not asked for.",
		Remedy:     "Remove the subject from the binding; bind groups, whose members the identity provider keeps up to date.",
		Severity:   finding.Low,
		Capability: RBACLeastPrivilege,
		References: []string{"CWE-672", "T1078.004"},
		Enforce:    ScanOnly,
		Reads:      bindingKinds(),
		Check:      checkUnknownUser,
	}
}

func checkUnknownUser(f *Facts) Judgement {
	if f.Settings.People == nil {
		return Judgement{Skipped: noIdentity}
	}
	return judgeSubjects(f, func(b *rbac.Binding, s boundSubject) (bool, *finding.Finding) {
		if s.Kind != rbac.UserKind || isBuiltIn(s.Name) {
			return false, nil
		}
		if f.Settings.People.HasUser(s.Name) {
			return true, nil
		}
		out := found(b.Object, s.at, "The identity provider has no user "+shown(s.Name)+", who has "+grants(b))
		return true, &out
	})
}
