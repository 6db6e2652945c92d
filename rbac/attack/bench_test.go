package attack_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/bootstrap"
	"github.com/plimsoll-io/plimsoll/inventory/snapshot"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
)

// The size of the cluster that the figures of the RBAC commands are about.
const (
	benchNamespaces = 500
	benchAccounts   = 5000
	benchRoles      = 3000
	benchBindings   = 20_000
	benchWorkloads  = 20_000
	benchNodes      = 200
)

// largeCluster is like a live cluster of that size, with what Kubernetes itself installs. PLIMSOLL_SNAPSHOT names a
// snapshot to take instead, one of "bench rbac-cluster" for example.
func largeCluster(tb testing.TB, workloads int) *inventory.Inventory {
	tb.Helper()
	if path := os.Getenv("PLIMSOLL_SNAPSHOT"); path != "" {
		file, err := os.Open(path)
		if err != nil {
			tb.Fatal(err)
		}
		defer file.Close()
		inv, err := snapshot.Read(file)
		if err != nil {
			tb.Fatal(err)
		}
		return inv
	}
	c := &cluster{random: rand.New(rand.NewPCG(1, 2))}
	c.accounts()
	c.roles()
	c.bindings()
	c.workloads(workloads)
	return inventory.New(inventory.Source{Kind: "cluster"}, time.Time{}, "v1.37.2", append(c.objects, bootstrap.Objects()...), nil)
}

type cluster struct {
	random  *rand.Rand
	objects []*inventory.Object
}

func namespaceOf(i int) string { return fmt.Sprintf("team-%03d", i%benchNamespaces) }

func (c *cluster) add(apiVersion, kind, namespace, name string, fields map[string]any) {
	meta := map[string]any{"name": name}
	if namespace != "" {
		meta["namespace"] = namespace
	}
	content := map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": meta}
	for k, v := range fields {
		content[k] = v
	}
	c.objects = append(c.objects, &inventory.Object{
		Content: content, Ref: finding.Ref{APIVersion: apiVersion, Kind: kind, Namespace: namespace, Name: name},
	})
}

func (c *cluster) accounts() {
	for i := range benchNamespaces {
		c.add("v1", "Namespace", "", namespaceOf(i), nil)
	}
	for i := range benchAccounts {
		c.add("v1", "ServiceAccount", namespaceOf(i), fmt.Sprintf("app-%d", i/benchNamespaces), nil)
		c.add("v1", "Secret", namespaceOf(i), fmt.Sprintf("secret-%d", i/benchNamespaces), nil)
	}
	for i := range benchNodes {
		c.add("v1", "Node", "", fmt.Sprintf("node-%d", i), nil)
	}
}

func (c *cluster) roles() {
	rule := func(group string, resources, verbs []any) map[string]any {
		return map[string]any{"apiGroups": []any{group}, "resources": resources, "verbs": verbs}
	}
	read, write := []any{"get", "list", "watch"}, []any{"create", "update", "patch", "delete"}
	ordinary := []any{
		rule("", []any{"pods", "pods/log"}, read), rule("", []any{"configmaps"}, append(read, write...)), rule("", []any{"events"}, write),
		rule("apps", []any{"deployments", "statefulsets"}, read), rule("apps", []any{"deployments/scale"}, write),
		rule("batch", []any{"jobs"}, read), rule("coordination.k8s.io", []any{"leases"}, write), rule("", []any{"services"}, read),
	}
	risky := []any{
		rule("", []any{"secrets"}, read), rule("", []any{"pods/exec"}, write), rule("", []any{"pods"}, write), rule("apps", []any{"deployments"}, write),
		rule("", []any{"serviceaccounts/token"}, write), rule("rbac.authorization.k8s.io", []any{"rolebindings", "roles"}, write),
		rule("", []any{"nodes/proxy"}, read), rule("batch", []any{"jobs"}, write),
	}
	for i := range benchRoles {
		var rules []any
		for range 1 + c.random.IntN(6) {
			rules = append(rules, ordinary[c.random.IntN(len(ordinary))])
		}
		if c.random.IntN(12) == 0 {
			rules = append(rules, risky[c.random.IntN(len(risky))])
		}
		if i%5 == 0 {
			c.add(rbac.Group+"/v1", "ClusterRole", "", fmt.Sprintf("role-%d", i), map[string]any{"rules": rules})
		} else {
			c.add(rbac.Group+"/v1", "Role", namespaceOf(i), fmt.Sprintf("role-%d", i), map[string]any{"rules": rules})
		}
	}
}

func (c *cluster) bindings() {
	for i := range benchBindings {
		ns, n := namespaceOf(c.random.IntN(benchNamespaces)), c.random.IntN(benchRoles)
		kind, in, role := "RoleBinding", ns, fmt.Sprintf("role-%d", n-n%5)
		if i%100 == 0 {
			kind, in = "ClusterRoleBinding", ""
		} else if i%7 == 0 {
			role = []string{"view", "edit", "admin"}[i%3]
		}
		var subjects []any
		for range 1 + c.random.IntN(2) {
			subjects = append(subjects, map[string]any{"kind": "ServiceAccount", "namespace": ns, "name": fmt.Sprintf("app-%d", c.random.IntN(10))})
		}
		c.add(rbac.Group+"/v1", kind, in, fmt.Sprintf("binding-%d", i), map[string]any{
			"roleRef": map[string]any{"apiGroup": rbac.Group, "kind": "ClusterRole", "name": role}, "subjects": subjects,
		})
	}
}

func (c *cluster) workloads(n int) {
	for i := range n {
		spec := map[string]any{
			"serviceAccountName": fmt.Sprintf("app-%d", c.random.IntN(10)), "nodeName": fmt.Sprintf("node-%d", c.random.IntN(benchNodes)),
			"containers": []any{map[string]any{
				"name": "main", "image": "example.com/app:1", "securityContext": map[string]any{"privileged": c.random.IntN(50) == 0},
			}},
			"volumes": []any{map[string]any{"name": "config", "secret": map[string]any{"secretName": fmt.Sprintf("secret-%d", c.random.IntN(10))}}},
		}
		c.add("v1", "Pod", namespaceOf(i), fmt.Sprintf("pod-%d", i), map[string]any{"spec": spec})
	}
}

// BenchmarkAdminPaths builds the graph and finds the shortest paths of all subjects to cluster-admin.
func BenchmarkAdminPaths(b *testing.B) {
	for name, workloads := range map[string]int{"rbac": 0, "workloads": benchWorkloads} {
		inv := largeCluster(b, workloads)
		access := rbac.New(inv)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			found := 0
			for b.Loop() {
				found = adminPaths(inv, access)
			}
			b.ReportMetric(float64(found), "paths")
		})
	}
}

// adminPaths counts the subjects that can become cluster-admin.
func adminPaths(inv *inventory.Inventory, access *rbac.Authorizer) int {
	tree := attack.New(inv, access, attack.Options{}).Towards(attack.ClusterAdmin, false)
	found := 0
	for _, s := range access.Subjects() {
		if _, ok := tree.Steps(s.Ref()); ok {
			found++
		}
	}
	return found
}

// TestMemory holds the graphs of large clusters to their bounds.
func TestMemory(t *testing.T) {
	for workloads, most := range map[int]uint64{0: 80 << 20, benchWorkloads: 160 << 20} {
		inv := largeCluster(t, workloads)
		access := rbac.New(inv)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		found := adminPaths(inv, access)
		runtime.ReadMemStats(&after)
		used := after.TotalAlloc - before.TotalAlloc
		t.Logf("%d workloads: %d MiB of allocations", workloads, used>>20)
		if used > most {
			t.Errorf("the graph with %d workloads takes %d MiB of allocations, want at most %d", workloads, used>>20, most>>20)
		}
		if found == 0 {
			t.Error("no subject can become cluster-admin, in a cluster where many can")
		}
	}
}

func BenchmarkCutSet(b *testing.B) {
	inv := largeCluster(b, benchWorkloads)
	g := attack.New(inv, rbac.New(inv), attack.Options{})
	starts := g.Starts()
	for b.Loop() {
		cut := g.CutSet(starts, attack.ClusterAdmin, attack.CutOptions{})
		proven := 0.0
		if cut.Proven {
			proven = 1
		}
		b.ReportMetric(float64(len(cut.Remove)), "bindings")
		b.ReportMetric(float64(len(cut.Remaining)), "remaining")
		b.ReportMetric(proven, "proven")
	}
}

func BenchmarkPaths(b *testing.B) {
	inv := largeCluster(b, benchWorkloads)
	g := attack.New(inv, rbac.New(inv), attack.Options{})
	from := rbac.Account("team-007", "app-3").Ref()
	for b.Loop() {
		b.ReportMetric(float64(len(g.Paths(from, attack.ClusterAdmin, attack.Limits{}).Items)), "paths")
	}
}
