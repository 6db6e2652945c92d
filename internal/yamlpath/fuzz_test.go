package yamlpath

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// FuzzDecode holds the decoder to Kubernetes' reading of the same text: where both read it, they agree.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		deployment, "a: &a {x: 1}\nb: {x: 2, <<: *a}\n", "on: 0644\n", "- 1e3\n- 0x1F\n", "!!binary aGk=", "a: |+\n  x\n\n", "? [a]\n: b",
		"a: 2001-01-01\n", "{a: [1, {b: ~}]}", "<<: {a: 1}\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		// The libraries differ in how they scan comments, tags and control characters; that is theirs to settle.
		if len(text) > 2_000 || !utf8.ValidString(text) || strings.ContainsAny(text, "!#%\\\r\ufeff\u0085\u2028\u2029") {
			return
		}
		var doc yaml.Node
		if yaml.Unmarshal([]byte(text), &doc) != nil {
			return
		}
		got, tree, err := Decode(&doc, Limits{})
		if err != nil {
			return
		}
		checkTree(t, got, tree)
		want, err := kubernetes(text)
		if err != nil {
			return
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %#v, Kubernetes %#v", text, got, want)
		}
	})
}
