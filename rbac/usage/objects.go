package usage

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

const longestRoleName = 120

// roleName is a name for the roles of a subject that no other subject gets. Names of RBAC objects may hold colons, but
// neither slashes nor percent signs.
func roleName(s rbac.Subject) string {
	name := "plimsoll:" + strings.ToLower(s.Kind) + ":"
	if s.Namespace != "" {
		name += s.Namespace + ":"
	}
	name += s.Name
	clean := strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune("/%\\\"'", r) {
			return '-'
		}
		return r
	}, name)
	if clean == name && len(name) <= longestRoleName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return clean[:min(len(clean), longestRoleName)] + "-" + hex.EncodeToString(sum[:4])
}

func role(namespace, name string, rules []rbac.Rule) map[string]any {
	list := make([]any, len(rules))
	for i := range rules {
		list[i] = ruleObject(&rules[i])
	}
	kind := "Role"
	if namespace == "" {
		kind = "ClusterRole"
	}
	return map[string]any{"apiVersion": rbac.Group + "/v1", "kind": kind, "metadata": metadata(namespace, name), "rules": list}
}

func binding(namespace, name string, s rbac.Subject) map[string]any {
	subject := map[string]any{"kind": s.Kind, "name": s.Name}
	if s.Kind == rbac.ServiceAccountKind {
		subject["namespace"] = s.Namespace
	} else {
		subject["apiGroup"] = rbac.Group
	}
	kind, roleKind := "RoleBinding", "Role"
	if namespace == "" {
		kind, roleKind = "ClusterRoleBinding", "ClusterRole"
	}
	return map[string]any{
		"apiVersion": rbac.Group + "/v1", "kind": kind, "metadata": metadata(namespace, name),
		"roleRef":  map[string]any{"apiGroup": rbac.Group, "kind": roleKind, "name": name},
		"subjects": []any{subject},
	}
}

const managedBy = "app.kubernetes.io/managed-by"

// managed says whether the object was generated.
func managed(o *inventory.Object) bool { return o.Labels()[managedBy] == "plimsoll" }

func metadata(namespace, name string) map[string]any {
	m := map[string]any{"name": name, "labels": map[string]any{managedBy: "plimsoll"}}
	if namespace != "" {
		m["namespace"] = namespace
	}
	return m
}

func ruleObject(r *rbac.Rule) map[string]any {
	o := map[string]any{}
	for field, values := range map[string][]string{
		"verbs": r.Verbs, "apiGroups": r.APIGroups, "resources": r.Resources, "resourceNames": r.ResourceNames,
		"nonResourceURLs": r.NonResourceURLs,
	} {
		if len(values) == 0 {
			continue
		}
		list := make([]any, len(values))
		for i, v := range values {
			list[i] = v
		}
		o[field] = list
	}
	return o
}
