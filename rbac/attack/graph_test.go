package attack

import (
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// read makes an inventory of objects as a live cluster would hold them.
func read(t *testing.T, text string) *inventory.Inventory {
	t.Helper()
	var list []map[string]any
	if err := yaml.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	var objects []*inventory.Object
	for _, content := range list {
		objects = append(objects, &inventory.Object{Content: content, Ref: finding.Ref{
			APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"),
			Namespace: inventory.String(content, "metadata", "namespace"), Name: inventory.String(content, "metadata", "name"),
		}})
	}
	return inventory.New(inventory.Source{Kind: "cluster"}, time.Time{}, "v1.37.2", objects, nil)
}

func TestMintToken(t *testing.T) {
	inv := read(t, `
- {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: cluster-admin}, rules: [{verbs: ["*"], apiGroups: ["*"], resources: ["*"]}]}
- {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: ops}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin},
   subjects: [{kind: ServiceAccount, namespace: kube-system, name: operator}]}
- {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {namespace: kube-system, name: minter}, rules: [{verbs: [create], apiGroups: [""], resources: [serviceaccounts/token]}]}
- {apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {namespace: kube-system, name: minter}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: minter},
   subjects: [{kind: ServiceAccount, namespace: shop, name: cart}]}
`)
	g := New(inv, rbac.New(inv), Options{})
	p, ok := g.Towards(ClusterAdmin, false).Path(rbac.Account("shop", "cart").Ref())
	if !ok || len(p.Steps) != 2 {
		t.Fatalf("path %+v, %v", p, ok)
	}
	if got := p.Steps[0].To; got != rbac.Account("kube-system", "operator").Ref() {
		t.Errorf("the first step leads to %s", got)
	}
}
