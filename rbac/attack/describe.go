package attack

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
)

// Describe is a foothold in words that fit into a sentence: "ServiceAccount shop/cart", "any service account of
// namespace shop", "root on a node", "the rights of ClusterRole edit in namespace shop".
func Describe(r finding.Ref) string {
	in := "in any namespace"
	if r.Namespace != "" {
		in = "of namespace " + r.Namespace
	}
	switch r.Kind {
	case GoalKind:
		return describeGoal(r)
	case AnyAccountKind:
		return "any service account " + in
	case AnyPodKind:
		return "any pod " + in
	case AnyEditablePodKind:
		return "any pod " + in + " that is not static"
	case AnyMovablePodKind:
		return "any pod " + in + " that a controller makes again elsewhere"
	case AnyTemplateKind:
		return "the pod template of any " + r.Name
	case PodVolumesKind:
		if r.Name == "" {
			return "the volumes of all pods on a node"
		}
		return "the volumes of all pods on node " + r.Name
	case AnySecretKind:
		return "any Secret " + in
	case AnyNodeKind:
		return "any node"
	case SomeNodeKind:
		return "a node"
	case AnyUserKind:
		return "any user"
	case AnyGroupKind:
		return "any group"
	case RoleHolderKind:
		role := "the rights of " + strings.Replace(r.Name, "/", " ", 1)
		if r.Namespace == "" {
			return role + " everywhere"
		}
		return role + " in namespace " + r.Namespace
	case AdminOfKind:
		return "every right in namespace " + r.Namespace
	}
	return r.String()
}

func describeGoal(r finding.Ref) string {
	switch r {
	case ClusterAdmin:
		return "cluster-admin"
	case SystemMasters:
		return "group system:masters"
	case NodeRoot:
		return "root on a node"
	case KubeSystemSecrets:
		return "the Secrets of kube-system"
	}
	return r.String()
}
