package control

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac"
)

func unknownGroup() Control {
	return Control{
		ID:    "unknown-group",
		Title: "Binding names a group that the identity provider does not have",
		Why: "Kubernetes takes the groups that the identity provider says a person is in, and never asks whether a bound group " +
			"exists. One that was renamed or deleted there leaves its people without rights and its binding behind; whoever may " +
			"make groups at the provider, often far more people than may administer the cluster, makes it anew and has those " +
			"rights. Groups that Kubernetes, kubeadm and EKS make are not asked for.",
		Remedy:     "Remove the subject from the binding, or correct its name: prefixes such as oidc: are part of it.",
		Severity:   finding.Medium,
		Capability: RBACLeastPrivilege,
		References: []string{"CWE-672", "T1078.004", "T1098"},
		Enforce:    ScanOnly,
		Reads:      bindingKinds(),
		Check:      checkUnknownGroup,
	}
}

// noIdentity says what names of people need.
const noIdentity = "not configured: give --identity a list of the identity provider's users and groups"

func checkUnknownGroup(f *Facts) Judgement {
	if f.Settings.People == nil {
		return Judgement{Skipped: noIdentity}
	}
	return judgeSubjects(f, func(b *rbac.Binding, s boundSubject) (bool, *finding.Finding) {
		if s.Kind != rbac.GroupKind || isBuiltIn(s.Name) {
			return false, nil
		}
		if f.Settings.People.HasGroup(s.Name) {
			return true, nil
		}
		out := found(b.Object, s.at, "The identity provider has no group "+shown(s.Name)+": whoever may make it there gets "+grants(b))
		return true, &out
	})
}

// isBuiltIn says that a user or group is made by Kubernetes or by what installs it, and is no identity provider's.
func isBuiltIn(name string) bool {
	for _, prefix := range []string{"system:", "kubeadm:", "eks:"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
