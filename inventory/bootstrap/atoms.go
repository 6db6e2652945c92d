package bootstrap

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// maxAtoms bounds how many atoms are made of one object. The largest default has about 600; an object that would give
// more than this is no default.
const maxAtoms = 20_000

// An atom is the smallest thing that an object grants or says, as its class and a digest: the class is one letter, the
// digest the first 96 bits of a SHA-256, in base64.
type atom string

// The classes of atoms.
const (
	right    = "r" // one verb on one resource (of one name), or on one path
	ref      = "f" // the role of a binding
	subject  = "s" // one subject of a binding
	selector = "a" // one selector of an aggregation rule
)

// isRight says that the atom is part of a role's rules.
func (a atom) isRight() bool { return strings.HasPrefix(string(a), right) }

func newAtom(class string, parts ...string) atom {
	// JSON keeps the parts apart, whatever is in them.
	text, _ := json.Marshal(parts) // strings always marshal
	sum := sha256.Sum256(text)
	return atom(class + base64.RawURLEncoding.EncodeToString(sum[:12]))
}

// Atoms are what an RBAC object of this kind grants, sorted, for the generator of defaults.txt. ok is false when the
// object is not of the shape of its kind, or far larger than any default.
func Atoms(kind string, content map[string]any) (atoms []string, ok bool) {
	set, ok := atomsOf(kind, content)
	for a := range set {
		atoms = append(atoms, string(a))
	}
	slices.Sort(atoms)
	return atoms, ok
}

func atomsOf(kind string, content map[string]any) (map[atom]bool, bool) {
	c := collector{atoms: map[atom]bool{}, ok: true}
	switch kind {
	case "Role", "ClusterRole":
		for _, rule := range c.maps(content, "rules") {
			c.rule(rule)
		}
		for _, s := range c.maps(inventory.Map(content, "aggregationRule"), "clusterRoleSelectors") {
			c.selector(s)
		}
	case "RoleBinding", "ClusterRoleBinding":
		role := inventory.Map(content, "roleRef")
		c.add(ref, c.text(role, "apiGroup"), c.text(role, "kind"), c.text(role, "name"))
		for _, s := range c.maps(content, "subjects") {
			c.subject(s)
		}
	default:
		return nil, false
	}
	return c.atoms, c.ok
}

// A collector gathers atoms until something is not as it should be.
type collector struct {
	atoms map[atom]bool
	ok    bool
}

func (c *collector) add(class string, parts ...string) { c.atoms[newAtom(class, parts...)] = true }

func (c *collector) rule(rule map[string]any) {
	verbs := c.texts(rule, "verbs")
	groups, resources, names := c.texts(rule, "apiGroups"), c.texts(rule, "resources"), c.texts(rule, "resourceNames")
	urls := c.texts(rule, "nonResourceURLs")
	if names == nil {
		names = []string{""} // as a rule without names, a rule with an empty one allows requests without a name
	}
	if size := len(verbs) * (len(groups)*len(resources)*len(names) + len(urls)); len(c.atoms)+size > maxAtoms {
		c.ok = false
	}
	if !c.ok {
		return
	}
	for _, verb := range verbs {
		for _, url := range urls {
			c.add(right, verb, url)
		}
		for _, group := range groups {
			for _, resource := range resources {
				for _, name := range names {
					c.add(right, verb, group, resource, name)
				}
			}
		}
	}
}

func (c *collector) subject(s map[string]any) {
	kind, group := c.text(s, "kind"), c.text(s, "apiGroup")
	if group == "" && (kind == "User" || kind == "Group") {
		group = Group // the API server's default
	}
	c.add(subject, kind, group, c.text(s, "namespace"), c.text(s, "name"))
}

// selector takes a selector as it is written: the defaults have one label each.
func (c *collector) selector(s map[string]any) {
	text, err := json.Marshal(s)
	if err != nil {
		c.ok = false
		return
	}
	c.add(selector, string(text))
}

// maps reads a list of maps; a missing list is empty.
func (c *collector) maps(content map[string]any, field string) []map[string]any {
	var out []map[string]any
	for _, item := range c.list(content, field) {
		m, ok := item.(map[string]any)
		c.ok = c.ok && ok
		out = append(out, m)
	}
	return out
}

func (c *collector) texts(content map[string]any, field string) []string {
	var out []string
	for _, item := range c.list(content, field) {
		s, ok := item.(string)
		c.ok = c.ok && ok
		out = append(out, s)
	}
	return out
}

func (c *collector) list(content map[string]any, field string) []any {
	list, ok := content[field].([]any)
	c.ok = c.ok && (ok || content[field] == nil)
	return list
}

func (c *collector) text(content map[string]any, field string) string {
	s, ok := content[field].(string)
	c.ok = c.ok && (ok || content[field] == nil)
	return s
}
