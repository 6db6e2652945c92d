package rbac

import (
	"slices"
	"strings"
	"unicode"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// role checks a Role or ClusterRole as the API server's validation does, and for rules that no request can match.
func (w *warner) role(role *Role) {
	content := w.object.Content
	for i, item := range w.list(content, "rules", "rules") {
		at := finding.Path("rules").Index(i)
		rule, ok := item.(map[string]any)
		if !ok {
			w.refuse(at, "a rule is a map; this one grants nothing")
			continue
		}
		w.rule(at, rule)
	}
	rule := content["aggregationRule"]
	if rule == nil {
		return
	}
	if w.object.Kind == "Role" {
		w.warn(Refused, "aggregationRule", "Only ClusterRoles can be aggregated: the API server drops the field or refuses the object")
		return
	}
	w.aggregationRule(role, rule)
}

// list reads a list; what is no list is refused and counts as empty.
func (w *warner) list(content map[string]any, field string, path finding.Path) []any {
	list, ok := content[field].([]any)
	if !ok && content[field] != nil {
		w.refuse(path, "%s has to be a list; it counts as empty", field)
	}
	return list
}

// texts reads a list of strings; what is no string is refused and counts as missing.
func (w *warner) texts(rule map[string]any, field string, at finding.Path) []string {
	items := w.list(rule, field, at.Field(field))
	out := make([]string, 0, len(items))
	for i, item := range items {
		if s, ok := item.(string); ok {
			out = append(out, s)
		} else {
			w.refuse(at.Field(field).Index(i), "%s has to hold strings; this item is left out", field)
		}
	}
	return out
}

func (w *warner) rule(at finding.Path, content map[string]any) {
	rule := Rule{
		Verbs: w.texts(content, "verbs", at), APIGroups: w.texts(content, "apiGroups", at), Resources: w.texts(content, "resources", at),
		ResourceNames: w.texts(content, "resourceNames", at), NonResourceURLs: w.texts(content, "nonResourceURLs", at),
	}
	if len(rule.Verbs) == 0 {
		w.refuse(at.Field("verbs"), "a rule needs a verb; without one it grants nothing")
	}
	switch {
	case len(rule.NonResourceURLs) > 0:
		if w.object.Kind == "Role" {
			w.refuse(at.Field("nonResourceURLs"), "a Role cannot grant paths; these grant nothing")
		}
		if len(rule.APIGroups)+len(rule.Resources)+len(rule.ResourceNames) > 0 {
			w.refuse(at, "a rule is about resources or about paths, not about both; both count here")
		}
	case len(rule.APIGroups) == 0:
		w.refuse(at.Field("apiGroups"), `a rule about resources needs an API group, "" for the core group; without one it grants nothing`)
	case len(rule.Resources) == 0:
		w.refuse(at.Field("resources"), "a rule needs resources; without any it grants nothing")
	}
	w.neverMatches(at, &rule)
}

// neverMatches finds values that no request can match, since no request holds such a thing.
func (w *warner) neverMatches(at finding.Path, rule *Rule) {
	each := func(field string, values []string, why func(string) string) {
		for i, v := range values {
			if reason := why(v); reason != "" {
				w.warn(NeverMatches, at.Field(field).Index(i), "%q matches no request: %s", v, reason)
			}
		}
	}
	each("verbs", rule.Verbs, oddVerb)
	each("apiGroups", rule.APIGroups, oddGroup)
	each("resources", rule.Resources, oddResource)
	each("resourceNames", rule.ResourceNames, oddName)
	each("nonResourceURLs", rule.NonResourceURLs, oddPath)
	if len(rule.ResourceNames) > 0 && slices.Contains(rule.Verbs, "create") && slices.ContainsFunc(rule.Resources, isWhole) {
		w.warn(NeverMatches, at.Field("resourceNames"),
			"create with resourceNames does not match a plain create, whose request holds no name, but only an apply or update that creates")
	}
}

// isWhole says that a resource of a rule is no subresource.
func isWhole(resource string) bool { return !strings.Contains(resource, "/") }

func oddVerb(v string) string {
	switch {
	case v == "*":
	case v == "":
		return "every request has a verb"
	case strings.Contains(v, "*"):
		return `only a whole "*" is a wildcard`
	case NormalVerb(v) != v:
		return "verbs are lower case"
	}
	return ""
}

func oddGroup(g string) string {
	switch {
	case g == "*" || g == "":
	case strings.Contains(g, "*"):
		return `only a whole "*" is a wildcard`
	case strings.Contains(g, "/"):
		return "an API group is written without its version"
	case g == "core" || g == "v1":
		return `the core group is written ""`
	case hasUpper(g):
		return "API groups are lower case"
	}
	return ""
}

func oddResource(r string) string {
	name, sub, has := strings.Cut(r, "/")
	switch {
	case r == "*":
	case r == "":
		return "every resource has a name"
	case has && sub == "*":
		return `only whole resources and the form "*/scale" know a wildcard`
	case has && sub == "":
		return "the name of the subresource is missing"
	case strings.Contains(name, "*") && name != "*":
		return `only a whole "*" is a wildcard`
	case hasUpper(name):
		return "resources are lower case, as in the path of a request"
	case strings.Contains(name, "."):
		return "the API group belongs into apiGroups"
	}
	return ""
}

func oddName(n string) string {
	if n == "*" {
		return "names know no wildcard"
	}
	return ""
}

func oddPath(p string) string {
	switch {
	case p == "*":
	case !strings.HasPrefix(p, "/"):
		return `paths start with "/"`
	case strings.Contains(strings.TrimRight(p, "*"), "*"):
		return `a "*" is a wildcard at the end only`
	}
	return ""
}

func hasUpper(s string) bool { return strings.ContainsFunc(s, unicode.IsUpper) }

func (w *warner) aggregationRule(role *Role, content any) {
	const at = finding.Path("aggregationRule")
	rule, ok := content.(map[string]any)
	if !ok {
		w.refuse(at, "aggregationRule has to be a map; the role counts as having none")
		return
	}
	selectors := w.list(rule, "clusterRoleSelectors", at.Field("clusterRoleSelectors"))
	if len(selectors) == 0 {
		w.refuse(at.Field("clusterRoleSelectors"), "an aggregationRule needs a selector; the role keeps its own rules")
		return
	}
	for i, s := range selectors {
		if _, err := selectorOf(s); err != nil {
			w.refuse(at.Field("clusterRoleSelectors").Index(i), "this is no label selector; the role keeps its own rules")
		}
	}
	if role.From != nil && len(inventory.List(w.object.Content, "rules")) > 0 {
		w.warn(OverwrittenRules, "rules",
			"The role is aggregated: Kubernetes overwrites its own rules with those of the ClusterRoles that it selects")
	}
}
