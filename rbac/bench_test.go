package rbac_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/bootstrap"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// The size of the cluster that the figures of the RBAC commands are about.
const (
	benchNamespaces = 500
	benchAccounts   = 5000
	benchRoles      = 3000
	benchBindings   = 20_000
)

var ordinaryRules = []map[string]any{
	rule("get,list,watch", "", "pods,pods/log"), rule("get,list,watch,create,update", "", "configmaps"), rule("create,patch", "", "events"),
	rule("get,list,watch", "apps", "deployments,replicasets,statefulsets"), rule("get,update,patch", "apps", "deployments/scale"),
	rule("get,list,watch", "batch", "jobs,cronjobs"), rule("get,create,update", "coordination.k8s.io", "leases"),
	rule("get,list", "", "secrets"), rule("create", "", "pods/exec"), rule("get", "*", "*"),
}

// largeCluster is like a live cluster of that size, with what Kubernetes itself installs.
func largeCluster() *inventory.Inventory {
	random := rand.New(rand.NewPCG(1, 2))
	namespace := func(i int) string { return fmt.Sprintf("team-%03d", i%benchNamespaces) }
	var objects []*inventory.Object
	add := func(o *inventory.Object) { objects = append(objects, o) }
	for i := range benchAccounts {
		add(object("v1", "ServiceAccount", namespace(i), fmt.Sprintf("app-%d", i/benchNamespaces), nil))
	}
	rules := func() []any {
		var list []any
		for range 1 + random.IntN(8) {
			list = append(list, ordinaryRules[random.IntN(len(ordinaryRules)-random.IntN(2))])
		}
		return list
	}
	for i := range benchRoles {
		fields := map[string]any{"rules": rules()}
		if i%5 == 0 {
			add(object(rbac.Group+"/v1", "ClusterRole", "", fmt.Sprintf("role-%d", i), fields))
		} else {
			add(object(rbac.Group+"/v1", "Role", namespace(i), fmt.Sprintf("role-%d", i), fields))
		}
	}
	for i := range benchBindings {
		ns, role := namespace(random.IntN(benchNamespaces)), random.IntN(benchRoles)
		kind, clusterRole, in := "RoleBinding", fmt.Sprintf("role-%d", role-role%5), ns
		if i%20 == 0 {
			kind, in = "ClusterRoleBinding", ""
		} else if i%7 == 0 {
			clusterRole = []string{"view", "edit", "admin"}[i%3]
		}
		subjects := []any{}
		for range 1 + random.IntN(2) {
			subjects = append(subjects, map[string]any{"kind": "ServiceAccount", "namespace": ns, "name": fmt.Sprintf("app-%d", random.IntN(10))})
		}
		add(object(rbac.Group+"/v1", kind, in, fmt.Sprintf("binding-%d", i), map[string]any{
			"roleRef":  map[string]any{"apiGroup": rbac.Group, "kind": "ClusterRole", "name": clusterRole},
			"subjects": subjects,
		}))
	}
	objects = append(objects, bootstrap.Objects()...)
	return inventory.New(inventory.Source{Kind: "files"}, time.Time{}, "v1.37.2", objects, nil)
}

func object(apiVersion, kind, namespace, name string, fields map[string]any) *inventory.Object {
	meta := map[string]any{"name": name}
	if namespace != "" {
		meta["namespace"] = namespace
	}
	content := map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": meta}
	for k, v := range fields {
		content[k] = v
	}
	return &inventory.Object{Content: content, Ref: finding.Ref{APIVersion: apiVersion, Kind: kind, Namespace: namespace, Name: name}}
}

func BenchmarkNew(b *testing.B) {
	inv := largeCluster()
	rbac.New(inv)
	b.ReportAllocs()
	for b.Loop() {
		rbac.New(inv)
	}
}

func BenchmarkWarnings(b *testing.B) {
	inv := largeCluster()
	for b.Loop() {
		rbac.New(inv).Warnings()
	}
}

// BenchmarkCan asks what service accounts may do in their own namespace, one answer an iteration.
func BenchmarkCan(b *testing.B) {
	a := rbac.New(largeCluster())
	random := rand.New(rand.NewPCG(3, 4))
	type question struct {
		id rbac.Identity
		r  rbac.Request
	}
	questions := make([]question, 1<<14)
	for i := range questions {
		ns := fmt.Sprintf("team-%03d", random.IntN(benchNamespaces))
		what := [][3]string{{"", "pods", ""}, {"", "pods", "exec"}, {"apps", "deployments", "scale"}, {"", "secrets", ""}, {"batch", "jobs", ""},
			{"example.com", "things", ""}}[random.IntN(6)]
		questions[i] = question{
			rbac.Account(ns, fmt.Sprintf("app-%d", random.IntN(10))).Identity(),
			rbac.Request{Verb: []string{"get", "list", "create", "update", "delete"}[random.IntN(5)], Group: what[0], Resource: what[1],
				Subresource: what[2], Namespace: ns, Name: "x"},
		}
	}
	allowed, i := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		q := &questions[i%len(questions)]
		if _, ok := a.Can(q.id, q.r); ok {
			allowed++
		}
		i++
	}
	b.ReportMetric(100*float64(allowed)/float64(b.N), "%allowed")
}

func BenchmarkWhoCan(b *testing.B) {
	a := rbac.New(largeCluster())
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n = len(a.WhoCan(rbac.Request{Verb: "get", Resource: "secrets", Namespace: "team-007", Name: "x"}))
	}
	b.ReportMetric(float64(n), "subjects")
}

// BenchmarkDiff compares the large cluster with one that has another role everywhere.
func BenchmarkDiff(b *testing.B) {
	old := rbac.New(largeCluster())
	inv := largeCluster()
	objects := append(slices.Clone(inv.All()), object(rbac.Group+"/v1", "ClusterRoleBinding", "", "new", map[string]any{
		"roleRef":  map[string]any{"kind": "ClusterRole", "name": "edit"},
		"subjects": []any{map[string]any{"kind": "Group", "name": "system:serviceaccounts"}},
	}))
	after := rbac.New(inventory.New(inv.Source, inv.Taken, inv.Version, objects, nil))
	n := 0
	for b.Loop() {
		n = len(rbac.Diff(old, after))
	}
	b.ReportMetric(float64(n), "subjects")
}

// BenchmarkMatrix yields every cell of the large cluster.
func BenchmarkMatrix(b *testing.B) {
	a := rbac.New(largeCluster())
	n := 0
	for b.Loop() {
		n = 0
		for range a.Matrix(rbac.Filter{}) {
			n++
		}
	}
	b.ReportMetric(float64(n), "cells")
}
