package e2e

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"
)

// answer is what a command says with policies taken to be enforced, without what tells where it was read.
func (n *networkCluster) answer(t *testing.T, arguments, from []string, want int, kind string) map[string]any {
	t.Helper()
	out, stderr, code := n.ask(t, slices.Concat([]string{"netpol"}, arguments, []string{"--assume-enforced"}, from, []string{"-f", "json"})...)
	if code != want {
		t.Errorf("%s of %s: exit code %d, want %d: %s", arguments, from, code, want, stderr)
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(out), &body); err != nil {
		t.Fatalf("%s of %s: %v: %s%s", arguments, from, err, out, stderr)
	}
	if body["apiVersion"] != "plimsoll.io/v1" || body["kind"] != kind {
		t.Errorf("apiVersion %v, kind %v, want %s", body["apiVersion"], body["kind"], kind)
	}
	noNullLists(t, "", body)
	return withoutPlaces(body).(map[string]any)
}

// noNullLists holds that the answer has no null: lists without items are written as such.
func noNullLists(t *testing.T, path string, v any) {
	switch v := v.(type) {
	case nil:
		t.Errorf("%s is null", path)
	case map[string]any:
		for k, item := range v {
			noNullLists(t, path+"."+k, item)
		}
	case []any:
		for _, item := range v {
			noNullLists(t, path+"[]", item)
		}
	}
}

// onlySource are members that tell where something was read, or describe in words what else was there.
var onlySource = []string{"position", "pods", "declared", "message"}

// withoutPlaces leaves out where something is.
func withoutPlaces(v any) any {
	switch v := v.(type) {
	case map[string]any:
		maps.DeleteFunc(v, func(k string, _ any) bool { return slices.Contains(onlySource, k) })
		if v["namespaces"] != nil { // a peer that is described by a selector; namespace is what it selects there
			delete(v, "namespace")
		}
		for k := range v {
			v[k] = withoutPlaces(v[k])
		}
	case []any:
		for i := range v {
			v[i] = withoutPlaces(v[i])
		}
	}
	return v
}

// same compares a part of the cluster's answer.
func same(t *testing.T, other string, live, was any) {
	t.Helper()
	if reflect.DeepEqual(live, was) {
		return
	}
	a, _ := json.Marshal(live)
	b, _ := json.Marshal(was)
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	t.Errorf("the answers differ at byte %d:\ncluster  …%s\n%s …%s", at, a[max(0, at-200):min(len(a), at+300)], other, b[max(0, at-200):min(len(b), at+300)])
}
