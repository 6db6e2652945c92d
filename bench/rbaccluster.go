package main

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/snapshot"
)

// A clusterSize says how large a generated cluster is. Workloads include the Pods among them.
type clusterSize struct {
	namespaces, serviceAccounts, roles, bindings, workloads int
	seed                                                    uint64
	defaults                                                bool // also what Kubernetes itself installs
}

// largeCluster is the cluster that the figures of `rbac` are about; workloads come on top.
var largeCluster = clusterSize{namespaces: 500, serviceAccounts: 5000, roles: 3000, bindings: 20_000, seed: 1, defaults: true}

// generateCluster is the command "bench rbac-cluster": it writes a generated cluster as a snapshot, as YAML, or both.
func generateCluster(args []string) error {
	flags := flag.NewFlagSet("rbac-cluster", flag.ContinueOnError)
	size := largeCluster
	flags.IntVar(&size.namespaces, "namespaces", size.namespaces, "namespaces")
	flags.IntVar(&size.serviceAccounts, "service-accounts", size.serviceAccounts, "service accounts")
	flags.IntVar(&size.roles, "roles", size.roles, "Roles and ClusterRoles, besides the defaults")
	flags.IntVar(&size.bindings, "bindings", size.bindings, "RoleBindings and ClusterRoleBindings, besides the defaults")
	flags.IntVar(&size.workloads, "workloads", size.workloads, "workloads, Pods among them")
	flags.Uint64Var(&size.seed, "seed", size.seed, "the same seed and numbers give the same bytes")
	flags.BoolVar(&size.defaults, "defaults", size.defaults, "also the RBAC objects that Kubernetes itself installs (from its Go module)")
	var out clusterOutput
	if err := out.parse(flags, args); err != nil {
		return err
	}
	if size.namespaces < 1 || size.serviceAccounts < 1 || size.roles < 1 {
		return errors.New("at least one namespace, service account and role is needed")
	}
	objects, err := newCluster(size)
	if err != nil {
		return err
	}
	return out.write(objects)
}

// writeCluster writes a snapshot as reading the live cluster would give it: kinds in order, secrets replaced.
func writeCluster(file string, objects []map[string]any) error {
	all := make([]*inventory.Object, 0, len(objects))
	for _, content := range objects {
		redact(content)
		all = append(all, objectOf(content))
	}
	inv := inventory.New(inventory.Source{Kind: "cluster", Names: []string{"generated"}, Identity: "generator", Requests: 1 + len(all)/500},
		time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), kubernetesVersion, all, nil)
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(snapshot.Write(f, inv), f.Close())
}

// redact replaces a Secret's values as reading a cluster does it, but with digests that are the same in every run.
func redact(content map[string]any) {
	if content["kind"] != "Secret" {
		return
	}
	for name, value := range inventory.Map(content, "data") {
		content["data"].(map[string]any)[name] = fmt.Sprintf("<redacted:secret-data:%x>", sha256.Sum256([]byte(fmt.Sprint(name, value))))[:22+24] + ">"
	}
}

// writeYAML writes one file for each namespace, and one for what is in none.
func writeYAML(folder string, objects []map[string]any) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	texts := map[string]*strings.Builder{}
	for _, content := range objects {
		namespace := inventory.String(content, "metadata", "namespace")
		if namespace == "" {
			namespace = "_cluster"
		}
		if texts[namespace] == nil {
			texts[namespace] = &strings.Builder{}
		}
		text, err := yaml.Marshal(content)
		if err != nil {
			return err
		}
		fmt.Fprintf(texts[namespace], "---\n%s", text)
	}
	for namespace, text := range texts {
		if err := os.WriteFile(filepath.Join(folder, namespace+".yaml"), []byte(text.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// A clusterMaker makes the objects of one cluster.
type clusterMaker struct {
	size    clusterSize
	random  *rand.Rand
	objects []map[string]any
	// roles are the names of the Roles in each namespace, clusterRoles those that bindings refer to.
	roles        map[string][]string
	clusterRoles []string
}

// newCluster makes the objects of a cluster, in the order in which a live one is read.
func newCluster(size clusterSize) ([]map[string]any, error) {
	m := &clusterMaker{size: size, random: rand.New(rand.NewPCG(size.seed, 7)), roles: map[string][]string{}}
	m.namespaces()
	m.serviceAccounts()
	m.makeRoles()
	m.bindings()
	m.workloads()
	if size.defaults {
		if err := m.defaults(); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(m.objects, func(a, b map[string]any) int {
		return strings.Compare(sortKey(a), sortKey(b))
	})
	return m.objects, nil
}

// sortKey orders as a live cluster is read: group, kind, namespace, name.
func sortKey(o map[string]any) string {
	group, _, found := strings.Cut(inventory.String(o, "apiVersion"), "/")
	if !found {
		group = ""
	}
	return strings.Join([]string{
		group, inventory.String(o, "kind"), inventory.String(o, "metadata", "namespace"), inventory.String(o, "metadata", "name"),
	}, "\x00")
}

// add adds an object with the metadata that every live object has once its managed fields are gone.
func (m *clusterMaker) add(apiVersion, kind, namespace, name string, labels map[string]any, fields map[string]any) map[string]any {
	meta := map[string]any{
		"name": name, "creationTimestamp": m.date(), "resourceVersion": fmt.Sprint(1000 + len(m.objects)*3), "uid": m.uid(),
	}
	if namespace != "" {
		meta["namespace"] = namespace
	}
	if labels != nil {
		meta["labels"] = labels
	}
	o := map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": meta}
	for k, v := range fields {
		o[k] = v
	}
	m.objects = append(m.objects, o)
	return o
}

func (m *clusterMaker) date() string {
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	return start.Add(time.Duration(m.random.IntN(700*24*3600)) * time.Second).Format(time.RFC3339)
}

func (m *clusterMaker) uid() string {
	a, b := m.random.Uint64(), m.random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", uint32(a), uint16(a>>32), a>>52, b&0xfff, b>>16)
}

// percent is true that often.
func (m *clusterMaker) percent(p float64) bool { return m.random.Float64()*100 < p }

func (m *clusterMaker) namespace(i int) string {
	if i == 0 {
		return "kube-system"
	}
	return fmt.Sprintf("%s-%s-%03d", teams[i*5%len(teams)], stages[i%len(stages)], i)
}

func (m *clusterMaker) namespaces() {
	for i := range m.size.namespaces {
		name := m.namespace(i)
		labels := map[string]any{"kubernetes.io/metadata.name": name}
		if i > 0 && m.percent(40) {
			labels["pod-security.kubernetes.io/enforce"] = []any{"privileged", "baseline", "restricted"}[m.random.IntN(3)]
		}
		m.add("v1", "Namespace", "", name, labels, map[string]any{
			"spec": map[string]any{"finalizers": []any{"kubernetes"}}, "status": map[string]any{"phase": "Active"},
		})
	}
	for i := range min(200, m.size.workloads/100) {
		m.node(i)
	}
}

func (m *clusterMaker) serviceAccount(i int) (namespace, name string) {
	namespace = m.namespace(i % m.size.namespaces)
	if i < m.size.namespaces {
		return namespace, "default"
	}
	return namespace, fmt.Sprintf("%s-%d", components[i*7%len(components)], i/m.size.namespaces)
}

// serviceAccounts gives every namespace its default one, and some a token of the old kind, which never expires.
func (m *clusterMaker) serviceAccounts() {
	for i := range m.size.serviceAccounts {
		namespace, name := m.serviceAccount(i)
		fields := map[string]any{}
		if m.percent(10) {
			fields["automountServiceAccountToken"] = false
		}
		account := m.add("v1", "ServiceAccount", namespace, name, nil, fields)
		if !m.percent(4) {
			continue
		}
		secret := m.add("v1", "Secret", namespace, name+"-token-"+m.uid()[:5], nil, map[string]any{
			"type": "kubernetes.io/service-account-token",
			"data": map[string]any{"ca.crt": "Y2VydGlmaWNhdGU=", "namespace": "bmFtZXNwYWNl", "token": "bm8gdG9rZW4gYXQgYWxs"},
		})
		secret["metadata"].(map[string]any)["annotations"] = map[string]any{
			"kubernetes.io/service-account.name": name, "kubernetes.io/service-account.uid": inventory.String(account, "metadata", "uid"),
		}
	}
}
