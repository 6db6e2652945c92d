package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/snapshot"
)

var smallCluster = clusterSize{namespaces: 10, serviceAccounts: 60, roles: 100, bindings: 300, workloads: 200, seed: 3}

func TestClusterIsTheSameEveryTime(t *testing.T) {
	var files [][]byte
	for range 2 {
		objects, err := newCluster(smallCluster)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "cluster"+snapshot.Extension)
		if err := writeCluster(file, objects); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, data)
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("the same seed gave other bytes")
	}
	inv, err := snapshot.Read(bytes.NewReader(files[0]))
	if err != nil {
		t.Fatal(err)
	}
	const rbac = "rbac.authorization.k8s.io"
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"namespaces", len(inv.Of("", "Namespace")), smallCluster.namespaces},
		{"service accounts", len(inv.Of("", "ServiceAccount")), smallCluster.serviceAccounts},
		{"roles", len(inv.Of(rbac, "Role")) + len(inv.Of(rbac, "ClusterRole")), smallCluster.roles},
		{"bindings", len(inv.Of(rbac, "RoleBinding")) + len(inv.Of(rbac, "ClusterRoleBinding")), smallCluster.bindings},
		{"workloads", len(inv.Of("apps", "Deployment")) + len(inv.Of("apps", "StatefulSet")) + len(inv.Of("apps", "DaemonSet")) +
			len(inv.Of("", "Pod")), smallCluster.workloads},
	} {
		if c.got != c.want {
			t.Errorf("%d %s, want %d", c.got, c.what, c.want)
		}
	}
	checkReferences(t, inv)
}

// checkReferences holds that what bindings and workloads refer to exists, but for the roles of Kubernetes itself.
func checkReferences(t *testing.T, inv *inventory.Inventory) {
	const group = "rbac.authorization.k8s.io"
	defaults := map[string]bool{"view": true, "edit": true, "admin": true, "cluster-admin": true}
	for _, b := range append(inv.Of(group, "RoleBinding"), inv.Of(group, "ClusterRoleBinding")...) {
		kind, name := inventory.String(b.Content, "roleRef", "kind"), inventory.String(b.Content, "roleRef", "name")
		namespace := b.Namespace
		if kind == "ClusterRole" {
			namespace = ""
		}
		if !defaults[name] && inv.Get(group, kind, namespace, name) == nil {
			t.Errorf("%s: no %s %s", b.Ref, kind, name)
		}
		for _, s := range inventory.List(b.Content, "subjects") {
			subject := s.(map[string]any)
			if subject["kind"] == "ServiceAccount" &&
				inv.Get("", "ServiceAccount", inventory.String(subject, "namespace"), inventory.String(subject, "name")) == nil {
				t.Errorf("%s: no subject %v", b.Ref, subject)
			}
		}
	}
	for _, d := range inv.Of("apps", "Deployment") {
		spec, _ := d.PodSpec()
		if inv.Get("", "ServiceAccount", d.Namespace, inventory.String(spec, "serviceAccountName")) == nil {
			t.Errorf("%s: no service account %v", d.Ref, spec["serviceAccountName"])
		}
	}
}
