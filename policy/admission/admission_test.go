package admission_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/internal/inventorytest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/admission"
)

func keep(map[string]any) int { return 0 }

func read(t testing.TB, name string, text []byte) *inventory.Inventory {
	t.Helper()
	objects := inventorytest.Objects(t, name, string(text))
	return inventory.New(inventory.Source{}, time.Time{}, "", objects, nil)
}

// TestSemantics runs cases whose names start with what has to come of them.
func TestSemantics(t *testing.T) {
	text, err := os.ReadFile("testdata/semantics.yaml")
	if err != nil {
		t.Fatal(err)
	}
	inv := read(t, "semantics.yaml", text)
	set := admission.Read(inv.All(), policy.Newest)
	for _, p := range set.Problems {
		t.Errorf("%s %s: %s", p.Policy, p.Rule, p.Message)
	}
	tests := inv.Of("plimsoll.io", admission.TestKind)
	if len(tests) != 1 {
		t.Fatalf("%d tests", len(tests))
	}
	test, err := admission.ReadTest(tests[0], keep)
	if err != nil {
		t.Fatal(err)
	}
	results, err := test.Run(context.Background(), set, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if want, _, _ := strings.Cut(r.Case, ":"); string(r.Result) != want {
			t.Errorf("%s: %s, got %s: %s", r.Case, r.Result, r.Got, r.Message)
		}
	}
}

const rules = `  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
`

func policyOf(expression string) string {
	return "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: p}\nspec:\n" + rules +
		"  validations: [{expression: \"" + expression + "\"}]\n"
}

// TestProblems reads policies and bindings that cannot be used.
func TestProblems(t *testing.T) {
	const binding = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {name: b}\nspec: "
	for _, c := range []struct{ name, minor, text, rule, says string }{
		{"syntax", "1.37", policyOf("object.spec ="), "spec.validations[0]", "Syntax error"},
		{"no bool", "1.37", policyOf("'text'"), "spec.validations[0]", "bool"},
		{"newer language", "1.30", policyOf("isSemver('1.0.0')"), "spec.validations[0]", "needs Kubernetes 1.33 or newer, and not 1.30"},
		{"unknown field", "1.37", strings.Replace(policyOf("true"), "expression", "expresion", 1), "", "expresion"},
		{"two versions", "1.37", strings.Replace(policyOf("true"), "/v1", "/v2", 1), "", "want ValidatingAdmissionPolicy of"},
		{"redacted", "1.37", policyOf("object.x == '<redacted:token>'"), "", ""},
		{"actions missing", "1.37", binding + "{policyName: p}", "", "validationActions is missing"},
		{"deny and warn", "1.37", binding + "{policyName: p, validationActions: [Deny, Warn]}", "", "both Deny and Warn"},
		{"odd action", "1.37", binding + "{policyName: p, validationActions: [Block]}", "", `"Block"`},
		{"two parameters", "1.37", binding + "{policyName: p, validationActions: [Deny], paramRef: {}}", "", "either name or selector"},
		{"shape", "1.37", binding + "[1, 2]", "", "read binding"},
		{"null", "1.37", binding + "null", "", "policyName is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := admission.Read(read(t, "p.yaml", []byte(c.text)).All(), c.minor)
			if c.name == "redacted" {
				if len(set.Problems) != 0 {
					t.Errorf("a text in an expression is none that was taken out: %+v", set.Problems)
				}
				return
			}
			if len(set.Problems) == 0 {
				t.Fatal("no problem")
			}
			if p := set.Problems[0]; p.Rule != c.rule || !strings.Contains(p.Message, c.says) || p.Result != admission.Error {
				t.Errorf("%+v", p)
			}
		})
	}
	set := admission.Read(read(t, "b.yaml", []byte(binding+"{policyName: gone, validationActions: [Deny]}")).All(), "1.37")
	if len(set.Warnings) != 1 || !strings.Contains(set.Warnings[0], "gone") {
		t.Errorf("warnings %q", set.Warnings)
	}
}

// TestJudge judges objects of an inventory: a costly expression ends, unread parameters are no pass.
func TestJudge(t *testing.T) {
	const pod = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: shop}\nspec: {containers: [{name: c, image: i}]}\n"
	loop := "true"
	for _, v := range strings.Split("abcdefgh", "") {
		loop = "[0,1,2,3,4,5,6,7,8,9].all(" + v + ", " + loop + ")"
	}
	params := strings.Replace(policyOf("params.data.x == 'y'"), "spec:\n", "spec:\n  paramKind: {apiVersion: v1, kind: ConfigMap}\n", 1)
	for _, c := range []struct {
		name, text string
		want       admission.Outcome
		says       string
	}{
		{"pass", policyOf("true"), admission.Pass, ""},
		{"fail", policyOf("object.metadata.namespace == 'other'"), admission.Fail, "failed expression"},
		{"cost", policyOf(loop), admission.Error, "cost"},
		{"no parameters", params, admission.Skip, "--params"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inv := read(t, "p.yaml", []byte(c.text+pod))
			results, err := admission.Read(inv.All(), "1.37").Judge(context.Background(), admission.World{Inventory: inv}, inv.All())
			if err != nil || len(results) != 1 {
				t.Fatalf("%v, %v", results, err)
			}
			if r := results[0]; r.Result != c.want || !strings.Contains(r.Message, c.says) || r.Resource.Name != "x" {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestReadTest refuses test files that do not say what they mean.
func TestReadTest(t *testing.T) {
	const pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}}"
	for text, says := range map[string]string{
		"cases: []": "no cases",
		"cases: [{name: a, object: " + pod + ", expect: {verdict: maybe}}]":                                                         "maybe",
		"cases: [{object: " + pod + ", expect: {verdict: deny}}]":                                                                   "name is missing",
		"cases: [{name: a, expect: {verdict: deny}}]":                                                                               "needs an object",
		"cases: [{name: a, operation: UPDATE, object: " + pod + ", expect: {verdict: deny}}]":                                       "needs object and oldObject",
		"cases: [{name: a, operation: DELETE, object: " + pod + ", expect: {verdict: deny}}]":                                       "needs oldObject",
		"cases: [{name: a, operation: CONNECT, object: " + pod + ", expect: {verdict: deny}}]":                                      "CONNECT",
		"cases: [{name: a, object: [1], expect: {verdict: deny}}]":                                                                  "is no object",
		"cases: [{name: a, object: {kind: Pod}, expect: {verdict: deny}}]":                                                          "apiVersion and kind",
		"cases: [{name: a, object: " + pod + ", params: [null], expect: {verdict: deny}}]":                                          "params[0]",
		"cases: [{name: a, object: " + pod + ", verdict: deny}]":                                                                    "unknown field",
		"cases: [{name: a, object: " + pod + ", expect: {verdict: deny}}, {name: a, object: " + pod + ", expect: {verdict: deny}}]": "twice",
		"cases: [{name: a, object: " + pod + ", expect: {verdict: deny}}]\npolicies: {}":                                            "policies",
	} {
		inv := read(t, "t.yaml", []byte("apiVersion: plimsoll.io/v1\nkind: PolicyTest\nmetadata: {name: t}\n"+text+"\n"))
		if _, err := admission.ReadTest(inv.All()[0], keep); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestParseMinor(t *testing.T) {
	for text, want := range map[string]string{"": policy.Newest, "1.30": "1.30", "v1.33": "1.33", "v1.33.4": "1.33", "1.29": "", "1": "", "2.30": "", "x": ""} {
		if got, err := admission.ParseMinor(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// FuzzTest reads and runs whatever is written as a test file.
func FuzzTest(f *testing.F) {
	text, err := os.ReadFile("testdata/semantics.yaml")
	if err != nil {
		f.Fatal(err)
	}
	set := admission.Read(read(f, "semantics.yaml", text).All(), policy.Newest)
	_, cases, _ := strings.Cut(string(text), "kind: PolicyTest\n")
	f.Add(cases)
	f.Add("metadata: {name: a}\ncases: [{name: b, object: {apiVersion: v1, kind: Pod, metadata: 1, spec: null}, expect: {verdict: deny}}]")
	f.Add("metadata: {name: a}\ncases: [{name: b, operation: DELETE, oldObject: {apiVersion: v1, kind: ConfigMap, data: {x: 1e400}}, expect: {verdict: deny}}]")
	f.Fuzz(func(t *testing.T, text string) {
		objects, _ := manifest.ReadBytes("t.yaml", []byte("apiVersion: plimsoll.io/v1\nkind: PolicyTest\n"+text), manifest.Options{})
		for _, o := range objects {
			if !admission.IsTest(o) {
				continue
			}
			test, err := admission.ReadTest(o, keep)
			if err != nil {
				continue
			}
			if _, err := test.Run(context.Background(), set, nil, nil); err != nil && len(test.Policies) == 0 {
				t.Error(err)
			}
		}
	})
}
