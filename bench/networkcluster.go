package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A networkShape is the size of a cluster that is like a live one: namespaces that isolate themselves, with policies
// between their workloads, to their neighbours, from what watches all of them, and to addresses outside.
type networkShape struct {
	workloads, namespaces, policies, pods int
	apps                                  int // the number of different labels in a namespace; 0: each workload has its own
	blocks                                int // the number of different blocks of addresses outside; 0: one for each policy
}

// proportional is a cluster in which everything grows with the workloads; pods is how many there are of each.
func proportional(workloads, pods int) networkShape {
	return networkShape{workloads: workloads, namespaces: workloads / 5, policies: workloads * 3 / 5, pods: workloads * pods}
}

// fixedLabels is a cluster in which only the workloads grow, and nothing that policies can tell apart.
func fixedLabels(workloads int) networkShape {
	return networkShape{workloads: workloads, namespaces: 20, policies: 60, pods: 5 * workloads, apps: 10}
}

func (s networkShape) namespace(i int) string { return fmt.Sprintf("team-%04d", i%s.namespaces) }

// labels is how many different labels the workloads of a namespace have.
func (s networkShape) labels() int {
	if s.apps > 0 {
		return s.apps
	}
	return s.workloads / s.namespaces
}

// objects makes the objects of the cluster. The same size gives the same objects.
func (s networkShape) objects() []map[string]any {
	var out []map[string]any
	for i := range s.namespaces {
		out = append(out, map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{
			"name": s.namespace(i), "labels": map[string]any{"tier": fmt.Sprint("t", i%5), "kubernetes.io/metadata.name": s.namespace(i)}}})
	}
	for i := range s.workloads {
		out = append(out, s.workload(i)...)
	}
	random := rand.New(rand.NewPCG(9, 9))
	for i := range s.policies {
		out = append(out, s.policy(random, i, i/s.namespaces))
	}
	return out
}

// workload makes a Deployment and its pods.
func (s networkShape) workload(i int) []map[string]any {
	app := fmt.Sprint("app-", i/s.namespaces%s.labels())
	name := fmt.Sprint(app, "-", i)
	labels := map[string]any{"app": app, "part": fmt.Sprint("p", i%3)}
	containers := []any{map[string]any{"name": "main", "image": "registry.example.com/" + app + ":1", "ports": []any{
		map[string]any{"name": "http", "containerPort": int64(8080 + i%2)}}}}
	out := []map[string]any{{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"namespace": s.namespace(i), "name": name},
		"spec": map[string]any{"replicas": int64(1), "selector": map[string]any{"matchLabels": labels}, "template": map[string]any{
			"metadata": map[string]any{"labels": labels}, "spec": map[string]any{"containers": containers}}},
	}}
	for j := range s.pods / s.workloads {
		out = append(out, map[string]any{
			"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{
				"namespace": s.namespace(i), "name": fmt.Sprint(name, "-", j),
				"labels":          map[string]any{"app": app, "part": labels["part"], "pod-template-hash": "x"},
				"ownerReferences": []any{map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "controller": true}}},
			"spec":   map[string]any{"containers": containers, "nodeName": fmt.Sprint("node-", (i*7+j)%500)},
			"status": map[string]any{"phase": "Running", "podIP": fmt.Sprintf("10.%d.%d.%d", i>>8, i&255, j+1)},
		})
	}
	return out
}

// policy makes the n-th policy of a namespace: the first isolates, the others let something through.
func (s networkShape) policy(random *rand.Rand, i, n int) map[string]any {
	app := func() map[string]any {
		return map[string]any{"matchLabels": map[string]any{"app": fmt.Sprint("app-", random.IntN(s.labels()))}}
	}
	named := func(name string) map[string]any {
		return map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": name}}
	}
	port := func(p any) []any { return []any{map[string]any{"protocol": "TCP", "port": p}} }
	spec := map[string]any{"podSelector": map[string]any{}, "policyTypes": []any{"Ingress", "Egress"}}
	switch n {
	case 0:
		spec["ingress"] = []any{map[string]any{"from": []any{map[string]any{"podSelector": map[string]any{}}}}}
		spec["egress"] = []any{map[string]any{"ports": []any{map[string]any{"protocol": "UDP", "port": int64(53)}}},
			map[string]any{"to": []any{map[string]any{"podSelector": map[string]any{}}}}}
	case 1: // from a neighbour, and from what watches some namespaces
		tier := map[string]any{"matchLabels": map[string]any{"tier": fmt.Sprint("t", i%5)}}
		spec["podSelector"], spec["policyTypes"] = app(), []any{"Ingress"}
		spec["ingress"] = []any{
			map[string]any{"ports": port("http"), "from": []any{map[string]any{"namespaceSelector": named(s.namespace(i + 1)), "podSelector": app()}}},
			map[string]any{"ports": port(int64(9090)), "from": []any{map[string]any{"namespaceSelector": tier, "podSelector": app()}}}}
	default: // to a neighbour, and outside
		block := i
		if s.blocks > 0 {
			block = i % s.blocks
		}
		spec["podSelector"], spec["policyTypes"] = app(), []any{"Egress"}
		spec["egress"] = []any{
			map[string]any{"ports": port(int64(443)), "to": []any{map[string]any{"ipBlock": map[string]any{
				"cidr": fmt.Sprintf("192.%d.%d.0/24", block%200, block%7)}}}},
			map[string]any{"ports": port("http"), "to": []any{map[string]any{"namespaceSelector": named(s.namespace(i + s.namespaces - 1))}}}}
	}
	return map[string]any{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
		"metadata": map[string]any{"namespace": s.namespace(i), "name": fmt.Sprint("policy-", i)}, "spec": spec}
}

// inventory is what reading the cluster would give.
func (s networkShape) inventory() *inventory.Inventory {
	var objects []*inventory.Object
	for _, content := range s.objects() {
		objects = append(objects, objectOf(content))
	}
	return inventory.New(inventory.Source{Kind: "cluster", Names: []string{"generated"}}, time.Time{}, kubernetesVersion, objects, nil)
}

func objectOf(content map[string]any) *inventory.Object {
	return &inventory.Object{Content: content, Ref: finding.Ref{
		APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"),
		Namespace: inventory.String(content, "metadata", "namespace"), Name: inventory.String(content, "metadata", "name"),
	}}
}
