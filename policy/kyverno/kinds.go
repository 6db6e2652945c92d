package kyverno

import (
	"reflect"
	"regexp"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/policy"
)

// A kindSelector is a kind as rules name it: "Pod", "v1/Pod", "apps/v1/Deployment", "*/*", "Pod/exec", with wildcards.
type kindSelector struct {
	text                              string
	group, version, kind, subresource string
}

var versionText = regexp.MustCompile(`^(v\d((alpha|beta)\d)?|\*)$`)

// readKind reads a kind selector.
func readKind(s string) (kindSelector, bool) {
	parts := strings.Split(s, "/")
	last := len(parts) - 1
	parts = append(parts[:last:last], strings.Split(parts[last], ".")...)
	k := kindSelector{text: s, group: "*", version: "*"}
	switch {
	case len(parts) == 1:
		k.kind = parts[0]
	case len(parts) == 2 && s == "*/*":
		k.kind, k.subresource = "*", "*"
	case len(parts) == 2 && parts[0] == "*" && strings.ToLower(parts[1]) == parts[1]:
		k.kind, k.subresource = parts[0], parts[1]
	case len(parts) == 2 && versionText.MatchString(parts[0]):
		k.version, k.kind = parts[0], parts[1]
	case len(parts) == 2:
		k.kind, k.subresource = parts[0], parts[1]
	case len(parts) == 3 && versionText.MatchString(parts[0]):
		k.version, k.kind, k.subresource = parts[0], parts[1], parts[2]
	case len(parts) == 3:
		k.group, k.version, k.kind = parts[0], parts[1], parts[2]
	case len(parts) == 4:
		k.group, k.version, k.kind, k.subresource = parts[0], parts[1], parts[2], parts[3]
	default:
		return k, false
	}
	return k, k.kind != ""
}

// builtIn is the built-in kind that is meant. A kind without a group is taken to be the built-in one of that name.
func (k kindSelector) builtIn() (schema.GroupVersionKind, bool) {
	if isWild(k.kind) {
		return schema.GroupVersionKind{}, false
	}
	gvk, ok := policy.BuiltIn(k.kind)
	if !ok || !wildMatch(k.group, gvk.Group) {
		return schema.GroupVersionKind{}, false
	}
	return gvk, true
}

// rule is the resource rule that covers the kind; exact says that it covers nothing else.
func (k kindSelector) rule() (r admissionv1.Rule, exact bool) {
	gvk, known := k.builtIn()
	if known {
		r.APIGroups, r.APIVersions = []string{gvk.Group}, []string{gvk.Version}
		resource := policy.ResourceFor(gvk).Resource
		exact = wildMatch(k.version, gvk.Version)
		if !exact {
			r.APIVersions = []string{wholly(k.version)}
			exact = !isWild(k.version)
		}
		switch {
		case k.subresource == "" && gvk.Kind == "Pod":
			r.Resources = []string{resource, resource + "/ephemeralcontainers"}
		case k.subresource == "":
			r.Resources = []string{resource}
		case k.subresource == "*":
			r.Resources = []string{resource, resource + "/*"}
		default:
			r.Resources = []string{resource + "/" + k.subresource}
		}
		return r, exact
	}
	r.APIGroups, r.APIVersions = []string{wholly(k.group)}, []string{wholly(k.version)}
	switch {
	case k.subresource == "":
		r.Resources = []string{"*"}
	case isWild(k.subresource):
		r.Resources = []string{"*/*"}
	default:
		r.Resources = []string{"*/" + k.subresource}
	}
	exact = k.kind == "*" && (k.subresource == "*" || !isWild(k.subresource)) && wholly(k.group) == k.group && wholly(k.version) == k.version
	return r, exact
}

// wholly is what resource rules can say of a pattern: itself, or anything.
func wholly(pattern string) string {
	if isWild(pattern) {
		return "*"
	}
	return pattern
}

// is is the condition that a request is about such a kind.
func (k kindSelector) is() expr {
	if gvk, ok := k.builtIn(); ok {
		resource := policy.ResourceFor(gvk)
		same := relation("request.resource.resource == " + quote(resource.Resource))
		group := relation("request.resource.group == " + quote(resource.Group))
		switch {
		case k.subresource == "*":
			return and(same, group)
		case k.subresource == "" && gvk.Kind == "Pod":
			return and(same, group, relation(subresource+` in ["", "ephemeralcontainers"]`))
		}
		return and(same, group, relation(subresource+" == "+quote(k.subresource)))
	}
	sub := always
	if k.subresource != "*" {
		sub = wild(subresource, k.subresource)
	}
	return and(wild("request.kind.kind", k.kind), wild("request.kind.group", k.group), wild("request.kind.version", k.version), sub)
}

// subresource is the subresource of a request as an expression.
const subresource = `request.?subResource.orValue("")`

// A custom is what is known of objects of every kind.
type custom struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   metav1.ObjectMeta `json:"metadata"`
}

// typesOf are the Go types of kinds. Of kinds that are not built in only the metadata are known.
func typesOf(kinds []kindSelector) shape {
	var out shape
	for _, k := range kinds {
		gvk, ok := k.builtIn()
		t := policy.TypeOf(gvk)
		if !ok || t == nil || k.subresource != "" && k.subresource != "status" {
			t = reflect.TypeFor[custom]()
		}
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// mergeRules puts rules of the same group, version and operations together, but for those of all resources, which an API
// server does not take beside others.
func mergeRules(rules []admissionv1.NamedRuleWithOperations) []admissionv1.NamedRuleWithOperations {
	var out []admissionv1.NamedRuleWithOperations
next:
	for _, r := range rules {
		if slices.ContainsFunc(out, func(o admissionv1.NamedRuleWithOperations) bool { return reflect.DeepEqual(o, r) }) {
			continue
		}
		for i := range out {
			if reflect.DeepEqual(out[i].APIGroups, r.APIGroups) && reflect.DeepEqual(out[i].APIVersions, r.APIVersions) &&
				reflect.DeepEqual(out[i].Operations, r.Operations) && !isWild(strings.Join(append(out[i].Resources, r.Resources...), "")) {
				for _, resource := range r.Resources {
					if !slices.Contains(out[i].Resources, resource) {
						out[i].Resources = append(out[i].Resources, resource)
					}
				}
				continue next
			}
		}
		out = append(out, r)
	}
	return out
}
