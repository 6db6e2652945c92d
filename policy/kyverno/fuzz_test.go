package kyverno_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/policy/kyverno"
)

const fuzzObjects = `
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: shop, labels: {a: b}}
spec: {containers: [{name: c, image: "i:1", resources: {limits: {memory: 1Gi}}}]}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: w, namespace: shop}
spec: {a: 1, b: [x, {c: null}], d: {e: true}}
`

// FuzzConvert converts whatever comes. Nothing panics, what is converted compiles, and objects can be judged by it.
func FuzzConvert(f *testing.F) {
	f.Add(policyOf("{any: [{resources: {kinds: [Pod, Widget]}}]}", `{message: "a {{ request.object.metadata.name }}", pattern: {spec: {=(a): ">1 | !x*", "^(b)": [{(c): "?*"}], X(d): null, <(e): "1-2"}}}`))
	f.Add(policyOf("{all: [{resources: {kinds: ['*'], selector: {matchLabels: {'a*': '?'}}}}]}", `{message: m, anyPattern: [{metadata: {labels: {"=(a/*)": "!b"}}}, {spec: {b: ["x"]}}]}`))
	f.Add(policyOf("{any: [{resources: {kinds: [Pod]}}]}", `{message: m, foreach: [{list: "request.object.spec.containers", deny: {conditions: {any: [{key: "{{ element.image }}", operator: Equals, value: "a*"}]}}}]}`))
	f.Add(policyOf("{any: [{resources: {kinds: [Pod]}}]}", `{message: m, cel: {expressions: [{expression: "object.spec.x == 1"}]}}`))
	f.Add(policyOf("{any: [{resources: {kinds: [Pod]}}]}", `{message: m, podSecurity: {level: restricted, exclude: [{controlName: Capabilities, images: ["*"]}]}}`))
	f.Add("apiVersion: policies.kyverno.io/v1\nkind: ValidatingPolicy\nmetadata: {name: v}\nspec: {matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}, validations: [{expression: 'object.spec.a == 1'}]}\n")
	files, _ := filepath.Glob(filepath.Join("..", "..", "e2e", "kyverno", "testdata", "*.yaml"))
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil {
			f.Add(string(data))
		}
	}
	objects, _ := manifest.ReadBytes("objects.yaml", []byte(fuzzObjects), manifest.Options{})
	f.Fuzz(func(t *testing.T, text string) {
		found, _ := manifest.ReadBytes("policy.yaml", []byte(text), manifest.Options{MaxDocument: 1 << 16})
		start := time.Now()
		policies := kyverno.Convert(found)
		kyverno.Remarks(found)
		compiled(t, policies)
		if _, err := kyverno.NewSet(policies).Judge(context.Background(), admission.World{}, objects); err != nil {
			t.Fatal(err)
		}
		if slow := time.Since(start); slow > 30*time.Second {
			t.Errorf("it takes %s", slow)
		}
	})
}
