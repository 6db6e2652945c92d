package kyverno

import (
	"bytes"
	"slices"

	"k8s.io/apimachinery/pkg/util/json"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// A generatedSpec is what Kyverno makes of a policy about pods for their controllers.
type generatedSpec struct {
	name string
	spec map[string]any
}

// celControllers are the resources of the controllers of pods by API group; CronJobs hold pods deeper than the others.
var celControllers = []struct{ group, resource string }{
	{"apps", "daemonsets"}, {"apps", "deployments"}, {"apps", "replicasets"}, {"apps", "statefulsets"}, {"batch", "jobs"},
}

// celAutogen are the specifications that Kyverno generates; none unless the policy is about pods alone, without selectors
// of objects.
func celAutogen(spec map[string]any) []generatedSpec {
	match := inventory.Map(spec, "matchConstraints")
	rules := inventory.Maps(match["resourceRules"])
	if len(rules) != 1 || len(inventory.List(match, "excludeResourceRules")) > 0 {
		return nil
	}
	selector := inventory.Map(match, "objectSelector")
	if len(inventory.Map(selector, "matchLabels"))+len(inventory.List(selector, "matchExpressions")) > 0 {
		return nil
	}
	rule := rules[0]
	is := func(field, only string) bool {
		items, _ := rule[field].([]any)
		return len(items) == 1 && items[0] == only
	}
	if len(inventory.List(rule, "resourceNames")) > 0 || !is("apiGroups", "") || !is("apiVersions", "v1") || !is("resources", "pods") {
		return nil
	}
	pods := inventory.Map(inventory.Map(spec, "autogen"), "podControllers")
	wanted, given := pods["controllers"].([]any)
	takes := func(resource string) bool { return !given || slices.Contains(wanted, any(resource)) }
	var out []generatedSpec
	var controllers []any
	for _, group := range []string{"apps", "batch"} {
		var resources []any
		for _, c := range celControllers {
			if c.group == group && takes(c.resource) {
				resources = append(resources, c.resource)
			}
		}
		if len(resources) > 0 {
			controllers = append(controllers, resourceRule(group, resources, rule["operations"]))
		}
	}
	if len(controllers) > 0 {
		out = append(out, generatedSpec{"autogen-defaults", movedSpec(spec, controllers, "object.spec.template")})
	}
	if takes("cronjobs") {
		r := []any{resourceRule("batch", []any{"cronjobs"}, rule["operations"])}
		out = append(out, generatedSpec{"autogen-cronjobs", movedSpec(spec, r, "object.spec.jobTemplate.spec.template")})
	}
	return out
}

func resourceRule(group string, resources []any, operations any) map[string]any {
	return map[string]any{"apiGroups": []any{group}, "apiVersions": []any{"v1"}, "resources": resources, "operations": operations}
}

// movedSpec is a specification whose paths lead to the template of pods. Kyverno replaces them in the text; the namespace
// stays that of the object itself.
func movedSpec(spec map[string]any, rules []any, template string) map[string]any {
	match := map[string]any{"resourceRules": rules}
	if s := inventory.Map(inventory.Map(spec, "matchConstraints"), "namespaceSelector"); s != nil {
		match["namespaceSelector"] = s
	}
	copied := map[string]any{}
	for k, v := range spec {
		copied[k] = v
	}
	delete(copied, "matchConstraints")
	data := asJSON(copied)
	for _, field := range []string{"spec", "metadata"} {
		for _, root := range [][2]string{{"object.", template}, {"oldObject.", "oldO" + template[1:]}} {
			data = replaceUnlessNamespace(data, []byte(root[0]+field), []byte(root[1]+"."+field))
		}
	}
	var out map[string]any
	if json.Unmarshal(data, &out) != nil {
		return nil
	}
	out["matchConstraints"] = match
	return out
}

// replaceUnlessNamespace replaces a path in a text, but for where ".namespace" follows.
func replaceUnlessNamespace(data, from, to []byte) []byte {
	var out []byte
	for {
		i := bytes.Index(data, from)
		if i < 0 {
			return append(out, data...)
		}
		out = append(out, data[:i]...)
		data = data[i+len(from):]
		if rest, ok := bytes.CutPrefix(data, []byte(".namespace")); ok && (len(rest) == 0 || !isName("a"+string(rest[0]))) {
			out = append(out, from...)
		} else {
			out = append(out, to...)
		}
	}
}
