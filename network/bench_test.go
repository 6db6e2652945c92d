package network_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// A scale is the size of a cluster that is like a live one: namespaces that isolate themselves, with policies between
// their workloads, to their neighbours, from what watches all of them, and to addresses outside.
type scale struct {
	workloads, namespaces, policies, pods int
	apps                                  int // the number of different labels in a namespace; 0: each workload has its own
}

// scales are the rows of the growth table.
var scales = []scale{
	{500, 100, 300, 2500, 0}, {1000, 200, 600, 5000, 0}, {2000, 400, 1200, 10_000, 0}, {5000, 1000, 3000, 25_000, 0},
	{10_000, 2000, 6000, 50_000, 0},
}

func (s scale) inventory() *inventory.Inventory {
	r := rand.New(rand.NewPCG(9, 9))
	namespace := func(i int) string { return fmt.Sprintf("team-%04d", i%s.namespaces) }
	var objects []*inventory.Object
	for i := range s.namespaces {
		objects = append(objects, contentOf(map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{
			"name": namespace(i), "labels": map[string]any{"tier": fmt.Sprint("t", i%5), "kubernetes.io/metadata.name": namespace(i)}}}))
	}
	perNamespace := s.workloads / s.namespaces
	if s.apps > 0 {
		perNamespace = s.apps
	}
	for i := range s.workloads {
		number := i / s.namespaces
		if s.apps > 0 {
			number %= s.apps
		}
		ns, app := namespace(i), fmt.Sprint("app-", number)
		labels := map[string]any{"app": app, "part": fmt.Sprint("p", i%3)}
		name := fmt.Sprint(app, "-", i)
		spec := map[string]any{"containers": []any{map[string]any{"name": "main", "ports": []any{
			map[string]any{"name": "http", "containerPort": int64(8080 + i%2)}}}}}
		objects = append(objects, contentOf(map[string]any{"apiVersion": "apps/v1", "kind": "Deployment",
			"metadata": map[string]any{"namespace": ns, "name": name},
			"spec":     map[string]any{"template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": spec}}}))
		for j := range s.pods / s.workloads {
			pod := map[string]any{"containers": spec["containers"], "nodeName": fmt.Sprint("node-", (i*7+j)%500)}
			objects = append(objects, contentOf(map[string]any{"apiVersion": "v1", "kind": "Pod",
				"metadata": map[string]any{"namespace": ns, "name": fmt.Sprint(name, "-", j), "labels": map[string]any{
					"app": app, "part": labels["part"], "pod-template-hash": "x"},
					"ownerReferences": []any{map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "controller": true}}},
				"spec":   pod,
				"status": map[string]any{"phase": "Running", "podIP": fmt.Sprintf("10.%d.%d.%d", i>>8, i&255, j+1)}}))
		}
	}
	for i := range s.policies {
		neighbour := namespace(i + 1) // whom it lets in
		if i/s.namespaces >= 2 {
			neighbour = namespace(i + s.namespaces - 1) // where it goes
		}
		objects = append(objects, benchPolicy(r, i, namespace(i), neighbour, i/s.namespaces, perNamespace))
	}
	return inventoryOf(objects...)
}

// benchPolicy makes the n-th policy of a namespace: the first isolates, the others let something through.
func benchPolicy(r *rand.Rand, i int, ns, neighbour string, n, apps int) *inventory.Object {
	app := func() map[string]any {
		return map[string]any{"matchLabels": map[string]any{"app": fmt.Sprint("app-", r.IntN(apps))}}
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
	case 1:
		spec["podSelector"] = app()
		spec["ingress"] = []any{
			map[string]any{"ports": port("http"), "from": []any{map[string]any{"namespaceSelector": named(neighbour), "podSelector": app()}}},
			map[string]any{"ports": port(int64(9090)), "from": []any{map[string]any{"namespaceSelector": map[string]any{
				"matchLabels": map[string]any{"tier": fmt.Sprint("t", i%5)}}, "podSelector": app()}}}}
	default:
		spec["podSelector"] = app()
		spec["egress"] = []any{
			map[string]any{"ports": port(int64(443)), "to": []any{map[string]any{"ipBlock": map[string]any{
				"cidr": fmt.Sprintf("192.%d.%d.0/24", i%200, i%7)}}}},
			map[string]any{"ports": port("http"), "to": []any{map[string]any{"namespaceSelector": named(neighbour)}}}}
	}
	return contentOf(map[string]any{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
		"metadata": map[string]any{"namespace": ns, "name": fmt.Sprint("policy-", i)}, "spec": spec})
}

// BenchmarkConnectivity is the growth table: the whole matrix of classes, from the inventory on.
func BenchmarkConnectivity(b *testing.B) { connectivity(b, scales) }

// BenchmarkFixedLabels grows the workloads and nothing that policies can tell apart.
func BenchmarkFixedLabels(b *testing.B) {
	var list []scale
	for _, n := range []int{500, 1000, 2000, 5000, 10_000} {
		list = append(list, scale{n, 20, 60, 5 * n, 10})
	}
	connectivity(b, list)
}

func connectivity(b *testing.B, scales []scale) {
	for _, s := range scales {
		b.Run(fmt.Sprintf("workloads=%d", s.workloads), func(b *testing.B) {
			inv := s.inventory()
			cells, classes := 0, 0
			b.ReportAllocs()
			for b.Loop() {
				cells = 0
				m := network.New(inv)
				classes = len(m.Classes())
				for _, row := range m.Matrix() {
					cells += len(row)
				}
			}
			b.ReportMetric(float64(classes), "classes")
			b.ReportMetric(float64(cells), "cells")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*s.workloads), "µs/workload")
		})
	}
}

func BenchmarkNew(b *testing.B) {
	inv := scales[len(scales)-1].inventory()
	b.ReportAllocs()
	for b.Loop() {
		network.New(inv)
	}
}

// BenchmarkReplace changes one policy and asks again about every peer of its namespace and of the next.
func BenchmarkReplace(b *testing.B) {
	s := scales[len(scales)-1]
	m := network.New(s.inventory())
	m.Row(m.Classes()[0])
	r := rand.New(rand.NewPCG(2, 2))
	old := m.Policies()[17]
	with := benchPolicy(r, 17, old.Namespace, "team-0018", 1, s.workloads/s.namespaces)
	with.Ref = old.Ref
	b.ReportAllocs()
	for b.Loop() {
		n := m.Replace(old, with)
		for _, src := range n.In("team-0018") {
			for _, dst := range n.In(old.Namespace) {
				n.Allowed(src, dst)
			}
		}
	}
}

func BenchmarkExplain(b *testing.B) {
	m := network.New(scales[len(scales)-1].inventory())
	peers := m.Peers()
	r := rand.New(rand.NewPCG(1, 1))
	b.ReportAllocs()
	for b.Loop() {
		m.Explain(peers[r.IntN(10_000)], peers[r.IntN(10_000)], network.OnePort(network.TCP, 8080))
	}
}

func BenchmarkRow(b *testing.B) {
	m := network.New(scales[len(scales)-1].inventory())
	classes := m.Classes()
	r := rand.New(rand.NewPCG(1, 1))
	m.Row(classes[0])
	b.ReportAllocs()
	for b.Loop() {
		m.Row(classes[r.IntN(len(classes))])
	}
}
