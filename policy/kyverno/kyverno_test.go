package kyverno_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/internal/inventorytest"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/policy/kyverno"
)

// policyOf is a policy with one rule.
func policyOf(match, validate string) string {
	return "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec:\n  rules:\n  - name: r\n    match: " + match +
		"\n    validate: " + validate + "\n"
}

func convert(t testing.TB, text string) []*kyverno.Policy {
	t.Helper()
	return kyverno.Convert(inventorytest.Objects(t, "policy.yaml", text))
}

// verdicts are what the rules say of an object: "rule=pass".
func verdicts(t testing.TB, text, object string) string {
	t.Helper()
	set := kyverno.NewSet(convert(t, text))
	objects := inventorytest.Objects(t, "object.yaml", object)
	results, err := set.Judge(context.Background(), admission.World{}, objects)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range results {
		outcome := string(r.Result.Result)
		if outcome == "error" || outcome == "unsupported" || outcome == "skip" && !r.Skipped {
			outcome += " (" + r.Message + ")"
		}
		out = append(out, r.Rule+"="+outcome)
	}
	return strings.Join(out, " ")
}

// TestPatterns judges a field of an object of which nothing is known, and of one whose types are known, by patterns.
func TestPatterns(t *testing.T) {
	for _, c := range []struct{ pattern, spec, want string }{
		{`{a: "?*"}`, `{a: x}`, "pass"},
		{`{a: "?*"}`, `{a: ""}`, "fail"},
		{`{a: "?*"}`, `{}`, "fail"},
		{`{a: "?*"}`, `{a: 5}`, "pass"},
		{`{a: "?*"}`, `{a: null}`, "fail"},
		{`{a: "*"}`, `{a: {b: c}}`, "pass"},
		{`{a: "*"}`, `{a: null}`, "fail"},
		{`{a: "nginx*"}`, `{a: nginx-1}`, "pass"},
		{`{a: "*:latest"}`, `{a: "x:latest"}`, "pass"},
		{`{a: "a*c?"}`, `{a: abbcd}`, "pass"},
		{`{a: "a*c?"}`, `{a: abbc}`, "fail"},
		{`{a: x}`, `{a: {}}`, "fail"},
		{`{a: x}`, `{a: [{}]}`, "fail"},
		{`{a: 5}`, `{a: {b: c}}`, "fail"},
		{`{a: null}`, `{a: {b: c}}`, "fail"},
		{`{a: "!x"}`, `{a: {b: c}}`, "fail"},
		{`{a: "!x"}`, `{a: yy}`, "pass"},
		{`{a: "!x"}`, `{a: x}`, "fail"},
		{`{a: "!x"}`, `{}`, "fail"},
		{`{a: "!x"}`, `{a: [yy, x]}`, "fail"},
		{`{a: "!x & !z"}`, `{a: yy}`, "pass"},
		{`{a: "x | z"}`, `{a: z}`, "pass"},
		{`{a: ">=10"}`, `{a: 10}`, "pass"},
		{`{a: ">=10"}`, `{a: "9"}`, "fail"},
		{`{a: ">10"}`, `{a: 10.5}`, "pass"},
		{`{a: "<10"}`, `{}`, "pass"},
		{`{a: "<=1Gi"}`, `{a: 512Mi}`, "pass"},
		{`{a: "<=1Gi"}`, `{a: 2Gi}`, "fail"},
		{`{a: "<=1Gi"}`, `{a: lots}`, "fail"},
		{`{a: "10-20"}`, `{a: 15}`, "pass"},
		{`{a: "10-20"}`, `{a: 21}`, "fail"},
		{`{a: "10!-20"}`, `{a: 21}`, "pass"},
		{`{a: "1Mi-1Gi"}`, `{a: 5Mi}`, "pass"},
		{`{a: "<=1h"}`, `{a: 30m}`, "pass"},
		{`{a: "<=1h"}`, `{a: 2h}`, "fail"},
		{`{a: 5}`, `{a: 5}`, "pass"},
		{`{a: 5}`, `{a: "5"}`, "pass"},
		{`{a: 5}`, `{a: 5.5}`, "fail"},
		{`{a: true}`, `{a: true}`, "pass"},
		{`{a: true}`, `{a: "true"}`, "fail"},
		{`{a: "true"}`, `{a: true}`, "pass"},
		{`{a: null}`, `{}`, "pass"},
		{`{a: null}`, `{a: 0}`, "pass"},
		{`{a: null}`, `{a: x}`, "fail"},
		{`{a: {b: x}}`, `{a: [1]}`, "fail"},
		{`{a: {b: x}}`, `{}`, "fail"},
		{`{=(a): {b: x}}`, `{}`, "pass"},
		{`{=(a): {b: x}}`, `{a: {b: yy}}`, "fail"},
		{`{X(a): "null"}`, `{a: 1}`, "fail"},
		{`{X(a): "null"}`, `{b: 1}`, "pass"},
		{`{(a): x, b: yy}`, `{a: z}`, "skip"},
		{`{(a): x, b: yy}`, `{a: x}`, "fail"},
		{`{(a): x, b: yy}`, `{a: x, b: yy}`, "pass"},
		{`{(a): x, b: yy}`, `{}`, "skip"},
		{`{<(a): x, b: yy}`, `{a: z}`, "skip"},
		{`{<(a): x, b: yy}`, `{b: z}`, "fail"},
		{`{^(l): [{nm: x}]}`, `{l: [{nm: yy}, {nm: x}]}`, "pass"},
		{`{^(l): [{nm: x}]}`, `{l: [{nm: yy}]}`, "fail"},
		{`{^(l): [{nm: x}]}`, `{}`, "pass"},
		{`{^(l): [{nm: x}]}`, `{l: x}`, "fail"},
		{`{l: [{nm: "x*"}]}`, `{l: [{nm: x1}, {nm: x2}]}`, "pass"},
		{`{l: [{nm: "x*"}]}`, `{l: [{nm: x1}, {nm: yy}]}`, "fail"},
		{`{l: [{nm: "x*"}]}`, `{l: []}`, "pass"},
		{`{l: [{nm: "x*"}]}`, `{l: [x]}`, "fail"},
		{`{l: [{(nm): x, v: "1"}]}`, `{l: [{nm: x, v: 1}, {nm: yy}]}`, "pass"},
		{`{l: [{(nm): x, v: "1"}]}`, `{l: [{nm: x, v: 2}, {nm: yy}]}`, "fail"},
		{`{l: [{(nm): x, v: "1"}]}`, `{l: [{nm: z}, {nm: yy}]}`, "skip"},
		{`{l: ["a*"]}`, `{l: [ab, ac]}`, "pass"},
		{`{l: ["a*"]}`, `{l: [ab, c]}`, "fail"},
		{`{l: []}`, `{l: []}`, "fail"},
		{`{=(a): {=(b): x}, =(c): {(d): x, e: yy}}`, `{c: {d: z}}`, "pass"},
		{`{=(c): {(d): x, e: yy}}`, `{c: {d: z}}`, "skip"},
		{`{"odd.key/x": "?*"}`, `{"odd.key/x": yy}`, "pass"},
		{`{"in": "?*", "a-b": 1}`, `{"in": yy, "a-b": 1}`, "pass"},
	} {
		text := policyOf("{any: [{resources: {kinds: [Widget]}}]}", "{message: m, pattern: {spec: "+c.pattern+"}}")
		object := "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w, namespace: shop}\nspec: " + c.spec
		if got := verdicts(t, text, object); got != "r="+c.want {
			t.Errorf("%s of %s: want %s, got %s", c.pattern, c.spec, c.want, got)
		}
	}
}

// TestLabels judges labels by keys with wildcards.
func TestLabels(t *testing.T) {
	for _, c := range []struct{ pattern, labels, want string }{
		{`{"cost/*": "1*"}`, `{cost/a: "12"}`, "pass"},
		{`{"cost/*": "1*"}`, `{cost/a: "2"}`, "fail"},
		{`{"cost/*": "1*"}`, `{other: "1"}`, "fail"},
		{`{"X(cost/*)": "null"}`, `{cost/a: "12"}`, "fail"},
		{`{"X(cost/*)": "null"}`, `{a: "12"}`, "pass"},
		{`{"=(cost/*)": "1*"}`, `{a: "12"}`, "pass"},
		{`{"(cost/*)": "1*", a: b}`, `{cost/x: "2"}`, "skip"},
	} {
		text := policyOf("{any: [{resources: {kinds: [ConfigMap]}}]}", "{message: m, pattern: {metadata: {labels: "+c.pattern+"}}}")
		if got := verdicts(t, text, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: "+c.labels+"}"); got != "r="+c.want {
			t.Errorf("%s of %s: want %s, got %s", c.pattern, c.labels, c.want, got)
		}
	}
}

// TestMatch says which objects a rule looks at.
func TestMatch(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web-1, namespace: shop, labels: {app: web}, annotations: {a/b: c}}\nspec: {containers: [{name: c, image: i}]}"
	for _, c := range []struct {
		match string
		looks bool
	}{
		{`{any: [{resources: {kinds: [Pod]}}]}`, true},
		{`{any: [{resources: {kinds: [v1/Pod]}}]}`, true},
		{`{any: [{resources: {kinds: ["*/Pod"]}}]}`, true},
		{`{any: [{resources: {kinds: ["*"]}}]}`, true},
		{`{any: [{resources: {kinds: ["P*"]}}]}`, true},
		{`{any: [{resources: {kinds: [Pod/exec]}}]}`, false},
		{`{any: [{resources: {kinds: [apps/v1/Deployment]}}]}`, false},
		{`{any: [{resources: {kinds: [Pod], names: ["web-?"]}}]}`, true},
		{`{any: [{resources: {kinds: [Pod], name: web}}]}`, false},
		{`{any: [{resources: {kinds: [Pod], namespaces: ["sh*", x]}}]}`, true},
		{`{any: [{resources: {kinds: [Pod], namespaces: [x]}}]}`, false},
		{`{any: [{resources: {kinds: [Service]}}, {resources: {kinds: [Pod], namespaces: [shop]}}]}`, true},
		{`{all: [{resources: {kinds: [Pod]}}, {resources: {namespaces: [x]}}]}`, false},
		{`{any: [{resources: {kinds: [Pod], selector: {matchLabels: {"a*": "w?b"}}}}]}`, true},
		{`{any: [{resources: {kinds: [Pod], selector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}}]}`, false},
		{`{any: [{resources: {kinds: [Pod], selector: {matchExpressions: [{key: x, operator: DoesNotExist}]}}}]}`, true},
		{`{any: [{resources: {kinds: [Pod], annotations: {"a/*": "?"}}}]}`, true},
		{`{any: [{resources: {kinds: [Pod], operations: [DELETE]}}]}`, false},
		{`{resources: {kinds: [Pod]}}`, true},
		{`{any: [{resources: {kinds: [Pod]}, subjects: [{kind: Group, name: "system:*"}]}]}`, true},
		{`{any: [{resources: {kinds: [Pod]}, subjects: [{kind: User, name: ann}]}]}`, false},
	} {
		if got := verdicts(t, policyOf(c.match, "{message: m, pattern: {metadata: {name: '*'}}}"), pod); (got == "r=pass") != c.looks {
			t.Errorf("%s: got %q", c.match, got)
		}
		if !c.looks || strings.Contains(c.match, `"*"`) {
			continue
		}
		excluded := strings.Replace(policyOf(`{any: [{resources: {kinds: ["*"]}}]}`, "{message: m, pattern: {metadata: {name: '*'}}}"), "    validate", "    exclude: "+c.match+"\n    validate", 1)
		if got := verdicts(t, excluded, pod); got != "" {
			t.Errorf("exclude %s: got %q", c.match, got)
		}
	}
}

// TestNeverPasses names what has no equivalent.
func TestNeverPasses(t *testing.T) {
	const anyPod, pod = "{any: [{resources: {kinds: [Pod]}}]}", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i}]}"
	for _, c := range []struct{ match, validate, construct string }{
		{anyPod, "{message: m, manifests: {attestors: []}}", "validate.manifests"},
		{anyPod, "{message: m, pattern: {metadata: {+(a): b}}}", "anchor +(a)"},
		{anyPod, "{message: m, pattern: {metadata: {name: '$(./namespace)'}}}", "reference in a pattern"},
		{anyPod, "{message: m, pattern: {metadata: {name: 'x{{ request.object.spec.nodeName }}*'}}}", "variable in a pattern"},
		{anyPod, "{message: m, pattern: {spec: {containers: [[a]]}}}", "pattern"},
		{anyPod, "{message: m, pattern: {spec: {^(containers): x}}}", "anchor ^()"},
		{anyPod, "{message: m}", "validate"},
		{anyPod, "{message: m, podSecurity: {level: strict}}", "validate.podSecurity.level"},
		{anyPod, "{message: m, cel: {expressions: [{expression: 'resource.Get()'}]}}", "resource in spec.validations[0]"},
		{"{any: [{resources: {kinds: [Pod]}, clusterRoles: [admin]}]}", "{message: m, pattern: {metadata: {name: '*'}}}", "match.clusterRoles"},
		{"{any: [{resources: {kinds: [a/b/c/d/e]}}]}", "{message: m, pattern: {metadata: {name: '*'}}}", "match.resources.kinds"},
		{"{}", "{message: m, pattern: {metadata: {name: '*'}}}", "match"},
	} {
		text := policyOf(c.match, c.validate)
		r := convert(t, text)[0].Rules[0]
		named := slices.ContainsFunc(r.Unsupported, func(u kyverno.Unsupported) bool { return u.Construct == c.construct && u.Position.Line == 6 })
		if r.Converted() || !named {
			t.Errorf("%s: %v", c.validate, r.Unsupported)
		}
		if got := verdicts(t, text, pod); strings.Contains(got, "pass") {
			t.Errorf("%s: %s", c.validate, got)
		}
	}
}

// TestAutogen writes out the rules for the controllers of pods.
func TestAutogen(t *testing.T) {
	const pattern = "{message: m, pattern: {spec: {hostNetwork: false}}}"
	names := func(text string) string {
		var out []string
		for _, r := range convert(t, text)[0].Rules {
			out = append(out, r.Name)
		}
		return strings.Join(out, " ")
	}
	annotated := func(v string) string {
		return strings.Replace(policyOf("{any: [{resources: {kinds: [Pod]}}]}", pattern), "{name: p}", "{name: p, annotations: {pod-controllers.kyverno.io/autogen-controllers: "+v+"}}", 1)
	}
	for _, c := range []struct{ text, want string }{
		{policyOf("{any: [{resources: {kinds: [Pod]}}]}", pattern), "r autogen-r autogen-cronjob-r"},
		{policyOf("{any: [{resources: {kinds: [Pod], namespaces: [a]}}]}", pattern), "r autogen-r autogen-cronjob-r"},
		{policyOf("{any: [{resources: {kinds: [Pod], names: [a]}}]}", pattern), "r"},
		{policyOf("{any: [{resources: {kinds: [Pod, Deployment]}}]}", pattern), "r"},
		{policyOf("{any: [{resources: {kinds: [Service]}}]}", pattern), "r"},
		{annotated("none"), "r"},
		{annotated("Deployment"), "r autogen-r"},
		{annotated("CronJob"), "r autogen-cronjob-r"},
	} {
		if got := names(c.text); got != c.want {
			t.Errorf("%s: got %s, want %s", c.text, got, c.want)
		}
	}
}

// TestBindings are what failure actions become.
func TestBindings(t *testing.T) {
	text := policyOf("{any: [{resources: {kinds: [Service]}}]}", `{message: m, failureAction: Audit, failureActionOverrides: [{action: Enforce, namespaces: [a, b]}], pattern: {metadata: {name: "*"}}}`)
	r := convert(t, text)[0].Rules[0]
	var got []string
	for _, b := range r.Bindings {
		s := fmt.Sprint(b.Name, b.Spec.ValidationActions)
		if m := b.Spec.MatchResources; m != nil {
			s += fmt.Sprint(m.NamespaceSelector.MatchExpressions[0].Operator, m.NamespaceSelector.MatchExpressions[0].Values)
		}
		got = append(got, s)
	}
	if want := "p.r[Audit]NotIn[a b] p.r.override-1[Deny]In[a b]"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// TestNames makes valid names that stay apart.
func TestNames(t *testing.T) {
	long := strings.Repeat("a", 63)
	for _, c := range []struct{ policyName, rule, want string }{
		{"p", "r", "p.r"},
		{"p", "Is a Rule!", "p.is-a-rule-044b278b"},
		{strings.Repeat(long+".", 4)[:250], "r", ""},
	} {
		text := strings.Replace(policyOf("{any: [{resources: {kinds: [Service]}}]}", `{message: m, pattern: {metadata: {name: "*"}}}`), "name: p}", "name: "+c.policyName+"}", 1)
		text = strings.Replace(text, "- name: r", "- name: "+c.rule, 1)
		got := convert(t, text)[0].Rules[0].Admission.Name
		if c.want != "" && got != c.want || len(got) > 230 {
			t.Errorf("%s %s: got %s", c.policyName, c.rule, got)
		}
	}
}

// TestRemarks warns of what enforces nothing, and of what is out of date.
func TestRemarks(t *testing.T) {
	text := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  p.yaml: |\n    apiVersion: kyverno.io/v1\n    kind: ClusterPolicy\n"
	if got := kyverno.Remarks(inventorytest.Objects(t, "c.yaml", text)); len(got) != 1 || !strings.Contains(got[0], "enforces nothing") {
		t.Errorf("got %q", got)
	}
	old := strings.Replace(policyOf("{resources: {kinds: [Pod]}}", "{message: m, pattern: {}}"), "spec:\n", "spec:\n  validationFailureAction: enforce\n", 1)
	if got := convert(t, old)[0].Warnings; len(got) != 3 {
		t.Errorf("got %q", got)
	}
}

// compiled says what API servers would not take of what rules were converted to.
func compiled(t testing.TB, policies []*kyverno.Policy) {
	t.Helper()
	for _, p := range policies {
		for _, r := range p.Rules {
			if r.Converted() {
				for _, err := range policy.New(r.Admission).Check(policy.Newest) {
					t.Errorf("%s does not compile: %v", r.Name, err)
				}
			}
		}
	}
}

// TestUpdates lets objects be updated that broke an enforcing rule before.
func TestUpdates(t *testing.T) {
	pod := func(image string) map[string]any {
		text := "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop, labels: {app: web}}\nspec: {containers: [{name: c, image: '" + image + "'}]}"
		return inventorytest.Objects(t, "pod.yaml", text)[0].Content
	}
	for _, c := range []struct{ match, action, old, now, want string }{
		{"kinds: [Pod]", "Enforce", "x:latest", "y:latest", "pass"},
		{"kinds: [Pod]", "Enforce", "x:1", "y:latest", "fail"},
		{"kinds: [Pod]", "Enforce, allowExistingViolations: false", "x:latest", "y:latest", "fail"},
		{"kinds: [Pod]", "Audit", "x:latest", "y:latest", "fail"},
		{"kinds: [Pod], selector: {matchLabels: {app: web}}", "Enforce", "x:latest", "y:latest", "fail"},
	} {
		text := policyOf("{any: [{resources: {"+c.match+"}}]}", `{message: m, failureAction: `+c.action+`, pattern: {spec: {containers: [{image: "!*:latest"}]}}}`)
		set := kyverno.NewSet(convert(t, text))
		r := admission.Request{Operation: "UPDATE", OldObject: pod(c.old), Object: pod(c.now)}
		r.Ref.APIVersion, r.Ref.Kind, r.Ref.Name, r.Ref.Namespace = "v1", "Pod", "p", "shop"
		results := set.Review(context.Background(), admission.World{}, r)
		if len(results) != 1 || string(results[0].Result.Result) != c.want {
			t.Errorf("%+v: got %+v", c, results)
		}
	}
}
