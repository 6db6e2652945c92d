package finding_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/plimsoll-io/plimsoll/finding"
)

func TestPath(t *testing.T) {
	tests := map[finding.Path][]finding.Step{
		"":                                nil,
		"spec":                            {{Field: "spec"}},
		"spec.containers[name=web].image": {{Field: "spec"}, {Field: "containers"}, {Key: "name", Value: "web"}, {Field: "image"}},
		"rules[2].verbs[0]":               {{Field: "rules"}, {Index: 2}, {Field: "verbs"}, {Index: 0}},
		`metadata.annotations["kubernetes.io/ingress.class"]`: {{Field: "metadata"}, {Field: "annotations"}, {Field: "kubernetes.io/ingress.class"}},
		`data["a\"]b"].x`: {{Field: "data"}, {Field: `a"]b`}, {Field: "x"}},
		"broken[name=web": {{Field: "broken"}, {Field: "[name=web"}},
	}
	for path, want := range tests {
		if got := path.Steps(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: steps %+v, want %+v", path, got, want)
		}
	}
	built := finding.Path("").Field("metadata").Field("annotations").Field("a.b/c").Index(3).Item("name", "x")
	if want := finding.Path(`metadata.annotations["a.b/c"][3][name=x]`); built != want {
		t.Errorf("built %s, want %s", built, want)
	}
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"a.b[c=d][0]", `a["b.c"]`, "[[", `["`, "a..b", "[=]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		finding.Path(text).Steps() // must end, and not panic
		if steps := finding.Path("").Field(text).Steps(); len(steps) != 1 || steps[0].Field != text {
			t.Errorf("a field %q comes back as %+v", text, steps)
		}
	})
}

// An id names a finding across runs: what can change between two runs must not be in it.
func TestID(t *testing.T) {
	f := finding.Finding{
		Control: "privileged-container", Path: "spec",
		Object: finding.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "shop", Name: "cart"},
	}
	same := f
	same.Severity, same.Message, same.Position = finding.Critical, "other words", finding.Position{File: "x", Line: 7}
	same.Object.APIVersion = "apps/v1beta1"
	if same.ID() != f.ID() || len(f.ID()) != 16 {
		t.Errorf("ids %s and %s differ", f.ID(), same.ID())
	}
	for _, change := range []func(*finding.Finding){
		func(f *finding.Finding) { f.Control = "x" }, func(f *finding.Finding) { f.Path = "x" },
		func(f *finding.Finding) { f.Object.Namespace = "x" }, func(f *finding.Finding) { f.Object.Name = "x" },
		func(f *finding.Finding) { f.Object.Kind = "x" }, func(f *finding.Finding) { f.Object.APIVersion = "batch/v1" },
	} {
		other := f
		change(&other)
		if other.ID() == f.ID() {
			t.Errorf("%+v has the same id", other)
		}
	}
}

func TestSeverity(t *testing.T) {
	for _, s := range append(finding.Severities(), finding.None) {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back finding.Severity
		if err := json.Unmarshal(text, &back); err != nil || back != s {
			t.Errorf("%s comes back as %v, %v", text, back, err)
		}
	}
	if _, err := finding.ParseSeverity("severe"); err == nil {
		t.Error("an unknown severity was read")
	}
	if got := finding.Severity(9).String(); got != "severity(9)" {
		t.Errorf("an impossible severity is called %q", got)
	}
}
