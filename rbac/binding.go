package rbac

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A Binding is a RoleBinding or ClusterRoleBinding.
type Binding struct {
	finding.Ref // its Namespace is "" for ClusterRoleBindings, which grant everywhere
	Object      *inventory.Object
	RoleRef     finding.Ref
	Role        *Role // nil when the role that RoleRef names is not there: the binding grants nothing
	Subjects    []Subject
	// Default says that Kubernetes itself installs the binding, unchanged.
	Default bool
}

// readBindings reads all bindings and notes whom they name.
func (a *Authorizer) readBindings(inv *inventory.Inventory, roles map[roleKey]*Role) {
	clusterWide, inNamespaces := objectsOf(inv, "ClusterRoleBinding"), objectsOf(inv, "RoleBinding")
	room := make([]Binding, len(clusterWide)+len(inNamespaces))
	a.bindings = make([]*Binding, 0, len(room))
	var free []Subject
	for i, o := range slices.Concat(clusterWide, inNamespaces) {
		b := &room[i]
		*b = Binding{Ref: o.Ref, Object: o, Default: o.Default}
		if o.Kind == "ClusterRoleBinding" {
			b.Namespace = ""
		}
		b.refer(roles)
		items := inventory.List(o.Content, "subjects")
		if len(free) < len(items) {
			free = make([]Subject, max(1024, len(items)))
		}
		n := 0
		for _, item := range items {
			if s, ok := b.subject(item); ok {
				free[n] = s
				n++
			}
		}
		b.Subjects, free = free[:n:n], free[n:]
		a.bindings = append(a.bindings, b)
	}
	a.holders = newHolders(a.bindings)
}

// refer finds the role that the binding refers to. The API server accepts no other API group than RBAC's, and its
// authorizer looks at none.
func (b *Binding) refer(roles map[roleKey]*Role) {
	ref := inventory.Map(b.Object.Content, "roleRef")
	b.RoleRef = finding.Ref{APIVersion: Group + "/v1", Kind: text(ref, "kind"), Name: text(ref, "name")}
	switch {
	case b.RoleRef.Kind == "ClusterRole":
		b.Role = roles[roleKey{"", b.RoleRef.Name}]
	case b.RoleRef.Kind == "Role" && b.Namespace != "": // a ClusterRoleBinding can name no Role
		b.RoleRef.Namespace = b.Namespace
		b.Role = roles[roleKey{b.Namespace, b.RoleRef.Name}]
	}
}

// subject reads one subject; ok is false when it can be nobody.
func (b *Binding) subject(item any) (s Subject, ok bool) {
	content, _ := item.(map[string]any)
	s = Subject{Kind: text(content, "kind"), Name: text(content, "name")}
	switch s.Kind {
	case ServiceAccountKind:
		s.Namespace = text(content, "namespace")
		if s.Namespace == "" {
			s.Namespace = b.Namespace // as the authorizer defaults it
		}
		return s, s.Namespace != "" && s.Name != ""
	case UserKind, GroupKind:
		return s, s.Name != ""
	}
	return Subject{}, false
}

func text(content map[string]any, field string) string {
	s, _ := content[field].(string)
	return s
}
