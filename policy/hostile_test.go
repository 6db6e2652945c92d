package policy_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/policy"
)

// policyWith makes a policy of one validation.
func policyWith(tb testing.TB, expression string) *policy.Policy {
	tb.Helper()
	text := fmt.Sprintf(`{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: test},
		spec: {matchConstraints: {resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"]}]},
		validations: [{expression: %q}]}}`, expression)
	p, err := policy.Parse([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

const smallPod = `{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop}, spec: {containers: [{name: web, image: web}]}}`

// TestEndless judges with expressions that would run for years: the cost budget ends them, as errors.
func TestEndless(t *testing.T) {
	digits := "[0,1,2,3,4,5,6,7,8,9]"
	nested := "true"
	for _, v := range strings.Split("abcdefghij", "") {
		nested = digits + ".all(" + v + ", " + nested + ")"
	}
	grow := `"` + strings.Repeat("x", 1000) + `"`
	for range 40 {
		grow = "[" + grow + "].map(s, s + s)[0]"
	}
	for name, expression := range map[string]string{
		"nested loops":  nested,
		"slow regexp":   `[` + strings.Repeat(`"`+strings.Repeat("a", 2000)+`",`, 50) + `"b"].all(s, ` + digits + `.all(i, ` + digits + `.all(j, ` + digits + `.all(k, ` + digits + `.all(l, !s.matches("(a*)*b"))))))`,
		"growing texts": grow + ".size() == 0",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			v := policyWith(t, expression).Evaluate(context.Background(), input(t, smallPod))
			if v.Err == nil || !v.Matched {
				t.Errorf("verdict %+v: want an error", v)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestCancelled stops with the caller's context, as an error.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	loop := "[0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, [0,1,2,3,4,5,6,7,8,9].all(c, a + b + c >= 0)))"
	if v := policyWith(t, loop).Evaluate(ctx, input(t, smallPod)); v.Err == nil {
		t.Errorf("verdict %+v: want an error", v)
	}
}

// TestFailurePolicy says what an API server would do when an expression fails.
func TestFailurePolicy(t *testing.T) {
	p := policyWith(t, "object.spec.absent == 1")
	if v := p.Evaluate(context.Background(), input(t, smallPod)); v.Err == nil || !v.Denied {
		t.Errorf("Fail: %+v: want an error that denies", v)
	}
	ignore := policyWith(t, "object.spec.absent == 1")
	ignored := ignore.Source.DeepCopy()
	if err := yaml.Unmarshal([]byte("spec: {failurePolicy: Ignore}"), ignored); err != nil {
		t.Fatal(err)
	}
	if v := policy.New(ignored).Evaluate(context.Background(), input(t, smallPod)); v.Err == nil || v.Denied {
		t.Errorf("Ignore: %+v: want an error that allows", v)
	}
}

// TestNotCompiling is an error that says where.
func TestNotCompiling(t *testing.T) {
	for expression, want := range map[string]string{
		"object.spec.(":                     "spec.validations[0]",
		"1 + 1":                             "must evaluate to bool",
		"unknownFunction(object)":           "undeclared reference",
		"variables.nothing == 1":            "nothing",
		"authorizer.group('').check('get')": "",
	} {
		v := policyWith(t, expression).Evaluate(context.Background(), input(t, smallPod))
		if v.Err == nil || !strings.Contains(v.Err.Error(), want) {
			t.Errorf("%s: error %v: want one with %q", expression, v.Err, want)
		}
	}
}

// TestAuthorizer: nobody can be asked offline, and that is no answer.
func TestAuthorizer(t *testing.T) {
	v := policyWith(t, "!authorizer.group('').resource('pods').check('create').allowed()").Evaluate(context.Background(), input(t, smallPod))
	if v.Err == nil {
		t.Errorf("verdict %+v: want an error", v)
	}
}

// wrongTypes are objects that no API server would take.
var wrongTypes = []string{
	`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: web}}`,
	`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: {name: web}}}`,
	`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [web]}}`,
	`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [[]]}}`,
	`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: []}`,
	`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: "yes"}`,
	`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {hostNetwork: "true", containers: [{name: web}]}}`,
	`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: 7}]}}`,
	`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: web, securityContext: true}]}}`,
	`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: web, resources: {limits: {cpu: much}}}]}}`,
	`{apiVersion: v1, kind: Pod, metadata: p, spec: {containers: [{name: web}]}}`,
	`{apiVersion: v1, kind: Pod, metadata: {name: p, labels: [a]}, spec: {containers: [{name: web}]}}`,
	`{apiVersion: apps/v1, kind: Deployment, metadata: {name: p}, spec: {replicas: "3", template: {spec: {containers: [{name: web}]}}}}`,
	`{apiVersion: apps/v1, kind: Deployment, metadata: {name: p}, spec: {template: {spec: {containers: [{name: web, env: [{name: PORT, value: 80}]}]}}}}`,
	`{apiVersion: batch/v1, kind: CronJob, metadata: {name: p}, spec: {jobTemplate: {spec: {template: [1, 2]}}}}`,
	`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: p}, rules: all}`,
	`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: p}, rules: [{verbs: get}]}`,
	`{apiVersion: v1, kind: Service, metadata: {name: p}, spec: {type: 3}}`,
}

// TestWrongTypes: what has a field of the wrong type never passes a policy of the catalogue, together or alone.
func TestWrongTypes(t *testing.T) {
	policies := catalogue(t)
	set := policy.NewSet(policies)
	for _, text := range wrongTypes {
		in := input(t, text)
		matched := 0
		for i, v := range set.Evaluate(context.Background(), in, nil) {
			if !v.Matched {
				continue
			}
			matched++
			if v.Err == nil && len(v.Violations) == 0 {
				t.Errorf("%s passes %s", text, policies[i].Source.Name)
			}
		}
		if matched == 0 {
			t.Errorf("%s: no policy looked", text)
		}
	}
}

// TestFoundAlthoughBroken: a field of the wrong type elsewhere does not hide a violation.
func TestFoundAlthoughBroken(t *testing.T) {
	in := input(t, `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [
		{name: web, env: [{name: PORT, value: 80}], securityContext: {privileged: true, runAsUser: null}}]}}`)
	policies := catalogue(t)
	for i, v := range policy.NewSet(policies).Evaluate(context.Background(), in, nil) {
		if policies[i].Source.Name == "plimsoll-privileged-container" && (len(v.Violations) != 1 || v.Err != nil) {
			t.Errorf("%+v: want the violation", v)
		}
	}
}

// TestRedactedSecret: what stands in the place of a secret value is no obstacle.
func TestRedactedSecret(t *testing.T) {
	in := input(t, `{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: shop},
		data: {password: "<redacted:named-credential:0011>", user: YWRtaW4=}, stringData: {token: "<redacted:x:00>"}}`)
	v := policyWith(t, "object.data.size() == 2 && object.data.user == 'YWRtaW4='").Evaluate(context.Background(), in)
	if v.Err != nil || v.Denied {
		t.Errorf("verdict %+v: want a pass", v)
	}
}

// FuzzSet feeds objects of any shape to the whole catalogue. Nothing panics, and a verdict is one of: not matched,
// passed, violations, error.
func FuzzSet(f *testing.F) {
	for _, text := range append(wrongTypes, smallPod, shopDeployment, bareDeployment) {
		f.Add([]byte(text))
	}
	policies := catalogue(f)
	set := policy.NewSet(policies)
	f.Fuzz(func(t *testing.T, data []byte) {
		var content map[string]any
		if len(data) > 1<<14 || yaml.Unmarshal(data, &content) != nil || content == nil {
			t.Skip()
		}
		in := inputOf(whole(content).(map[string]any))
		for i, v := range set.Evaluate(context.Background(), in, nil) {
			if v.Err != nil && len(v.Violations) > 0 || !v.Matched && (v.Denied || v.Err != nil || len(v.Violations) > 0) {
				t.Errorf("%s: contradictory verdict %+v", policies[i].Source.Name, v)
			}
		}
	})
}

// FuzzParse reads policies of any shape, and compiles what can be read.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: x}}`))
	f.Add([]byte("kind: [\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := policy.Parse(data)
		if err != nil {
			return
		}
		p.Kinds()
		p.InDialect()
		policy.NewSet([]*policy.Policy{p}).Evaluate(context.Background(), input(t, smallPod), nil)
	})
}
