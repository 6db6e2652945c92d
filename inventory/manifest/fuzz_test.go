package manifest

import (
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/finding"
)

// FuzzReadBytes looks for panics and for objects that break the promises of this package.
func FuzzReadBytes(f *testing.F) {
	for _, seed := range []string{
		cart, cart + "---\n" + catalog, "\ufeff" + cart, utf16Text(cart), strings.ReplaceAll(cart, "\n", "\r\n"),
		"apiVersion: v1\nkind: List\nitems:\n- null\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n",
		"apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n", "kind: Pod\n\tx: [\n", "%YAML 1.1\n---\n" + cart,
		`{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}},null]}`,
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","name":"b"}}{`, "{{ if .Values.x }}\nkind: Pod\n{{ end }}\n",
		"a: &a {apiVersion: v1, kind: Pod}\n<<: *a\nmetadata: {name: x}\n", "x: &x [*x]\n", "kind: Pod\nkind: Pod\napiVersion: v1\n",
		"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {versions: [{schema: {}}]}\n", "\x00\x01kind: Pod\n",
	} {
		f.Add("f.yaml", []byte(seed))
		f.Add("f.json", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if len(data) > 20_000 {
			return
		}
		objects, gaps := ReadBytes(name, data, Options{})
		lines := strings.Count(string(data), "\n") + strings.Count(string(data), "\r") + strings.Count(string(data), "\u0085") +
			strings.Count(string(data), "\u2028") + strings.Count(string(data), "\u2029") + 2
		for _, o := range objects {
			if o.Kind == "" || o.APIVersion == "" || o.Content["kind"] != o.Kind || o.Content["apiVersion"] != o.APIVersion {
				t.Errorf("%+v: type differs from its content", o.Ref)
			}
			for _, path := range []finding.Path{"", "metadata.name", "spec.containers[name=web].image", "items[0]", "a[b=c][2]", `["x"]`} {
				if p := o.Position(path); p.Line < 1 || p.Line > lines && !isWide(data) || p.Column < 1 {
					t.Errorf("%s at %+v of %d lines", path, p, lines)
				}
			}
		}
		for _, g := range gaps {
			if g.Reason == "" || g.File != name {
				t.Errorf("gap %+v", g)
			}
		}
	})
}

// isWide says whether data is UTF-16.
func isWide(data []byte) bool {
	return len(data) > 1 && (data[0] == 0xff || data[0] == 0xfe)
}
