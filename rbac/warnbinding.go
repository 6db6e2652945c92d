package rbac

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/lookalike"
)

// binding checks a RoleBinding or ClusterRoleBinding as the API server's validation does, and what it refers to.
func (w *warner) binding(b *Binding) {
	w.roleRef(b)
	for i, item := range w.list(w.object.Content, "subjects", "subjects") {
		at := finding.Path("subjects").Index(i)
		content, ok := item.(map[string]any)
		if !ok {
			w.refuse(at, "a subject is a map; this one is nobody")
			continue
		}
		w.subject(b, at, content)
	}
}

func (w *warner) roleRef(b *Binding) {
	const at = finding.Path("roleRef")
	content, ok := w.object.Content["roleRef"].(map[string]any)
	if !ok {
		w.refuse(at, "a binding needs a roleRef; without one it grants nothing")
		return
	}
	if group := text(content, "apiGroup"); group != "" && group != Group {
		w.refuse(at.Field("apiGroup"), "the API group of a role is %s; the rest of the reference counts", Group)
	}
	switch {
	case b.RoleRef.Kind != "Role" && b.RoleRef.Kind != "ClusterRole":
		w.refuse(at.Field("kind"), "a binding refers to a Role or ClusterRole; this one grants nothing")
	case b.RoleRef.Kind == "Role" && b.Namespace == "":
		w.refuse(at.Field("kind"), "a ClusterRoleBinding refers to a ClusterRole; this one grants nothing")
	case b.RoleRef.Name == "":
		w.refuse(at.Field("name"), "a roleRef needs a name; this binding grants nothing")
	case b.Role == nil:
		w.danglingRole(b)
	}
}

func (w *warner) danglingRole(b *Binding) {
	if _, gap := w.inv.Incomplete(schema.GroupKind{Group: Group, Kind: b.RoleRef.Kind}); gap {
		return // it may be there
	}
	where := "which is not there"
	if w.inv.Source.Kind != "cluster" {
		where = "which is not among these files and not installed by Kubernetes"
	}
	w.warn(DanglingRole, "roleRef.name",
		"The binding refers to %s, %s: it grants nothing until somebody makes that role, with rules of their choice", b.RoleRef, where)
}

func (w *warner) subject(b *Binding, at finding.Path, content map[string]any) {
	kind, name, group := text(content, "kind"), text(content, "name"), text(content, "apiGroup")
	switch kind {
	case ServiceAccountKind:
		if group != "" {
			w.refuse(at.Field("apiGroup"), `the API group of a ServiceAccount is ""; the rest of the subject counts`)
		}
		if text(content, "namespace") == "" && b.Namespace == "" {
			w.refuse(at.Field("namespace"), "a ServiceAccount in a ClusterRoleBinding needs a namespace; this one is nobody")
			return
		}
	case UserKind, GroupKind:
		if group != "" && group != Group {
			w.refuse(at.Field("apiGroup"), "the API group of a %s is %s; the rest of the subject counts", kind, Group)
		}
	default:
		w.refuse(at.Field("kind"), "a subject is a User, Group or ServiceAccount; this one is nobody")
		return
	}
	if name == "" {
		w.refuse(at.Field("name"), "a subject needs a name; this one is nobody")
		return
	}
	w.lookAlike(at.Field("name"), kind, name)
	if s, ok := b.subject(content); ok && s.caller().Kind == ServiceAccountKind {
		w.danglingAccount(at.Field("name"), s.caller())
	}
}

// danglingAccount warns of a service account that is not there: whoever may create it takes over its rights. Files say
// so only of namespaces of which they hold service accounts: others may be made elsewhere.
func (w *warner) danglingAccount(at finding.Path, s Subject) {
	const kind = ServiceAccountKind
	if s.Name == "default" || w.inv.Get("", kind, s.Namespace, s.Name) != nil {
		return // Kubernetes makes the account "default" in every namespace
	}
	if _, gap := w.inv.Incomplete(schema.GroupKind{Kind: kind}); gap {
		return
	}
	if w.inv.Source.Kind != "cluster" && !w.hasAccounts(s.Namespace) {
		return
	}
	w.warn(DanglingSubject, at,
		"There is no %s: whoever may create that service account gets what this binding grants", s)
}

// hasAccounts says whether the inventory holds any service account of the namespace.
func (w *warner) hasAccounts(namespace string) bool {
	if w.accounts == nil {
		w.accounts = map[string]bool{}
		for _, o := range w.inv.Of("", ServiceAccountKind) {
			w.accounts[o.Namespace] = true
		}
	}
	return w.accounts[namespace]
}

// lookAlike warns of a name that is made to be read as another.
func (w *warner) lookAlike(at finding.Path, kind, name string) {
	if reason, suspicious := lookalike.Of(name); suspicious {
		w.warn(LookAlike, at, "The name of this %s may be read as another: %s", kind, reason)
	}
}
