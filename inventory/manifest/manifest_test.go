package manifest

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// summary writes what was read, one line an object and one a gap.
func summary(objects []*inventory.Object, gaps []inventory.Gap) string {
	var b strings.Builder
	for _, o := range objects {
		fmt.Fprintf(&b, "%s:%d %s", o.Origin.File, o.Origin.Line, o.Ref)
		if o.NamespaceAssumed {
			b.WriteString(" assumed")
		}
		if o.Origin.Rendered {
			b.WriteString(" rendered")
		}
		b.WriteByte('\n')
	}
	for _, g := range gaps {
		fmt.Fprintf(&b, "gap %s:%d %s: %s\n", g.File, g.Line, g.Kind, g.Reason)
	}
	return b.String()
}

const (
	cart    = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: cart\n  namespace: shop\n"
	catalog = "apiVersion: v1\nkind: Service\nmetadata:\n  name: catalog\n"
)

func utf16Text(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}

func TestReadBytes(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"one", cart, "f:1 Pod shop/cart\n"},
		{"several", "# head\n---\n" + cart + "---\n" + catalog + "---\n---\n# tail\n", "f:3 Pod shop/cart\nf:9 Service default/catalog assumed\n"},
		{"marker with text", "--- # first\n" + cart + "--- {apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n",
			"f:2 Pod shop/cart\nf:7 Namespace shop\n"},
		{"end marker", cart + "...\n---\n" + catalog + "...\n", "f:1 Pod shop/cart\nf:8 Service default/catalog assumed\n"},
		{"directive", "%YAML 1.1\n---\n" + cart + "...\n%YAML 1.1\n---\n" + catalog, "f:3 Pod shop/cart\nf:11 Service default/catalog assumed\n"},
		{"BOM", "\ufeff" + cart, "f:1 Pod shop/cart\n"},
		{"UTF-16", utf16Text(cart), "f:1 Pod shop/cart\n"},
		{"CRLF", strings.ReplaceAll(cart+"---\n"+catalog, "\n", "\r\n"), "f:1 Pod shop/cart\nf:7 Service default/catalog assumed\n"},
		{"empty", "", ""},
		{"comments", "# a\n---\n# b\n---\n", ""},
		{"no object", "a: 1\n---\n- x\n---\ntext\n---\nkind: Pod\n---\napiVersion: v2\nname: chart\n", ""},
		{"settings", "apiVersion: v1\nkind: Config\nusers: []\n---\napiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\nnodes: []\n---\n" +
			"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nmetadata: {name: x}\n", ""},
		{"unknown kind", "apiVersion: example.com/v9\nkind: Gadget\nmetadata: {name: x}\n", "f:1 Gadget default/x assumed\n"},
		{"cluster scope", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x, namespace: shop}\n", "f:1 ClusterRole x\n"},
		{"scope of a CRD", "apiVersion: example.com/v9\nkind: Gadget\nmetadata: {name: x}\n---\napiVersion: apiextensions.k8s.io/v1\n" +
			"kind: CustomResourceDefinition\nmetadata: {name: gadgets.example.com}\nspec: {group: example.com, scope: Cluster, names: {kind: Gadget}}\n",
			"f:1 Gadget x\nf:5 CustomResourceDefinition gadgets.example.com\n"},
		{"generated name", "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: load-}\n", "f:1 Job default/load- assumed\n"},
		{"no name", "# x\napiVersion: v1\nkind: Pod\nmetadata: {}\n---\n" + cart,
			"f:2 Pod default/ assumed\nf:6 Pod shop/cart\ngap f:2 Pod: the object has no name (metadata.name)\n"},
		{"no metadata", "apiVersion: apps/v1\nkind: Deployment\n", "f:1 Deployment default/ assumed\ngap f:1 Deployment: the object has no name (metadata.name)\n"},
		{"name is a number", "apiVersion: v1\nkind: Pod\nmetadata: {name: 12}\n",
			"f:1 Pod default/12 assumed\ngap f:1 Pod: metadata.name is no text (put it in quotes)\n"},
		{"list", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n- apiVersion: v1\n  kind: List\n  items:\n" +
			"  - {apiVersion: v1, kind: Pod, metadata: {name: b}}\n", "f:4 Pod default/a assumed\nf:10 Pod default/b assumed\n"},
		{"typed list", "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleList\nitems:\n- metadata: {name: a}\n", "f:4 Role default/a assumed\n"},
		{"empty list", "apiVersion: v1\nkind: List\nitems: []\n", ""},
		{"list of null", "apiVersion: v1\nkind: List\nitems:\n- null\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n- 3\n",
			"f:5 Pod default/a assumed\ngap f:4 Pod: items of the list are no objects: 2\n"},
		{"typed list of null", "apiVersion: v1\nkind: PodList\nitems: [null]\n", "gap f:3 Pod: items of the list are no objects: 1\n"},
		{"object called list", "apiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: x}\nitems: [1]\n", "f:1 AllowList default/x assumed\n"},
		{"duplicate key", cart + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata:\n  a: YQ==\n  b: Yg==\n  a: Yw==\n",
			"f:1 Pod shop/cart\nf:7 Secret default/x assumed\ngap f:13 Secret: key \"a\" is repeated\n"},
		{"duplicate key in a list", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, kind: Pod, metadata: {name: a}}\n" +
			"- {apiVersion: v1, kind: Service, metadata: {name: a}}\n", "f:4 Pod default/a assumed\nf:5 Service default/a assumed\ngap f:4 Pod: key \"kind\" is repeated\n"},
		{"tabs", cart + "---\nkind: Deployment\nspec:\n\ttemplate: x\n---\n" + catalog,
			"f:1 Pod shop/cart\nf:11 Service default/catalog assumed\ngap f:9 Deployment: this is no YAML: found character that cannot start any token\n"},
		{"template", "{{- if .Values.x }}\nkind: Deployment\n{{ end }}\n---\n" + cart,
			"f:5 Pod shop/cart\ngap f:1 Deployment: x\n"},
		{"templated kind", "kind: Role\n---\nkind: Deployment\nroleRef: {kind: {{ .Kind }}}\n{{ end }}\n",
			"gap f:5 : x\n"},
		{"broken, several kinds", "kind: RoleBinding\nroleRef:\n  kind: Role\nsubjects: [{\"kind\": \"ServiceAccount\"}\n",
			"gap f:3 RoleBinding: x\ngap f:3 Role: x\ngap f:3 ServiceAccount: x\n"},
		{"broken, no kind", "a: [1\n", "gap f:1 : x\n"},
		{"broken list", "kind: List\nitems: [\n", "gap f:2 : x\n"},
		{"broken typed list", "kind: PodList\nitems: [\n", "gap f:2 Pod: x\n"},
		{"unclosed quote", "kind: Pod\nx: \"\n---\n" + cart, "f:4 Pod shop/cart\ngap f:2 Pod: x\n"},
		{"unknown anchor", "kind: Pod\nx: *y\n", "gap f:1 Pod: x\n"},
		{"binary", "\x7fELF\x00\x01", "gap f:1 : this is a binary file\n"},
		{"binary without zero", "\x89PNG\x01\x02\n", "gap f:1 : x\n"},
		{"anchor", "apiVersion: v1\nkind: Pod\nmetadata: &m\n  name: a\n  labels: {x: &v y}\nspec: {v: *v}\n", "f:1 Pod default/a assumed\n"},
		{"merged type", "x: &x {apiVersion: v1, kind: Pod}\n<<: *x\nmetadata: {name: a}\n", "f:1 Pod default/a assumed\n"},
		{"JSON", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"\ud83d\ude00"}}` + "\n\n" + `{"a":1}[2]{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"}}`,
			"f:1 Pod default/😀 assumed\nf:3 Pod default/b assumed\n"},
		{"JSON list", "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[\n{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}},\nnull]}",
			"f:2 Pod default/a assumed\ngap f:3 Pod: items of the list are no objects: 1\n"},
		{"JSON typed list", `{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"a"}}]}`, "f:1 Pod default/a assumed\n"},
		{"JSON duplicate key", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\n\"kind\":\"Pod\"}", "f:1 Pod default/ assumed\ngap f:2 Pod: key \"kind\" is repeated\ngap f:1 Pod: the object has no name (metadata.name)\n"},
		{"flow YAML", "{apiVersion: v1, kind: Pod, metadata: {name: a}}\n", "f:1 Pod default/a assumed\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := summary(ReadBytes("f", []byte(test.text), Options{}))
			if strings.Contains(test.want, ": x\n") { // the parser's own words do not matter
				got = strings.Join(parserWords(strings.SplitAfter(got, "\n")), "")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func parserWords(lines []string) []string {
	for i, l := range lines {
		if head, _, ok := strings.Cut(l, ": this is no YAML"); ok {
			lines[i] = head + ": x\n"
		}
	}
	return lines
}

func TestBrokenJSONFile(t *testing.T) {
	got := summary(ReadBytes("f.json", []byte("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}}\n{\"kind\":\n\"Secret\",,}"), Options{}))
	want := "f.json:1 Pod default/a assumed\ngap f.json:3 : this is no JSON: invalid character ',' looking for beginning of object key string\n"
	if got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestNamespaceIsFilledInEverywhere(t *testing.T) {
	objects, _ := ReadBytes("f", []byte(catalog), Options{Namespace: "shop"})
	o := objects[0]
	if o.Namespace != "shop" || !o.NamespaceAssumed || inventory.String(o.Content, "metadata", "namespace") != "shop" {
		t.Errorf("got %+v", o)
	}
	if p := o.Position("metadata.namespace"); p != (finding.Position{File: "f", Line: 3, Column: 1}) {
		t.Errorf("position %+v", p)
	}
}

func TestDroppedOnArrival(t *testing.T) {
	const managed = "metadata: {name: x, managedFields: [{manager: kubectl}]}\n"
	text := "apiVersion: v1\nkind: Pod\n" + managed + "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n" + managed +
		"spec: {group: g, scope: Cluster, validation: {a: b}, versions: [{name: v1, schema: {a: b}}]}\n---\n" +
		`{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "j", "managedFields": []}}` + "\n"
	objects, gaps := ReadBytes("f", []byte(text), Options{})
	if len(gaps) != 0 || len(objects) != 3 {
		t.Fatal(summary(objects, gaps))
	}
	for _, o := range objects {
		if text := fmt.Sprint(o.Content); strings.Contains(text, "managedFields") || strings.Contains(text, "schema") || strings.Contains(text, "validation") {
			t.Errorf("%s keeps %s", o.Ref, text)
		}
	}
}

func TestEveryObjectIsRedacted(t *testing.T) {
	seen := 0
	text := cart + "---\n" + catalog + "---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: l}}\n---\n"
	objects, _ := ReadBytes("f", []byte(text), Options{Redact: func(m map[string]any) int {
		seen++
		m["redacted"] = true
		return 1
	}})
	for _, o := range objects {
		if o.Content["redacted"] != true {
			t.Errorf("%s is not redacted", o.Ref)
		}
	}
	if seen != 3 || len(objects) != 3 {
		t.Errorf("%d objects, %d redacted", len(objects), seen)
	}
}

// largeListText writes a List like kubectl does, with n Pods.
func largeListText(n int) string {
	var b strings.Builder
	b.WriteString("apiVersion: v1\nitems:\n")
	for i := range n {
		fmt.Fprintf(&b, "- apiVersion: v1\n  kind: Pod\n  metadata:\n    annotations:\n      note: |\n        - not an item\n    name: pod-%d\n"+
			"    namespace: shop\n  spec:\n    containers:\n    - name: web\n      image: shop/web:1\n", i)
	}
	b.WriteString("kind: List\nmetadata:\n  resourceVersion: \"\"\n")
	return b.String()
}

func TestLargeListIsReadInParts(t *testing.T) {
	const n = 5_000
	text := largeListText(n)
	opts := Options{MaxDocument: 100_000} // far below the size of the list
	jsonText := `{"apiVersion":"v1","kind":"List","items":[` + "\n" + strings.Repeat(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"}},`+"\n", n) +
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"last"}}]}`
	objects, gaps := ReadBytes("f", []byte(text), opts)
	if len(objects) != n || len(gaps) != 0 {
		t.Fatalf("%d objects, gaps: %v", len(objects), gaps)
	}
	last := objects[n-1]
	if last.Name != "pod-4999" || last.Origin.Line != 3+12*(n-1) || last.Position("spec.containers[name=web].image").Line != last.Origin.Line+11 {
		t.Errorf("last: %+v at %+v, image at %+v", last.Ref, last.Origin, last.Position("spec.containers[name=web].image"))
	}
	whole, _ := ReadBytes("f", []byte(strings.Replace(text, "items:\n", "items: # whole\n", 1)), Options{})
	if diff := cmp.Diff(summary(whole, nil), summary(objects, nil)); diff != "" {
		t.Errorf("in parts (+) and whole (-) differ\n%s", diff)
	}
	objects, gaps = ReadBytes("f", []byte(jsonText), opts)
	if len(objects) != n+1 || len(gaps) != 0 || objects[n].Origin.Line != n+2 {
		t.Fatalf("JSON: %d objects, gaps: %v", len(objects), gaps)
	}
}

func TestListThatCannotBeCutIsParsedWhole(t *testing.T) {
	text := strings.Replace(largeListText(5_000), "image: shop/web:1", "image: &image shop/web:1", 1)
	text = strings.Replace(text, "    name: pod-4999\n", "    name: pod-4999\n    labels: {i: *image, t: \"two\n\n- lines\"}\n", 1)
	objects, gaps := ReadBytes("f", []byte(text), Options{})
	if len(objects) != 5_000 || len(gaps) != 0 {
		t.Fatalf("%d objects, gaps: %v", len(objects), gaps)
	}
	if got := inventory.String(objects[4_999].Content, "metadata", "labels", "t"); got != "two\n- lines" {
		t.Errorf("got %q", got)
	}
	// Above the limit only the part that cannot be read is missing.
	objects, gaps = ReadBytes("f", []byte(text), Options{MaxDocument: 100_000})
	if len(objects) < 4_000 || len(gaps) == 0 || gaps[0].Kind != "Pod" {
		t.Fatalf("%d objects, gaps: %v", len(objects), gaps)
	}
}

// TestHostileDocuments holds time and memory: each input is small to write and costly to a careless reader.
func TestHostileDocuments(t *testing.T) {
	if testing.Short() {
		t.Skip("large inputs")
	}
	const head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n"
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := range 30 {
		bomb += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d,", i), 9), i)
	}
	for _, test := range []struct{ name, text, gap string }{
		{"alias bomb", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" + bomb, "aliases expand to more than"},
		{"100 MB document", head + "  a: |\n" + strings.Repeat("    "+strings.Repeat("x", 95)+"\n", 1_000_000), "--max-document"},
		{"100 MB JSON document", `{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"` + strings.Repeat("x", 100<<20) + `"}}`, "--max-document"},
		{"deep flow maps", head + "  a: " + strings.Repeat("{a: ", 10_000) + strings.Repeat("}", 10_000), "nested deeper than 1000 levels"},
		{"deep block maps", head + deepBlock(3_000), "nested deeper than 1000 levels"},
		{"deep lists", head + "  a:\n  " + strings.Repeat("- ", 10_001) + "x", "exceeded max depth"},
		{"deep JSON", `{"apiVersion":"v1","kind":"ConfigMap","data":` + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000) + "}", "nested deeper"},
		{"very deep JSON", `{"apiVersion":"v1","kind":"ConfigMap","data":` + strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20) + "}", "more than 500000 values"},
		{"many empty maps", head + "  a: [" + strings.Repeat("{},", 10<<20) + "]\n", "more than 500000 values"},
		{"nearly too many maps", head + "  a: [" + strings.Repeat("{},", 249_000) + "]\n", ""},
		{"nearly too many keys", head + "  a: [" + strings.Repeat("{a},", 120_000) + "]\n", ""},
		{"many JSON values", `{"apiVersion":"v1","kind":"ConfigMap","data":[` + strings.Repeat("{},", 5<<20) + "1]}", "more than 500000 values in one object"},
		{"many JSON objects", `{"apiVersion":"v1","kind":"List","items":[` + strings.Repeat(`{"apiVersion":"v1","kind":"A","metadata":{"name":"a"}},`, 800_000) +
			"1]}", "the objects of this file take too much memory; those after line 1 are left out"},
		{"many documents", strings.Repeat("apiVersion: v1\nkind: A\nmetadata: {name: a}\n---\n", 500_000), "the objects of this file take too much memory"},
		{"many list items", "apiVersion: v1\nkind: List\nitems:\n" + strings.Repeat("- null\n", 3<<20), "items of the list are no objects"},
		{"many broken documents", strings.Repeat("kind: [\n---\n", 100_000), "more than 1000 parts"},
		{"many anchors", head + strings.Repeat("- &a x\n", 100_000), ""},
		{"long line", head + "  " + strings.Repeat("a", 20<<20), ""},
		{"quotes", head + "  a: " + strings.Repeat("\"", 1<<20), "did not find expected"},
	} {
		t.Run(test.name, func(t *testing.T) {
			start := time.Now()
			data := []byte(test.text)
			var objects []*inventory.Object
			var gaps []inventory.Gap
			peak := peakHeap(func() { objects, gaps = ReadBytes("f", data, Options{}) })
			t.Logf("%d bytes: %v, %d MiB above the input", len(data), time.Since(start).Round(time.Millisecond), peak>>20)
			if got := summary(nil, gaps); !strings.Contains(got, test.gap) || (test.gap == "") != (len(gaps) == 0) {
				t.Errorf("%d objects, got %.300s want %q", len(objects), got, test.gap)
			}
			if peak > 400<<20 {
				t.Errorf("%d MiB above the input", peak>>20)
			}
		})
	}
}

// peakHeap is the most memory in use during run, above what was there before. The soft limit is the one that the
// program sets for itself.
func peakHeap(run func()) uint64 {
	runtime.GC()
	var before, during runtime.MemStats
	runtime.ReadMemStats(&before)
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(int64(before.HeapAlloc) + 350<<20))
	done := make(chan struct{})
	go func() { run(); close(done) }()
	peak := uint64(0)
	for {
		select {
		case <-done:
			return peak
		case <-time.After(2 * time.Millisecond):
			runtime.ReadMemStats(&during)
			if during.HeapInuse > before.HeapInuse {
				peak = max(peak, during.HeapInuse-before.HeapInuse)
			}
		}
	}
}

func deepBlock(depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat(" ", i+2) + "a:\n")
	}
	return b.String()
}
