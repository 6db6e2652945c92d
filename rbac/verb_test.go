package rbac

import "testing"

func TestNormalVerb(t *testing.T) {
	for verb, want := range map[string]string{
		"GET": "get", "Impersonate": "impersonate", "list": "list", "reportMetrics": "reportMetrics", "*": "*", "": "",
	} {
		if got := NormalVerb(verb); got != want {
			t.Errorf("%q: %q, want %q", verb, got, want)
		}
		if odd := oddVerb(verb) == "verbs are lower case"; odd != (want != verb) {
			t.Errorf("%q: warned of %v", verb, odd)
		}
	}
}
