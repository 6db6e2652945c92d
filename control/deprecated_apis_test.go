package control

import (
	"reflect"
	"strings"
	"testing"

	"k8s.io/client-go/kubernetes/scheme"
)

// TestDeprecationsForm holds every line of the table to its form.
func TestDeprecationsForm(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(deprecatedAPIs), "\n")
	if got := len(parseDeprecations()); got != len(lines) {
		t.Errorf("%d lines give %d entries: one is there twice or too short", len(lines), got)
	}
	for gvk, d := range parseDeprecations() {
		if d.deprecated == 0 || d.removed != 0 && d.removed < d.deprecated {
			t.Errorf("%s: deprecated in 1.%d, removed in 1.%d", gvk, d.deprecated, d.removed)
		}
		if d.same && d.replacement == "" {
			t.Errorf("%s: the same as nothing", gvk)
		}
	}
}

// TestDeprecationsAgainstTypes compares the table with what the types of Kubernetes say of themselves.
func TestDeprecationsAgainstTypes(t *testing.T) {
	type deprecating interface{ APILifecycleDeprecated() (int, int) }
	type removing interface{ APILifecycleRemoved() (int, int) }
	table := parseDeprecations()
	compared := 0
	for gvk, typ := range scheme.Scheme.AllKnownTypes() {
		value := reflect.New(typ).Interface()
		dep, ok := value.(deprecating)
		if !ok || strings.HasSuffix(gvk.Kind, "List") {
			continue
		}
		_, want := dep.APILifecycleDeprecated()
		wantRemoved := 0
		if rem, ok := value.(removing); ok {
			_, wantRemoved = rem.APILifecycleRemoved()
		}
		got, ok := table[gvk]
		switch {
		case !ok:
			t.Errorf("%s: not in the table (deprecated 1.%d, removed 1.%d)", gvk, want, wantRemoved)
		case got.deprecated != want || got.removed != wantRemoved:
			t.Errorf("%s: deprecated 1.%d, removed 1.%d in the table; the type says 1.%d and 1.%d",
				gvk, got.deprecated, got.removed, want, wantRemoved)
		}
		compared++
	}
	if compared < 60 {
		t.Errorf("only %d types compared", compared)
	}
}
