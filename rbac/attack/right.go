package attack

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// A right is what a technique needs a subject to hold: one of the verbs on a resource.
type right struct {
	verbs    []string // any of these does; "*" asks for the wildcard itself
	group    string   // "*" asks for the wildcard itself
	resource string   // "pods/exec"; "*" asks for the wildcard itself
	// named says that the request carries an object's name, so that a rule with resourceNames can grant it.
	// Without it such rules grant nothing: creating objects, listing, watching.
	named bool
	// cluster says that the resource is cluster-scoped, so that only a ClusterRoleBinding grants it.
	cluster bool
}

// A holder is a subject that holds a right (or several), where, on which names, and by which grants.
type holder struct {
	subject   rbac.Subject
	namespace string   // "" is everywhere
	names     []string // nil is every name
	grants    []rbac.Grant
}

// proof is that the holder's grants prove the step.
func (h holder) proof() proof { return proof{grants: h.grants} }

// matches says whether a rule grants the right, and on which names.
func (r right) matches(rule *rbac.Rule) (names []string, ok bool) {
	if len(rule.ResourceNames) > 0 && !r.named {
		return nil, false
	}
	if !slices.ContainsFunc(r.verbs, func(v string) bool { return covers(rule.Verbs, v) }) || !covers(rule.APIGroups, r.group) {
		return nil, false
	}
	if !r.matchesResource(rule.Resources) {
		return nil, false
	}
	if len(rule.ResourceNames) == 0 {
		return nil, true
	}
	return rule.ResourceNames, true
}

func covers(list []string, value string) bool {
	for _, v := range list {
		if v == "*" || v == value {
			return true
		}
	}
	return false
}

func (r right) matchesResource(resources []string) bool {
	_, sub, _ := strings.Cut(r.resource, "/")
	for _, have := range resources {
		if have == "*" || have == r.resource || sub != "" && have == "*/"+sub {
			return true
		}
	}
	return false
}

func (r right) key() string {
	named := ""
	if r.named {
		named = "named"
	}
	return strings.Join(r.verbs, ",") + "|" + r.group + "|" + r.resource + "|" + named
}

// holders are all holders of one right, one for each grant: a subject with two bindings comes twice.
func (b *builder) holders(r right) []holder {
	var out []holder
	for _, m := range b.matches(r) {
		for _, binding := range b.bindingsOf[m.role] {
			if r.cluster && binding.Namespace != "" {
				continue
			}
			for _, s := range binding.Subjects {
				out = append(out, holder{s, binding.Namespace, m.names, []rbac.Grant{{Binding: binding, Rule: m.rule, Subject: s}}})
			}
		}
	}
	return out
}

// key tells holders apart: who, where, on what, by which grants in whatever order.
func (h holder) key() string {
	return h.subject.String() + "|" + h.namespace + "|" + strings.Join(h.names, ",") + "|" + grantsKey(h.grants)
}

// grantsKey tells lists of grants apart, whatever their order.
func grantsKey(grants []rbac.Grant) string {
	keys := make([][2]uint64, 0, 4)
	for _, g := range grants {
		keys = append(keys, [2]uint64{uint64(reflect.ValueOf(g.Binding).Pointer()), uint64(g.Rule)})
	}
	slices.SortFunc(keys, func(x, y [2]uint64) int { return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1])) })
	var text []byte
	for _, key := range slices.Compact(keys) {
		text = strconv.AppendUint(append(strconv.AppendUint(text, key[0], 36), '#'), key[1], 36)
		text = append(text, '|')
	}
	return string(text)
}

// held are the subject's holdings of a right that count in the namespace ("" asks for cluster-wide), by its own
// bindings and its groups'.
func (b *builder) held(s rbac.Subject, r right, namespace string) []holder {
	var out []holder
	for _, in := range b.memberships(s) {
		binding := in.binding
		if binding.Namespace != "" && (r.cluster || binding.Namespace != namespace) {
			continue
		}
		for rule := range binding.Role.Rules {
			if names, ok := r.matches(&binding.Role.Rules[rule]); ok {
				out = append(out, holder{s, namespace, names, []rbac.Grant{{Binding: binding, Rule: rule, Subject: in.member}}})
			}
		}
	}
	return out
}

// selves are the subject itself and the groups that it is in.
func (b *builder) selves(s rbac.Subject) []rbac.Subject {
	out := []rbac.Subject{s}
	if s.Kind == RoleHolderKind || s.Kind == AdminOfKind {
		return out
	}
	id := b.identity(s)
	for _, g := range id.Groups {
		if s.Kind != rbac.GroupKind || g != s.Name {
			out = append(out, rbac.Subject{Kind: rbac.GroupKind, Name: g})
		}
	}
	return out
}

// subject is the foothold of a holder.
func subject(h holder) finding.Ref { return footholdOf(h.subject) }

// footholdOf is the foothold of a subject, also of the made-up ones for roles that the attacker binds himself to. A
// service account that is named by its user name is the service account.
func footholdOf(s rbac.Subject) finding.Ref {
	if s.Kind == rbac.UserKind {
		s = rbac.SubjectOfUser(s.Name)
	}
	if s.Kind == RoleHolderKind || s.Kind == AdminOfKind {
		return finding.Ref{Kind: s.Kind, Namespace: s.Namespace, Name: s.Name}
	}
	return s.Ref()
}
