package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/inventorytest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/admission"
)

// mutatingPolicies change Deployments in every way that there is; each looks at Deployments with a label of its own.
const mutatingPolicies = `
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: m1-labels}
spec:
  reinvocationPolicy: Never
  matchConstraints: {resourceRules: &r [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}], objectSelector: {matchLabels: {m1: "on"}}}
  variables: [{name: team, expression: "object.metadata.?annotations['team'].orValue('none')"}]
  mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{metadata: Object.metadata{labels: {'team': variables.team, 'operation': request.operation}}}"}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: m2-containers}
spec:
  reinvocationPolicy: IfNeeded
  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}], objectSelector: {matchLabels: {m2: "on"}}}
  mutations:
  - patchType: ApplyConfiguration
    applyConfiguration:
      expression: >-
        Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers:
        object.spec.template.spec.containers.filter(c, !has(c.securityContext)).map(c, Object.spec.template.spec.containers{name: c.name,
        securityContext: Object.spec.template.spec.containers.securityContext{allowPrivilegeEscalation: false}})}}}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: m3-sidecar}
spec:
  reinvocationPolicy: Never
  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}], objectSelector: {matchLabels: {m3: "on"}}}
  matchConditions: [{name: once, expression: "!object.spec.template.spec.?initContainers.orValue([]).exists(c, c.name == 'mesh')"}]
  mutations:
  - patchType: JSONPatch
    jsonPatch:
      expression: >-
        has(object.spec.template.spec.initContainers)
        ? [JSONPatch{op: 'add', path: '/spec/template/spec/initContainers/-', value: Object.spec.template.spec.initContainers{name: 'mesh', image: 'proxy'}}]
        : [JSONPatch{op: 'add', path: '/spec/template/spec/initContainers', value: [Object.spec.template.spec.initContainers{name: 'mesh', image: 'proxy'}]}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: m4-replicas}
spec:
  reinvocationPolicy: Never
  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}], objectSelector: {matchLabels: {m4: "on"}}}
  mutations:
  - patchType: JSONPatch
    jsonPatch: {expression: "has(object.spec.replicas) && object.spec.replicas > 3 ? [JSONPatch{op: 'replace', path: '/spec/replicas', value: 3}] : []"}
  - patchType: JSONPatch
    jsonPatch: {expression: "[JSONPatch{op: 'add', path: '/metadata/annotations', value: {'replicas': string(object.spec.?replicas.orValue(1))}}]"}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: m5-broken}
spec:
  reinvocationPolicy: Never
  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}], objectSelector: {matchLabels: {m5: "on"}}}
  mutations: [{patchType: JSONPatch, jsonPatch: {expression: "[JSONPatch{op: 'remove', path: '/metadata/annotations/keep'}]"}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: m6-params}
spec:
  reinvocationPolicy: Never
  paramKind: {apiVersion: v1, kind: ConfigMap}
  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}], objectSelector: {matchLabels: {m6: "on"}}}
  mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{metadata: Object.metadata{labels: {'zone': params.data.zone}}}"}}]
`

const mutatingParams = `
apiVersion: v1
kind: ConfigMap
metadata: {name: mutating, namespace: default}
data: {zone: north}
`

var deployments = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}

// TestMutatingAgreesWithTheAPIServer has an API server create random Deployments, without keeping them, with and without
// mutating policies, and compares what these change with what we say.
func TestMutatingAgreesWithTheAPIServer(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Minor: *minor})
	client, err := dynamic.NewForConfig(c.REST)
	must(t, err)
	random := rand.New(rand.NewPCG(7, 5)) // #nosec G404 -- test data
	var objects []map[string]any
	var before []map[string]any
	for i := range 150 {
		o := randomDeployment(random, i)
		answer, err := createDry(t, client, o)
		must(t, err)
		objects, before = append(objects, o), append(before, answer)
	}
	set := installMutating(t, client)
	probe := map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "probe", "labels": map[string]any{
		"m1": "on", "m2": "on", "m3": "on", "m4": "on", "m6": "on"}}, "spec": deploymentSpec(map[string]any{"name": "a", "image": "a"})}
	must(t, controlplane.Wait(time.Minute, func() error {
		answer, err := createDry(t, client, probe)
		if err != nil {
			return err
		}
		u := unstructured.Unstructured{Object: answer}
		if l := u.GetLabels(); l["team"] == "" || l["zone"] == "" || len(u.GetAnnotations()) == 0 || !strings.Contains(show(answer), "mesh") || !strings.Contains(show(answer), "allowPrivilegeEscalation") {
			return fmt.Errorf("not all policies are in force: %s", show(answer))
		}
		return nil
	}))
	refused, changed := 0, 0
	for i, o := range objects {
		results := set.Review(t.Context(), admission.World{Complete: true, Params: inventorytest.Objects(t, "params.yaml", mutatingParams)}, admission.Request{
			Ref: finding.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "default", Name: fmt.Sprintf("d%d", i)}, Object: o})
		answer, err := createDry(t, client, o)
		if denied := admission.VerdictOf(results) == admission.Deny; denied != (err != nil) {
			t.Errorf("%s\nwe say it is refused: %v\nAPI server: %v", show(o), results, err)
			continue
		}
		if err != nil {
			refused++
			continue
		}
		if comparePatch(t, o, before[i], answer, results) {
			changed++
		}
	}
	t.Logf("%d Deployments changed as we say, %d refused as we say", changed, refused)
	if changed < 50 || refused < 10 {
		t.Error("too few to show anything")
	}
}

// comparePatch holds the difference of two answers of the API server to what we say was changed.
func comparePatch(t *testing.T, o, before, after map[string]any, results []admission.Result) bool {
	t.Helper()
	said := map[string]bool{}
	for _, r := range results {
		for _, op := range r.Patch {
			said[op.Path] = true
			if op.Op == "remove" {
				continue
			}
			got := at(after, op.Path)
			if !holds(op.Value, got) && !overwritten(results, op.Path) {
				t.Errorf("%s\nwe say %s becomes %s, and it is %s", show(o), op.Path, show(op.Value), show(got))
			}
		}
	}
	var paths []string
	differences("", before, after, &paths)
	for _, p := range paths {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(said)), func(s string) bool {
			s = strings.TrimSuffix(s, "/-")
			return strings.HasPrefix(p, s) || strings.HasPrefix(s, p)
		}) {
			t.Errorf("%s\nthe API server changes %s from %s to %s, of which we say nothing: %v", show(o), p, show(at(before, p)), show(at(after, p)), said)
		}
	}
	return len(paths) > 0
}

// overwritten says whether several policies change the same.
func overwritten(results []admission.Result, path string) bool {
	n := 0
	for _, r := range results {
		for _, op := range r.Patch {
			if op.Path == path {
				n++
			}
		}
	}
	return n > 1
}

// holds says whether a value has all that is wanted: the API server fills in more.
func holds(want, got any) bool {
	switch want := want.(type) {
	case map[string]any:
		m, _ := got.(map[string]any)
		for k, v := range want {
			if v != nil && !holds(v, m[k]) {
				return false
			}
		}
		return true
	case []any:
		l, _ := got.([]any)
		for i, v := range want {
			if i >= len(l) || !holds(v, l[i]) {
				return false
			}
		}
		return true
	}
	return fmt.Sprint(want) == fmt.Sprint(got)
}

// at is the value at a JSON pointer; "-" is the last item.
func at(v any, pointer string) any {
	for _, step := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			i := len(x) - 1
			if step != "-" {
				_, _ = fmt.Sscan(step, &i)
			}
			if i < 0 || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// differences lists the paths at which two objects differ, but for what every answer has of its own.
func differences(at string, a, b any, out *[]string) {
	switch at {
	case "/metadata/uid", "/metadata/creationTimestamp", "/metadata/managedFields":
		return
	}
	x, mapA := a.(map[string]any)
	y, mapB := b.(map[string]any)
	if !mapA || !mapB {
		if !reflect.DeepEqual(a, b) {
			*out = append(*out, at)
		}
		return
	}
	keys := map[string]bool{}
	for k := range x {
		keys[k] = true
	}
	for k := range y {
		keys[k] = true
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		differences(at+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(k), x[k], y[k], out)
	}
}

// createDry has the API server create an object, without keeping it.
func createDry(t *testing.T, client dynamic.Interface, o map[string]any) (map[string]any, error) {
	t.Helper()
	text, err := json.Marshal(o)
	must(t, err)
	u := &unstructured.Unstructured{}
	must(t, u.UnmarshalJSON(text))
	answer, err := client.Resource(deployments).Namespace("default").Create(t.Context(), u, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return nil, err
	}
	return answer.Object, nil
}

// installMutating installs the policies with a binding each, and returns them for us to judge by.
func installMutating(t *testing.T, client dynamic.Interface) *admission.Set {
	t.Helper()
	var text strings.Builder
	text.WriteString(mutatingPolicies)
	for _, o := range inventorytest.Objects(t, "policies.yaml", mutatingPolicies) {
		params := ""
		if inventory.Map(o.Content, "spec", "paramKind") != nil {
			params = "\n  paramRef: {name: mutating, namespace: default, parameterNotFoundAction: Deny}"
		}
		fmt.Fprintf(&text, "---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingAdmissionPolicyBinding\nmetadata: {name: %s}\nspec:\n  policyName: %s%s\n", o.Name, o.Name, params)
	}
	objects := inventorytest.Objects(t, "policies.yaml", text.String())
	for _, o := range append(inventorytest.Objects(t, "params.yaml", mutatingParams), objects...) {
		resource := policy.ResourceFor(schema.FromAPIVersionAndKind(o.APIVersion, o.Kind))
		var target dynamic.ResourceInterface = client.Resource(resource)
		if o.Namespace != "" {
			target = client.Resource(resource).Namespace(o.Namespace)
		}
		_, err := target.Create(t.Context(), &unstructured.Unstructured{Object: o.Content}, metav1.CreateOptions{})
		must(t, err)
	}
	set := admission.Read(objects, policy.Newest)
	for _, p := range set.Problems {
		t.Fatalf("%s: %s %s", p.Policy, p.Rule, p.Message)
	}
	return set
}

func deploymentSpec(containers ...any) map[string]any {
	return map[string]any{"selector": map[string]any{"matchLabels": map[string]any{"app": "a"}}, "template": map[string]any{
		"metadata": map[string]any{"labels": map[string]any{"app": "a"}}, "spec": map[string]any{"containers": containers}}}
}

func randomDeployment(r *rand.Rand, i int) map[string]any {
	labels := map[string]any{"app": "a"}
	for _, m := range []string{"m1", "m2", "m3", "m4", "m6"} {
		if r.IntN(2) == 0 {
			labels[m] = "on"
		}
	}
	if r.IntN(5) == 0 {
		labels["m5"] = "on"
	}
	annotations := map[string]any{}
	if r.IntN(2) == 0 {
		annotations["team"] = "blue"
	}
	if r.IntN(2) == 0 {
		annotations["keep"] = "yes"
	}
	var containers []any
	for j := range 1 + r.IntN(3) {
		one := map[string]any{"name": fmt.Sprintf("c%d", j), "image": "i"}
		if r.IntN(2) == 0 {
			one["securityContext"] = map[string]any{"runAsNonRoot": true}
		}
		containers = append(containers, one)
	}
	spec := deploymentSpec(containers...)
	if r.IntN(2) == 0 {
		spec["replicas"] = int64(r.IntN(7))
	}
	if r.IntN(3) == 0 {
		pod := spec["template"].(map[string]any)["spec"].(map[string]any)
		pod["initContainers"] = []any{map[string]any{"name": oneOf(r, "mesh", "setup"), "image": "i"}}
	}
	return map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec,
		"metadata": map[string]any{"name": fmt.Sprintf("d%d", i), "namespace": "default", "labels": labels, "annotations": annotations}}
}
