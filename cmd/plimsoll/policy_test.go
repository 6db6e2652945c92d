package main

import (
	"encoding/json"
	"encoding/xml"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

const policyInput = "testdata/policy/input/"

// TestPolicyAnswers compares what people read with golden files.
func TestPolicyAnswers(t *testing.T) {
	in := func(names ...string) string {
		out := ""
		for _, n := range names {
			out += " " + policyInput + n + ".yaml"
		}
		return out
	}
	for name, c := range map[string]struct {
		args string
		want int
	}{
		"test":          {"test -v --policy" + in("policies", "objects"), exitFindings},
		"test-params":   {"test --policy" + in("policies") + " --params" + in("params", "objects"), exitFindings},
		"test-csv":      {"test -f csv --policy" + in("policies", "objects"), exitFindings},
		"test-markdown": {"test -f markdown --policy" + in("policies", "objects"), exitFindings},
		"test-bad":      {"test --kubernetes-version v1.30.2 --policy" + in("bad", "objects"), exitError},
		"test-cases":    {"test --policy" + in("policies", "tests"), exitFindings},
		"test-junit":    {"test --junit --policy" + in("policies", "tests"), exitFindings},
		"test-alone":    {"test" + in("policies", "tests"), exitFindings},
		"convert":       {"convert" + in("kyverno"), exitIncomplete},
		"convert-table": {"convert -f table" + in("kyverno"), exitIncomplete},
		"convert-csv":   {"convert -f csv" + in("kyverno"), exitIncomplete},
		"convert-json":  {"convert -f json" + in("kyverno"), exitIncomplete},
		"kyverno":       {"test -v --kyverno none-of-these --policy" + in("kyverno", "kyverno-objects"), exitFindings},
		"list":          {"list" + in("policies", "bad"), exitError},
	} {
		t.Run(name, func(t *testing.T) {
			out, stderr, code := plimsoll(t, "", append([]string{"policy"}, strings.Fields(c.args)...)...)
			if code != c.want {
				t.Errorf("exit code %d, want %d; standard error: %s", code, c.want, stderr)
			}
			out = timestamp.ReplaceAllString(out, "TIME")
			answertest.Golden(t, filepath.Join("policy", name+".txt"), out, *update)
		})
	}
}

const onePod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\nspec: {containers: [{name: c, image: i}]}\n"

func podPolicy(expression string) string {
	return `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: p}, spec: {
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]},
  validations: [{expression: "` + expression + `"}]}}` + "\n"
}

// TestPolicyExitCodes checks the exit codes.
func TestPolicyExitCodes(t *testing.T) {
	broken := write(t, "broken.yaml", "kind: Pod\nmetadata: {name: [}\n")
	for _, c := range []struct {
		name, policy, object string
		more                 []string
		want                 int
		stderr               string
	}{
		{"pass", podPolicy("true"), onePod, nil, exitOK, ""},
		{"fail", podPolicy("false"), onePod, nil, exitFindings, ""},
		{"does not compile", podPolicy("object."), onePod, nil, exitError, ""},
		{"an error", podPolicy("object.spec.nodeName == 'x'"), onePod, nil, exitError, ""},
		{"skipped", podPolicy("namespaceObject.metadata.labels.x == 'y'"), onePod, nil, exitIncomplete, ""},
		{"unsupported", podPolicy("authorizer.path('/x').check('get').allowed()"), onePod, nil, exitIncomplete, ""},
		{"a gap", podPolicy("true"), onePod, []string{broken}, exitIncomplete, ""},
		{"no policy", onePod, onePod, nil, exitError, "no admission policy"},
		{"an unknown version", podPolicy("true"), onePod, []string{"--kubernetes-version", "1.12"}, exitError, "from 1.30 to 1.37"},
		{"a test without cases", podPolicy("true"), "apiVersion: plimsoll.io/v1\nkind: PolicyTest\nmetadata: {name: t}\n", nil, exitError, "no cases"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"policy", "test", "--policy", write(t, "policy.yaml", c.policy), "-"}, c.more...)
			out, stderr, code := plimsoll(t, c.object, args...)
			if code != c.want || !strings.Contains(stderr, c.stderr) {
				t.Errorf("exit code %d, want %d; %s%s", code, c.want, out, stderr)
			}
		})
	}
}

// TestPolicyContract checks the members that other programs rely on.
func TestPolicyContract(t *testing.T) {
	out, _, _ := plimsoll(t, "", "policy", "test", "-f", "json", "--policy", policyInput+"policies.yaml", policyInput+"objects.yaml")
	var body struct {
		APIVersion, Kind, TypeChecked string
		Items                         []struct {
			Policy, Rule, Result, Message string
			Resource                      struct{ APIVersion, Kind, Namespace, Name string }
		}
	}
	if err := json.Unmarshal([]byte(out), &body); err != nil {
		t.Fatal(err)
	}
	if body.Kind != "PolicyResults" || body.TypeChecked != "no" || len(body.Items) != 4 || body.Items[1].Policy != "no-latest" ||
		body.Items[1].Result != "fail" || body.Items[1].Resource.Name != "web" || body.Items[1].Message != "no latest" {
		t.Errorf("%+v", body)
	}
	out, _, code := plimsoll(t, "", "policy", "test", "--junit", "--policy", policyInput+"policies.yaml", policyInput+"objects.yaml")
	if err := xml.Unmarshal([]byte(out), new(struct{ XMLName xml.Name })); err != nil || code != exitFindings {
		t.Errorf("%v, exit code %d", err, code)
	}
	out, _, _ = plimsoll(t, "", "policy", "list", "-f", "json")
	var list struct {
		Items []struct{ ID, Severity, Title string }
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list.Items) < 70 || list.Items[0].Severity == "" {
		t.Errorf("%v: %d items", err, len(list.Items))
	}
}

// TestPolicySecrets looks for the values of secrets in what policies and tests say of objects.
func TestPolicySecrets(t *testing.T) {
	const value = "c3VwZXItc2VjcmV0LXZhbHVlLTEyMw=="
	secret := "{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {password: " + value + "}}"
	p := write(t, "policy.yaml", strings.Replace(strings.Replace(podPolicy("false"), "pods", "secrets", 1), `"false"`,
		`"false", messageExpression: "string(object.data.password)"`, 1))
	test := "apiVersion: plimsoll.io/v1\nkind: PolicyTest\nmetadata: {name: t}\ncases:\n- {name: a, object: " + secret + ", expect: {verdict: allow}}\n"
	for _, in := range []string{secret, test} {
		for _, format := range []string{"table", "json", "junit"} {
			out, stderr, code := plimsoll(t, in, "policy", "test", "--policy", p, "-f", format, "-")
			if code != exitFindings || strings.Contains(out+stderr, value) || strings.Contains(out+stderr, "super-secret-value-123") {
				t.Errorf("exit code %d: %s%s", code, out, stderr)
			}
		}
	}
}
