package policy

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

const mutatingHead = `
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: m}
spec:
  matchConstraints: {resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"]}]}
  reinvocationPolicy: Never
`

func mutate(t *testing.T, spec, object string) (Mutation, error) {
	t.Helper()
	m, err := ParseMutating([]byte(mutatingHead + spec))
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range m.Check(Newest) {
		t.Fatal(err)
	}
	var content map[string]any
	if err := json.Unmarshal([]byte(object), &content); err != nil {
		t.Fatal(err)
	}
	gvk := schema.FromAPIVersionAndKind(content["apiVersion"].(string), content["kind"].(string))
	return m.Mutate(context.Background(), Input{Object: content, Kind: gvk, Resource: ResourceFor(gvk)})
}

const mutatedPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"a","image":"a"},{"name":"b","image":"b"}]}}`

func TestMutate(t *testing.T) {
	for _, c := range []struct{ name, spec, want string }{
		{"apply configuration", `
  mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{metadata: Object.metadata{labels: {'a': 'b'}}}"}}]`,
			`"labels":{"a":"b"}`},
		{"lists merge by key", `
  mutations:
  - patchType: ApplyConfiguration
    applyConfiguration:
      expression: "Object{spec: Object.spec{initContainers: [Object.spec.initContainers{name: 'mesh', image: 'proxy', restartPolicy: 'Always'}]}}"`,
			`"initContainers":[{"image":"proxy","name":"mesh","resources":{},"restartPolicy":"Always"}]`},
		{"JSON patch", `
  mutations: [{patchType: JSONPatch, jsonPatch: {expression: "[JSONPatch{op: 'add', path: '/metadata/annotations', value: {'x': 'y'}}]"}}]`,
			`"annotations":{"x":"y"}`},
		{"one after the other", `
  mutations:
  - {patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{metadata: Object.metadata{labels: {'a': 'b'}}}"}}
  - {patchType: JSONPatch, jsonPatch: {expression: "[JSONPatch{op: 'add', path: '/metadata/labels/c', value: object.metadata.labels['a'] + 'd'}]"}}`,
			`"labels":{"a":"b","c":"bd"}`},
		{"variables and conditions", `
  variables: [{name: size, expression: "string(object.spec.containers.size())"}]
  matchConditions: [{name: pods, expression: "object.kind == 'Pod'"}]
  mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{metadata: Object.metadata{labels: {'n': variables.size}}}"}}]`,
			`"labels":{"n":"2"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := mutate(t, c.spec, mutatedPod)
			if err != nil || len(m.Outcomes) > 0 {
				t.Fatal(err, m.Outcomes)
			}
			text, err := json.Marshal(m.Object)
			if err != nil {
				t.Fatal(err)
			}
			if !m.Matched || !m.Changed || !strings.Contains(string(text), c.want) {
				t.Errorf("got  %s\nwant %s", text, c.want)
			}
		})
	}
}

func TestMutateRefuses(t *testing.T) {
	m, err := mutate(t, `
  failurePolicy: Ignore
  mutations: [{patchType: JSONPatch, jsonPatch: {expression: "[JSONPatch{op: 'replace', path: '/spec/nothing', value: 1}]"}}]`, mutatedPod)
	if err != nil || len(m.Outcomes) != 1 || m.Outcomes[0].Refused || m.Changed {
		t.Errorf("a patch of what is not there: %v %+v", err, m)
	}
	m, err = mutate(t, `
  mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'a', command: ['x']}]}}"}}]`, mutatedPod)
	if err != nil || len(m.Outcomes) != 1 || !m.Outcomes[0].Refused || !strings.Contains(m.Outcomes[0].Err.Error(), "atomic") {
		t.Errorf("an atomic list: %v %+v", err, m)
	}
	_, err = mutate(t, `
  mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{spec: Object.spec{size: 1}}"}}]`,
		`{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"t"},"spec":{}}`)
	if err == nil || !strings.Contains(err.Error(), "definition") {
		t.Errorf("an apply configuration for a custom resource: %v", err)
	}
	m, err = mutate(t, `
  mutations: [{patchType: JSONPatch, jsonPatch: {expression: "[JSONPatch{op: 'add', path: '/spec/size', value: 2}]"}}]`,
		`{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"t"},"spec":{}}`)
	if err != nil || !m.Changed {
		t.Errorf("a JSON patch of a custom resource: %v %+v", err, m)
	}
}

func TestMutatingCheck(t *testing.T) {
	for spec, want := range map[string]string{
		`  mutations: [{patchType: JSONPatch, jsonPatch: {expression: "object.spec"}}]`:                                                           "spec.mutations[0]",
		`  mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{spec: Object.wrong{}}"}}]`:                        "",
		`  mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: "Object{} +"}}]`:                                          "spec.mutations[0]",
		"  variables: [{name: v, expression: nope}]\n  mutations: [{patchType: JSONPatch, jsonPatch: {expression: \"[JSONPatch{op: 'test'}]\"}}]": "spec.variables[0]",
	} {
		m, err := ParseMutating([]byte(mutatingHead + spec))
		if err != nil {
			t.Fatal(err)
		}
		errs := m.Check(Newest)
		if want == "" && len(errs) > 0 || want != "" && (len(errs) == 0 || !strings.HasPrefix(errs[0].Error(), want)) {
			t.Errorf("%s: %v", spec, errs)
		}
	}
	m, err := ParseMutating([]byte(mutatingHead + `  mutations: [{patchType: JSONPatch, jsonPatch: {expression: "[JSONPatch{op: 'test'}]"}}]`))
	if err != nil {
		t.Fatal(err)
	}
	if errs := m.Check("1.31"); len(errs) != 1 {
		t.Errorf("1.31 has no such policies: %v", errs)
	}
	if errs := m.Check("1.34"); len(errs) != 0 {
		t.Errorf("1.34: %v", errs)
	}
	for _, spec := range []string{"  mutations: []", "  mutations: [{patchType: Other}]", `  mutations: [{patchType: JSONPatch}]`, "  nothing: 1"} {
		if _, err := ParseMutating([]byte(mutatingHead + spec)); err == nil {
			t.Errorf("%s is taken", spec)
		}
	}
}
