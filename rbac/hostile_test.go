package rbac_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// askAll calls everything that an Authorizer answers.
func askAll(inv *inventory.Inventory) {
	a := rbac.New(inv)
	a.Warnings()
	a.Definitions()
	a.Assignments()
	rbac.Unseen(inv)
	for _, s := range append(a.Subjects(), rbac.Account("shop", "cart")) {
		id := s.Identity().With("devs")
		for _, r := range []rbac.Request{{Verb: "get", Resource: "pods", Subresource: "log", Namespace: "shop", Name: "x"}, {Verb: "get", Path: "/x"}} {
			a.Can(id, r)
			a.Grants(id, r)
			a.WhoCan(r)
		}
		a.Rights(id)
	}
	for range a.Matrix(rbac.Filter{Effective: true, Resource: "pods"}) {
		continue
	}
	empty := rbac.New(inventoryOf("cluster"))
	rbac.Diff(empty, a)
	rbac.Diff(a, empty)
}

// TestLargeRoles holds that roles of 10 MB and more are handled in bounded memory.
func TestLargeRoles(t *testing.T) {
	many := func(prefix string, n int) []any {
		out := make([]any, n)
		for i := range out {
			out[i] = fmt.Sprintf("%s-%d", prefix, i)
		}
		return out
	}
	manyRules := make([]any, 100_000)
	for i := range manyRules {
		manyRules[i] = map[string]any{"verbs": texts("get,list"), "apiGroups": texts("example.com"), "resources": []any{fmt.Sprint("thing-", i)}}
	}
	roles := map[string][]any{
		"rules":     manyRules,
		"resources": {map[string]any{"verbs": texts("get"), "apiGroups": texts(",apps"), "resources": many("r", 400_000)}},
		"names":     {map[string]any{"verbs": texts("get"), "apiGroups": texts(""), "resources": many("r", 1000), "resourceNames": many("n", 400_000)}},
		"verbs":     {map[string]any{"verbs": many("v", 400_000), "apiGroups": many("g", 1000), "resources": many("r", 1000)}},
		"paths":     {map[string]any{"verbs": texts("get"), "nonResourceURLs": many("/p*", 200_000)}},
		"broken":    many("no rule", 200_000),
	}
	for name, rules := range roles {
		t.Run(name, func(t *testing.T) {
			inv := inventoryOf("cluster",
				object(rbac.Group+"/v1", "ClusterRole", "", "large", map[string]any{"rules": rules}).Content,
				object(rbac.Group+"/v1", "ClusterRoleBinding", "", "b", map[string]any{
					"roleRef":  map[string]any{"kind": "ClusterRole", "name": "large"},
					"subjects": []any{map[string]any{"kind": "User", "name": "jane"}}}).Content)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			askAll(inv)
			runtime.ReadMemStats(&after)
			if total := (after.TotalAlloc - before.TotalAlloc) >> 20; total > 2048 {
				t.Errorf("%d MiB were allocated", total)
			}
			if n := len(rbac.New(inv).Warnings()); n > 21 {
				t.Errorf("%d warnings of one role", n)
			}
		})
	}
}

// TestEveryRoleSelectsAll holds that aggregation of all by all stays small, and that what cannot be is counted as all.
func TestEveryRoleSelectsAll(t *testing.T) {
	var contents []map[string]any
	for i := range 2200 {
		contents = append(contents, object(rbac.Group+"/v1", "ClusterRole", "", fmt.Sprint("r-", i), map[string]any{
			"metadata":        map[string]any{"name": fmt.Sprint("r-", i), "labels": map[string]any{fmt.Sprint("l-", i%100): "x"}},
			"aggregationRule": map[string]any{"clusterRoleSelectors": []any{map[string]any{"matchExpressions": []any{map[string]any{"key": fmt.Sprint("none-", i), "operator": "DoesNotExist"}}}}},
			"rules":           []any{rule("get", "", fmt.Sprint("things-", i))},
		}).Content)
	}
	a := rbac.New(inventoryOf("files", contents...))
	unbounded, cycles := 0, 0
	for _, w := range a.Warnings() {
		switch w.Fact {
		case rbac.Unbounded:
			unbounded++
		case rbac.AggregationCycle:
			cycles++
		}
	}
	if unbounded == 0 || cycles == 0 {
		t.Errorf("%d roles beyond the bound and %d in cycles are reported", unbounded, cycles)
	}
}

// FuzzObjects holds that RBAC objects of any shape give answers and no panic.
func FuzzObjects(f *testing.F) {
	f.Add(`[{"kind":"Role","metadata":{"name":"r","namespace":"shop"},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]},
{"kind":"RoleBinding","metadata":{"name":"b","namespace":"shop"},"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"ServiceAccount","name":"cart"}]}]`)
	f.Add(`[{"kind":"ClusterRole","metadata":{"name":"r","labels":{"a":"b"}},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"a":"b"}},{}]},
"rules":[{"nonResourceURLs":["*","/a**",""],"verbs":["*"]}]},{"kind":"ClusterRole","metadata":{"name":"q","labels":{"a":"b"}},"aggregationRule":{"clusterRoleSelectors":[{}]}}]`)
	f.Add(`[{"kind":"ClusterRoleBinding","metadata":7,"roleRef":[],"subjects":{"kind":null}},{"kind":"Role","rules":{"a":[]}},{"kind":"ClusterRole","rules":[null,7,[],{"verbs":[1,null]}],"aggregationRule":{"clusterRoleSelectors":[null,3,{"matchLabels":7,"matchExpressions":[{"key":[]}]}]}}]`)
	f.Add(`[{"kind":"RoleBinding","metadata":{"name":"b"},"roleRef":{"kind":"ClusterRole","name":"view"},"subjects":[null,{"kind":"Group","name":"system:masters"},{"kind":"User","name":"system:serviceaccount:a:b:c"}]}]`)
	f.Fuzz(func(_ *testing.T, text string) {
		var contents []map[string]any
		if json.Unmarshal([]byte(text), &contents) != nil || len(contents) > 50 {
			return
		}
		var usable []map[string]any
		for _, c := range contents {
			if c != nil {
				c["apiVersion"] = rbac.Group + "/v1"
				usable = append(usable, c)
			}
		}
		for _, source := range []string{"cluster", "files"} {
			askAll(inventoryOf(source, usable...))
		}
	})
}
