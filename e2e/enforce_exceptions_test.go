package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden/enforce"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/scan"
)

// exceptionRounds is how often exceptions are generated, installed and compared; five times that with -long.
const exceptionRounds = 24

// TestExceptionsAgree holds that what the scan accepts by generated exceptions is what the API server lets through,
// of workloads, of what their controllers make, and of other objects, and that it lets nothing else through.
func TestExceptionsAgree(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Minor: *minor})
	w := newExceptionWorld(t, c)
	counts := map[string]int{}
	rounds := exceptionRounds
	if *long {
		rounds *= 5
	}
	for round := range rounds {
		random := rand.New(rand.NewPCG(7, uint64(round)))
		chosen := []control.Control{w.controls["exposed-service"], w.controls["wildcard-rbac"], w.controls["host-path"]}
		if round%4 == 3 {
			chosen[2] = w.controls["naked-pod"]
		}
		w.round(t, random, chosen, counts)
	}
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%5d %s", counts[reason], reason)
	}
	if counts["installed"] < 40 || counts["refused"] < 40 || counts["let through"] < 200 || counts["denied"] < 200 {
		t.Errorf("too little was compared: %v", counts)
	}
}

// An exceptionWorld is the objects that exceptions are about; all of them violate a policy.
type exceptionWorld struct {
	c        *controlplane.ControlPlane
	b        *bindings
	controls map[string]control.Control
	objects  []*inventory.Object
	inv      *inventory.Inventory
}

var exceptionNamespaces = []string{"alpha", "beta", "gamma", "delta"}

func newExceptionWorld(t *testing.T, c *controlplane.ControlPlane) *exceptionWorld {
	t.Helper()
	w := &exceptionWorld{c: c, b: &bindings{c: c}, controls: map[string]control.Control{}}
	for _, p := range policyControls(t) {
		w.controls[p.ID] = p
	}
	for _, id := range []string{"exposed-service", "wildcard-rbac", "host-path", "naked-pod"} {
		source := w.controls[id].Policy.Source.DeepCopy()
		_, err := c.Client.AdmissionregistrationV1().ValidatingAdmissionPolicies().Create(t.Context(), source, metav1.CreateOptions{})
		must(t, err)
	}
	for i, ns := range exceptionNamespaces {
		must(t, ensureNamespace(t.Context(), c, ns))
		w.workloads(ns, i < 2)
		w.others(ns)
	}
	for _, name := range []string{"web", "ops"} {
		w.add("", map[string]any{
			"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": map[string]any{"name": name, "labels": map[string]any{"team": "a"}},
			"rules": []any{map[string]any{"apiGroups": []any{"*"}, "resources": []any{"*"}, "verbs": []any{"get"}}},
		})
	}
	w.inv = inventory.New(inventory.Source{Kind: "cluster"}, time.Now(), "", w.objects, nil)
	return w
}

func (w *exceptionWorld) add(namespace string, content map[string]any) {
	meta := content["metadata"].(map[string]any)
	if namespace != "" {
		meta["namespace"] = namespace
	}
	w.objects = append(w.objects, &inventory.Object{Content: content, Ref: enforce.RefOf(content)})
}

// workloads adds a workload of every kind with what its controllers make. Where alike is set, all carry the same labels.
func (w *exceptionWorld) workloads(namespace string, alike bool) {
	spec := map[string]any{
		"volumes":    []any{map[string]any{"name": "host", "hostPath": map[string]any{"path": "/etc"}}},
		"containers": []any{map[string]any{"name": "web", "image": "registry.example.com/web:1"}},
	}
	for i, kind := range []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Pod", "PodTemplate"} {
		own := teamLabels(i)
		pods := own
		if !alike && i%2 == 0 {
			pods = teamLabels(i + 1)
		}
		w.workload(namespace, kind, own, pods, spec)
	}
}

func teamLabels(i int) map[string]any {
	return []map[string]any{{"team": "a"}, {"team": "a", "tier": "x"}, {"team": "b"}, {"tier": "x"}}[i%4]
}

func with(labels map[string]any, more ...string) map[string]any {
	out := maps.Clone(labels)
	for i := 0; i < len(more); i += 2 {
		out[more[i]] = more[i+1]
	}
	return out
}

func (w *exceptionWorld) workload(namespace, kind string, own, pods, spec map[string]any) {
	name := "web-" + strings.ToLower(kind)
	if kind == "Pod" || kind == "PodTemplate" {
		name = "web"
	}
	selector := map[string]any{"app": name}
	template := map[string]any{"metadata": map[string]any{"labels": with(pods, "app", name)}, "spec": spec}
	object := map[string]any{"kind": kind, "apiVersion": "apps/v1", "metadata": map[string]any{"name": name, "labels": own}}
	once := runtime.DeepCopyJSON(template)
	once["spec"].(map[string]any)["restartPolicy"] = "Never"
	switch kind {
	case "Pod":
		object["apiVersion"], object["spec"] = "v1", spec
	case "PodTemplate":
		object["apiVersion"], object["template"] = "v1", template
	case "ReplicationController":
		object["apiVersion"], object["spec"] = "v1", map[string]any{"selector": selector, "template": template}
	case "Job":
		object["apiVersion"], object["spec"] = "batch/v1", map[string]any{"template": once}
	case "CronJob":
		job := map[string]any{"metadata": map[string]any{"labels": pods}, "spec": map[string]any{"template": once}}
		object["apiVersion"], object["spec"] = "batch/v1", map[string]any{"schedule": "0 0 1 1 *", "jobTemplate": job}
	case "StatefulSet":
		object["spec"] = map[string]any{"serviceName": "web", "selector": map[string]any{"matchLabels": selector}, "template": template}
	default:
		object["spec"] = map[string]any{"selector": map[string]any{"matchLabels": selector}, "template": template}
	}
	w.add(namespace, object)
	owner := object
	switch kind {
	case "Pod", "PodTemplate":
		return
	case "Deployment":
		owner = w.made(namespace, owner, "apps/v1", "ReplicaSet", name+"-7d9c", template["metadata"].(map[string]any)["labels"].(map[string]any), map[string]any{
			"selector": map[string]any{"matchLabels": selector}, "template": template})
	case "CronJob":
		owner = w.made(namespace, owner, "batch/v1", "Job", name+"-2947", pods, map[string]any{"template": once})
	}
	w.made(namespace, owner, "v1", "Pod", inventory.String(owner, "metadata", "name")+"-x2x4z", with(pods, "app", name), spec)
}

// made adds what a controller makes for an owner.
func (w *exceptionWorld) made(namespace string, owner map[string]any, version, kind, name string, labels, spec map[string]any) map[string]any {
	object := map[string]any{"apiVersion": version, "kind": kind, "spec": spec, "metadata": map[string]any{
		"name": name, "labels": labels, "ownerReferences": []any{map[string]any{
			"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": inventory.String(owner, "metadata", "name"),
			"uid": "1c0f3b9e-0000-4000-8000-000000000001", "controller": true,
		}},
	}}
	w.add(namespace, object)
	return object
}

func (w *exceptionWorld) others(namespace string) {
	for i, name := range []string{"web", "ops", "agent"} {
		w.add(namespace, map[string]any{
			"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": name, "labels": teamLabels(i)},
			"spec": map[string]any{"type": "LoadBalancer", "ports": []any{map[string]any{"port": int64(80)}}},
		})
		w.add(namespace, map[string]any{
			"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": map[string]any{"name": name, "labels": teamLabels(i + 1)},
			"rules": []any{map[string]any{"apiGroups": []any{"*"}, "resources": []any{"*"}, "verbs": []any{"get"}}},
		})
	}
}

// randomException makes an exception out of what exceptions are made of, some of which no binding can say.
func randomException(random *rand.Rand, id string, n int) finding.Exception {
	pick := func(options ...[]string) []string { return options[random.IntN(len(options))] }
	x := finding.Exception{Name: fmt.Sprintf("x%d", n), Controls: []string{id}, Expires: time.Now().AddDate(1, 0, 0)}
	x.Objects.Namespaces = pick(nil, nil, []string{"alpha"}, []string{"beta"}, []string{"alpha", "gamma"}, []string{"beta", "delta"}, []string{"*"}, []string{"g*"})
	switch id {
	case "host-path":
		x.Objects.Kinds = pick(nil, nil, nil, nil, []string{"*"}, []string{"Deployment"}, []string{"Pod"}, []string{"PodTemplate"}, []string{"Deployment", "Pod"})
		x.Objects.Names = pick(nil, nil, nil, nil, []string{"web"}, []string{"web-*"}, []string{"web-deployment"}, []string{"web-deployment-7d9c-x2x4z"})
	case "wildcard-rbac":
		x.Objects.Kinds = pick(nil, nil, []string{"Role"}, []string{"ClusterRole"}, []string{"*Role"})
		x.Objects.Names = pick(nil, []string{"web"}, []string{"ops"}, []string{"w*"})
	default:
		x.Objects.Kinds = pick(nil, nil, []string{"Service", "Pod"}, []string{"Ingress"})
		x.Objects.Names = pick(nil, nil, []string{"web"}, []string{"ops", "agent"}, []string{"?ps"})
	}
	if len(x.Objects.Names) == 0 && len(x.Objects.Namespaces) == 0 || random.IntN(3) == 0 {
		x.Objects.Labels = []map[string]string{{"team": "a"}, {"team": "a", "tier": "x"}, {"tier": "x"}, {"team": "c"}}[random.IntN(4)]
	}
	if random.IntN(12) == 0 {
		x.Objects.Paths = []string{"spec.*"}
	}
	return x
}

// round installs what can be installed of some exceptions, and compares.
func (w *exceptionWorld) round(t *testing.T, random *rand.Rand, chosen []control.Control, counts map[string]int) {
	t.Helper()
	request := enforce.Request{Controls: chosen, Stage: enforce.Deny, Now: time.Now()}
	switch random.IntN(4) {
	case 0:
		request.Scope.Namespaces = []string{"alpha", "beta", "gamma"}
	case 1:
		request.Scope.Excluded = []string{"delta"}
	}
	for _, c := range chosen {
		for n := range 1 + random.IntN(3) {
			request.Exceptions = append(request.Exceptions, randomException(random, c.ID, len(request.Exceptions)+n*100))
		}
	}
	first, err := enforce.Compile(request, w.inv)
	must(t, err)
	for _, r := range first.Refused {
		counts["refused"]++
		counts["refused: "+strings.Join(strings.Fields(r.Why)[:4], " ")+" …"]++
		request.Exceptions = slices.DeleteFunc(request.Exceptions, func(x finding.Exception) bool { return x.Name == r.Exception })
	}
	inst, err := enforce.Compile(request, w.inv)
	must(t, err)
	if len(inst.Refused) > 0 {
		t.Fatalf("refused after all: %v", inst.Refused)
	}
	names := w.install(t, inst)
	for _, x := range request.Exceptions {
		if slices.ContainsFunc(inst.Bundles, func(b enforce.Bundle) bool {
			return slices.ContainsFunc(b.Grants, func(g enforce.Grant) bool { return g.Name == x.Name })
		}) {
			counts["installed"]++
		}
	}
	report, err := scan.Run(t.Context(), w.inv, scan.Options{
		Controls: chosen, Exceptions: request.Exceptions, Now: request.Now,
		Scope: scan.Scope{Namespaces: request.Scope.Namespaces, Excluded: request.Scope.Excluded},
	})
	must(t, err)
	for _, r := range report.Results {
		w.compare(t, r, request, counts)
	}
	for _, name := range names {
		must(t, w.c.Client.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings().Delete(t.Context(), name, metav1.DeleteOptions{}))
	}
}

func (w *exceptionWorld) install(t *testing.T, inst *enforce.Installation) (names []string) {
	t.Helper()
	for _, bundle := range inst.Bundles {
		for _, content := range bundle.Bindings {
			var b admissionv1.ValidatingAdmissionPolicyBinding
			must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(content, &b))
			_, err := w.c.Client.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings().Create(t.Context(), &b, metav1.CreateOptions{})
			must(t, err)
			names = append(names, b.Name)
		}
	}
	w.b.settle(t)
	return names
}

// compare sends every object that a control looks at and holds the API server's answer against the scan's.
func (w *exceptionWorld) compare(t *testing.T, r scan.Result, request enforce.Request, counts map[string]int) {
	t.Helper()
	failing := map[finding.Ref]bool{}
	for _, f := range r.Findings {
		failing[f.Object] = true
	}
	kinds := r.Control.Policy.Kinds()
	for _, o := range w.objects {
		if !slices.Contains(kinds, o.GroupKind()) {
			continue
		}
		want := failing[w.inv.TopOwner(o).Ref]
		if r.Control.ID == "naked-pod" {
			want = failing[o.Ref]
		}
		err := w.send(t, o)
		if err != nil && !apierrors.IsInvalid(err) && !apierrors.IsForbidden(err) {
			t.Fatalf("%s: %v", o.Ref, err)
		}
		got := err != nil && strings.Contains(err.Error(), "'"+r.Control.Policy.Source.Name+"'")
		if err != nil && !got {
			t.Fatalf("%s: %v", o.Ref, err)
		}
		counts[map[bool]string{true: "denied", false: "let through"}[got]]++
		if got != want {
			exceptions, _ := json.Marshal(request.Exceptions)
			t.Errorf("%s of %s: denied %v, the scan wants %v (%v)\nscope %s, exceptions %s", r.Control.ID, o.Ref, got, want, err, request.Scope, exceptions)
		}
	}
}

// send creates an object without keeping it.
func (w *exceptionWorld) send(t *testing.T, o *inventory.Object) error {
	t.Helper()
	body, err := json.Marshal(o.Content)
	must(t, err)
	gvk := schema.FromAPIVersionAndKind(o.APIVersion, o.Kind)
	path := []string{"/apis", gvk.Group, gvk.Version}
	if gvk.Group == "" {
		path = []string{"/api", gvk.Version}
	}
	if o.Namespace != "" {
		path = append(path, "namespaces", o.Namespace)
	}
	return w.c.Client.RESTClient().Post().AbsPath(append(path, policy.ResourceFor(gvk).Resource)...).Param("dryRun", "All").
		SetHeader("Content-Type", "application/json").Body(body).Do(t.Context()).Error()
}
