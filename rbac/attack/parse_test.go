package attack

import (
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/rbac"
)

func TestParseFoothold(t *testing.T) {
	for text, want := range map[string]string{
		"sa:shop/cart":                      "ServiceAccount shop/cart",
		"shop/cart":                         "ServiceAccount shop/cart",
		"system:serviceaccount:shop:cart":   "ServiceAccount shop/cart",
		"user:system:serviceaccount:shop:x": "ServiceAccount shop/x",
		"jane@example.com":                  "User jane@example.com",
		"user:oidc:jane":                    "User oidc:jane",
		"arn:aws:iam::1:role/ops":           "User arn:aws:iam::1:role/ops",
		"group:ops":                         "Group ops",
		"system:masters":                    "Group system:masters",
		"anonymous":                         "User system:anonymous",
		"authenticated":                     "Group system:authenticated",
		"pods:shop":                         "AnyPod shop",
		"pods":                              "AnyPod",
		"pods:*":                            "AnyPod",
		"nodes":                             "AnyNode",
		"secrets:shop":                      "AnySecret shop",
		"secret:shop/db":                    "Secret shop/db",
		"namespace:tenant-b":                "Namespace tenant-b",
		"node:worker-1":                     "Node worker-1",
		"node":                              "Goal node",
		"goal:node":                         "Goal node",
		"cluster-admin":                     "Goal cluster-admin",
		"kube-system-secrets":               "Goal kube-system-secrets",
		"Deployment:shop/cart":              "Deployment shop/cart",
		"sts:shop/db":                       "StatefulSet shop/db",
	} {
		got, err := ParseFoothold(text)
		if err != nil || plain(got) != want {
			t.Errorf("%q is %s, %v: want %s", text, plain(got), err, want)
		}
	}
	for text, want := range map[string]string{
		"":               "a foothold is needed",
		"sa:cart":        "sa:NAMESPACE/NAME",
		"podz:shop":      "did you mean pods:shop?",
		"secert:shop/db": "did you mean secret:shop/db?",
		"deployment:x":   "write deployment:NAMESPACE/NAME",
		"secret:a/b/c":   "write secret:NAMESPACE/NAME",
		"pods:":          "write pods:NAMESPACE, or pods for all",
		"node:":          "write node:NAME",
		"goal:root":      "the goals are cluster-admin, system-masters, node, kube-system-secrets",
	} {
		if got, err := ParseFoothold(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %s, %v: want an error with %q", text, plain(got), err, want)
		}
	}
}

const shop = `
- {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: cluster-admin}, rules: [{verbs: ["*"], apiGroups: ["*"], resources: ["*"]}]}
- {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: ops}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin},
   subjects: [{kind: ServiceAccount, namespace: kube-system, name: operator}, {kind: User, name: "system:serviceaccount:ops:robot"}]}
- {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {namespace: kube-system, name: minter}, rules: [{verbs: [create], apiGroups: [""], resources: [serviceaccounts/token]}]}
- {apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {namespace: kube-system, name: minter}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: minter},
   subjects: [{kind: Group, name: minters}, {kind: ServiceAccount, namespace: shop, name: cart}]}
- {apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {namespace: kube-system, name: again}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: minter},
   subjects: [{kind: ServiceAccount, namespace: shop, name: cart}]}
- {apiVersion: apps/v1, kind: Deployment, metadata: {namespace: shop, name: cart, uid: u1}, spec: {template: {spec: {serviceAccountName: cart, containers: [{name: c, image: i}]}}}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: cart-x1, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: cart, uid: u1, controller: true}]},
   spec: {serviceAccountName: cart, nodeName: worker-1, containers: [{name: c, image: i}]}}
- {apiVersion: v1, kind: Node, metadata: {name: worker-1}}
- {apiVersion: v1, kind: Secret, metadata: {namespace: kube-system, name: key}, type: Opaque}
`

func shopGraph(t *testing.T, opts Options) *Graph {
	t.Helper()
	inv := readCase(t, []byte(shop), "")
	return newGraph(inv, rbac.New(inv), opts, []Technique{clusterAdmin, mintToken}) // further techniques change no answer
}

func TestLookup(t *testing.T) {
	g := shopGraph(t, Options{})
	for text, want := range map[string]string{
		"sa:shop/cart": "ServiceAccount shop/cart", "pod:shop/cart-x1": "Deployment shop/cart", "pods:shop": "AnyPod shop",
		"user:nobody": "User nobody", "group:nobody": "Group nobody", "secret:kube-system/key": "Secret kube-system/key",
		"user:system:serviceaccount:ops:robot": "ServiceAccount ops/robot", "namespace:shop": "Namespace shop",
	} {
		if got, err := g.Lookup(text); err != nil || plain(got) != want {
			t.Errorf("%q is %s, %v: want %s", text, plain(got), err, want)
		}
	}
	for text, want := range map[string]string{
		"sa:shop/crat":         "there is no ServiceAccount shop/crat: did you mean sa:shop/cart?",
		"sa:stop/cart":         "did you mean sa:shop/cart?",
		"nobody":               "user:nobody",
		"pods:shob":            `no namespace "shob": did you mean pods:shop?`,
		"node:worker-2":        "did you mean node:worker-1?",
		"secret:shop/key":      "did you mean secret:kube-system/key?",
		"deployment:shop/cort": "did you mean deployment:shop/cart?",
	} {
		if got, err := g.Lookup(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %s, %v: want an error with %q", text, plain(got), err, want)
		}
	}
}

func FuzzParseFoothold(f *testing.F) {
	for _, seed := range []string{"sa:shop/cart", "podz:x", ":", "system:", "goal:", "user:system:serviceaccount::", "a:b:c/d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseFoothold(text)
		if err != nil {
			return
		}
		if again, err := ParseFoothold(Write(r)); err != nil || again != r {
			t.Errorf("%q is %+v, written %q, which is %+v, %v", text, r, Write(r), again, err)
		}
	})
}
