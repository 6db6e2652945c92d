package control

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// live makes facts of objects as a cluster hands them out: without a file.
func live(t *testing.T, objects ...string) *Facts {
	t.Helper()
	var all []*inventory.Object
	for _, text := range objects {
		var content map[string]any
		if err := yaml.Unmarshal([]byte(text), &content); err != nil {
			t.Fatal(err)
		}
		all = append(all, &inventory.Object{Content: content, Ref: finding.Ref{
			APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"),
			Namespace: inventory.String(content, "metadata", "namespace"), Name: inventory.String(content, "metadata", "name"),
		}})
	}
	return NewFacts(inventory.New(inventory.Source{Kind: "cluster"}, time.Unix(0, 0), "v1.37.2", all, nil), Settings{})
}

const liveDeployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop, uid: u1}
spec:
  template:
    metadata: {labels: {app: cart}}
    spec:
      serviceAccount: cart
      serviceAccountName: cart
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
      - {name: web, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}`

const liveReplicaSet = `
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: cart-1
  namespace: shop
  uid: u2
  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: cart, uid: u1, controller: true}]
spec: {template: {spec: {containers: [{name: web}]}}}`

func livePodOf(name, extra string) string {
	return `
apiVersion: v1
kind: Pod
metadata:
  name: ` + name + `
  namespace: shop
  labels: {app: cart}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: cart-1, uid: u2, controller: true}]
spec:
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  ` + extra + `
  containers:
  - {name: web, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}`
}

// TestInjectedIntoPods finds what a live Pod has and its Deployment has not, once, on the Deployment.
func TestInjectedIntoPods(t *testing.T) {
	injected := `initContainers: [{name: proxy-init, securityContext: {privileged: true}}]`
	f := live(t, liveDeployment, liveReplicaSet,
		livePodOf("cart-1-a", injected), livePodOf("cart-1-b", injected), livePodOf("cart-1-c", "hostUsers: true"))
	j := podSecurityBaseline().Check(f)
	if len(j.Examined) != 1 || j.Examined[0].Kind != "Deployment" {
		t.Errorf("examined %v", j.Examined)
	}
	if len(j.Findings) != 1 {
		t.Fatalf("want one finding, got %v", j.Findings)
	}
	got := j.Findings[0]
	want := finding.Path("spec.template.spec.initContainers[name=proxy-init].securityContext.privileged")
	if got.Object.Kind != "Deployment" || got.Path != want {
		t.Errorf("found at %s %s", got.Object, got.Path)
	}
	if !slices.ContainsFunc(got.Because, func(r finding.Reason) bool {
		return r.Fact == "injected" && strings.Contains(r.Message, "2 of 3 pods") && r.Object.Name == "cart-1-a"
	}) {
		t.Errorf("because %v", got.Because)
	}
}

// TestFilesOnly says nothing about live objects, in which the API server hides what these controls look for.
func TestFilesOnly(t *testing.T) {
	f := live(t, liveDeployment, "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: cart, namespace: shop}")
	for _, c := range []Control{deprecatedAPI(), deprecatedServiceAccountField()} {
		if j := c.Check(f); len(j.Examined)+len(j.Findings) > 0 || j.Skipped != "" {
			t.Errorf("%s judged %v, found %v", c.ID, j.Examined, j.Findings)
		}
	}
}

// TestBareCluster is quiet about namespaces that Kubernetes makes and nobody uses.
func TestBareCluster(t *testing.T) {
	namespace := func(name string) string { return "apiVersion: v1\nkind: Namespace\nmetadata: {name: " + name + "}" }
	bare := []string{namespace("default"), namespace("kube-system"), namespace("kube-public"), namespace("kube-node-lease")}
	names := func(f *Facts) (out []string) {
		for _, o := range f.Namespaces() {
			out = append(out, o.Name)
		}
		return out
	}
	if got := names(live(t, bare...)); len(got) > 0 {
		t.Errorf("judged on a bare cluster: %v", got)
	}
	used := append(slices.Clone(bare), namespace("shop"), "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: default}\nspec: {containers: []}")
	if got := names(live(t, used...)); !slices.Equal(got, []string{"default", "shop"}) {
		t.Errorf("judged %v", got)
	}
}

// TestTwinsKeepTheirPlaces gives each of two objects of the same name, in two files, its own position.
func TestTwinsKeepTheirPlaces(t *testing.T) {
	f := live(t, liveDeployment, liveDeployment)
	for i, o := range f.All() {
		o.Origin = finding.Position{File: "abc"[i:i+1] + ".yaml", Line: 1}
	}
	j := automountedToken().Check(f)
	if len(j.Findings) != 2 || j.Findings[0].Position.File != "a.yaml" || j.Findings[1].Position.File != "b.yaml" {
		t.Errorf("found %v", j.Findings)
	}
}

// TestGoControlsAreComplete holds every Go control to what people and frameworks need of it.
func TestGoControlsAreComplete(t *testing.T) {
	for _, c := range goControls() {
		switch {
		case c.ID == "" || c.Title == "" || c.Why == "" || c.Remedy == "" || c.Capability == "" || len(c.References) == 0:
			t.Errorf("%s lacks a text", c.ID)
		case c.Severity == finding.None || c.Enforce == "" || c.Check == nil || c.Policy != nil || len(c.Reads) == 0:
			t.Errorf("%s lacks a part", c.ID)
		}
	}
}
