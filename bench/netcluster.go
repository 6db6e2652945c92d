package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
)

// A networkSize says how large a generated cluster with network policies is.
type networkSize struct {
	workloads, namespaces, policies, pods int
	seed                                  uint64
}

// largeNetwork is the cluster that the figures of `netpol` are about.
var largeNetwork = networkSize{workloads: 10_000, namespaces: 2000, policies: 6000, pods: 50_000, seed: 1}

// generateNetwork is the command "bench network-cluster": it writes a generated cluster as a snapshot, as YAML, or both.
func generateNetwork(args []string) error {
	flags := flag.NewFlagSet("network-cluster", flag.ContinueOnError)
	size := largeNetwork
	flags.IntVar(&size.workloads, "workloads", size.workloads, "Deployments")
	flags.IntVar(&size.namespaces, "namespaces", size.namespaces, "namespaces")
	flags.IntVar(&size.policies, "policies", size.policies, "NetworkPolicies")
	flags.IntVar(&size.pods, "pods", size.pods, "Pods")
	flags.Uint64Var(&size.seed, "seed", size.seed, "the same seed and numbers give the same bytes")
	file := flags.String("o", "", "snapshot `file` to write")
	folder := flags.String("yaml", "", "`folder` for YAML, one file for each namespace")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *file == "" && *folder == "" {
		return errors.New("say where to write: -o FILE, -yaml FOLDER or both")
	}
	if size.namespaces < 1 || size.workloads < size.namespaces {
		return errors.New("at least one namespace, and a workload in each, is needed")
	}
	objects := newNetwork(size)
	if *folder != "" {
		if err := writeYAML(*folder, objects); err != nil {
			return err
		}
	}
	if *file != "" {
		return writeCluster(*file, objects)
	}
	return nil
}

// A networkMaker makes the objects of one cluster.
type networkMaker struct {
	networkSize
	random  *rand.Rand
	objects []map[string]any
}

// newNetwork makes namespaces of applications whose parts call each other in a chain: most deny by default, let their parts
// and their neighbours in, name what they use outside, and are watched by monitoring. One in seven has no policy. The
// network plugin shows as a DaemonSet, so that policies count.
func newNetwork(size networkSize) []map[string]any {
	m := &networkMaker{networkSize: size, random: rand.New(rand.NewPCG(size.seed, 11))}
	m.add("apps/v1", "DaemonSet", "kube-system", "calico-node", map[string]any{"template": map[string]any{
		"metadata": map[string]any{"labels": map[string]any{"k8s-app": "calico-node"}},
		"spec": map[string]any{"hostNetwork": true, "containers": []any{
			map[string]any{"name": "calico-node", "image": "docker.io/calico/node:v3.30.0"}}}}})
	for i := range size.namespaces {
		name := m.namespace(i)
		m.add("v1", "Namespace", "", name, nil)
		inner(m.objects[len(m.objects)-1], "metadata")["labels"] = map[string]any{
			"kubernetes.io/metadata.name": name, "tier": fmt.Sprint("t", i%5)}
	}
	for i := range size.workloads {
		m.workload(i)
	}
	for i := range size.policies {
		m.policy(i)
	}
	return m.objects
}

func inner(content map[string]any, field string) map[string]any {
	return content[field].(map[string]any)
}

func (m *networkMaker) namespace(i int) string { return fmt.Sprintf("team-%04d", i%m.namespaces) }

func (m *networkMaker) add(version, kind, namespace, name string, spec map[string]any) {
	meta := map[string]any{"name": name}
	if namespace != "" {
		meta["namespace"] = namespace
	}
	content := map[string]any{"apiVersion": version, "kind": kind, "metadata": meta}
	if spec != nil {
		content["spec"] = spec
	}
	m.objects = append(m.objects, content)
}

var networkParts = []string{"web", "api", "worker", "cache", "db", "queue", "search", "mail"}

func partName(n int) string {
	name := networkParts[n%len(networkParts)]
	if n >= len(networkParts) {
		name += fmt.Sprint("-", n/len(networkParts)+1)
	}
	return name
}

// workload makes a Deployment, its Service and its Pods.
func (m *networkMaker) workload(i int) {
	ns, name := m.namespace(i), partName(i/m.namespaces)
	labels := map[string]any{"app": name, "part": fmt.Sprint("p", i%3)}
	spec := map[string]any{"containers": []any{map[string]any{"name": "main", "image": "registry.example.com/" + name + ":1.0",
		"ports": []any{map[string]any{"name": "http", "containerPort": int64(8080 + i%2)}}}}}
	m.add("apps/v1", "Deployment", ns, name, map[string]any{"selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": spec}})
	m.add("v1", "Service", ns, name, map[string]any{"selector": labels, "ports": []any{map[string]any{"name": "http", "port": int64(80),
		"targetPort": "http"}}})
	for j := range (m.pods + m.workloads - 1) / m.workloads {
		if i*m.pods/m.workloads+j >= (i+1)*m.pods/m.workloads {
			break
		}
		m.add("v1", "Pod", ns, fmt.Sprintf("%s-%d", name, j), map[string]any{"containers": spec["containers"],
			"nodeName": nodeName((i*7 + j) % 500)})
		pod := m.objects[len(m.objects)-1]
		meta := inner(pod, "metadata")
		meta["labels"] = map[string]any{"app": name, "part": labels["part"], "pod-template-hash": fmt.Sprintf("%08x", i)}
		meta["ownerReferences"] = []any{map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "controller": true}}
		pod["status"] = map[string]any{"phase": "Running", "podIP": fmt.Sprintf("10.%d.%d.%d", i>>8, i&255, j+1)}
	}
}

// policy makes the i-th policy: the first of a namespace isolates, others let something through.
func (m *networkMaker) policy(i int) {
	ns, n := m.namespace(i), i/m.namespaces
	if i%m.namespaces%7 == 6 {
		ns, n = m.namespace(i+1), n+1 // of seven namespaces one has none, and another more
	}
	parts := max(1, m.workloads/m.namespaces)
	app := func() map[string]any {
		return map[string]any{"matchLabels": map[string]any{"app": partName(m.random.IntN(parts))}}
	}
	named := func(name string) map[string]any {
		return map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": name}}
	}
	port := func(p any) []any { return []any{map[string]any{"protocol": "TCP", "port": p}} }
	spec := map[string]any{"podSelector": app(), "policyTypes": []any{"Ingress", "Egress"}}
	switch n {
	case 0:
		spec["podSelector"] = map[string]any{}
		spec["ingress"] = []any{map[string]any{"from": []any{map[string]any{"podSelector": map[string]any{}}}}}
		spec["egress"] = []any{map[string]any{"ports": []any{map[string]any{"protocol": "UDP", "port": int64(53)}}},
			map[string]any{"to": []any{map[string]any{"podSelector": map[string]any{}}}}}
	case 1:
		spec["ingress"] = []any{
			map[string]any{"ports": port("http"), "from": []any{map[string]any{"namespaceSelector": named(m.namespace(i + 1)), "podSelector": app()}}},
			map[string]any{"ports": port(int64(9090)), "from": []any{map[string]any{"namespaceSelector": map[string]any{
				"matchLabels": map[string]any{"tier": fmt.Sprint("t", i%5)}}, "podSelector": app()}}}}
	default:
		spec["egress"] = []any{
			map[string]any{"ports": port(int64(443)), "to": []any{map[string]any{"ipBlock": map[string]any{
				"cidr": fmt.Sprintf("192.%d.%d.0/24", i%200, i%7)}}}},
			map[string]any{"ports": port("http"), "to": []any{map[string]any{"namespaceSelector": named(m.namespace(i + m.namespaces - 1))}}}}
	}
	m.add("networking.k8s.io/v1", "NetworkPolicy", ns, fmt.Sprint("policy-", i), spec)
}
