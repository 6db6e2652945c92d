package network

import (
	"math/rand/v2"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

// TestStrictSelector holds that what the API server refuses in selectors of NetworkPolicies is refused.
func TestStrictSelector(t *testing.T) {
	type m = map[string]any
	expression := func(key, operator string, values ...any) m {
		return m{"matchExpressions": []any{m{"key": key, "operator": operator, "values": values}}}
	}
	for name, c := range map[string]struct {
		selector m
		valid    bool
	}{
		"plain":            {m{"matchLabels": m{"app": "web"}}, true},
		"empty value":      {m{"matchLabels": m{"app": ""}}, true},
		"null value":       {m{"matchLabels": m{"app": nil}}, true},
		"prefix":           {m{"matchLabels": m{"example.com/app": "web"}}, true},
		"null among":       {expression("app", "In", "a", nil), true},
		"empty key":        {m{"matchLabels": m{"": "web"}}, false},
		"space in key":     {m{"matchLabels": m{"a b": "web"}}, false},
		"space in value":   {m{"matchLabels": m{"app": "a b"}}, false},
		"hyphen first":     {expression("app", "In", "a", "-a"), false},
		"long value":       {expression("app", "NotIn", strings.Repeat("v", 64)), false},
		"empty prefix":     {expression("/app", "Exists"), false},
		"nothing follows":  {expression("example.com/", "Exists"), false},
		"capital prefix":   {expression("Example.com/app", "DoesNotExist"), false},
		"number for value": {m{"matchLabels": m{"app": 1}}, false},
	} {
		s, err := parseStrictSelector(c.selector)
		if (err == nil) != c.valid || s.broken == c.valid {
			t.Errorf("%s: valid %v, want %v: %v", name, err == nil, c.valid, err)
		}
	}
}

// TestPlainLabel holds the quick check against that of Kubernetes.
func TestPlainLabel(t *testing.T) {
	g := rand.New(rand.NewPCG(3, 3))
	for range 20_000 {
		text := make([]byte, g.IntN(4)+60*g.IntN(2))
		for i := range text {
			text[i] = "azAZ09-_./ é"[g.IntN(12)]
			if g.IntN(8) > 0 {
				text[i] = 'x'
			}
		}
		if want := len(text) > 0 && len(validation.IsValidLabelValue(string(text))) == 0; isPlainLabel(string(text)) != want {
			t.Fatalf("%q: %v, want %v", text, !want, want)
		}
	}
}
