package attack

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// expand links a foothold, when it is first seen, to what holding it means: a set to its members, a service account to
// its groups, everything to the namespace that it lies in.
func (b *builder) expand(r finding.Ref) {
	if isSet(r) && r.Namespace == "" && perNamespace(r.Kind) {
		for _, ns := range b.namespaces {
			b.link(r, set(r.Kind, ns))
		}
		return
	}
	switch r.Kind {
	case AnyAccountKind:
		b.linkAccounts(r)
	case AnyPodKind, AnyEditablePodKind, AnyMovablePodKind:
		b.linkPods(r)
	case AnySecretKind:
		b.linkSecrets(r)
	case AnyNodeKind:
		for _, name := range b.nodeNames() {
			b.link(r, nodeRef(name))
		}
		b.link(r, NodeRoot)
	case SomeNodeKind:
		b.link(r, NodeRoot)
	case AnyUserKind, AnyGroupKind:
		b.linkNames(r)
	case rbac.ServiceAccountKind, rbac.UserKind, rbac.GroupKind:
		b.linkGroups(r)
	case "Node":
		b.link(r, NodeRoot)
	case "Secret":
		if r.Namespace == "kube-system" {
			b.link(r, KubeSystemSecrets)
		}
	case GoalKind:
		b.linkGoal(r)
	}
	if r.Namespace != "" && r.Kind != NamespaceKind {
		b.link(r, finding.Ref{APIVersion: "v1", Kind: NamespaceKind, Name: r.Namespace})
	}
}

func perNamespace(kind string) bool {
	switch kind {
	case AnyAccountKind, AnyPodKind, AnySecretKind, AnyEditablePodKind, AnyMovablePodKind:
		return true
	}
	return false
}

// linkPods links a set of pods to the smaller sets in it, and to the workloads that are in none of those: any pod holds
// any that is not static, which holds any that moves.
func (b *builder) linkPods(r finding.Ref) {
	smaller := map[string]string{AnyPodKind: AnyEditablePodKind, AnyEditablePodKind: AnyMovablePodKind}[r.Kind]
	linked := false
	for _, i := range b.workloadsOf(r.Namespace) {
		switch w := &b.workloads[i]; {
		case w.among(r.Kind) && !w.among(smaller):
			b.link(r, w.object.Ref)
		case w.among(smaller) && !linked:
			linked = true
			b.link(r, set(smaller, r.Namespace))
		}
	}
}

func (b *builder) linkAccounts(r finding.Ref) {
	for _, name := range b.accounts[r.Namespace] {
		b.link(r, rbac.Account(r.Namespace, name).Ref())
	}
}

func (b *builder) linkSecrets(r finding.Ref) {
	if r.Namespace == "kube-system" {
		b.link(r, KubeSystemSecrets)
	}
	for _, name := range b.secrets[r.Namespace] {
		b.link(r, finding.Ref{APIVersion: "v1", Kind: "Secret", Namespace: r.Namespace, Name: name})
	}
}

// linkNames links any user or group name to those that bindings and the identity file name, and those that every cluster
// knows; a name without rights leads nowhere.
func (b *builder) linkNames(r finding.Ref) {
	known := []rbac.Subject{anonymous, authenticated, {Kind: rbac.GroupKind, Name: rbac.Masters}}
	for _, user := range b.people {
		known = append(known, rbac.Subject{Kind: rbac.UserKind, Name: user})
	}
	for _, s := range append(known, b.subjects...) {
		if s.Kind == rbac.GroupKind == (r.Kind == AnyGroupKind) && s.Kind != rbac.ServiceAccountKind {
			b.link(r, s.Ref())
		}
	}
}

// linkGroups links a subject to the groups that authentication gives it.
func (b *builder) linkGroups(r finding.Ref) {
	s := rbac.Subject{Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}
	if s.Kind == rbac.GroupKind && s.Name == rbac.Masters {
		b.link(r, SystemMasters)
	}
	if s.Kind == rbac.UserKind {
		if account := rbac.SubjectOfUser(s.Name); account.Kind == rbac.ServiceAccountKind {
			b.link(r, account.Ref())
		}
	}
	for _, member := range b.selves(s)[1:] {
		if len(b.bindings(member)) > 0 || member.Name == rbac.Masters {
			b.link(r, member.Ref())
		}
	}
}

// linkGoal says what goals contain: who bypasses RBAC or holds every right can take all the rest.
func (b *builder) linkGoal(r finding.Ref) {
	switch r {
	case SystemMasters:
		b.link(r, ClusterAdmin)
	case ClusterAdmin:
		for _, kind := range []string{AnyAccountKind, AnySecretKind, AnyPodKind, AnyNodeKind, AnyUserKind, AnyGroupKind} {
			b.link(r, set(kind, ""))
		}
		b.link(r, KubeSystemSecrets)
	}
}
