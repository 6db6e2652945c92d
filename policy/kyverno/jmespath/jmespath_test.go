package jmespath_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/policy/kyverno/jmespath"
)

func TestExpression(t *testing.T) {
	s, vars := newServer(t), variables(t)
	for _, c := range []struct{ expression, want string }{
		{"request.object.metadata.name", `"web"`},
		{"request.object.metadata.labels.app", `"web"`},
		{"request.object.metadata.labels.none", "error"}, // a rule error in Kyverno
		{"request.object.metadata.labels.none || 'x'", `"x"`},
		{"request.object.metadata.labels.tier || 'x'", `"x"`},
		{"request.object.spec.none.field", "error"},
		{"request.object.spec.priority.field", "null"}, // a field of what is no object is null
		{"request.object.spec.none | to_string(@)", `"null"`},
		{"request.oldObject.spec", "null"},
		{"request.operation || 'BACKGROUND'", `"CREATE"`},
		{"request.userInfo.groups[1]", `"system:authenticated"`},
		{"serviceAccountName", `"robot"`},
		{"serviceAccountNamespace", `"shop"`},
		{"request.object.spec.containers[0].image", `"registry.example/web:1.2"`},
		{"request.object.spec.containers[-1].name", `"log"`},
		{"request.object.spec.containers[7].name", "null"},
		{"request.object.spec.containers[*].name", `["web","log"]`},
		{"request.object.spec.[initContainers, containers][].name", `["init","web","log"]`},
		{"request.object.spec.[initContainers, ephemeralContainers, containers][].image | length(@)", "3"},
		{"request.object.spec.containers[].ports[].containerPort | contains(@, `443`)", "true"},
		{"request.object.spec.containers[].securityContext.capabilities.drop[] | length(@)", "2"},
		{"request.object.spec.containers[?name == 'log'].image", `["log"]`},
		{"request.object.spec.volumes[?hostPath].hostPath.path", `["/var/run"]`},
		{"request.object.spec.volumes[?contains(keys(@), 'emptyDir')] | length(@)", "1"},
		{"request.object.spec.containers[?securityContext.runAsNonRoot].name", `[]`},
		{"length(request.object.spec.none || `[]`)", "0"},
		{"length(request.object.spec.none)", "error"},
		{"contains(request.object.spec.none, 'a')", "error"},
		{"to_upper(request.object.spec.containers[1].name)", `"LOG"`},
		{"split(request.object.spec.containers[0].image, '/')[0]", `"registry.example"`},
		{"join(', ', request.object.spec.containers[].name)", `"web, log"`},
		{"regex_match('^web', request.object.metadata.name)", "true"},
		{"pattern_match('w?b', request.object.metadata.name)", "true"},
		{"request.object.spec.priority > `3`", "true"},
		{"request.object.metadata.name > `3`", "null"},
		{"to_number('12')", "12"},
		{"max([to_number('12'), request.object.spec.priority])", "12"},
		{"request.object.spec.hostNetwork && 'yes' || 'no'", `"yes"`},
		{"!request.object", "null"}, // the field object of the negation of request
		{"request.object.spec.{name: serviceAccountName, none: none}", `{"name":"robot","none":null}`},
		{"time_before('2024-01-01T00:00:00Z', '2025-01-01T00:00:00Z')", "true"},
		{"label_match(`{\"app\": \"web\"}`, request.object.metadata.labels)", "true"},
	} {
		t.Run(c.expression, func(t *testing.T) {
			v, err := jmespath.NewScope().Expression(c.expression)
			if err != nil {
				t.Fatal(err)
			}
			check(t, s, v, vars, c.want)
		})
	}
}

func TestUnsupported(t *testing.T) {
	for expression, construct := range map[string]string{
		"time_now()":                                  "function time_now",
		"random('[a-z]')":                             "function random",
		"no_such_function(@)":                         "function no_such_function",
		"images.containers.web.registry":              "variable images",
		"request.roles":                               "variable request.roles",
		"unknown.value":                               "variable unknown",
		"element.name":                                "variable element",
		"request.object.spec.containers[0:2]":         "slice",
		"request.object.spec.containers[].ports[]":    "flattening a list of lists",
		"to_string(request.object.spec.containers[])": "the text of a list or a map",
		"keys(request.object.spec)[0]":                "an element by its number",
		"@":                                           "the evaluation context as a value",
		"[":                                           "[",
		"request.object." + strings.Repeat("a.", 9000) + "b": "request.object.a",
		strings.Repeat("!", 200) + "request":                 "!!!",
		"request.object.\xff":                                "request.object",
	} {
		_, err := jmespath.NewScope().Expression(expression)
		var unsupported *jmespath.Unsupported
		if !errors.As(err, &unsupported) {
			t.Errorf("%.80s: %v, want an Unsupported", expression, err)
			continue
		}
		if !strings.HasPrefix(unsupported.Construct, construct) || unsupported.Reason == "" {
			t.Errorf("%.80s: %v, want %s", expression, err, construct)
		}
	}
}

func TestText(t *testing.T) {
	s, vars := newServer(t), variables(t)
	for _, c := range []struct{ text, want string }{
		{"no variables", `"no variables"`},
		{"{{ request.object.spec.priority }}", "5"},
		{"{{request.object.metadata.namespace}}/{{ request.object.metadata.name }}", `"shop/web"`},
		{"priority {{ request.object.spec.priority }}, host {{ request.object.spec.hostNetwork }}", `"priority 5, host true"`},
		{`\{{ escaped }}`, `"{{ escaped }}"`},
		{"{{ request.object.spec.none }}!", "error"},
		{"{{ unclosed", `"{{ unclosed"`},
		{"{{ `{}` | length(@) }} of {{ `[1]` | length(@) }}", `"0 of 1"`},
	} {
		v, err := jmespath.NewScope().Text(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		check(t, s, v, vars, c.want)
	}
	for _, text := range []string{"{{ a.{{ request.operation }} }}", "$(./../name)", "{{ @ }}", "{{ }}", "{{", strings.Repeat("{{", 9000)} {
		if v, err := jmespath.NewScope().Text(text); err == nil && (text != "{{" || v.Literal != "{{") {
			t.Errorf("%.40s is translated as %s", text, v.CEL)
		}
	}
}

func TestMessage(t *testing.T) {
	s, vars := newServer(t), variables(t)
	v, err := jmespath.NewScope().Message("{{ request.object.spec.containers[].name }} of {{request.object.metadata.name}}")
	if err != nil {
		t.Fatal(err)
	}
	check(t, s, v, vars, `"[\"web\",\"log\"] of web"`)
	if v.Type != jmespath.String {
		t.Errorf("a message of type %v", v.Type)
	}
}

func TestDelete(t *testing.T) {
	s, vars := newServer(t), variables(t)
	scope := jmespath.NewScope()
	scope.Deletes = true
	vars["oldObject"], vars["object"] = vars["object"], nil
	vars["request"].(map[string]any)["operation"] = "DELETE"
	v, err := scope.Text("{{ request.object.metadata.name }}")
	if err != nil {
		t.Fatal(err)
	}
	check(t, s, v, vars, `"web"`)
	if v, err = scope.Expression("request.object.metadata.name"); err != nil {
		t.Fatal(err)
	}
	check(t, s, v, vars, "null")
}
