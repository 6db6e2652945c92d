package control_test

import (
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/policy"
)

// TestCatalogue checks what holds for every control, of either kind.
func TestCatalogue(t *testing.T) {
	controls, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(controls, func(a, b control.Control) int { return strings.Compare(a.ID, b.ID) }) {
		t.Error("not sorted by id")
	}
	seen := map[string]bool{}
	for _, c := range controls {
		if seen[c.ID] {
			t.Errorf("%s: there twice", c.ID)
		}
		seen[c.ID] = true
		if (c.Policy == nil) == (c.Check == nil) {
			t.Errorf("%s: exactly one of Policy and Check is set", c.ID)
		}
		if !idForm.MatchString(c.ID) || c.Title == "" || c.Why == "" || c.Remedy == "" || c.Capability == "" ||
			c.Enforce == "" || c.Severity == finding.None || len(c.Reads) == 0 {
			t.Errorf("%s: a field is missing: %+v", c.ID, c)
		}
	}
}

// TestFromPolicyRefused: annotations that cannot be read are errors.
func TestFromPolicyRefused(t *testing.T) {
	for _, c := range []struct{ severity, fix, want string }{
		{"terrible", "", "unknown severity"},
		{"", "", "unknown severity"},
		{"low", "{", "fix"},
		{"low", `{"op":"paint"}`, "unknown operation"},
		{"low", `{"op":"set","valu":1}`, "unknown field"},
	} {
		p := policy.New(&admissionv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{
			Name:        "plimsoll-x",
			Annotations: map[string]string{"plimsoll.io/severity": c.severity, "plimsoll.io/fix": c.fix},
		}})
		if _, err := control.FromPolicy(p); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("severity %q, fix %q: error %v: want one with %q", c.severity, c.fix, err, c.want)
		}
	}
}

// TestFixNumbers: a number in a fix has the type that it has in an object.
func TestFixNumbers(t *testing.T) {
	p := policy.New(&admissionv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{
		Name: "plimsoll-x", Annotations: map[string]string{
			"plimsoll.io/severity": "low", "plimsoll.io/fix": `{"op":"set","value":{"user":10001,"list":[1.5]}}`,
		},
	}})
	c, err := control.FromPolicy(p)
	if err != nil {
		t.Fatal(err)
	}
	value := c.Fix.Value.(map[string]any)
	if value["user"] != int64(10001) || value["list"].([]any)[0] != 1.5 {
		t.Errorf("value %#v", value)
	}
}
