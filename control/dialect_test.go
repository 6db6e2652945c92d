package control_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
)

// canonical is the policy whose preamble, match condition and resource rules all workload policies repeat.
const canonical = "privileged-container"

// preamble are the variables that every workload policy starts with, and no other policy has.
var preamble = []string{"at", "pod", "containers"}

var minors = []string{"1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37"}

func policyControls(t testing.TB) []control.Control {
	t.Helper()
	controls, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(controls, func(c control.Control) bool { return c.Policy == nil })
}

func eachPolicy(t *testing.T, test func(t *testing.T, c control.Control)) {
	for _, c := range policyControls(t) {
		t.Run(c.ID, func(t *testing.T) { test(t, c) })
	}
}

// isWorkload says whether a policy judges every kind that makes pods, and nothing else.
func isWorkload(c control.Control) bool {
	kinds := inventory.WorkloadKinds()
	return len(c.Reads) == len(kinds) && !slices.ContainsFunc(c.Reads, func(gk schema.GroupKind) bool { return !slices.Contains(kinds, gk) })
}

func TestPolicyCompiles(t *testing.T) {
	eachPolicy(t, func(t *testing.T, c control.Control) {
		for _, minor := range minors {
			if err := c.Policy.Compile(minor); err != nil {
				t.Error(err)
			}
		}
	})
}

var (
	idForm        = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	referenceForm = regexp.MustCompile(`^(CWE-\d+|T\d{4}(\.\d{3})?|PSS/(baseline|restricted)|KEP-\d+|CVE-\d{4}-\d+)$`)
	// notOffline are what an API server knows and a file does not.
	notOffline = regexp.MustCompile(`\boldObject\b|request\.userInfo|\bauthorizer\b`)
)

var (
	onCreate          = []admissionv1.OperationType{admissionv1.Create} // of what never changes later
	onCreateAndUpdate = []admissionv1.OperationType{admissionv1.Create, admissionv1.Update}
)

func TestPolicyForm(t *testing.T) {
	eachPolicy(t, func(t *testing.T, c control.Control) {
		if ok, why := c.Policy.InDialect(); !ok {
			t.Errorf("not in the dialect: %s", why)
		}
		if !idForm.MatchString(c.ID) || c.Policy.Source.Name != "plimsoll-"+c.ID {
			t.Errorf("name %q: want plimsoll-<words>", c.Policy.Source.Name)
		}
		if c.Title == "" || strings.HasSuffix(c.Title, ".") || len(c.Why) < 80 || c.Remedy == "" || c.Capability == "" {
			t.Error("title (without a final dot), why (a paragraph), remedy and capability are needed")
		}
		for _, r := range c.References {
			if !referenceForm.MatchString(r) {
				t.Errorf("reference %q has an unknown form", r)
			}
		}
		message, _ := c.Policy.Explain([]finding.Path{"here"})
		if message != c.Title+": here" {
			t.Errorf("message %q does not start with the title %q", message, c.Title)
		}
		variables := c.Policy.Source.Spec.Variables
		if last := variables[len(variables)-1]; last.Name != "violations" {
			t.Errorf("the last variable is %q: want violations", last.Name)
		}
		for _, v := range variables {
			if what := notOffline.FindString(v.Expression); what != "" {
				t.Errorf("variable %s uses %s, which a scan does not have", v.Name, what)
			}
		}
		for _, rule := range c.Policy.Source.Spec.MatchConstraints.ResourceRules {
			if !slices.Equal(rule.Operations, onCreate) && !slices.Equal(rule.Operations, onCreateAndUpdate) {
				t.Errorf("operations %v: want CREATE, or CREATE and UPDATE", rule.Operations)
			}
		}
		if len(c.Reads) == 0 {
			t.Error("matches no built-in kind")
		}
	})
}

// TestPreamble compares what all workload policies have in common.
func TestPreamble(t *testing.T) {
	controls := policyControls(t)
	at := slices.IndexFunc(controls, func(c control.Control) bool { return c.ID == canonical })
	want := controls[at].Policy.Source.Spec
	eachPolicy(t, func(t *testing.T, c control.Control) {
		spec := c.Policy.Source.Spec
		if !isWorkload(c) {
			for _, v := range spec.Variables {
				if slices.Contains(preamble, v.Name) {
					t.Errorf("variable %q is for workload policies", v.Name)
				}
			}
			return
		}
		if !slices.Equal(spec.MatchConstraints.ResourceRules[0].Operations, onCreateAndUpdate) {
			t.Skip("judged when created only")
		}
		if len(spec.Variables) < len(preamble) || !slices.Equal(spec.Variables[:len(preamble)], want.Variables[:len(preamble)]) {
			t.Errorf("the preamble differs from that of %s", canonical)
		}
		if !slices.Equal(spec.MatchConditions, want.MatchConditions) {
			t.Errorf("the matchConditions differ from those of %s", canonical)
		}
		if got, want := fmt.Sprint(spec.MatchConstraints.ResourceRules), fmt.Sprint(want.MatchConstraints.ResourceRules); got != want {
			t.Errorf("the resourceRules differ from those of %s:\n%s\n%s", canonical, got, want)
		}
	})
}

// TestAbsence judges what is left of the test data's objects when fields are taken away: absent fields never make an
// expression fail. The seed is fixed.
func TestAbsence(t *testing.T) {
	controls := policyControls(t)
	var policies []*policy.Policy
	for _, c := range controls {
		policies = append(policies, c.Policy)
	}
	set := policy.NewSet(policies)
	random := rand.New(rand.NewPCG(1, 2))
	reported := map[string]bool{}
	check := func(content map[string]any) {
		in := input(content)
		for i, v := range set.Evaluate(context.Background(), in, nil) {
			if v.Err != nil && !reported[controls[i].ID] {
				reported[controls[i].ID] = true
				t.Errorf("%s on %v: %v", controls[i].ID, content, v.Err)
			}
		}
	}
	for _, gk := range allKinds(controls) {
		check(minimal(gk))
	}
	for _, o := range allTestObjects(t) {
		if v := set.Evaluate(context.Background(), input(o.Content), nil); slices.ContainsFunc(v, func(v policy.Verdict) bool { return v.Err != nil }) {
			continue // meant to be broken
		}
		for range 3 {
			check(prune(random, o.Content).(map[string]any))
		}
	}
}

func input(content map[string]any) policy.Input {
	gvk := schema.FromAPIVersionAndKind(inventory.String(content, "apiVersion"), inventory.String(content, "kind"))
	return policy.Input{Object: content, Kind: gvk, Resource: policy.ResourceFor(gvk)}
}

// allKinds are the kinds that the policies look at.
func allKinds(controls []control.Control) []schema.GroupKind {
	seen := map[schema.GroupKind]bool{}
	var kinds []schema.GroupKind
	for _, c := range controls {
		for _, gk := range c.Reads {
			if !seen[gk] {
				seen[gk] = true
				kinds = append(kinds, gk)
			}
		}
	}
	return kinds
}

// minimal is an object with nothing but its type.
func minimal(gk schema.GroupKind) map[string]any {
	gv := schema.GroupVersion{Group: gk.Group, Version: "v1"}
	return map[string]any{"apiVersion": gv.String(), "kind": gk.Kind}
}

// prune copies a value without some of its fields and items. Types stay, and so does what names the kind.
func prune(random *rand.Rand, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			switch {
			case key == "apiVersion" || key == "kind":
				out[key] = v[key]
			case random.IntN(8) == 0:
			case random.IntN(30) == 0:
				out[key] = nil
			default:
				out[key] = prune(random, v[key])
			}
		}
		return out
	case []any:
		var out []any
		for _, item := range v {
			if random.IntN(10) > 0 {
				out = append(out, prune(random, item))
			}
		}
		return out
	}
	return v
}
