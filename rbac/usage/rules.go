package usage

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/plimsoll-io/plimsoll/rbac"
)

// A need is one thing that rules must allow: a verb on all objects of a resource, or on one that has a name; or a verb on
// a path.
type need struct{ verb, group, resource, name, path string }

// minimalRules are few rules that allow exactly these needs. A rule allows every verb on every resource of every group
// with every name in it; so needs are only put together where all of these combinations are needed.
func minimalRules(needs []need) []rbac.Rule {
	var rules []rbac.Rule
	rules = append(rules, pathRules(needs)...)
	// What each resource needs: verbs on all objects, and verbs on objects by name.
	all := map[kind]set{}
	byName := map[kind]map[string]set{}
	for _, n := range needs {
		if n.path == "" && n.name == "" {
			add(all, kind{n.group, n.resource}, n.verb)
		}
	}
	for _, n := range needs {
		k := kind{n.group, n.resource}
		if n.path != "" || n.name == "" || all[k][n.verb] {
			continue
		}
		if byName[k] == nil {
			byName[k] = map[string]set{}
		}
		add(byName[k], n.name, n.verb)
	}
	// Resources with the same verbs, and the same names, share rules.
	blocks := map[block][]kind{}
	for k, verbs := range all {
		b := block{verbs: verbs.key()}
		blocks[b] = append(blocks[b], k)
	}
	for k, names := range byName {
		together := map[string]set{}
		for name, verbs := range names {
			add(together, verbs.key(), name)
		}
		for verbs, names := range together {
			b := block{verbs: verbs, names: names.key()}
			blocks[b] = append(blocks[b], k)
		}
	}
	for b, kinds := range blocks {
		rules = append(rules, b.rules(kinds)...)
	}
	slices.SortFunc(rules, compareRules)
	return rules
}

// A kind is a resource of a group, with its subresource.
type kind struct{ group, resource string }

// A block is verbs, and the names of the objects that they are for; no names are all objects.
type block struct{ verbs, names string }

// rules are the block's rules for some resources: one for each set of resources that groups have in common.
func (b block) rules(kinds []kind) []rbac.Rule {
	ofGroup := map[string]set{}
	for _, k := range kinds {
		add(ofGroup, k.group, k.resource)
	}
	groups := map[string]set{}
	for group, resources := range ofGroup {
		add(groups, resources.key(), group)
	}
	var rules []rbac.Rule
	for resources, groups := range groups {
		rule := rbac.Rule{Verbs: split(b.verbs), APIGroups: groups.sorted(), Resources: split(resources)}
		if b.names != "" {
			rule.ResourceNames = split(b.names)
		}
		rules = append(rules, rule)
	}
	return rules
}

// pathRules are the rules for paths: one for each set of verbs.
func pathRules(needs []need) []rbac.Rule {
	verbs := map[string]set{}
	for _, n := range needs {
		if n.path != "" {
			add(verbs, n.path, n.verb)
		}
	}
	paths := map[string]set{}
	for path, v := range verbs {
		add(paths, v.key(), path)
	}
	var rules []rbac.Rule
	for v, p := range paths {
		rules = append(rules, rbac.Rule{Verbs: split(v), NonResourceURLs: p.sorted()})
	}
	return rules
}

func compareRules(a, b rbac.Rule) int {
	return cmp.Or(slices.Compare(a.NonResourceURLs, b.NonResourceURLs), slices.Compare(a.APIGroups, b.APIGroups),
		slices.Compare(a.Resources, b.Resources), slices.Compare(a.Verbs, b.Verbs), slices.Compare(a.ResourceNames, b.ResourceNames))
}

// A set of strings that are never split: no verb, resource, name or path holds a zero byte, see grantable.
type set map[string]bool

func add[K comparable](m map[K]set, key K, value string) {
	if m[key] == nil {
		m[key] = set{}
	}
	m[key][value] = true
}

func (s set) sorted() []string { return slices.Sorted(maps.Keys(s)) }

func (s set) key() string { return strings.Join(s.sorted(), "\x00") }

func split(key string) []string { return strings.Split(key, "\x00") }

// grantable says whether a rule can allow the right and nothing else. Callers choose what they ask for: a request for the
// resource "*" is in the log like any other, and a rule for it would allow everything.
func grantable(r Right) bool {
	for _, s := range []string{r.Verb, r.Group, r.Resource, r.Subresource, r.Path} {
		if strings.ContainsAny(s, "*\x00") {
			return false
		}
	}
	if r.Namespace != "" && len(validation.IsDNS1123Label(r.Namespace)) > 0 {
		return false
	}
	return r.Verb != "" && (r.Path != "" && r.Namespace == "" || r.Resource != "" && !strings.Contains(r.Resource, "/"))
}
