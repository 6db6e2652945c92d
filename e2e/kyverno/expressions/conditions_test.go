package expressions

import (
	"math/rand/v2"
	"testing"

	"github.com/plimsoll-io/plimsoll/policy/kyverno/jmespath"
)

// keys and values of conditions, beside constants.
var operands = []string{
	"{{ request.object.spec.s }}", "{{ request.object.spec.s || '' }}", "{{ request.object.spec.n }}", "{{ request.object.spec.n || `0` }}",
	"{{ request.object.spec.b }}", "{{ request.object.spec.l }}", "{{ request.object.spec.l || `[]` }}", "{{ request.object.spec.ln }}", "{{ request.object.spec.m }}",
	"{{ request.object.spec.c[].name }}", "{{ request.object.spec.c[].image }}", "{{ request.object.spec.c[].drop[] }}", "{{ request.object.spec.[c, d][].name }}",
	"{{ request.object.spec.c[].port }}", "{{ length(request.object.spec.c || `[]`) }}", "{{ request.object.spec.c[].env[].value }}",
	"{{ request.object.metadata.labels.a }}", "{{ request.object.metadata.labels.a || 'x' }}", "{{ request.object.metadata.name }}", "{{ request.operation }}",
	"{{ request.object.spec.c[0].image }}", "{{ request.object.spec.missing }}", "{{ request.object.spec.c[].drop[].to_upper(@) || `[]` }}",
	"{{ request.object.spec.s }}-{{ request.object.metadata.name }}", "{{ request.object.metadata.labels || `{}` }}", "{{ regex_match('^a', request.object.spec.s) }}",
	"{{ to_number(request.object.spec.s) }}", "{{ request.userInfo.groups }}", "{{ keys(request.object.metadata.labels || `{}`) }}", "{{ request.object.spec.l[0] }}",
	"{{ split(request.object.spec.s, '/') }}", "{{ request.object.spec.ln[] }}", "{{ request.object.spec.c[?name == 'a'] }}", "{{ `null` }}",
}

var constants = []any{
	[]any{"a", "b"}, []any{"a*", "b"}, []any{}, []any{"*"}, []any{"?"}, []any{1.0, 2.0, 80.0}, []any{"1", "80"}, []any{true}, []any{1000000.0}, []any{"a", "{{ request.object.metadata.labels.a || 'b' }}"},
	map[string]any{}, map[string]any{"a": "b"}, "nginx:*", "?*", "a?c", "10-20", "1-10", "1h-2h", "1Gi-2Gi", "0.5-10", `["a", "b"]`, `["a*"]`, "[1]", "1.0.0", "1.2.3", "CREATE", "3600", "3600s", "1d",
	2.5, 3600.0, []any{2.5, "x"},
}

var operators = []string{"Equals", "Equal", "NotEquals", "NotEqual", "In", "NotIn", "AnyIn", "AllIn", "AnyNotIn", "AllNotIn", "GreaterThan",
	"GreaterThanOrEquals", "LessThan", "LessThanOrEquals", "DurationGreaterThan", "DurationGreaterThanOrEquals", "DurationLessThan", "DurationLessThanOrEquals"}

func condition(r *rand.Rand) map[string]any {
	operand := func(dynamic int) any {
		switch n := r.IntN(10); {
		case n < dynamic:
			return operands[r.IntN(len(operands))]
		case n%2 == 0:
			return scalars[r.IntN(len(scalars))]
		}
		return constants[r.IntN(len(constants))]
	}
	c := map[string]any{"key": operand(9), "operator": operators[r.IntN(len(operators))], "value": operand(2)}
	if r.IntN(40) == 0 {
		delete(c, "value")
	}
	return c
}

// conditionsOf are one condition, or several in one of the forms that Kyverno takes.
func conditionsOf(r *rand.Rand, i int) any {
	if i < 800 {
		return []any{condition(r)}
	}
	several := func() []any {
		list := []any{}
		for range r.IntN(4) {
			list = append(list, condition(r))
		}
		return list
	}
	switch r.IntN(4) {
	case 0:
		return several()
	case 1:
		return map[string]any{"any": several()}
	case 2:
		return map[string]any{"all": several()}
	}
	return map[string]any{"any": several(), "all": several()}
}

func TestConditions(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	k, n := newKyverno(), tally{}
	for i := range 1200 {
		compareAll(t, k, &n, conditionsOf(r, i), document, 8, r)
	}
	t.Log(n)
}

// compareAll translates conditions and compares them for a number of objects.
func compareAll(t *testing.T, k kyverno, n *tally, conditions any, object func(*rand.Rand) map[string]any, count int, r *rand.Rand) {
	t.Helper()
	c, err := jmespath.NewScope().Conditions(conditions)
	if err != nil {
		n.unsupported++
		return
	}
	fails := c.Fails
	if fails == "" {
		fails = "false"
	}
	j := newJudge(t, c.CEL, c.Total, fails)
	if j == nil {
		t.Error(shownAny(conditions), c.CEL)
		return
	}
	for range count {
		compareConditions(t, k, j, n, conditions, c, object(r))
	}
}

// compareConditions holds the translation of conditions to what Kyverno makes of them.
func compareConditions(t *testing.T, k kyverno, j *judge, n *tally, conditions any, c jmespath.Condition, object map[string]any) {
	t.Helper()
	n.pairs++
	want := k.conditions(conditions, object)
	got := j.answers(t, object, nil)
	strict, total, fails := got[0], got[1], got[2]
	switch {
	case refused(strict) || refused(total) || refused(fails):
		n.refused++
	case want.err != nil && strict.err != nil && total.err == nil && fails.value == true:
		n.errors++
	case want.err == nil && strict.err == nil && strict.value == want.value && total.err == nil && total.value == want.value &&
		fails.err == nil && fails.value == false:
		n.values++
	default:
		t.Errorf("%s\nof %s\nwant %v\ngot %v, total %v, fails %v\n%s", shownAny(conditions), shown(object), want, strict, total, fails, c.CEL)
	}
}

func shownAny(v any) string { return shown(map[string]any{"conditions": v}) }
