package attack

import (
	"testing"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac"
)

func TestDescribe(t *testing.T) {
	for want, r := range map[string]finding.Ref{
		"ServiceAccount shop/cart":              rbac.Account("shop", "cart").Ref(),
		"any service account of namespace shop": set(AnyAccountKind, "shop"),
		"any pod in any namespace":              set(AnyPodKind, ""),
		"any Secret of namespace shop":          set(AnySecretKind, "shop"),
		"any node":                              set(AnyNodeKind, ""),
		"a node":                                {Kind: SomeNodeKind},
		"Node worker-1":                         nodeRef("worker-1"),
		"any user":                              set(AnyUserKind, ""),
		"any group":                             set(AnyGroupKind, ""),
		"the rights of ClusterRole edit in namespace shop": {Kind: RoleHolderKind, Namespace: "shop", Name: "ClusterRole/edit"},
		"the rights of ClusterRole edit everywhere":        {Kind: RoleHolderKind, Name: "ClusterRole/edit"},
		"every right in namespace shop":                    {Kind: AdminOfKind, Namespace: "shop", Name: "shop"},
		"cluster-admin":                                    ClusterAdmin,
		"group system:masters":                             SystemMasters,
		"root on a node":                                   NodeRoot,
		"the Secrets of kube-system":                       KubeSystemSecrets,
	} {
		if got := Describe(r); got != want {
			t.Errorf("%+v is %q, want %q", r, got, want)
		}
	}
}
