package yamlpath

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-io/plimsoll/finding"
)

const deployment = `# the cart
apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart # short
  annotations:
    example.com/a.b: x
spec:
  template:
    spec:
      containers:
      # first
      - name: web
        image: cart:1 # pinned later
        ports:
        - containerPort: 8080
      - name: log
        securityContext: {}
        args: [a, b]
`

func TestLocate(t *testing.T) {
	_, tree, err := decode(t, deployment)
	if err != nil {
		t.Fatal(err)
	}
	jsonText := `{"metadata":{"name":"cart"},` + "\n" + `  "spec":[{"name":"a"},` + "\n" + ` {"name":"b","x":1}]}`
	_, jsonTree, err := NewDecoder(Limits{}).DecodeJSON([]byte(jsonText), 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		tree         *Tree
		path         finding.Path
		line, column int
	}{
		{tree, "", 2, 1},
		{tree, "metadata.name", 5, 3},
		{tree, `metadata.annotations["example.com/a.b"]`, 7, 5},
		{tree, "metadata.annotations.other", 6, 3},
		{tree, "metadata.name.deeper", 5, 3},
		{tree, "spec.template.spec.containers[name=web]", 13, 9},
		{tree, "spec.template.spec.containers[name=web].image", 14, 9},
		{tree, "spec.template.spec.containers[name=web].securityContext.privileged", 13, 9},
		{tree, "spec.template.spec.containers[name=web].ports[containerPort=8080]", 16, 11},
		{tree, "spec.template.spec.containers[name=log].securityContext.privileged", 18, 9},
		{tree, "spec.template.spec.containers[1].args[1]", 19, 19},
		{tree, "spec.template.spec.containers[7]", 11, 7},
		{tree, "spec.template.spec.containers[name=none]", 11, 7},
		{jsonTree, "metadata.name", 5, 14},
		{jsonTree, "spec[name=b].x", 7, 14},
		{jsonTree, "spec[0]", 6, 11},
		{nil, "spec", 0, 0},
		{&Tree{}, "spec", 0, 0},
	} {
		line, column := test.tree.Locate(test.path)
		if line != test.line || column != test.column {
			t.Errorf("%s: %d:%d, want %d:%d", test.path, line, column, test.line, test.column)
		}
	}
}

func TestApply(t *testing.T) {
	const shared = "base: &base\n  runAs: 1 # b\nweb:\n  <<: *base\n  x: 1\nlog: *base\n"
	for _, test := range []struct {
		text string
		path finding.Path
		fix  finding.Fix
		diff string // lines taken away and added
	}{
		{deployment, "spec.template.spec.containers[name=web].securityContext.privileged", finding.Fix{Op: finding.Set, Value: false},
			"+        securityContext:\n+          privileged: false\n"},
		{deployment, "spec.template.spec.containers[name=log].securityContext.privileged", finding.Fix{Op: finding.Set, Value: false},
			"-        securityContext: {}\n+        securityContext:\n+          privileged: false\n"},
		{deployment, "spec.template.spec.containers[0].image", finding.Fix{Op: finding.Set, Value: "cart:2"},
			"-        image: cart:1 # pinned later\n+        image: cart:2 # pinned later\n"},
		{deployment, "spec.template.spec.containers[name=web].ports", finding.Fix{Op: finding.Remove},
			"-        ports:\n-        - containerPort: 8080\n"},
		{deployment, "spec.template.spec.containers[name=log].args", finding.Fix{Op: finding.Append, Value: "c"},
			"-        args: [a, b]\n+        args: [a, b, c]\n"},
		{deployment, "spec.template.spec.containers[name=web].securityContext.capabilities.drop", finding.Fix{Op: finding.Append, Value: "ALL"},
			"+        securityContext:\n+          capabilities:\n+            drop:\n+            - ALL\n"},
		{deployment, "spec.template.spec.containers[name=web].ports[0].hostPort", finding.Fix{Op: finding.Remove}, ""},
		{deployment, "spec.other.x", finding.Fix{Op: finding.Remove}, ""},
		{shared, "web.runAs", finding.Fix{Op: finding.Set, Value: 2}, "+  runAs: 2\n"},
		{shared, "log.runAs", finding.Fix{Op: finding.Set, Value: 2}, "-log: *base\n+log:\n+  runAs: 2 # b\n"},
		{"a: null\n", "a.b.c", finding.Fix{Op: finding.Set, Value: map[string]any{"d": int64(1)}},
			"-a: null\n+a:\n+  b:\n+    c:\n+      d: 1\n"},
	} {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(test.text), &doc); err != nil {
			t.Fatal(err)
		}
		if err := Apply(&doc, test.path, test.fix); err != nil {
			t.Errorf("%s: %v", test.path, err)
			continue
		}
		out, err := Encode(&doc)
		if err != nil {
			t.Fatal(err)
		}
		if got := lineDiff(test.text, string(out)); got != test.diff {
			t.Errorf("%s %s: got\n%swant\n%s", test.fix.Op, test.path, got, test.diff)
		}
	}
}

func TestApplyRefused(t *testing.T) {
	for _, test := range []struct {
		text, want string
		path       finding.Path
		fix        finding.Fix
	}{
		{"a: 1\n", "lies in no map", "a.b.c", finding.Fix{Op: finding.Set, Value: 1}},
		{"a: [x]\n", "no such list item", "a[3]", finding.Fix{Op: finding.Set, Value: 1}},
		{"a: [x]\n", "no such list item", "a[name=x].b", finding.Fix{Op: finding.Set, Value: 1}},
		{"a: 1\n", "this is no list", "a", finding.Fix{Op: finding.Append, Value: 1}},
		{"a: 1\n", "unknown operation", "a", finding.Fix{Op: "move"}},
		{"a: 1\n", "the path is empty", "", finding.Fix{Op: finding.Remove}},
		{"b: &b {c: 1}\na:\n  <<: *b\n", "comes from a merge key", "a.c", finding.Fix{Op: finding.Remove}},
	} {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(test.text), &doc); err != nil {
			t.Fatal(err)
		}
		if err := Apply(&doc, test.path, test.fix); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: got %v, want %q", test.fix.Op, test.path, err, test.want)
		}
	}
}

// lineDiff lists the lines of the first differing stretch, "-" for those of a and "+" for those of b.
func lineDiff(a, b string) string {
	as, bs := strings.SplitAfter(a, "\n"), strings.SplitAfter(b, "\n")
	for len(as) > 0 && len(bs) > 0 && as[0] == bs[0] {
		as, bs = as[1:], bs[1:]
	}
	for len(as) > 0 && len(bs) > 0 && as[len(as)-1] == bs[len(bs)-1] {
		as, bs = as[:len(as)-1], bs[:len(bs)-1]
	}
	var out strings.Builder
	for _, l := range as {
		out.WriteString("-" + l)
	}
	for _, l := range bs {
		out.WriteString("+" + l)
	}
	return out.String()
}
