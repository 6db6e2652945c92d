package policy_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-io/plimsoll/internal/txtartest"
	"github.com/plimsoll-io/plimsoll/internal/yamlpath"
	"github.com/plimsoll-io/plimsoll/policy"
)

// TestSetEqualsEvaluate holds the fast path to the exact one: every policy of the catalogue on every object of its
// test data, twice, so that the memo is held to it as well.
func TestSetEqualsEvaluate(t *testing.T) {
	policies := catalogue(t)
	set := policy.NewSet(policies)
	judged := 0
	for _, in := range testObjects(t) {
		for range 2 {
			judged += compareWithExact(t, set, policies, in)
		}
	}
	t.Logf("%d verdicts compared", judged)
	if judged == 0 {
		t.Error("nothing was judged")
	}
}

// compareWithExact compares one object's verdicts, and counts those of policies that matched.
func compareWithExact(t *testing.T, set *policy.Set, policies []*policy.Policy, in policy.Input) (judged int) {
	t.Helper()
	ctx := context.Background()
	for i, got := range set.Evaluate(ctx, in, nil) {
		p := policies[i]
		want := p.Evaluate(ctx, in)
		if got.Message == "" && got.Err == nil {
			got.Message, got.Annotations = p.Explain(got.Violations)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(sameError)); diff != "" {
			t.Errorf("%s on %v (-exact +fast):\n%s", p.Source.Name, in.Object["metadata"], diff)
		}
		if got.Matched {
			judged++
		}
	}
	return judged
}

// TestDenseObjects compares on objects as dense as they can be where cost is not counted: many small items, of which
// each violates or none does. Where that is too much for an API server, which refuses the object then, it does not
// pass here either.
func TestDenseObjects(t *testing.T) {
	policies := catalogue(t)
	set := policy.NewSet(policies)
	for _, c := range []struct{ head, bad, good string }{
		{`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: x}, rules: [ITEMS]}`,
			`{verbs: ["*"]}`, `{verbs: [get]}`},
		{`{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: x}, subjects: [ITEMS], roleRef: {name: y}}`,
			`{kind: Group, name: "system:masters"}`, `{name: a}`},
		{`{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {containers: [ITEMS]}}`,
			`{name: cNUM, securityContext: {privileged: true}}`, `{name: cNUM, image: "a@sha256:b"}`},
		{`{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {containers: [{name: a}], volumes: [ITEMS]}}`,
			`{name: vNUM, hostPath: {path: /}}`, `{name: vNUM}`},
		{`{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {containers: [{name: a, ports: [ITEMS]}]}}`,
			`{hostPort: 1}`, `{}`},
		{`{apiVersion: v1, kind: Service, metadata: {name: x}, spec: {type: NodePort, ports: [ITEMS]}}`, `{port: 22}`, `{}`},
		{`{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: x, annotations: {ITEMS}}}`,
			`"a/vNUM-snippet": x`, `vNUM: x`},
		{`{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: x}, spec: {rules: [ITEMS]}}`, `{host: hNUM}`, `{}`},
		{`{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: x}, webhooks: [ITEMS]}`,
			`{name: wNUM, failurePolicy: Ignore}`, `{name: w}`},
	} {
		for _, item := range []string{c.bad, c.good} {
			var items []string
			for size := 0; size < 14<<10; size += len(item) + 8 {
				items = append(items, strings.ReplaceAll(item, "NUM", strconv.Itoa(len(items))))
			}
			in := input(t, strings.Replace(c.head, "ITEMS", strings.Join(items, ", "), 1))
			for i, fast := range set.Evaluate(context.Background(), in, nil) {
				exact := policies[i].Evaluate(context.Background(), in)
				if tooMuch := exact.Err != nil && fast.Denied; !tooMuch && (exact.Denied != fast.Denied || !sameError(exact.Err, fast.Err)) {
					t.Errorf("%s on %d of %s: exact %v %v, fast %v %v", policies[i].Source.Name, len(items), item,
						exact.Denied, exact.Err, fast.Denied, fast.Err)
				}
			}
		}
	}
}

func sameError(a, b error) bool {
	return (a == nil) == (b == nil) && (a == nil || a.Error() == b.Error())
}

// testObjects reads the objects of all test data of the catalogue.
func testObjects(tb testing.TB) []policy.Input {
	tb.Helper()
	files, err := filepath.Glob("../control/testdata/*.txtar")
	if err != nil {
		tb.Fatal(err)
	}
	slices.Sort(files)
	var out []policy.Input
	for _, file := range files {
		f, err := txtartest.Read(file)
		if err != nil {
			tb.Logf("passed over: %v", err)
			continue
		}
		for _, c := range f.Cases {
			out = append(out, objectsOf(tb, c.Input)...)
		}
	}
	return out
}

func objectsOf(tb testing.TB, text []byte) []policy.Input {
	tb.Helper()
	var out []policy.Input
	dec := yaml.NewDecoder(bytes.NewReader(text))
	for {
		doc := &yaml.Node{}
		err := dec.Decode(doc)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			return out // test data of a broken file
		}
		value, _, err := yamlpath.Decode(doc, yamlpath.Limits{})
		if content, ok := value.(map[string]any); err == nil && ok {
			out = append(out, inputOf(content))
		}
	}
}

// TestConcurrent judges every kind from several goroutines at once, while the set still compiles.
func TestConcurrent(t *testing.T) {
	policies := catalogue(t)
	objects := testObjects(t)
	want := make([][]policy.Verdict, len(objects))
	single := policy.NewSet(policies)
	for i, in := range objects {
		want[i] = single.Evaluate(context.Background(), in, nil)
	}
	set := policy.NewSet(policies)
	var workers sync.WaitGroup
	for worker := range 4 {
		workers.Go(func() {
			for n := range objects {
				i := (n + worker*len(objects)/4) % len(objects)
				got := set.Evaluate(context.Background(), objects[i], nil)
				if diff := cmp.Diff(want[i], got, cmp.Comparer(sameError)); diff != "" {
					t.Errorf("object %d:\n%s", i, diff)
				}
			}
		})
	}
	workers.Wait()
}
