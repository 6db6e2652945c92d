package conformance

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/policy/kyverno"
)

type kyvernoCase struct {
	ID, Dir, Test string
	PureValidate  bool `json:"pure_validate"`
	Expected      []kyvernoExpectation
}

type kyvernoExpectation struct {
	Policy, Rule, Kind, Resource, Namespace, Result string
}

// A kyvernoTest is a test of Kyverno's command line, as far as it is understood here.
type kyvernoTest struct {
	Policies  []string
	Resources []string
	Variables string
	UserInfo  string `json:"userinfo"`
	Results   []struct {
		Policy, Rule, Result, Operation string
		Resources                       []string
	}
}

type kyvernoValues struct {
	GlobalValues      map[string]any
	NamespaceSelector []struct {
		Name   string
		Labels map[string]any
	}
	Policies []struct {
		Name      string
		Resources []struct {
			Name   string
			Values map[string]any
		}
	}
}

// TestConformanceKyverno judges Kyverno's public policies by their conversion, and compares with the verdicts that their
// tests expect of Kyverno.
func TestConformanceKyverno(t *testing.T) {
	dir := corpus(t, "kyverno-policies")
	y := newTally(t, "kyverno-policies")
	total, supported := 0, 0
	missing := map[string]int{}
	for _, c := range cases[kyvernoCase](t, dir) {
		if !c.PureValidate {
			continue
		}
		run := newKyvernoRun(t, dir, c)
		for _, e := range c.Expected {
			if !run.has(e) {
				t.Logf("not comparable: %s expects a result of %s %s, which its policies do not have", c.ID, e.Policy, e.Rule)
				continue
			}
			total++
			got, why := run.judge(t, e)
			if got == "unsupported" {
				missing[why]++
				continue
			}
			supported++
			want := e.Result
			if want == "warn" { // a failure of a policy that is not scored
				want = "fail"
			}
			id := fmt.Sprintf("%s/%s/%s/%s/%s", c.ID, e.Policy, cmp.Or(e.Rule, "-"), e.Kind, e.Resource)
			if got == "none" && want != "fail" {
				got = want // Kyverno counts an object that no rule looks at as what the test expects
			}
			y.count(id, want, got, why)
			if got == "pass" && want == "fail" {
				t.Errorf("FALSE PASS %s: %s", id, why)
			}
		}
	}
	for why, n := range missing {
		t.Logf("unsupported %3d: %s", n, why)
	}
	share := 100 * float64(supported) / float64(total)
	t.Logf("%d of %d verdicts are supported (%.1f %%, target 85 %%)", supported, total, share)
	if share < 85 {
		t.Errorf("%.1f %% of the verdicts are supported: want 85 %%", share)
	}
	y.done(99)
}

type kyvernoRun struct {
	set     *kyverno.Set
	objects []*inventory.Object
	world   admission.World
	values  kyvernoValues
	user    *policy.User
	// operations are those that the tests say, by policy, rule, object and result.
	operations map[string]string
}

func newKyvernoRun(t *testing.T, root string, c kyvernoCase) *kyvernoRun {
	t.Helper()
	run := &kyvernoRun{operations: map[string]string{}}
	var policies []*inventory.Object
	data, err := os.ReadFile(filepath.Join(root, c.Test))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, c.Dir)
	for _, doc := range bytes.Split(data, []byte("\n---")) {
		var test kyvernoTest
		if err := yaml.Unmarshal(doc, &test); err != nil {
			t.Fatalf("%s: %v", c.Test, err)
		}
		for _, p := range test.Policies {
			policies = append(policies, readAll(t, filepath.Join(dir, p))...)
		}
		for _, r := range test.Resources {
			run.objects = append(run.objects, readAll(t, filepath.Join(dir, r))...)
		}
		if test.Variables != "" {
			readKyverno(t, filepath.Join(dir, test.Variables), &run.values)
		}
		for _, r := range test.Results {
			for _, resource := range r.Resources {
				run.operations[strings.Join([]string{r.Policy, r.Rule, resource, r.Result}, " ")] = r.Operation
			}
		}
		if test.UserInfo != "" {
			var info struct{ UserInfo policy.User }
			readKyverno(t, filepath.Join(dir, test.UserInfo), &info)
			run.user = &info.UserInfo
		}
	}
	run.set = kyverno.NewSet(kyverno.Convert(policies))
	run.world = admission.World{Inventory: run.namespaces(), Complete: true}
	return run
}

func readKyverno(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// readAll reads a file, or the files of a folder.
func readAll(t *testing.T, name string) []*inventory.Object {
	t.Helper()
	files := []string{name}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		files, _ = filepath.Glob(filepath.Join(name, "*.y*ml"))
	}
	var out []*inventory.Object
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		objects, gaps := manifest.ReadBytes(file, data, manifest.Options{})
		for _, g := range gaps {
			t.Logf("%s: %s", file, g.Reason)
		}
		out = append(out, objects...)
	}
	return out
}

// namespaces are the namespaces of the objects, with the labels that a test gives to them.
func (run *kyvernoRun) namespaces() *inventory.Inventory {
	var out []*inventory.Object
	seen := map[string]bool{}
	add := func(name string, labels map[string]any) {
		if seen[name] || name == "" {
			return
		}
		seen[name] = true
		all := map[string]any{"kubernetes.io/metadata.name": name}
		for k, v := range labels {
			all[k] = v
		}
		out = append(out, &inventory.Object{
			Ref:     finding.Ref{APIVersion: "v1", Kind: "Namespace", Name: name},
			Content: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name, "labels": all}},
		})
	}
	for _, n := range run.values.NamespaceSelector {
		add(n.Name, n.Labels)
	}
	for _, o := range run.objects {
		add(o.Namespace, nil)
	}
	return inventory.New(inventory.Source{}, time.Unix(0, 0), "", out, nil)
}

// judge is the verdict on one object, and why.
func (run *kyvernoRun) judge(t *testing.T, e kyvernoExpectation) (got, why string) {
	t.Helper()
	namespace, name, namespaced := strings.Cut(e.Resource, "/")
	if !namespaced {
		namespace, name = e.Namespace, e.Resource
	}
	rules := []string{e.Rule, "autogen-" + e.Rule, "autogen-cronjob-" + e.Rule}
	var results []kyverno.Result
	for _, o := range run.objects {
		if o.Name != name || e.Kind != "" && o.Kind != e.Kind || namespace != "" && o.Namespace != namespace {
			continue
		}
		for _, r := range run.set.Review(context.Background(), run.world, run.request(o, e)) {
			if r.Policy == e.Policy[strings.LastIndex(e.Policy, "/")+1:] && (e.Rule == "" || slices.Contains(rules, r.Rule) || strings.HasPrefix(r.Rule, "autogen-") && len(r.Rule) >= 63 ||
				slices.Contains([]string{"", "autogen-defaults", "autogen-cronjobs"}, r.Rule)) {
				results = append(results, r)
			}
		}
	}
	for _, outcome := range []admission.Outcome{admission.Unsupported, admission.Fail, admission.Error, admission.Skip, admission.Pass} {
		for _, r := range results {
			if r.Result.Result != outcome {
				continue
			}
			if outcome == admission.Skip && !r.Skipped {
				return "unsupported", r.Message
			}
			return string(outcome), r.Message
		}
	}
	for _, p := range run.set.Policies {
		for _, r := range p.Rules {
			if p.Object.Name == e.Policy && (e.Rule == "" || r.Name == e.Rule) && !r.Supported() {
				text, _ := json.Marshal(r.Unsupported[0])
				return "unsupported", string(text)
			}
		}
	}
	return "none", "no rule looks at it"
}

func (run *kyvernoRun) request(o *inventory.Object, e kyvernoExpectation) admission.Request {
	r := admission.RequestOf(o)
	r.User = run.user
	operation, _ := run.values.GlobalValues["request.operation"].(string)
	for _, p := range run.values.Policies {
		for _, v := range p.Resources {
			if p.Name == e.Policy && v.Name == o.Name {
				if s, ok := v.Values["request.operation"].(string); ok {
					operation = s
				}
			}
		}
	}
	if said := run.operations[strings.Join([]string{e.Policy, e.Rule, e.Resource, e.Result}, " ")]; said != "" {
		operation = said
	}
	r.Operation = admissionv1.OperationType(operation)
	switch r.Operation {
	case admissionv1.Update:
		r.OldObject = run.override(r.Object, "request.oldObject.")
		r.Object = run.override(r.Object, "request.object.")
	case admissionv1.Delete:
		r.OldObject, r.Object = r.Object, nil
	}
	return r
}

// override puts the values of a test into an object.
func (run *kyvernoRun) override(content map[string]any, prefix string) map[string]any {
	data, _ := json.Marshal(content)
	var out map[string]any
	_ = json.Unmarshal(data, &out)
	for path, v := range run.values.GlobalValues {
		fields, ok := strings.CutPrefix(path, prefix)
		if !ok {
			continue
		}
		at, names := out, strings.Split(fields, ".")
		for _, name := range names[:len(names)-1] {
			next, ok := at[name].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[name] = next
			}
			at = next
		}
		at[names[len(names)-1]] = v
	}
	return out
}

// has says whether the policies have the rule: tests of rules that are not there expect nothing of Kyverno.
func (run *kyvernoRun) has(e kyvernoExpectation) bool {
	for _, p := range run.set.Policies {
		for _, r := range p.Rules {
			if p.Object.Name == e.Policy[strings.LastIndex(e.Policy, "/")+1:] && (e.Rule == "" || r.Name == "" || strings.Contains(e.Rule, r.Name) || r.Name == e.Rule) {
				return true
			}
		}
	}
	return false
}
