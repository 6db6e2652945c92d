package attack

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// A foothold is a finding.Ref: a ServiceAccount, User, Group, workload, Node or Secret that the attacker holds (can act
// as, runs code in, is root on, can read), a Goal, or one of these sets. The namespace of a set is "" for all.
const (
	GoalKind      = "Goal"
	NamespaceKind = "Namespace" // something in this namespace is held: only a target, nothing follows from it
	NodeKind      = "Node"      // root on a node
	SecretKind    = "Secret"    // a Secret can be read

	AnyAccountKind = "AnyServiceAccount" // any service account of the namespace, at the attacker's choice
	AnyPodKind     = "AnyPod"            // any running pod of the namespace
	AnySecretKind  = "AnySecret"         // any Secret of the namespace can be read
	AnyNodeKind    = "AnyNode"           // any node, at the attacker's choice
	SomeNodeKind   = "SomeNode"          // one node, nobody knows which
	AnyUserKind    = "AnyUser"           // any user name
	AnyGroupKind   = "AnyGroup"          // any group name

	AnyEditablePodKind = "AnyEditablePod" // any pod of the namespace but static ones, whose spec the API server cannot change
	AnyMovablePodKind  = "AnyMovablePod"  // any pod of the namespace that is made again, on another node, when it is evicted
	AnyTemplateKind    = "AnyPodTemplate" // the pod template of any workload of a kind, wherever there is one; Name is the kind

	// PodVolumesKind is being able to read the volumes of all pods on a node; Name is the node's.
	PodVolumesKind = "PodVolumes"

	// RoleHolderKind is whoever the attacker binds to a role: Name is the role's, "ClusterRole/edit", Namespace where it is bound.
	RoleHolderKind = "RoleHolder"
	// AdminOfKind is holding every right in the namespace.
	AdminOfKind = "NamespaceAdmin"
)

// The goals: what attackers want.
var (
	ClusterAdmin      = finding.Ref{Kind: GoalKind, Name: "cluster-admin"}       // every right on every resource
	SystemMasters     = finding.Ref{Kind: GoalKind, Name: "system-masters"}      // the group that bypasses RBAC
	NodeRoot          = finding.Ref{Kind: GoalKind, Name: "node"}                // root on a node
	KubeSystemSecrets = finding.Ref{Kind: GoalKind, Name: "kube-system-secrets"} // any Secret of kube-system
)

// Who has no name, and who has any.
var (
	anonymous     = rbac.Subject{Kind: rbac.UserKind, Name: rbac.Anonymous}
	authenticated = rbac.Subject{Kind: rbac.GroupKind, Name: rbac.Authenticated}
)

// Goals are the targets that are no objects.
func Goals() []finding.Ref {
	return []finding.Ref{ClusterAdmin, SystemMasters, NodeRoot, KubeSystemSecrets}
}

// set is the foothold of a kind of set.
func set(kind, namespace string) finding.Ref { return finding.Ref{Kind: kind, Namespace: namespace} }

// isSet says that a foothold stands for its members: a path shows the member instead.
func isSet(r finding.Ref) bool {
	switch r.Kind {
	case AnyAccountKind, AnyPodKind, AnySecretKind, AnyNodeKind, AnyUserKind, AnyGroupKind,
		AnyEditablePodKind, AnyMovablePodKind, AnyTemplateKind:
		return true
	}
	return false
}
