package jmespath_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/policy/kyverno/jmespath"
)

func TestConditions(t *testing.T) {
	s, vars := newServer(t), variables(t)
	for _, c := range []struct{ conditions, want string }{
		{`null`, "true"},
		{`[]`, "true"},
		{`{"any": []}`, "false"},
		{`{"all": []}`, "true"},
		{`[{"key": "{{request.operation}}", "operator": "NotEquals", "value": "DELETE"}]`, "true"},
		{`[{"key": "{{request.operation}}", "operator": "AnyIn", "value": ["CREATE", "UPDATE"]}]`, "true"},
		{`{"all": [{"key": "{{request.object.metadata.labels.app}}", "operator": "Equals", "value": "w?b"}]}`, "true"},
		{`{"all": [{"key": "{{request.object.metadata.labels.none}}", "operator": "Equals", "value": "x"}]}`, "error"},
		{`{"any": [{"key": "{{request.object.metadata.labels.none}}", "operator": "Equals", "value": "x"},
			{"key": "a", "operator": "Equals", "value": "a"}]}`, "error"},
		{`{"any": [{"key": "a", "operator": "Equals", "value": "a"},
			{"key": "{{request.object.metadata.labels.none}}", "operator": "Equals", "value": "x"}]}`, "true"},
		{`{"all": [{"key": "a", "operator": "Equals", "value": "b"},
			{"key": "{{request.object.metadata.labels.none}}", "operator": "Equals", "value": "x"}]}`, "false"},
		{`{"any": [{"key": "a", "operator": "Equals", "value": "b"}],
			"all": [{"key": "{{request.object.metadata.labels.none}}", "operator": "Equals", "value": "x"}]}`, "error"},
		{`[{"key": "{{request.object.spec.none || ''}}", "operator": "Equals", "value": ""}]`, "true"},
		{`[{"key": "{{request.oldObject.spec}}", "operator": "NotEquals", "value": "x"}]`, "false"}, // null is not even unequal
		{`[{"key": "{{request.object.spec.containers[].securityContext.capabilities.drop[].to_upper(@) || ` + "`[]`" + `}}",
			"operator": "AnyIn", "value": "ALL"}]`, "true"},
		{`[{"key": "{{request.object.spec.containers[].image}}", "operator": "AllIn", "value": ["registry.example/*"]}]`, "false"},
		{`[{"key": "{{request.object.spec.containers[].image}}", "operator": "AnyNotIn", "value": ["registry.example/*"]}]`, "true"},
		{`[{"key": "{{request.object.spec.containers[].image}}", "operator": "AllNotIn", "value": ["docker.io/*"]}]`, "true"},
		{`[{"key": "{{request.object.spec.containers[].ports[].containerPort}}", "operator": "AnyIn", "value": "100-500"}]`, "true"},
		{`[{"key": "{{request.object.spec.containers[].ports[].containerPort}}", "operator": "AllIn", "value": [80, 443]}]`, "true"},
		{`[{"key": "{{request.object.spec.containers[].name | length(@)}}", "operator": "GreaterThan", "value": 1}]`, "true"},
		{`[{"key": "{{request.object.spec.priority}}", "operator": "LessThanOrEquals", "value": "5"}]`, "true"},
		{`[{"key": "90m", "operator": "GreaterThan", "value": "1h"}]`, "true"},
		{`[{"key": "1Gi", "operator": "Equals", "value": "1024Mi"}]`, "true"},
		{`[{"key": "1.10.0", "operator": "GreaterThan", "value": "1.9.9"}]`, "true"},
		{`[{"key": "60", "operator": "DurationGreaterThan", "value": "1s"}]`, "false"}, // "60" is no duration
		{`[{"key": 60, "operator": "DurationLessThan", "value": "2m"}]`, "true"},
		{`[{"key": "{{request.object.metadata.name}}", "operator": "In", "value": ["web", "log"]}]`, "true"},
		{`[{"key": "{{request.object.spec.containers[].name}}", "operator": "NotIn", "value": ["web"]}]`, "true"},
	} {
		var conditions any
		if err := json.Unmarshal([]byte(c.conditions), &conditions); err != nil {
			t.Fatal(err)
		}
		condition, err := jmespath.NewScope().Conditions(conditions)
		if err != nil {
			t.Errorf("%s: %v", c.conditions, err)
			continue
		}
		check(t, s, valueOf(condition), vars, c.want)
		if t.Failed() {
			t.Fatal(c.conditions)
		}
	}
}

func valueOf(c jmespath.Condition) jmespath.Value {
	return jmespath.Value{CEL: c.CEL, Total: c.Total, Fails: c.Fails}
}

func TestConditionsUnsupported(t *testing.T) {
	for conditions, part := range map[string]string{
		`"text"`:      "neither",
		`{"none": 1}`: "unknown field none",
		`["text"]`:    "no object",
		`[{"key": "a", "operator": "Between", "value": 1}]`:                "operator Between",
		`[{"key": "{{time_now()}}", "operator": "Equals", "value": 1}]`:    "function time_now",
		`[{"key": {"a": "{{x}}"}, "operator": "Equals", "value": 1}]`:      "object with variables",
		`[{"key": "a", "operator": "GreaterThan", "value": "1.2.3-rc.1"}]`: "prerelease",
		`[{"key": "a", "operator": "Equals", "value": "a", "other": "b"}]`: "unknown field other",
		`{"any": {"key": "a"}}`:                                             "any is not a list",
		`[{"key": "{{request.object.spec.none`:                              "",
		`[{"key": "a", "operator": "In", "value": "{{request.object.x}}"}]`: "only constant values",
	} {
		var v any = conditions
		if json.Unmarshal([]byte(conditions), &v) != nil {
			continue
		}
		if _, err := jmespath.NewScope().Conditions(v); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v, want %s", conditions, err, part)
		}
	}
}

func TestContext(t *testing.T) {
	s, vars := newServer(t), variables(t)
	const entries = `[
		{"name": "app", "variable": {"jmesPath": "request.object.metadata.labels.app"}},
		{"name": "names", "variable": {"jmesPath": "request.object.spec.containers[].name"}},
		{"name": "none", "variable": {"jmesPath": "request.object.spec.none"}},
		{"name": "fallback", "variable": {"jmesPath": "request.object.spec.none.field", "default": "none"}},
		{"name": "greeting", "variable": {"value": "hello {{ app }}"}},
		{"name": "allowed", "variable": {"value": ["web", "log"]}},
		{"name": "ports", "variable": {"value": {"web": 80, "log": 514}}},
		{"name": "first-port", "variable": {"value": {"web": 80}, "jmesPath": "web"}},
		{"name": "remote", "apiCall": {"urlPath": "/api/v1/namespaces"}},
		{"name": "settings", "configMap": {"name": "settings", "namespace": "shop"}}]`
	var list []any
	if err := json.Unmarshal([]byte(entries), &list); err != nil {
		t.Fatal(err)
	}
	scope, declared, err := jmespath.NewScope().Context(list)
	if err != nil {
		t.Fatal(err)
	}
	values := vars["variables"].(map[string]any)
	for _, v := range declared {
		if values[v.Name], err = s.evaluate(t, v.Expression, vars); err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
	}
	for _, c := range []struct{ expression, want string }{
		{"app", `"web"`},
		{"names[1]", `"log"`},
		{"none", "error"},
		{"none || 'x'", "error"}, // what cannot be loaded is no missing path
		{"fallback", `"none"`},
		{"greeting", `"hello web"`},
		{"contains(allowed, app)", "true"},
		{"ports.log", "514"},
		{"ports.none", "error"},
		{`"first-port"`, "80"},
	} {
		v, err := scope.Text("{{ " + c.expression + " }}")
		if err != nil {
			t.Errorf("%s: %v", c.expression, err)
			continue
		}
		check(t, s, v, vars, c.want)
	}
	for _, name := range []string{"remote", "settings"} {
		if _, err := scope.Text("{{ " + name + ".items }}"); err == nil || !strings.Contains(err.Error(), "context entry "+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestForeach(t *testing.T) {
	s, vars := newServer(t), variables(t)
	for _, c := range []struct{ list, key, exists, all string }{
		{"request.object.spec.containers", "{{ element.name == 'log' }}", "true", "false"},
		{"request.object.spec.containers", "{{ element0.image || '' }}", "false", "false"},
		{"request.object.spec.[initContainers, containers][]", "{{ element.name != 'x' }}", "true", "true"},
		{"request.object.spec.none", "{{ `true` }}", "false", "true"},
		{"request.object.metadata.name", "{{ element == 'web' }}", "true", "true"},
		{"request.object.spec.containers[].ports[]", "{{ element.containerPort > `100` }}", "true", "false"},
	} {
		f, err := jmespath.NewScope().Foreach(c.list)
		if err != nil {
			t.Fatal(err)
		}
		condition, err := f.Scope.Conditions([]any{map[string]any{"key": c.key, "operator": "Equals", "value": true}})
		if err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]string{f.Exists(condition.CEL): c.exists, f.All(condition.CEL): c.all} {
			if got, err := s.evaluate(t, text, vars); err != nil || shown(got) != want {
				t.Errorf("%s of %s: got %v (%v), want %s\n%s", c.key, c.list, got, err, want, text)
			}
		}
	}
}

func TestForeachNested(t *testing.T) {
	s, vars := newServer(t), variables(t)
	outer, err := jmespath.NewScope().Foreach("request.object.spec.containers")
	if err != nil {
		t.Fatal(err)
	}
	scope, declared, err := outer.Scope.Context([]any{map[string]any{"name": "image", "variable": map[string]any{"jmesPath": "element.image"}}})
	if err == nil || len(declared) > 0 {
		t.Error("image is a name of Kyverno's own")
	}
	scope, declared, err = scope.Context([]any{map[string]any{"name": "which", "variable": map[string]any{"jmesPath": "element.name"}}})
	if err != nil || len(declared) > 0 {
		t.Fatalf("%v: the variables of a loop are declared: %v", err, declared)
	}
	inner, err := scope.Foreach("element.ports")
	if err != nil {
		t.Fatal(err)
	}
	condition, err := inner.Scope.Conditions([]any{
		map[string]any{"key": "{{ element1.containerPort }}", "operator": "Equals", "value": 443},
		map[string]any{"key": "{{ element0.name }}-{{ which }}", "operator": "Equals", "value": "web-web"}})
	if err != nil {
		t.Fatal(err)
	}
	text := outer.Exists(inner.Exists(condition.CEL))
	if got, err := s.evaluate(t, text, vars); err != nil || got != true {
		t.Errorf("got %v (%v)\n%s", got, err, text)
	}
	if _, err := inner.Scope.Text("{{ elementIndex }}"); err == nil || !strings.Contains(err.Error(), "elementIndex") {
		t.Errorf("elementIndex: %v", err)
	}
}
