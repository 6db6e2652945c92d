package expressions

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/plimsoll-io/plimsoll/policy/kyverno/jmespath"
)

// written are expressions as policies hold them, one or more for every construct.
var written = []string{
	"request.operation", "request.operation || 'BACKGROUND'", "request.namespace", "request.userInfo.username", "request.userInfo.groups",
	"request.userInfo.groups[0]", "request.userInfo.groups[?contains(@, ':')]", "serviceAccountName", "serviceAccountNamespace",
	"request.object.kind", "request.object.metadata.name", "request.object.metadata.labels", "request.object.metadata.labels.a",
	"request.object.metadata.labels.app || ''", "request.object.metadata.labels.\"example.com/x-y\"", "request.oldObject", "request.oldObject.spec",
	"request.object.metadata.annotations.a || request.object.metadata.labels.a", "request.object.metadata.labels || `{}`",
	"request.object.spec.s", "request.object.spec.m.a", "request.object.spec.m.a.b", "request.object.spec.missing.field",
	"request.object.spec.c[0].name", "request.object.spec.c[1].image", "request.object.spec.c[-1].name", "request.object.spec.l[0]", "request.object.spec.l[5]",
	"request.object.spec.c[*].name", "request.object.spec.c[].name", "request.object.spec.c[].image", "request.object.spec.c[].env[].name | length(@)",
	"request.object.spec.[c, d][].name", "request.object.spec.[c, d][].image", "request.object.spec.[c, d][]", "request.object.spec.[s, n]",
	"request.object.spec.c[?name == 'a'].image", "request.object.spec.c[?port > `80`].name", "request.object.spec.c[?image].name",
	"request.object.spec.c[?contains(image, 'a')].name", "request.object.spec.c[?!image].name", "request.object.spec.c[?name == 'a' || name == 'b'].name",
	"request.object.spec.c[?port && image].name", "request.object.spec.c[?port >= `1` && port <= `443`] | length(@)",
	"length(request.object.spec.c)", "length(request.object.spec.c || `[]`)", "length(request.object.spec.s)", "length(request.object.spec.m)",
	"request.object.spec.c | length(@)", "request.object.spec.c[].drop[] | length(@)", "length(request.object.spec.c[].drop[] || `[]`)",
	"request.object.spec.l[] || `[]` | length(@)", "request.object.spec.l || '' | length(@)", "request.object.spec.[c, d][] | length(@)",
	"contains(request.object.spec.l, 'a')", "contains(request.object.spec.s, 'a')", "contains(request.object.spec.l || `[]`, 'a')",
	"contains(request.object.spec.ln, `1`)", "contains(request.object.spec.l, request.object.spec.s)", "contains(request.object.spec.c[].name, 'a')",
	"contains(request.object.spec.c[].drop[], 'a')", "request.object.spec.c[].drop[] | contains(@, 'a')", "contains(keys(request.object.spec), 's')",
	"request.object.spec.keys(@) | contains(@, 'n')", "keys(request.object.spec.m) | length(@)", "values(request.object.spec.m) | contains(@, 'a')",
	"request.object.spec.m.values(@) | length(@)", "request.object.spec.m.* | length(@)", "request.object.spec.c[].env[].value | contains(@, 'a')",
	"request.object.spec.c[?contains(keys(@), 'image')] | length(@)", "request.object.metadata.annotations.keys(@)[?contains(@, '/')] | length(@)",
	"starts_with(request.object.spec.s, 'a')", "ends_with(request.object.spec.s, 'c')", "starts_with(request.object.spec.s || '', 'a')",
	"to_upper(request.object.spec.s)", "to_lower(request.object.spec.s)", "request.object.spec.l[].to_upper(@)", "request.object.spec.l[].to_upper(@) | contains(@, 'A')",
	"request.object.spec.c[].drop[].to_upper(@) | length(@)", "trim(request.object.spec.s, 'a')", "trim(request.object.spec.s, ' *-')",
	"trim_prefix(request.object.spec.s, 'a')", "split(request.object.spec.s, '/')", "split(request.object.spec.s, ':')[1]", "request.object.spec.s | split(@, ',') | [0]",
	"split(request.object.spec.s, '/')[0] == 'a'", "split(request.object.spec.s, '/') | length(@)", "join(', ', request.object.spec.l)",
	"join('-', ['a', request.object.spec.s])", "request.object.spec.l[].join('-', [@, '*'])", "join(',', request.object.spec.c[].name)",
	"replace_all(request.object.spec.s, 'a', 'x')", "replace(request.object.spec.s, 'a', 'x', `1`)", "regex_match('^[a-z]+$', request.object.spec.s)",
	"regex_match('^[0-9]+$', request.object.spec.n)", "regex_match('[', request.object.spec.s)", "pattern_match('a*', request.object.spec.s)",
	"pattern_match('?*', request.object.spec.s)", "pattern_match('1*', request.object.spec.n)", "pattern_match(request.object.spec.s, 'abc')",
	"request.object.spec.l[].regex_match('^a', @)", "request.object.spec.c[?regex_match('^a', name)].name", "to_string(request.object.spec.s)",
	"to_string(request.object.spec.n)", "to_string(request.object.spec.b)", "request.object.spec.c[0].port | to_string(@)", "to_number(request.object.spec.s)",
	"to_number(request.object.spec.n)", "to_number('12')", "to_number(request.object.spec.s) > `1`", "to_boolean(request.object.spec.s)",
	"type(request.object.spec.s)", "type(request.object.spec.c)", "type(request.object.spec.c[].name)", "type(request.object.spec.missing)",
	"not_null(request.object.spec.s, 'x')", "not_null(request.object.spec.missing, request.object.spec.n, 'x')", "to_array(request.object.spec.s)",
	"to_array(request.object.spec.l)", "to_array(request.object.spec.c[].name) | contains(@, 'a')", "max(request.object.spec.ln)", "min(request.object.spec.ln)",
	"max(request.object.spec.l)", "max([`1`, `2`])", "max([to_number(request.object.spec.s), to_number('5')])", "sum(request.object.spec.ln)",
	"add(request.object.spec.n, `1`)", "subtract(request.object.spec.n, `1`)", "abs(request.object.spec.n)", "sum(request.object.spec.c[].port)",
	"lookup(request.object.spec.m, 'a')", "lookup(request.object.spec.l, `0`)", "lookup(request.object.spec.m, request.object.spec.s)",
	"label_match(request.object.metadata.labels, request.object.spec.m)", "label_match(`{\"a\": \"a\"}`, request.object.metadata.labels)",
	"equal_fold(request.object.spec.s, 'ABC')", "map(&name, request.object.spec.c)", "map(&port, request.object.spec.c) | length(@)",
	"time_before(request.object.spec.s, '2025-01-01T00:00:00Z')", "time_after(request.object.spec.s, '2025-01-01T00:00:00Z')",
	"time_between(request.object.spec.s, '2024-01-01T00:00:00Z', '2025-01-01T00:00:00Z')",
	"request.object.spec.n > `1`", "request.object.spec.n <= `80`", "request.object.spec.s == 'a'", "request.object.spec.s != 'a'", "request.object.spec.n == `1`",
	"request.object.spec.b == `true`", "request.object.spec.b", "!request.object.spec.b", "request.object.spec.s && request.object.spec.n", "request.object.spec.s == request.object.metadata.labels.a",
	"request.object.spec.l == request.object.spec.ln", "request.object.spec.m == request.object.metadata.labels", "request.object.spec.missing == null", "request.object.spec.missing == `null`",
	"request.object.spec.c[0] == request.object.spec.d[0]", "request.object.spec.l == `[\"a\"]`", "request.object.spec.m == `{}`", "request.object.spec.l == `[]`",
	"request.object.spec.s || request.object.spec.n || 'none'", "request.object.spec.missing || request.object.spec.s", "(request.object.spec.s || 'x') == 'x'",
	"request.object.spec.s && 'yes' || 'no'", "request.object.{a: spec.s, b: spec.n}", "request.object.spec.{a: s, b: missing}.a", "request.object.spec.c[].{n: name, i: image}",
	"request.object.spec.c[].[name, image]", "request.object.spec.c[?[name, image] == ['a', 'b']].name", "`{\"x\": {\"y\": 1}}`.x.y", "`[1, 2, 3]`[1]", "'literal'", "`[\"a\", \"b\"]` | length(@)",
	"request.object.spec.c[].name | [0]", "request.object.spec.c[?name == 'a'] | [0].image", "request.object.spec | s", "request.object.spec.c[0] | name", "request.object.spec.l | [0]",
	"request.object.spec.s | starts_with(@, 'a') && length(@) > `2`", "request.object.spec.c[0].env[0].value", "request.object.spec.c[*].env[*].name",
	"request.object.spec.c[*].drop[]", "request.object.spec.*.name | length(@)", "request.object.spec.foo.bar || 'default'", "request.object.spec.c[?drop].drop[] | contains(@, '*')",
	"length(keys(request.object.metadata.labels || `{}`))", "request.object.spec.c[].name[]", "request.object.spec.c[?env[?name == 'a']].name", "request.object.spec.c[?!not_null(image, port)].name",
}

// texts are texts with variables.
var texts = []string{
	"plain", "{{ request.object.spec.s }}", "s={{ request.object.spec.s }}", "{{request.object.metadata.namespace}}/{{ request.object.metadata.name }}",
	"{{ request.object.spec.n }} of {{ request.object.spec.b }}", "{{request.object.spec.s}}{{request.object.spec.s}}", `\{{ not a variable }}`,
	`a \{{b}} {{ request.object.metadata.name }}`, "{{ request.object.spec.missing }}!", "{{ request.object.metadata.labels.a || 'none' }}-x",
	"{{- request.object.metadata.name }}", "{{ length(request.object.spec.c || `[]`) }} items", "{{ `{}` | length(@) }}", "{{ {a: 'x'}.a }}!", "{{ unclosed", "}} {{",
	"{{ request.object.spec.s == 'a' }} or not",
}

type tally struct{ pairs, values, errors, refused, unsupported int }

func (n tally) String() string {
	return fmt.Sprintf("%d pairs: %d equal values, %d equal errors, %d refused at run time; %d expressions unsupported",
		n.pairs, n.values, n.errors, n.refused, n.unsupported)
}

func TestExpressions(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	var templates []string
	for _, e := range written {
		templates = append(templates, "{{ "+e+" }}")
	}
	templates = append(templates, texts...)
	for range 300 {
		templates = append(templates, "{{ "+compose(r, 3)+" }}")
	}
	k, n := newKyverno(), tally{}
	for _, template := range templates {
		v, err := jmespath.NewScope().Text(template)
		if err != nil {
			n.unsupported++
			t.Logf("unsupported: %s: %v", template, err)
			continue
		}
		j := judgeOf(t, v)
		if j == nil {
			t.Error(template)
			continue
		}
		for range 12 {
			compareText(t, k, j, &n, template, v, document(r))
		}
	}
	t.Log(n)
}

// judgeOf judges by the three expressions of a value.
func judgeOf(t *testing.T, v jmespath.Value) *judge {
	t.Helper()
	fails := v.Fails
	if fails == "" {
		fails = "false"
	}
	return newJudge(t, "dyn("+v.CEL+") == params.value", "dyn("+v.Total+") == params.value", fails)
}

// compareText holds the translation of a text to what Kyverno makes of it.
func compareText(t *testing.T, k kyverno, j *judge, n *tally, template string, v jmespath.Value, object map[string]any) {
	t.Helper()
	n.pairs++
	want := k.text(template, object)
	wanted := want.value
	if want.err != nil {
		wanted = "there is no value"
	}
	got := j.answers(t, object, wanted)
	value, total, fails := got[0], got[1], got[2]
	switch {
	case refused(value) || refused(total) || refused(fails):
		n.refused++
	case want.err != nil && value.err != nil && fails.value == true && total.err == nil:
		n.errors++
	case want.err == nil && value.value == true && total.value == true && fails.err == nil && fails.value == false:
		n.values++
	default:
		t.Errorf("%s\nof %s\nwant %v\ngot %v, total %v, fails %v\n%s", template, shown(object), want, value, total, fails, v.CEL)
	}
}

func shown(object map[string]any) string {
	data, _ := json.Marshal(object)
	return string(data)
}

// compose makes an expression of the constructs that the translator knows.
func compose(r *rand.Rand, depth int) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	path := func() string {
		return "request.object." + pick("spec.s", "spec.n", "spec.b", "spec.l", "spec.ln", "spec.m", "spec.c", "spec.d", "metadata.labels.a", "spec.m.b",
			"spec.c[0].image", "spec.c[].name", "spec.c[].drop[]", "spec.c[?port].image", "spec.[c, d][].name", "spec.missing", "spec.c[*].env[].name", "metadata.annotations", "spec")
	}
	if depth == 0 {
		return pick(path(), path(), path(), "'a'", "`1`", "`[]`", "`{}`", "`true`", "`[\"a\", \"b\"]`", "''")
	}
	sub := func() string { return compose(r, depth-1) }
	switch r.IntN(16) {
	case 0:
		return "(" + sub() + " || " + sub() + ")"
	case 1:
		return "(" + sub() + " && " + sub() + ")"
	case 2:
		return "(" + sub() + pick(" == ", " != ", " > ", " <= ") + sub() + ")"
	case 3:
		return "!(" + sub() + ")"
	case 4:
		return "length(" + sub() + ")"
	case 5:
		return "contains(" + sub() + ", " + pick("'a'", "`1`", sub()) + ")"
	case 6:
		return "(" + sub() + " | " + pick("length(@)", "[0]", "a", "contains(@, 'a')", "keys(@) | length(@)", "to_string(@)", "[]", "[?@]", "type(@)") + ")"
	case 7:
		return "starts_with(" + sub() + ", 'a')"
	case 8:
		return "not_null(" + sub() + ", " + sub() + ")"
	case 9:
		return "to_number(" + sub() + ")"
	case 10:
		return "to_array(" + sub() + ")"
	case 11:
		return "[" + sub() + ", " + sub() + "]" + pick("", "[]", " | length(@)", " | [1]", " | contains(@, 'a')")
	case 12:
		return "{a: " + sub() + ", b: " + sub() + "}" + pick(".a", ".b", "", ".c")
	case 13:
		return "join(',', " + sub() + ")"
	case 14:
		return "(" + sub() + ")[?" + pick("@", "@ == 'a'", "name", "contains(@, 'a')", "@ > `1`", "image == 'a'") + "]"
	}
	return path()
}
