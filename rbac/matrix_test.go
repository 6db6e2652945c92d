package rbac_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/internal/rbacsample"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// shop is a small cluster with two bindings of one person, one of them of a group.
func shop() *rbac.Authorizer {
	return rbac.New(inventoryOf("cluster",
		object(rbac.Group+"/v1", "Role", "shop", "reader", map[string]any{"rules": []any{
			rule("get,list", "", "pods"), rule("watch", "", "pods"), rule("get,list,watch", "", "services"), rule("*", "apps", "*,deployments")}}).Content,
		object(rbac.Group+"/v1", "ClusterRole", "", "paths", map[string]any{"rules": []any{
			map[string]any{"verbs": texts("get"), "nonResourceURLs": texts("/metrics,/logs/*")}, rule("get", "", "nodes")}}).Content,
		object(rbac.Group+"/v1", "RoleBinding", "shop", "jane", map[string]any{
			"roleRef": map[string]any{"kind": "Role", "name": "reader"}, "subjects": []any{map[string]any{"kind": "User", "name": "jane"}},
			"metadata": map[string]any{"name": "jane", "namespace": "shop", "creationTimestamp": "2026-02-03T04:05:06Z"}}).Content,
		object(rbac.Group+"/v1", "ClusterRoleBinding", "", "all", map[string]any{
			"roleRef":  map[string]any{"kind": "ClusterRole", "name": "paths"},
			"subjects": []any{map[string]any{"kind": "Group", "name": "system:authenticated"}}}).Content,
	))
}

func lines(a *rbac.Authorizer, f rbac.Filter) string {
	var b strings.Builder
	for c := range a.Matrix(f) {
		fmt.Fprintf(&b, "%s %q %s%s.%s %v\n", c.Subject, c.Namespace, c.Path, c.Resource, c.Group, c.Verbs)
	}
	return b.String()
}

func TestMatrix(t *testing.T) {
	jane := func(s rbac.Subject) bool { return s.Name == "jane" }
	tests := []struct {
		name   string
		filter rbac.Filter
		want   string
	}{
		{"all", rbac.Filter{}, `Group system:authenticated "" nodes. [get]
Group system:authenticated "" /logs/*. [get]
Group system:authenticated "" /metrics. [get]
User jane "shop" pods. [get list watch]
User jane "shop" services. [get list watch]
User jane "shop" *.apps [*]
User jane "shop" deployments.apps [*]
`},
		{"who may watch pods", rbac.Filter{Verb: "watch", Resource: "pods"}, `User jane "shop" pods. [get list watch]
`},
		{"what covers a subresource", rbac.Filter{Group: "apps", Resource: "deployments/scale"}, `User jane "shop" *.apps [*]
`},
		{"with groups", rbac.Filter{Subject: jane, Effective: true, Verb: "get", Namespace: "bank"}, `User jane "" nodes. [get]
User jane "" /logs/*. [get]
User jane "" /metrics. [get]
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := lines(shop(), tt.filter); got != tt.want {
				t.Errorf("the matrix is\n%swant\n%s", got, tt.want)
			}
		})
	}
}

func TestRights(t *testing.T) {
	var got []string
	for _, r := range shop().Rights(rbac.Subject{Kind: rbac.UserKind, Name: "jane"}.Identity()) {
		got = append(got, fmt.Sprintf("%q %v %v %v %v by group %v, %d grants", r.Namespace, r.Rule.Verbs, r.Rule.APIGroups, r.Rule.Resources,
			r.Rule.NonResourceURLs, r.ByGroup(), len(r.Grants)))
	}
	want := []string{
		`"" [get] [] [nodes] [] by group true, 1 grants`,
		`"" [get] [] [] [/logs/* /metrics] by group true, 1 grants`,
		`"shop" [get list watch] [] [pods services] [] by group false, 3 grants`,
		`"shop" [*] [apps] [*] [] by group false, 1 grants`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("rights are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDocument(t *testing.T) {
	a := shop()
	assignments := a.Assignments()
	if len(assignments) != 2 || assignments[1].Subject.Name != "jane" ||
		!assignments[1].Since.Equal(time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)) || !assignments[0].Since.IsZero() {
		t.Errorf("assignments are %+v", assignments)
	}
	definitions := a.Definitions()
	if len(definitions) != 2 || definitions[0].Role.Name != "paths" || definitions[0].Bindings != 1 {
		t.Errorf("definitions are %+v", definitions)
	}
	for _, d := range rbac.New(inventoryOf("files")).Definitions() {
		if d.Role.Name != "edit" {
			continue
		}
		var from []string
		for _, role := range d.AggregatedFrom {
			from = append(from, role.Name)
		}
		if want := []string{"system:aggregate-to-edit", "system:aggregate-to-view"}; !d.Aggregated || !slices.Equal(from, want) {
			t.Errorf("edit is aggregated from %v, want %v", from, want)
		}
		return
	}
	t.Error("there is no role edit")
}

// TestMatrixIsTheAnswers holds that every cell is allowed, verb by verb.
func TestMatrixIsTheAnswers(t *testing.T) {
	random := rand.New(rand.NewPCG(20261123, 4))
	sample := rbacsample.New(random, "t-", 40, 80)
	a := rbac.New(inventoryOf("files", sample.Objects...))
	count := 0
	for c := range a.Matrix(rbac.Filter{}) {
		right := rbac.Right{Namespace: c.Namespace, Rule: rbac.Rule{Verbs: c.Verbs, APIGroups: []string{c.Group}, Resources: []string{c.Resource},
			ResourceNames: c.Names}}
		if c.Path != "" {
			right.Rule = rbac.Rule{Verbs: c.Verbs, NonResourceURLs: []string{c.Path}}
		}
		for _, r := range requestsOf(right) {
			count++
			if _, ok := a.Can(c.Subject.Identity(), r); !ok {
				t.Fatalf("%s may not %s: %+v", c.Subject, r, c)
			}
		}
	}
	if count < 1000 {
		t.Errorf("only %d answers were asked", count)
	}
}

func TestUnseen(t *testing.T) {
	server := func(arguments ...any) *inventory.Inventory {
		return inventoryOf("cluster", object("v1", "Pod", "kube-system", "kube-apiserver-a", map[string]any{
			"metadata": map[string]any{"name": "kube-apiserver-a", "namespace": "kube-system", "labels": map[string]any{"component": "kube-apiserver"}},
			"spec": map[string]any{"containers": []any{map[string]any{
				"name": "kube-apiserver", "command": append([]any{"kube-apiserver"}, arguments...)}}}}).Content)
	}
	node := func(label string) *inventory.Inventory {
		return inventoryOf("cluster", object("v1", "Node", "", "n", map[string]any{
			"metadata": map[string]any{"name": "n", "labels": map[string]any{label: "x"}}}).Content)
	}
	tests := []struct {
		name      string
		inv       *inventory.Inventory
		has, lack string
	}{
		{"files", inventoryOf("files"), "not in these files", "EKS"},
		{"cluster", inventoryOf("cluster"), "is not visible from outside", "not in these files"},
		{"kubeadm", server("--authorization-mode=Node,RBAC"), "The Node authorizer lets", "not visible"},
		{"two words", server("--authorization-mode", "RBAC,Webhook"), "webhook", "The Node authorizer"},
		{"abac", server("--authorization-mode=ABAC"), "does not run the RBAC authorizer", "webhook,"},
		{"configuration", server("--authorization-config=/etc/authz.yaml"), "/etc/authz.yaml", "ABAC"},
		{"nothing", server(), "AlwaysAllow", "webhook"},
		{"eks", node("eks.amazonaws.com/nodegroup"), "On EKS", "GKE"},
		{"gke", node("cloud.google.com/gke-nodepool"), "On GKE", "AKS"},
		{"aks", node("kubernetes.azure.com/cluster"), "On AKS", "EKS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Join(rbac.Unseen(tt.inv), "\n")
			if !strings.Contains(text, tt.has) || strings.Contains(text, tt.lack) {
				t.Errorf("want %q and not %q in\n%s", tt.has, tt.lack, text)
			}
		})
	}
}
