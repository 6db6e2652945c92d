package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/policy"
)

// baselineApp is what is to run in the namespace.
const baselineApp = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
automountServiceAccountToken: false
---
apiVersion: v1
kind: Service
metadata: {name: store}
spec: {selector: {app: store}, ports: [{port: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: web
        image: registry.example.com/web:1
        env: [{name: STORE, value: "http://store:8080"}]
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: store}
spec:
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec:
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: store
        image: registry.example.com/store:1
        ports: [{containerPort: 8080}]
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`

// definitionsOfStores are the least that a SecretStore needs to be taken: the operator brings the real ones.
const definitionsOfStores = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: secretstores.external-secrets.io}
spec:
  group: external-secrets.io
  scope: Namespaced
  names: {kind: SecretStore, plural: secretstores, singular: secretstore, listKind: SecretStoreList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`

// A settled is a cluster to which baselines are applied.
type settled struct {
	*testing.T
	c       *controlplane.ControlPlane
	client  dynamic.Interface
	manager string // of the fields
}

// steps are the folders of a baseline, in their order.
func steps(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*", "kustomization.yaml"))
	must(t, err)
	for i := range all {
		all[i] = filepath.Dir(all[i])
	}
	slices.Sort(all) // fewer than ten
	return all
}

// stepObjects are the objects of a step, as its kustomization lists them.
func stepObjects(t *testing.T, step string) []*inventory.Object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(step, "kustomization.yaml"))
	must(t, err)
	var k struct{ Resources []string }
	must(t, yaml.Unmarshal(text, &k))
	var out []*inventory.Object
	for _, name := range k.Resources {
		text, err := os.ReadFile(filepath.Join(step, name))
		must(t, err)
		objects, gaps := manifest.ReadBytes(name, text, manifest.Options{})
		if len(gaps) > 0 {
			t.Fatal(gaps)
		}
		out = append(out, objects...)
	}
	return out
}

func (s *settled) of(client dynamic.Interface, content map[string]any) dynamic.ResourceInterface {
	u := &unstructured.Unstructured{Object: content}
	gvr := policy.ResourceFor(u.GroupVersionKind())
	if u.GetNamespace() == "" {
		return client.Resource(gvr)
	}
	return client.Resource(gvr).Namespace(u.GetNamespace())
}

// apply applies an object as kubectl apply --server-side does.
func (s *settled) apply(client dynamic.Interface, content map[string]any, dry bool) error {
	options := metav1.ApplyOptions{FieldManager: s.manager}
	if dry {
		options.DryRun = []string{metav1.DryRunAll}
	}
	u := &unstructured.Unstructured{Object: deepCopy(content)}
	_, err := s.of(client, content).Apply(s.Context(), u.GetName(), u, options)
	return err
}

// as is a client of somebody in a group.
func (s *settled) as(group string) dynamic.Interface {
	s.Helper()
	config := rest.CopyConfig(s.c.REST)
	config.Impersonate = rest.ImpersonationConfig{UserName: "ann", Groups: []string{group, "system:authenticated"}}
	client, err := dynamic.NewForConfig(config)
	must(s, err)
	return client
}

// can asks the API server what somebody in a group may do.
func (s *settled) can(group, verb, resource, name string) bool {
	s.Helper()
	attributes := &authorizationv1.ResourceAttributes{Namespace: "shop", Verb: verb, Name: name}
	resource, attributes.Subresource, _ = strings.Cut(resource, "/")
	attributes.Resource, attributes.Group, _ = strings.Cut(resource, ".")
	answer, err := s.c.Client.AuthorizationV1().SubjectAccessReviews().Create(s.Context(), &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{User: "ann", Groups: []string{group}, ResourceAttributes: attributes},
	}, metav1.CreateOptions{})
	must(s, err)
	return answer.Status.Allowed
}

// TestBaselineNamespace applies the baseline of a namespace step by step, deploys into it, and asks who may do what.
func TestBaselineNamespace(t *testing.T) {
	p := &program{binary: buildProgram(t)}
	app := filepath.Join(t.TempDir(), "app.yaml")
	must(t, os.WriteFile(app, []byte(baselineApp), 0o600))
	dir := baselineFolder(t, p, "namespace", "--namespace", "shop", app, "--kubernetes-version", *minor)
	open := baselineFolder(t, p, "namespace", "--namespace", "shop", "--kubernetes-version", *minor)
	c := controlplane.Start(t, controlplane.Options{Minor: *minor, Controllers: true})
	client, err := dynamic.NewForConfig(c.REST)
	must(t, err)
	s := &settled{t, c, client, "plimsoll-baseline"}

	var all []*inventory.Object
	for _, step := range steps(t, dir) {
		for _, o := range stepObjects(t, step) {
			all = append(all, o)
			if err := s.apply(client, o.Content, false); (err != nil) != (o.Kind == "SecretStore") {
				t.Fatalf("%s of step %s: %v", o, filepath.Base(step), err)
			}
		}
	}
	s.definitions(all)
	s.again(all)
	s.deploys()
	s.rights()

	for _, o := range stepObjects(t, filepath.Join(open, "6-roles")) {
		must(t, s.apply(client, o.Content, false))
	}
	for _, resource := range []string{"services", "configmaps", "deployments.apps"} {
		must(t, controlplane.Wait(30*time.Second, func() error {
			if !s.can("shop-deployers", "create", resource, "") {
				return fmt.Errorf("without declared objects a deployer may not create %s", resource)
			}
			return nil
		}))
	}
}

// definitions installs what a SecretStore is defined by: then it is taken.
func (s *settled) definitions(all []*inventory.Object) {
	s.Helper()
	definition := map[string]any{}
	must(s, yaml.Unmarshal([]byte(definitionsOfStores), &definition))
	must(s, s.apply(s.client, definition, false))
	for _, o := range all {
		if o.Kind == "SecretStore" {
			must(s, controlplane.Wait(30*time.Second, func() error { return s.apply(s.client, o.Content, false) }))
			return
		}
	}
	s.Error("there is no SecretStore")
}

// again applies everything a second time: nothing changes.
func (s *settled) again(all []*inventory.Object) {
	s.Helper()
	for _, o := range all {
		before, err := s.of(s.client, o.Content).Get(s.Context(), o.Name, metav1.GetOptions{})
		must(s, err)
		must(s, s.apply(s.client, o.Content, false))
		after, err := s.of(s.client, o.Content).Get(s.Context(), o.Name, metav1.GetOptions{})
		must(s, err)
		if before.GetGeneration() != after.GetGeneration() || o.Kind != "Namespace" && o.Kind != "ResourceQuota" && o.Kind != "ValidatingAdmissionPolicy" &&
			before.GetResourceVersion() != after.GetResourceVersion() {
			s.Errorf("%s changes when it is applied again", o)
		}
	}
}

// deploys deploys as a deployer: what is declared gets its pods; other accounts, other objects and other pods are refused.
func (s *settled) deploys() {
	s.Helper()
	deployer := s.as("shop-deployers")
	objects, _ := manifest.ReadBytes("app.yaml", []byte(baselineApp), manifest.Options{Namespace: "shop"})
	for _, o := range objects {
		client := deployer
		if o.Kind == "ServiceAccount" {
			client = s.client // accounts are not a deployer's
			if err := s.apply(deployer, o.Content, false); !apierrors.IsForbidden(err) {
				s.Errorf("a deployer makes accounts: %v", err)
			}
		}
		must(s, controlplane.Wait(30*time.Second, func() error { return s.apply(client, o.Content, false) }))
	}
	deployments := s.c.Client.AppsV1().Deployments("shop")
	must(s, controlplane.Wait(time.Minute, func() error {
		for name, want := range map[string]int{"web": 2, "store": 1} {
			pods, err := s.c.Client.CoreV1().Pods("shop").List(s.Context(), metav1.ListOptions{LabelSelector: "app=" + name})
			if err != nil {
				return err
			}
			if len(pods.Items) != want {
				d, err := deployments.Get(s.Context(), name, metav1.GetOptions{})
				return fmt.Errorf("%d pods of %s: %+v, %v", len(pods.Items), name, d.Status.Conditions, err)
			}
		}
		return nil
	}))
	other := deepCopy(objects[2].Content)
	_ = unstructured.SetNestedField(other, "secret-store", "spec", "template", "spec", "serviceAccountName")
	must(s, controlplane.Wait(time.Minute, func() error { // policies take a moment to hold
		if err := s.apply(deployer, other, true); err == nil || !strings.Contains(err.Error(), "may not have the service account secret-store") {
			return fmt.Errorf("a deployer's pods may have any account: %v", err)
		}
		return nil
	}))
	renamed := deepCopy(objects[2].Content)
	_ = unstructured.SetNestedField(renamed, "other", "metadata", "name")
	if err := s.apply(deployer, renamed, true); !apierrors.IsForbidden(err) {
		s.Errorf("a deployer deploys what is not declared: %v", err)
	}
	pod := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "p", "namespace": "shop"},
		"spec": map[string]any{"hostNetwork": true, "containers": []any{map[string]any{"name": "c", "image": "x"}}}}
	if err := s.apply(s.client, pod, true); err == nil || !strings.Contains(err.Error(), "PodSecurity") {
		s.Errorf("a pod on the node's network is taken: %v", err)
	}
}

// rights holds what each group may do to what the handbook says, and that it is no more.
func (s *settled) rights() {
	s.Helper()
	for _, q := range []struct {
		verb, resource, name       string
		viewer, deployer, operator bool
	}{
		{"get", "pods", "", true, true, true},
		{"get", "pods/log", "", true, true, true},
		{"list", "configmaps", "", true, true, true},
		{"list", "events", "", true, true, true},
		{"get", "networkpolicies.networking.k8s.io", "", true, true, true},
		{"patch", "deployments.apps", "web", false, true, false},
		{"create", "deployments.apps", "web", false, true, false},
		{"delete", "services", "store", false, true, false},
		{"patch", "deployments.apps", "other", false, false, false},
		{"create", "deployments.apps", "", false, false, false},
		{"patch", "deployments.apps/scale", "web", false, false, true},
		{"delete", "pods", "", false, false, true},
		{"create", "pods/eviction", "", false, false, true},
		{"get", "secrets", "", false, false, false},
		{"list", "secrets", "", false, false, false},
		{"create", "secrets", "", false, false, false},
		{"create", "pods", "", false, false, false},
		{"patch", "pods", "", false, false, false},
		{"create", "pods/exec", "", false, false, false},
		{"get", "pods/exec", "", false, false, false},
		{"create", "pods/attach", "", false, false, false},
		{"create", "pods/portforward", "", false, false, false},
		{"patch", "pods/ephemeralcontainers", "", false, false, false},
		{"create", "serviceaccounts", "", false, false, false},
		{"create", "serviceaccounts/token", "web", false, false, false},
		{"impersonate", "serviceaccounts", "web", false, false, false},
		{"escalate", "roles.rbac.authorization.k8s.io", "", false, false, false},
		{"bind", "roles.rbac.authorization.k8s.io", "", false, false, false},
		{"create", "rolebindings.rbac.authorization.k8s.io", "", false, false, false},
		{"patch", "networkpolicies.networking.k8s.io", "", false, false, false},
		{"patch", "resourcequotas", "", false, false, false},
		{"patch", "namespaces", "shop", false, false, false},
		{"create", "secretstores.external-secrets.io", "", false, false, false},
		{"deletecollection", "pods", "", false, false, false},
	} {
		for group, want := range map[string]bool{"shop-viewers": q.viewer, "shop-deployers": q.deployer, "shop-operators": q.operator, "others": false} {
			if got := s.can(group, q.verb, q.resource, q.name); got != want {
				s.Errorf("%s: %s %s %s: %t, want %t", group, q.verb, q.resource, q.name, got, want)
			}
		}
	}
}

// TestBaselineCluster applies the objects of a cluster's baseline, and asks who may do what.
func TestBaselineCluster(t *testing.T) {
	p := &program{binary: buildProgram(t)}
	dir := baselineFolder(t, p, "cluster", "--kubernetes-version", *minor, "--registry", "registry.example.com")
	c := controlplane.Start(t, controlplane.Options{Minor: *minor, Controllers: true})
	client, err := dynamic.NewForConfig(c.REST)
	must(t, err)
	s := &settled{t, c, client, "plimsoll"}
	var all []*inventory.Object
	for _, step := range steps(t, dir) {
		for _, o := range stepObjects(t, step) {
			all = append(all, o)
			if err := s.apply(client, o.Content, false); err != nil {
				t.Fatalf("%s of step %s: %v", o, filepath.Base(step), err)
			}
		}
	}
	s.again(all)
	must(t, controlplane.Wait(30*time.Second, func() error {
		if !s.can("cluster-viewers", "list", "nodes", "") {
			return fmt.Errorf("viewers do not see nodes")
		}
		return nil
	}))
	for _, q := range []struct {
		verb, resource   string
		viewer, operator bool
	}{
		{"get", "nodes", true, true}, {"list", "pods", true, true}, {"patch", "nodes", false, true}, {"create", "pods/eviction", false, true},
		{"list", "secrets", false, false}, {"list", "configmaps", false, false}, {"get", "pods/log", false, false}, {"create", "pods", false, false},
		{"create", "pods/exec", false, false}, {"get", "nodes/proxy", false, false}, {"delete", "nodes", false, false},
		{"patch", "deployments.apps", false, false}, {"create", "clusterrolebindings.rbac.authorization.k8s.io", false, false},
		{"patch", "validatingadmissionpolicybindings.admissionregistration.k8s.io", false, false}, {"impersonate", "users", false, false},
	} {
		for group, want := range map[string]bool{"cluster-viewers": q.viewer, "cluster-operators": q.operator} {
			if got := s.can(group, q.verb, q.resource, ""); got != want {
				t.Errorf("%s: %s %s: %t, want %t", group, q.verb, q.resource, got, want)
			}
		}
	}
	kubeconfig, err := c.Kubeconfig("")
	must(t, err)
	out, stderr, code := p.ask(t, "policy", "status", "--kubeconfig", kubeconfig, "-f", "json")
	var status struct {
		Items []struct {
			Control         string
			Problems, Drift []any
		}
	}
	if err := json.Unmarshal([]byte(out), &status); err != nil || code != 0 || len(status.Items) < 70 {
		t.Errorf("policy status knows %d controls, exit code %d: %v %s", len(status.Items), code, err, stderr)
	}
	for _, i := range status.Items {
		if len(i.Problems)+len(i.Drift) > 0 {
			t.Errorf("policy status does not take %s as installed: %v %v", i.Control, i.Problems, i.Drift)
		}
	}
	if _, err := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}).Get(t.Context(), "plimsoll", metav1.GetOptions{}); err != nil {
		t.Errorf("the namespace of parameters: %v", err)
	}
}
