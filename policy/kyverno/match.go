package kyverno

import (
	"slices"
	"sort"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// A selection is what a rule looks at: rules for the API server's own index, and a condition for what they cannot say.
type selection struct {
	rules     []admissionv1.NamedRuleWithOperations
	condition expr
	kinds     []kindSelector
	deletes   bool // deletions too
}

// A filter is one entry of a match or exclude.
type filter struct {
	kinds      []kindSelector
	operations []admissionv1.OperationType
	exact      bool // the resource rules say all of the kinds and operations
	condition  expr // besides kinds and operations
}

// selection translates match and exclude. usual are the operations of filters that name none.
func (g *generator) selection(rule map[string]any, usual []admissionv1.OperationType) selection {
	match, exclude := inventory.Map(rule, "match"), inventory.Map(rule, "exclude")
	out := selection{condition: always}
	filters, all := g.filters(match, "match")
	anyKind(filters, all)
	for _, f := range filters {
		out.kinds = append(out.kinds, f.kinds...)
	}
	for _, f := range filters {
		operations := f.operations
		if len(operations) == 0 {
			operations = usual
		}
		out.deletes = out.deletes || slices.Contains(operations, admissionv1.Delete)
		for _, k := range f.kinds {
			r, _ := k.rule()
			out.rules = append(out.rules, admissionv1.NamedRuleWithOperations{
				RuleWithOperations: admissionv1.RuleWithOperations{Operations: operations, Rule: r},
			})
		}
	}
	g.ownNamespace = slices.ContainsFunc(out.kinds, func(k kindSelector) bool { return wildMatch(k.kind, "Namespace") })
	g.root = "object"
	if out.deletes {
		g.root = `(request.operation == "DELETE" ? oldObject : object)`
	}
	filters, _ = g.filters(match, "match") // again, with the root that is now known
	anyKind(filters, all)
	alone := len(filters) == 1
	plain := !all && !slices.ContainsFunc(filters, func(f filter) bool { return f.condition != always || !f.exact })
	var conditions []expr
	for _, f := range filters {
		switch {
		case plain:
		case alone:
			c := f.condition
			if !f.exact {
				c = and(isKind(f.kinds), c)
			}
			conditions = append(conditions, c)
		default:
			conditions = append(conditions, and(isOperation(f.operations), isKind(f.kinds), f.condition))
		}
	}
	switch {
	case plain:
	case all:
		out.condition = and(conditions...)
	default:
		out.condition = or(conditions...)
	}
	out.condition = and(out.condition, not(g.excluded(exclude, out.kinds)))
	out.rules = mergeRules(out.rules)
	if len(out.rules) == 0 {
		g.unsupported("match", "it names no kinds")
	}
	return out
}

// anyKind gives all kinds to filters that name none, where no other one has to hold as well.
func anyKind(filters []filter, all bool) {
	for i := range filters {
		f := &filters[i]
		if len(f.kinds) == 0 && !all && (f.condition != always || len(f.operations) > 0) {
			f.kinds = []kindSelector{{text: "*", group: "*", version: "*", kind: "*"}}
		}
	}
}

// filters reads a match or exclude: its filters, and whether all of them must hold instead of one.
func (g *generator) filters(block map[string]any, name string) (filters []filter, all bool) {
	if entries := inventory.Maps(block["any"]); len(entries) > 0 {
		for _, e := range entries {
			filters = append(filters, g.filter(e, name))
		}
		return filters, false
	}
	if entries := inventory.Maps(block["all"]); len(entries) > 0 {
		for _, e := range entries {
			filters = append(filters, g.filter(e, name))
		}
		return filters, len(filters) > 1
	}
	if len(block) == 0 {
		return nil, false
	}
	return []filter{g.filter(block, name)}, false
}

// filter translates one entry.
func (g *generator) filter(entry map[string]any, name string) filter {
	resources := inventory.Map(entry, "resources")
	f := filter{exact: true, condition: always}
	for _, text := range texts(resources["kinds"]) {
		k, ok := readKind(text)
		if !ok {
			g.unsupported(name+".resources.kinds", "kind "+quote(text)+" cannot be read")
			continue
		}
		f.kinds = append(f.kinds, k)
		_, exact := k.rule()
		f.exact = f.exact && exact
	}
	for _, o := range texts(resources["operations"]) {
		switch op := admissionv1.OperationType(o); op {
		case admissionv1.Create, admissionv1.Update, admissionv1.Delete, admissionv1.Connect:
			f.operations = append(f.operations, op)
		default:
			g.unsupported(name+".resources.operations", "there is no operation "+quote(o))
		}
	}
	var conditions []expr
	conditions = append(conditions, g.names(resources), g.namespaces(resources), g.annotations(resources))
	if s, given := resources["selector"]; given {
		conditions = append(conditions, g.selector(s, tags{g.root + ".metadata", "labels"}, name+".resources.selector"))
	}
	if s, given := resources["namespaceSelector"]; given {
		c := g.selector(s, tags{"namespaceObject.metadata", "labels"}, name+".resources.namespaceSelector")
		conditions = append(conditions, and(relation("namespaceObject != null"), c)) // it is null for Namespaces
	}
	f.condition = and(append(conditions, g.users(entry, name))...)
	for key := range resources {
		if !slices.Contains([]string{"kinds", "operations", "name", "names", "namespaces", "annotations", "selector", "namespaceSelector"}, key) {
			g.unsupported(name+".resources."+key, "this is no field of Kyverno that is known here")
		}
	}
	return f
}

func isKind(kinds []kindSelector) expr {
	if len(kinds) == 0 {
		return always
	}
	var all []expr
	for _, k := range kinds {
		all = append(all, k.is())
	}
	return or(all...)
}

func isOperation(operations []admissionv1.OperationType) expr {
	switch len(operations) {
	case 0, 4:
		return always
	case 1:
		return relation("request.operation == " + quote(string(operations[0])))
	}
	names := make([]string, len(operations))
	for i, o := range operations {
		names[i] = string(o)
	}
	return relation("request.operation in " + quoteAll(names))
}

// excluded says that the exclude block takes a request out. Its filters may leave out kinds that the rule does not look at.
func (g *generator) excluded(block map[string]any, kinds []kindSelector) expr {
	filters, all := g.filters(block, "exclude")
	var each []expr
	for _, f := range filters {
		kind := isKind(f.kinds)
		if coversAll(f.kinds, kinds) {
			kind = always
		}
		c := and(isOperation(f.operations), kind, f.condition)
		if len(f.kinds)+len(f.operations) == 0 && f.condition == always {
			c = never // an empty filter excludes nothing
		}
		each = append(each, c)
	}
	if all {
		return and(each...)
	}
	return or(each...)
}

// coversAll says whether some kinds hold all others, word for word.
func coversAll(some, others []kindSelector) bool {
	for _, k := range others {
		if !slices.Contains(some, k) {
			return false
		}
	}
	return len(some) > 0
}

// names is the condition on the name, or on what the name is generated from.
func (g *generator) names(resources map[string]any) expr {
	name := g.root + `.metadata.?name.orValue(` + g.root + `.metadata.?generateName.orValue(""))`
	var conditions []expr
	if one, ok := resources["name"].(string); ok && one != "" {
		conditions = append(conditions, wild(name, one))
	}
	if many := texts(resources["names"]); len(many) > 0 {
		conditions = append(conditions, anyWild(name, many))
	}
	return and(conditions...)
}

func (g *generator) namespaces(resources map[string]any) expr {
	all := texts(resources["namespaces"])
	if len(all) == 0 {
		return always
	}
	namespace := requestNamespace
	if g.ownNamespace {
		namespace = `(request.kind.kind == "Namespace" ? request.?name.orValue("") : ` + requestNamespace + `)`
	}
	return anyWild(namespace, all)
}

// anyWild says that a text is what one of some patterns describes.
func anyWild(value string, patterns []string) expr {
	var exact []string
	var each []expr
	for _, p := range patterns {
		if isWild(p) {
			each = append(each, wild(value, p))
		} else {
			exact = append(exact, p)
		}
	}
	switch len(exact) {
	case 0:
	case 1:
		each = append([]expr{relation(value + " == " + quote(exact[0]))}, each...)
	default:
		each = append([]expr{relation(value + " in " + quoteAll(exact))}, each...)
	}
	return or(each...)
}

// tags are the labels or annotations of an object.
type tags struct{ metadata, field string }

func (t tags) get(key string) string { return t.metadata + ".?" + t.field + "[?" + quote(key) + "]" }

// is says that there is such a tag; both key and value may have wildcards.
func (t tags) is(key, value string) expr {
	if isWild(key) {
		all := t.metadata + ".?" + t.field + ".orValue({})"
		return some(all, "key", and(wild("key", key), wild(all+"[key]", value)))
	}
	if !isWild(value) && value != "" {
		return relation(t.get(key) + `.orValue("") == ` + quote(value))
	}
	return and(atom(t.get(key)+".hasValue()"), wild(t.get(key)+`.orValue("")`, value))
}

func (g *generator) annotations(resources map[string]any) expr {
	wanted := inventory.Strings(inventory.Map(resources, "annotations"))
	return allTags(tags{g.root + ".metadata", "annotations"}, wanted)
}

func allTags(t tags, wanted map[string]string) expr {
	keys := make([]string, 0, len(wanted))
	for k := range wanted {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var conditions []expr
	for _, k := range keys {
		conditions = append(conditions, t.is(k, wanted[k]))
	}
	return and(conditions...)
}

// selector translates a label selector, whose labels may have wildcards.
func (g *generator) selector(s any, t tags, construct string) expr {
	content, ok := s.(map[string]any)
	if !ok {
		if s != nil {
			g.unsupported(construct, "it is no label selector")
		}
		return always
	}
	conditions := []expr{allTags(t, inventory.Strings(inventory.Map(content, "matchLabels")))}
	for _, e := range inventory.Maps(content["matchExpressions"]) {
		key, values := inventory.String(e, "key"), texts(e["values"])
		here := t.get(key)
		in := and(atom(here+".hasValue()"), relation(here+`.orValue("") in `+quoteAll(values)))
		switch operator := inventory.String(e, "operator"); {
		case key == "" || isWild(key):
			g.unsupported(construct, "the key "+quote(key)+" of an expression is none")
		case operator == "In" && len(values) > 0:
			conditions = append(conditions, in)
		case operator == "NotIn" && len(values) > 0:
			conditions = append(conditions, not(in))
		case operator == "Exists" && len(values) == 0:
			conditions = append(conditions, atom(here+".hasValue()"))
		case operator == "DoesNotExist" && len(values) == 0:
			conditions = append(conditions, not(atom(here+".hasValue()")))
		default:
			g.unsupported(construct, "an expression with operator "+quote(operator)+" is not valid")
		}
	}
	return and(conditions...)
}

// users translates who makes the request.
func (g *generator) users(entry map[string]any, name string) expr {
	for _, field := range []string{"roles", "clusterRoles"} {
		if len(texts(entry[field])) > 0 {
			g.unsupported(name+"."+field, "which roles a user holds is not known to expressions: name subjects instead")
			return constant(name == "match")
		}
	}
	subjects := inventory.Maps(entry["subjects"])
	if len(subjects) == 0 {
		return always
	}
	var each []expr
	for _, s := range subjects {
		name := inventory.String(s, "name")
		switch inventory.String(s, "kind") {
		case "User":
			each = append(each, wild(username, name))
		case "ServiceAccount":
			each = append(each, wild(username, "system:serviceaccount:"+inventory.String(s, "namespace")+":"+name))
		case "Group":
			each = append(each, some("request.userInfo.?groups.orValue([])", "group", wild("group", name)))
		}
	}
	return or(each...)
}

const username = `request.userInfo.?username.orValue("")`

// texts are the texts of a list; what is no text is left out.
func texts(v any) []string {
	var out []string
	items, _ := v.([]any)
	for _, item := range items {
		if s, ok := item.(string); ok && strings.TrimSpace(s) != "" {
			out = append(out, s)
		}
	}
	return out
}
