package jmespath_test

import (
	"encoding/json"
	"testing"

	"github.com/plimsoll-io/plimsoll/policy/kyverno/jmespath"
)

// FuzzText says that no text makes the translator panic, and that what it makes compiles and never fails where it must not.
func FuzzText(f *testing.F) {
	for _, seed := range []string{
		"{{ request.object.metadata.name }}", "a {{ b }} {{ {{ c }} }}", `\{{ x }} {{ request.operation || '' }}`, "$(./../x)",
		"{{ request.object.spec.[a, b][].c[?d == 'e' && !f].{g: h, i: j[0]} | length(@) }}", "{{- keys(request.object.spec) }}",
		"{{ contains(request.object.spec.a[].b[] || `[]`, to_upper(request.object.kind)) }}", "{{ max([to_number('1'), `2.5`]) }}",
		"{{ request.object.spec.*.a | join(',', @) }}", "{{ map(&a, request.object.b) }}", "{{ request.userInfo.groups[-1] }}",
		"{{ (((((((a))))))) }}", "{{ [[[[[[1]]]]]] }}", "{{ a.b[1:2] }}", "\xff{{ \xff }}", "{{ `{\"a\": [1, null, 1e400]}` }}",
		"{{ not_null(request.object.a, to_array(request.object.b)) == request.object.c }}", "{{ regex_match('[', request.object.a) }}",
	} {
		f.Add(seed)
	}
	s := newServer(f)
	vars := variables(f)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := jmespath.NewScope().Text(text)
		if err == nil {
			compiles(t, s, v.CEL, v.Total, v.Fails)
			if v.Fails != "" {
				if got, err := s.evaluate(t, v.Fails, vars); err == nil && got == false {
					return
				}
			}
		}
		if _, err := jmespath.NewScope().Message(text); err != nil {
			return
		}
	})
}

// FuzzConditions says the same of conditions.
func FuzzConditions(f *testing.F) {
	for _, seed := range []string{
		`[{"key": "{{ request.object.spec.a }}", "operator": "AnyIn", "value": ["a*", 1, null, true]}]`,
		`{"any": [{"key": ["a", 1], "operator": "AllNotIn", "value": "1-10"}], "all": null}`,
		`[{"key": "1h", "operator": "GreaterThan", "value": "{{ request.object.spec.b }}"}]`,
		`[{"key": "{{ request.object.spec.c[].d }}", "operator": "NotEquals", "value": {"a": 1.5}}]`,
		`[{"key": "{{ request.object.a }}", "operator": "DurationLessThan", "value": 1e300}]`,
		`[{"key": "{{ request.object.a }}", "operator": "NotIn", "value": "[\"a\"]"}]`,
		`[{"key": "{{ request.object.a }}", "operator": "LessThan", "value": "0x10"}]`, `[[{}]]`, `{"any": [{}]}`,
	} {
		f.Add(seed)
	}
	s := newServer(f)
	f.Fuzz(func(t *testing.T, text string) {
		var conditions any
		if json.Unmarshal([]byte(text), &conditions) != nil {
			return
		}
		c, err := jmespath.NewScope().Conditions(conditions)
		if err == nil {
			compiles(t, s, c.CEL, c.Total, c.Fails)
		}
	})
}

func compiles(t *testing.T, s server, expressions ...string) {
	t.Helper()
	for _, e := range expressions {
		if e == "" {
			continue
		}
		if _, err := s.compile(e); err != nil {
			t.Errorf("%s\ndoes not compile: %v", e, err)
		}
	}
}
