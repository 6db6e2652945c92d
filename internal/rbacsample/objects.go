// Package rbacsample makes random Roles, bindings and questions about them, for tests that compare answers: every form
// of rule and subject that an API server takes, and questions that are nearly, but not quite, allowed.
package rbacsample

import (
	"fmt"
	"math/rand/v2"
)

const group = "rbac.authorization.k8s.io"

// The vocabulary is small, so that rules and questions meet often.
var (
	verbs     = []string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "impersonate", "bind", "use", "*"}
	groups    = []string{"", "", "", "apps", "apps", "batch", "example.com", group, "*"}
	resources = []string{"pods", "pods", "pods/exec", "pods/log", "pods/*", "secrets", "configmaps", "deployments", "deployments/scale",
		"statefulsets/scale", "*/scale", "*/status", "*/*", "things", "things/scale", "nodes", "nodes/proxy", "serviceaccounts/token", "Pods", "*"}
	names      = []string{"a", "b", "web-0", "web", "web-00", "*"}
	urls       = []string{"/healthz", "/healthz/*", "/metrics", "/metrics*", "/api", "/api/*", "/api/**", "/apis/*/x", "/logs/", "/", "/*", "*", "healthz"}
	namespaces = []string{"shop", "bank", "shop-2", "default"}
	accounts   = []string{"cart", "default", "cart-2"}
	users      = []string{"jane", "joe", "Jane", "system:serviceaccount:shop:cart", "system:serviceaccount:bank:default", "system:kube-scheduler"}
	userGroups = []string{"devs", "ops", "dev", "system:authenticated", "system:serviceaccounts", "system:serviceaccounts:shop",
		"system:serviceaccounts:bank", "system:unauthenticated", "system:masters", "system:nodes"}
)

// Namespaces are those that objects lie in.
func Namespaces() []string { return namespaces }

// A Sample is a set of Roles and bindings that an API server takes.
type Sample struct {
	Objects []map[string]any // JSON shapes, roles first; every name has the prefix
	random  *rand.Rand
	prefix  string
	roles   []map[string]any
	hooks   []map[string]any // bindings
}

// New makes a sample with so many roles and bindings.
func New(random *rand.Rand, prefix string, roles, bindings int) *Sample {
	s := &Sample{random: random, prefix: prefix}
	for i := range roles {
		s.role(i)
	}
	for i := range bindings {
		s.binding(i, roles)
	}
	return s
}

// pick is a random item.
func pick[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }

// some are one to n random items, as a JSON list; items may repeat.
func (s *Sample) some(list []string, n int) []any {
	out := []any{}
	for range 1 + s.random.IntN(n) {
		out = append(out, pick(s.random, list))
	}
	return out
}

func (s *Sample) one(in int) bool { return s.random.IntN(in) == 0 }

func (s *Sample) role(i int) {
	kind, namespace := "ClusterRole", ""
	if i%2 == 1 {
		kind, namespace = "Role", pick(s.random, namespaces)
	}
	rules := []any{}
	for range s.random.IntN(5) {
		rules = append(rules, s.rule(kind))
	}
	if s.one(12) { // large enough to be looked up
		for range 20 {
			rules = append(rules, s.rule(kind))
		}
	}
	role := s.object(kind, namespace, fmt.Sprintf("%srole-%d", s.prefix, i))
	role["rules"] = rules
	if kind == "ClusterRole" {
		s.labels(role)
		if s.one(6) {
			s.aggregate(role)
		}
	}
	s.Objects = append(s.Objects, role)
	s.roles = append(s.roles, role)
}

func (s *Sample) object(kind, namespace, name string) map[string]any {
	meta := map[string]any{"name": name}
	if namespace != "" {
		meta["namespace"] = namespace
	}
	return map[string]any{"apiVersion": group + "/v1", "kind": kind, "metadata": meta}
}

// labels gives some roles the labels that aggregated ones select.
func (s *Sample) labels(role map[string]any) {
	if !s.one(3) {
		return
	}
	role["metadata"].(map[string]any)["labels"] = map[string]any{
		s.label(): pick(s.random, []string{"true", "false"}),
		s.label(): "true",
	}
}

func (s *Sample) label() string { return s.prefix + pick(s.random, []string{"one", "two", "three"}) }

func (s *Sample) aggregate(role map[string]any) {
	selectors := []any{}
	for range 1 + s.random.IntN(2) {
		selector := map[string]any{}
		if s.one(3) {
			operator := pick(s.random, []string{"In", "NotIn", "Exists"})
			expression := map[string]any{"key": s.label(), "operator": operator}
			if operator != "Exists" {
				expression["values"] = []any{"true", "other"}
			}
			selector["matchExpressions"] = []any{expression}
		}
		if len(selector) == 0 || s.one(3) {
			selector["matchLabels"] = map[string]any{s.label(): "true"}
		}
		// Without this a NotIn selects cluster-admin, and there is nothing left to deny.
		if len(selector) == 1 {
			if _, expressions := selector["matchExpressions"]; expressions {
				selector["matchLabels"] = map[string]any{s.label(): "true"}
			}
		}
		selectors = append(selectors, selector)
	}
	role["aggregationRule"] = map[string]any{"clusterRoleSelectors": selectors}
	if s.one(2) {
		role["rules"] = []any{}
	}
}

func (s *Sample) rule(kind string) map[string]any {
	rule := map[string]any{"verbs": s.some(verbs, 3)}
	if kind == "ClusterRole" && s.one(4) {
		rule["nonResourceURLs"] = s.some(urls, 2)
		return rule
	}
	rule["apiGroups"], rule["resources"] = s.some(groups, 2), s.some(resources, 3)
	if s.one(3) {
		rule["resourceNames"] = s.some(names, 2)
	}
	return rule
}

func (s *Sample) binding(i, roles int) {
	kind, namespace := "RoleBinding", pick(s.random, namespaces)
	if s.one(4) {
		kind, namespace = "ClusterRoleBinding", ""
	}
	binding := s.object(kind, namespace, fmt.Sprintf("%sbinding-%d", s.prefix, i))
	binding["roleRef"] = s.roleRef(kind, namespace, roles)
	subjects := []any{}
	for range s.random.IntN(4) {
		subjects = append(subjects, s.subject(kind))
	}
	if len(subjects) > 0 || s.one(2) {
		binding["subjects"] = subjects
	}
	s.Objects = append(s.Objects, binding)
	s.hooks = append(s.hooks, binding)
}

// roleRef refers to a role that is there, mostly, or to one of this name in another namespace or of the other kind.
func (s *Sample) roleRef(kind, namespace string, roles int) map[string]any {
	ref := map[string]any{"apiGroup": group, "kind": "ClusterRole"}
	if s.one(15) && kind == "RoleBinding" {
		ref["name"] = pick(s.random, []string{"view", "edit", "admin", "cluster-admin", "system:discovery", "system:node"})
		return ref
	}
	role := s.random.IntN(roles + 1) // the last one is not there
	if kind == "RoleBinding" && s.one(2) {
		ref["kind"] = "Role"
		if !s.one(5) { // of the same namespace
			for range 50 {
				if role = s.random.IntN(roles); inNamespace(s.roles[role]) == namespace {
					break
				}
			}
		}
	} else if !s.one(8) {
		role &^= 1
	}
	ref["name"] = fmt.Sprintf("%srole-%d", s.prefix, role)
	return ref
}

func inNamespace(o map[string]any) string {
	ns, _ := o["metadata"].(map[string]any)["namespace"].(string)
	return ns
}

func (s *Sample) subject(kind string) map[string]any {
	switch s.random.IntN(5) {
	case 0:
		return map[string]any{"kind": "User", "apiGroup": group, "name": pick(s.random, users)}
	case 1, 2:
		return map[string]any{"kind": "Group", "apiGroup": group, "name": s.group()}
	}
	account := map[string]any{"kind": "ServiceAccount", "name": pick(s.random, accounts), "namespace": pick(s.random, namespaces)}
	if kind == "RoleBinding" && s.one(4) {
		delete(account, "namespace") // that of the binding
	}
	return account
}

// group is seldom one that most callers are in, lest everything be allowed.
func (s *Sample) group() string {
	name := pick(s.random, userGroups)
	if (name == "system:authenticated" || name == "system:serviceaccounts") && !s.one(6) {
		return "devs"
	}
	return name
}
