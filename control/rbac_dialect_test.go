package control_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/policy"
)

const rbacGroup = "rbac.authorization.k8s.io"

// rbacPolicies are the policies about roles (or bindings), by id.
func rbacPolicies(t *testing.T, kinds ...string) map[string]*policy.Policy {
	t.Helper()
	controls, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*policy.Policy{}
	for _, c := range controls {
		if c.Policy == nil {
			continue
		}
		// A policy about other kinds as well, such as default-namespace, is not about rights.
		if !slices.ContainsFunc(c.Policy.Kinds(), func(k schema.GroupKind) bool {
			return k.Group != rbacGroup || !slices.Contains(kinds, k.Kind)
		}) {
			found[c.ID] = c.Policy
		}
	}
	return found
}

// between cuts the text from the start of one line to the end of another; both lines must be there once.
func between(t *testing.T, file, from, to string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	_, rest, ok := strings.Cut(text, "\n"+from)
	if !ok {
		t.Fatalf("%s: no line starts with %q", file, from)
	}
	body, _, ok := strings.Cut(rest, to+"\n")
	if !ok {
		t.Fatalf("%s: no line ends with %q", file, to)
	}
	return from + body + to
}

// TestRBACDialect holds the policies about roles, and those about bindings, to one text each of conditions and shared
// variables.
func TestRBACDialect(t *testing.T) {
	groups := []struct {
		name, last string
		kinds      []string
		fewest     int
	}{
		{"roles", `'anyName': dyn('' in r.is.?resourceNames.orValue(['']))})`, []string{"Role", "ClusterRole"}, 18},
		{"bindings", `'namespace': s.is.?namespace.orValue('')})`, []string{"RoleBinding", "ClusterRoleBinding"}, 5},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			policies := rbacPolicies(t, g.kinds...)
			if len(policies) < g.fewest {
				t.Fatalf("%d policies: want at least %d", len(policies), g.fewest)
			}
			canonical, of := "", ""
			for id := range policies {
				text := between(t, filepath.Join("policies", id+".yaml"), "  matchConditions:\n", g.last)
				switch {
				case canonical == "":
					canonical, of = text, id
				case text != canonical:
					t.Errorf("%s.yaml and %s.yaml differ between matchConditions and %q", id, of, g.last)
				}
			}
		})
	}
}

// manyRules is a ClusterRole of n rules, of which only the one at a place may read Secrets.
func manyRules(n, bad int) policy.Input {
	rules := make([]any, n)
	for i := range rules {
		resource := "configmaps"
		if i == bad {
			resource = "secrets"
		}
		rules[i] = map[string]any{"apiGroups": []any{""}, "resources": []any{resource}, "verbs": []any{"get"}}
	}
	return policy.Input{
		Kind:     schema.GroupVersionKind{Group: rbacGroup, Version: "v1", Kind: "ClusterRole"},
		Resource: schema.GroupVersionResource{Group: rbacGroup, Version: "v1", Resource: "clusterroles"},
		Object: map[string]any{
			"apiVersion": rbacGroup + "/v1", "kind": "ClusterRole", "metadata": map[string]any{"name": "long"}, "rules": rules,
		},
	}
}

// TestRulesAreCounted: CEL has no index, so the policies make their own. Identical rules are told apart, and a role too
// long to be judged within the cost budget is an error, never a pass.
func TestRulesAreCounted(t *testing.T) {
	p := rbacPolicies(t, "Role", "ClusterRole")["secrets-access"]
	for _, c := range []struct{ rules, bad int }{{1, 0}, {10, 9}, {11, 10}, {101, 100}, {999, 998}, {1001, 1000}} {
		v := p.Evaluate(context.Background(), manyRules(c.rules, c.bad))
		want := []finding.Path{finding.Path("rules[" + strconv.Itoa(c.bad) + "]")}
		if v.Err != nil || !slices.Equal(v.Violations, want) {
			t.Errorf("%d rules: violations %v, error %v: want %v", c.rules, v.Violations, v.Err, want)
		}
	}
	if v := p.Evaluate(context.Background(), manyRules(10_001, 10_000)); v.Err == nil {
		t.Errorf("10,001 rules: violations %v and no error", v.Violations)
	}
}

// manySubjects is a ClusterRoleBinding of n subjects, of which the last is system:masters.
func manySubjects(n int) policy.Input {
	subjects := make([]any, n)
	for i := range subjects {
		subjects[i] = map[string]any{"kind": "Group", "apiGroup": rbacGroup, "name": "shop"}
	}
	subjects[n-1] = map[string]any{"kind": "Group", "apiGroup": rbacGroup, "name": "system:masters"}
	return policy.Input{
		Kind:     schema.GroupVersionKind{Group: rbacGroup, Version: "v1", Kind: "ClusterRoleBinding"},
		Resource: schema.GroupVersionResource{Group: rbacGroup, Version: "v1", Resource: "clusterrolebindings"},
		Object: map[string]any{
			"apiVersion": rbacGroup + "/v1", "kind": "ClusterRoleBinding", "metadata": map[string]any{"name": "long"},
			"roleRef": map[string]any{"apiGroup": rbacGroup, "kind": "ClusterRole", "name": "view"}, "subjects": subjects,
		},
	}
}

// TestSubjectsAreCounted is TestRulesAreCounted for bindings.
func TestSubjectsAreCounted(t *testing.T) {
	p := rbacPolicies(t, "RoleBinding", "ClusterRoleBinding")["masters-binding"]
	for _, n := range []int{1, 10, 11, 100, 101, 1000} {
		v := p.Evaluate(context.Background(), manySubjects(n))
		want := []finding.Path{finding.Path("subjects[" + strconv.Itoa(n-1) + "]")}
		if v.Err != nil || !slices.Equal(v.Violations, want) {
			t.Errorf("%d subjects: violations %v, error %v: want %v", n, v.Violations, v.Err, want)
		}
	}
	if v := p.Evaluate(context.Background(), manySubjects(10_001)); v.Err == nil {
		t.Errorf("10,001 subjects: violations %v and no error", v.Violations)
	}
}
