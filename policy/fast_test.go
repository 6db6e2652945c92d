package policy_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
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
