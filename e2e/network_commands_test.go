package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
)

// beside is what the tests add to the shipped example: a pod by itself and on the network of its node, and a way in.
const beside = `
apiVersion: v1
kind: Namespace
metadata: {name: tools}
---
apiVersion: v1
kind: Pod
metadata: {name: shell, namespace: tools, labels: {app: shell}}
spec: {containers: [{name: main, image: registry.example.com/shell:1, ports: [{containerPort: 2222}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: tools, labels: {app: agent}}
spec: {hostNetwork: true, containers: [{name: main, image: registry.example.com/agent:1, ports: [{containerPort: 9100, hostPort: 9100}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: shell, namespace: tools}
spec: {type: LoadBalancer, selector: {app: shell}, ports: [{port: 22, targetPort: 2222}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shell, namespace: tools}
spec:
  podSelector: {matchLabels: {app: shell}}
  ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.128/25]}}], ports: [{port: 2222, endPort: 2230}]}]
`

// networkCommands are the questions that the cluster, its snapshot and the manifests must answer alike.
var networkCommands = []struct {
	arguments string
	kind      string
	want      int      // exit code, with policies taken to be enforced
	members   []string // of the answer that are compared
}{
	{"connectivity", "Connectivity", 0, []string{"items", "within", "unknown"}},
	{"connectivity --by class", "Connectivity", 0, []string{"items", "within", "unknown"}},
	{"explain shop/web shop/cart 8080", "Explanation", 0, []string{"answer", "items"}},
	{"explain shop/web cart.shop.svc 8080", "Explanation", 0, []string{"answer"}},
	{"explain shop/cart shop/db 5432", "Explanation", 1, []string{"answer", "items"}},
	{"explain shop/cart 203.0.113.9 443", "Explanation", 1, []string{"answer", "items"}},
	{"explain 192.0.2.1 tools/shell 2225", "Explanation", 0, []string{"answer", "items"}},
	{"explain 192.0.2.200 tools/shell 2225", "Explanation", 1, []string{"answer", "items"}},
	{"explain monitoring/grafana monitoring/prometheus", "Explanation", 0, []string{"answer", "items"}},
	{"exposure", "Exposure", 0, []string{"items"}},
	{"lint", "NetworkLint", 1, []string{"items"}},
	{"generate --declared", "NetworkPolicyPlan", 1, []string{"items"}},
}

// A networkCluster is the example in an API server, and in files.
type networkCluster struct {
	*program
	c     *controlplane.ControlPlane
	files []string
}

func startNetworkCluster(t *testing.T) (*networkCluster, *rbacv1.ClusterRole) {
	t.Helper()
	c := controlplane.Start(t, controlplane.Options{Minor: *minor, Controllers: true})
	rights := bindReader(t, c)
	kubeconfig, err := c.Kubeconfig(reader)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "beside.yaml")
	if err := os.WriteFile(file, []byte(beside), 0o600); err != nil {
		t.Fatal(err)
	}
	n := &networkCluster{&program{binary: buildProgram(t), live: []string{"--kubeconfig", kubeconfig}}, c, []string{"../examples/network", file}}
	for _, name := range []string{"../examples/network/shop.yaml", "../examples/network/policies.yaml", file} {
		for document := range bytes.SplitSeq(fileText(t, name), []byte("\n---\n")) {
			var o map[string]any
			if err := yaml.Unmarshal(document, &o); err != nil {
				t.Fatal(err)
			}
			n.make(t, o)
		}
	}
	n.untilPods(t, 10)
	n.untilReadable(t)
	return n, rights
}

// make creates an object; pods have to wait for the service account of their namespace.
func (n *networkCluster) make(t *testing.T, o map[string]any) {
	t.Helper()
	gvk := schema.FromAPIVersionAndKind(fmt.Sprint(o["apiVersion"]), fmt.Sprint(o["kind"]))
	plural, _ := meta.UnsafeGuessKindToResource(gvk)
	path := []string{"/apis", gvk.Group, gvk.Version}
	if gvk.Group == "" {
		path = []string{"/api", gvk.Version}
	}
	if namespace, ok := o["metadata"].(map[string]any)["namespace"].(string); ok {
		path = append(path, "namespaces", namespace)
	}
	if err := controlplane.Wait(30*time.Second, func() error { return create(t, n.c, append(path, plural.Resource), o) }); err != nil {
		t.Fatalf("create %s: %v", gvk.Kind, err)
	}
}

// untilPods waits until controllers have made the pods.
func (n *networkCluster) untilPods(t *testing.T, want int) {
	t.Helper()
	err := controlplane.Wait(30*time.Second, func() error {
		list, err := n.c.Client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
		if err == nil && len(list.Items) != want {
			err = fmt.Errorf("%d pods, want %d", len(list.Items), want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestNetworkCommands asks the built program about a live API server, with the rights of deploy/rbac.yaml only.
func TestNetworkCommands(t *testing.T) {
	n, rights := startNetworkCluster(t)
	snapshot := filepath.Join(t.TempDir(), "cluster.plimsoll")
	if _, stderr, code := n.ask(t, append([]string{"snapshot", "-o", snapshot}, n.live...)...); code != 0 {
		t.Fatalf("snapshot: exit code %d: %s", code, stderr)
	}
	for _, q := range networkCommands {
		t.Run(q.arguments, func(t *testing.T) {
			all := strings.Fields(q.arguments)
			live := n.answer(t, all, n.live, q.want, q.kind)
			kept := n.answer(t, all, []string{snapshot}, q.want, q.kind)
			files := n.answer(t, all, n.files, q.want, q.kind)
			for _, member := range q.members {
				if live[member] == nil {
					t.Errorf("the answer has no %s", member)
				}
				same(t, "snapshot", live[member], kept[member])
				same(t, "files", live[member], files[member])
			}
		})
	}
	t.Run("not enforced", func(t *testing.T) { n.notEnforced(t) })
	t.Run("less rights", func(t *testing.T) { n.lessRights(t, rights) })
	t.Run("generated", func(t *testing.T) { n.generated(t) })
}

// notEnforced holds that in a cluster with nodes that shows no network plugin nothing is called denied.
func (n *networkCluster) notEnforced(t *testing.T) {
	n.make(t, map[string]any{"apiVersion": "v1", "kind": "Node", "metadata": map[string]any{"name": "worker"}})
	for arguments, want := range map[string]string{
		"explain shop/cart shop/db 5432": "unknown", "explain 192.0.2.200 tools/shell 2225": "unknown",
		"explain monitoring/grafana monitoring/prometheus 9090": "allowed",
	} {
		out, stderr, code := n.ask(t, slices.Concat([]string{"netpol"}, strings.Fields(arguments), n.live, []string{"-f", "json"})...)
		var body struct{ Answer string }
		if err := json.Unmarshal([]byte(out), &body); err != nil {
			t.Fatalf("%s: %v: %s", arguments, err, stderr)
		}
		if wantCode := map[string]int{"allowed": 0, "unknown": 3}[want]; body.Answer != want || code != wantCode {
			t.Errorf("%s: %s, exit code %d, want %s and %d", arguments, body.Answer, code, want, wantCode)
		}
	}
	out, stderr, code := n.ask(t, slices.Concat([]string{"netpol", "connectivity"}, n.live)...)
	if code != 0 || !strings.Contains(out, "plugin") || strings.Contains(out, "assumed") {
		t.Errorf("exit code %d; nothing says that no network plugin is known: %s%s", code, out, stderr)
	}
}

// explainAnswers are what the whole cluster gives.
var explainAnswers = map[string]string{
	"shop/web shop/cart 8080": "allowed", "shop/cart shop/db 5432": "denied", "monitoring/prometheus shop/cart 9102": "allowed",
	"monitoring/grafana shop/cart 9102": "denied", "192.0.2.1 tools/shell 2225": "allowed", "192.0.2.200 tools/shell 2225": "denied",
}

// lessRights takes each kind that answers depend on from the reader in turn: what was allowed is never denied then, nor
// the other way round, and a command that could not read all says so.
func (n *networkCluster) lessRights(t *testing.T, rights *rbacv1.ClusterRole) {
	asked := 0
	for i, rule := range rights.Rules {
		for _, resource := range rule.Resources {
			missing := schema.GroupResource{Group: rule.APIGroups[0], Resource: resource}
			if !slices.Contains(networkResources, missing.String()) {
				continue
			}
			less := rights.DeepCopy()
			less.Rules[i].Resources = slices.DeleteFunc(slices.Clone(rule.Resources), func(r string) bool { return r == resource })
			update(t, n.c, less, missing)
			for ends, whole := range explainAnswers {
				n.neverWrong(t, missing.String(), ends, whole)
				asked++
			}
		}
	}
	update(t, n.c, rights.DeepCopy(), schema.GroupResource{Resource: "secrets"})
	t.Logf("%d questions with a kind missing", asked)
}

// networkResources are those that are taken away in turn. An API server without the CRDs of admin policies has none.
var networkResources = []string{
	"networkpolicies.networking.k8s.io", "pods", "namespaces", "services", "nodes", "deployments.apps", "replicasets.apps",
	"statefulsets.apps", "ingresses.networking.k8s.io", "customresourcedefinitions.apiextensions.k8s.io", "endpointslices.discovery.k8s.io",
}

// neverWrong asks with a kind missing.
func (n *networkCluster) neverWrong(t *testing.T, missing, ends, whole string) {
	t.Helper()
	arguments := slices.Concat([]string{"netpol", "explain"}, strings.Fields(ends), n.live, []string{"--assume-enforced", "-f", "json"})
	out, stderr, code := n.ask(t, arguments...)
	if code == 2 && out == "" && stderr != "" {
		return // an end is not found without the kind
	}
	var body struct {
		Answer    string
		Inventory struct{ Gaps []any }
	}
	if err := json.Unmarshal([]byte(out), &body); err != nil {
		t.Fatalf("%s without %s: %v: exit code %d: %s", ends, missing, err, code, stderr)
	}
	if body.Answer != whole && body.Answer != "unknown" && body.Answer != "partly" {
		t.Errorf("%s without %s: %s, and %s with all", ends, missing, body.Answer, whole)
	}
	if len(body.Inventory.Gaps) > 0 && code != 3 || len(body.Inventory.Gaps) == 0 && body.Answer != whole {
		t.Errorf("%s without %s: exit code %d, %s, %d gaps", ends, missing, code, body.Answer, len(body.Inventory.Gaps))
	}
}

// generated holds that the API server takes what "generate" writes as it is, and that to write it again gives the same.
func (n *networkCluster) generated(t *testing.T) {
	items := func() []any {
		body := n.answer(t, []string{"generate", "--declared"}, n.live, 1, "NetworkPolicyPlan")
		list, _ := body["items"].([]any)
		return list
	}
	before := items()
	for _, item := range before {
		o, _ := item.(map[string]any)["object"].(map[string]any)
		acceptedAsIs(t, n.c, o)
		n.make(t, o)
	}
	same(t, "before it was applied", items(), before)
	t.Logf("%d policies", len(before))
}
