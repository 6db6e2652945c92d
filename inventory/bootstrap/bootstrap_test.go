package bootstrap

import (
	"maps"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// object reads one object from YAML.
func object(t *testing.T, text string) *inventory.Object {
	t.Helper()
	o := &inventory.Object{}
	if err := yaml.UnmarshalStrict([]byte(text), &o.Content); err != nil {
		t.Fatal(err)
	}
	o.APIVersion, o.Kind = inventory.String(o.Content, "apiVersion"), inventory.String(o.Content, "kind")
	o.Name, o.Namespace = inventory.String(o.Content, "metadata", "name"), inventory.String(o.Content, "metadata", "namespace")
	return o
}

const header = "apiVersion: rbac.authorization.k8s.io/v1\nkind: "

const clusterAdmin = header + `ClusterRole
metadata: {name: cluster-admin, labels: {kubernetes.io/bootstrapping: rbac-defaults}}
rules:
- {apiGroups: ["*"], resources: ["*"], verbs: ["*"]}
- {nonResourceURLs: ["*"], verbs: ["*"]}
`

const clusterAdmins = header + `ClusterRoleBinding
metadata: {name: cluster-admin}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:masters"}
`

const basicUser = header + `ClusterRole
metadata: {name: "system:basic-user", annotations: {note: kept}, uid: 1b4e28ba}
rules:
- apiGroups: [authorization.k8s.io]
  resources: [selfsubjectaccessreviews, selfsubjectrulesreviews]
  verbs: [create]
- apiGroups: [authentication.k8s.io]
  resources: [selfsubjectreviews]
  verbs: [create]
`

const bootstrapSigner = header + `RoleBinding
metadata: {name: "system:controller:bootstrap-signer", namespace: kube-public}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: "system:controller:bootstrap-signer"}
subjects:
- {kind: ServiceAccount, name: bootstrap-signer, namespace: kube-system}
`

const trustBundles = header + `ClusterRoleBinding
metadata: {name: "system:cluster-trust-bundle-discovery"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:cluster-trust-bundle-discovery"}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:serviceaccounts"}]
`

const view = header + `ClusterRole
metadata: {name: view, labels: {rbac.authorization.k8s.io/aggregate-to-edit: "true"}}
aggregationRule:
  clusterRoleSelectors:
  - matchLabels: {rbac.authorization.k8s.io/aggregate-to-view: "true"}
`

func TestMark(t *testing.T) {
	const version = "v1.37.2"
	replace := strings.NewReplacer
	cases := []struct {
		name, object, version string
		want                  bool
	}{
		{"role", clusterAdmin, version, true},
		{"role, of any version", clusterAdmin, "", true},
		{"role, of a version to come", clusterAdmin, "v1.99.0", true},
		{"role, of a cloud", clusterAdmin, "1.34+", true},
		{"binding", clusterAdmins, version, true},
		{"namespaced binding", bootstrapSigner, version, true},
		{"aggregated role before aggregation", view, version, true},
		{"labels and annotations do not matter", replace("labels", "annotations").Replace(clusterAdmin), version, true},
		{"an older API version", replace("k8s.io/v1\n", "k8s.io/v1beta1\n").Replace(clusterAdmin), version, true},
		{"order and grouping do not matter", header + `ClusterRole
metadata: {name: "system:basic-user"}
rules:
- {verbs: [create, create], resources: [selfsubjectreviews], apiGroups: [authentication.k8s.io]}
- {verbs: [create], resources: [selfsubjectrulesreviews], apiGroups: [authorization.k8s.io]}
- {verbs: [create], resources: [selfsubjectaccessreviews], apiGroups: [authorization.k8s.io]}
`, version, true},

		{"binding that this version has", trustBundles, "v1.37.0", true},
		{"binding that came later", trustBundles, "v1.36.3", false},
		{"binding that came later, version unknown", trustBundles, "", true},

		{"a renamed copy", replace("name: cluster-admin", "name: shop-admin").Replace(clusterAdmin), version, false},
		{"a copy in a namespace", replace("kube-public", "shop").Replace(bootstrapSigner), version, false},
		{"another kind", replace("kind: ClusterRole\n", "kind: Role\n").Replace(clusterAdmin), version, false},
		{"another group", replace("rbac.authorization.k8s.io/v1\n", "example.com/v1\n").Replace(clusterAdmin), version, false},
		{"one verb more", replace("verbs: [create]", "verbs: [create, get]").Replace(basicUser), version, false},
		{"one verb less", replace("[selfsubjectaccessreviews, selfsubjectrulesreviews]", "[selfsubjectrulesreviews]").Replace(basicUser), version, false},
		{"a name that narrows", replace("  verbs", "  resourceNames: [x]\n  verbs").Replace(basicUser), version, false},
		{"one subject more", clusterAdmins + "- {kind: User, name: jane}\n", version, false},
		{"another subject", replace("system:masters", "shop-admins").Replace(clusterAdmins), version, false},
		{"another kind of subject", replace("kind: Group", "kind: User").Replace(clusterAdmins), version, false},
		{"no subject", replace("subjects:", "").Replace(before(clusterAdmins, "- {api")), version, false},
		{"another role", replace("kind: ClusterRole,", "kind: Role,").Replace(clusterAdmins), version, false},
		{"another selector", replace("aggregate-to-view", "aggregate-to-admin").Replace(view), version, false},
		{"no selector", replace("  - matchLabels", "  # matchLabels").Replace(view), version, false},
		{"an aggregated role with a right that nobody gave it",
			view + `rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]`, version, false},
		{"a role of an installer", replace("system:basic-user", "kubeadm:get-nodes").Replace(basicUser), version, false},
		{"rules that are none", replace("[selfsubjectreviews]", "selfsubjectreviews").Replace(basicUser), version, false},
		{"a rule that is none", basicUser + "- create\n", version, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := object(t, c.object)
			Mark([]*inventory.Object{o}, c.version)
			if o.Default != c.want {
				t.Errorf("Default is %v, want %v", o.Default, c.want)
			}
		})
	}
}

// TestMarkAggregated: the rules of an aggregated role are those of the ClusterRoles that it selects.
func TestMarkAggregated(t *testing.T) {
	orders := object(t, header+`ClusterRole
metadata: {name: shop-view, labels: {rbac.authorization.k8s.io/aggregate-to-view: "true"}}
rules: [{apiGroups: [shop.example.com], resources: [orders], verbs: [get]}]
`)
	filled := view + `rules: [{apiGroups: [shop.example.com], resources: [orders], verbs: [get]}]`
	with, without := object(t, filled), object(t, filled)
	Mark([]*inventory.Object{orders, with}, "v1.37.2")
	Mark([]*inventory.Object{without}, "v1.37.2")
	if !with.Default || without.Default || orders.Default {
		t.Errorf("with its source %v, without %v, the source %v: want true, false, false", with.Default, without.Default, orders.Default)
	}
}

// TestMarkBounds: a role that multiplies out to a billion rights costs nothing.
func TestMarkBounds(t *testing.T) {
	many := make([]any, 1000)
	for i := range many {
		many[i] = "x"
	}
	o := object(t, clusterAdmin)
	o.Content["rules"] = []any{map[string]any{"apiGroups": many, "resources": many, "verbs": many}}
	Mark([]*inventory.Object{o}, "")
	if o.Default {
		t.Error("Default is true")
	}
}

func TestMatches(t *testing.T) {
	table, err := parse("# comment\nRole - x\n\t30-37 rA\n\t30-32 rOld\n\t34?,35-37 rNew\n\t36? rGated\nRole - gone\n\t30-32 rA\n\t30-31 rB\n")
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		role, atoms string
		minor       int
		want        bool
	}{
		{"x", "rA rOld", 31, true},
		{"x", "rA", 31, false},
		{"x", "rA rNew", 37, true},
		{"x", "rA rNew rOld", 37, true}, // an upgrade leaves it
		{"x", "rA rNew", 33, false},     // not yet
		{"x", "rA", 34, true},           // a gate
		{"x", "rA rNew", 34, true},
		{"x", "rA rNew rGated", 36, true},
		{"x", "rA rNew rGated", 35, false},
		{"x", "rA rNew rOther", 37, false},
		{"gone", "rA", 37, true},
		{"gone", "rA rB", 37, true},
		{"gone", "rB", 37, false},
	}
	for _, c := range cases {
		have := map[atom]bool{}
		for a := range strings.FieldsSeq(c.atoms) {
			have[atom(a)] = true
		}
		if got := matches(table[key{"Role", "", c.role}], have, nil, c.minor, false); got != c.want {
			t.Errorf("role %s with %s in 1.%d: %v, want %v", c.role, c.atoms, c.minor, got, c.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, text := range []string{"Role x", "\t30 rA", "Role - x\n\t29 rA", "Role - x\n\t31-30 rA", "Role - x\n\tsoon rA", "Role - x\n\t30-soon rA"} {
		if _, err := parse(text); err == nil {
			t.Errorf("parse(%q): no error", text)
		}
	}
}

// TestTable holds the embedded file to what is known of bare clusters.
func TestTable(t *testing.T) {
	count := map[int]map[string]int{}
	for k, e := range table() {
		for minor := oldest; minor <= newest; minor++ {
			if e.present&bit(minor) != 0 {
				if count[minor] == nil {
					count[minor] = map[string]int{}
				}
				count[minor][k.kind]++
			}
		}
	}
	want := map[string]int{"ClusterRole": 73, "ClusterRoleBinding": 54, "Role": 7, "RoleBinding": 7}
	if !maps.Equal(count[37], want) {
		t.Errorf("1.37 has %v, a bare cluster has %v", count[37], want)
	}
	for minor := oldest; minor <= newest; minor++ {
		if count[minor]["ClusterRole"] < 60 {
			t.Errorf("1.%d has %v", minor, count[minor])
		}
	}
	t.Log(count)
}

// before is text up to mark.
func before(text, mark string) string {
	head, _, _ := strings.Cut(text, mark)
	return head
}
