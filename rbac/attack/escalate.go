package attack

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

var escalate = Technique{
	ID: "escalate", Title: "Write any right into a role", MITRE: "T1098.006",
	What: "The API server refuses a role with rights that its author does not hold, unless he has the verb escalate on it. With it, who is " +
		"bound to a role that he may change writes every right into that role and holds it at once, where he is bound: in a namespace, " +
		"or everywhere. The same follows for a role that he may bind himself to, and for an aggregated ClusterRole that he is bound to, " +
		"which takes the rules of every ClusterRole with the right labels: one that he makes, or one that he may change. Without the " +
		"verb escalate, writing roles gives nothing new, and an aggregationRule can be set only by who holds everything.",
	Needs: "update or patch on roles or clusterroles and escalate on the same name, and a binding to that role or the right to bind it. " +
		"For aggregation: create, update or patch clusterroles with escalate. A request that creates an object names none, so that " +
		"escalate limited by resourceNames is not enough for it.",
	Proof: "The bindings and rules that give the rights, and the role that can be changed. Check with: " +
		"kubectl auth can-i escalate clusterroles/NAME --as SUBJECT, and the same for update.",
	Cut: "Take escalate away; only controllers that write the roles of others need it. With resourceNames, name only roles that their " +
		"holder is not bound to and cannot bind.",
	grows: true,
	find:  findEscalate,
}

func findEscalate(b *builder) {
	e := escalator{b: b, roles: b.rolesHeldWith("roles", false), clusterRoles: b.rolesHeldWith("clusterroles", true)}
	subjects := either(e.roles.change, e.roles.create, e.clusterRoles.change, e.clusterRoles.create).subjects()
	if len(e.roles.escalate.subjects())+len(e.clusterRoles.escalate.subjects()) == 0 {
		return
	}
	subjects = append(subjects, either(e.roles.escalate, e.clusterRoles.escalate).subjects()...)
	e.takeable = map[rbac.Subject][]taking{}
	b.eachBinder(func(t taking) { e.takeable[t.holder.subject] = append(e.takeable[t.holder.subject], t) })
	seen := map[rbac.Subject]bool{}
	for _, s := range subjects {
		if !seen[s] {
			seen[s] = true
			e.subject(s)
		}
	}
}

// roleRights are the rights over one kind of role.
type roleRights struct{ escalate, change, create holding }

func (b *builder) rolesHeldWith(resource string, cluster bool) roleRights {
	return roleRights{
		escalate: b.holding(right{verbs: []string{"escalate"}, group: rbac.Group, resource: resource, named: true, cluster: cluster}),
		change:   b.changing(rbac.Group, resource, cluster),
		create:   b.holding(right{verbs: []string{"create"}, group: rbac.Group, resource: resource, cluster: cluster}),
	}
}

type escalator struct {
	b                   *builder
	roles, clusterRoles roleRights
	takeable            map[rbac.Subject][]taking
}

func (e *escalator) subject(s rbac.Subject) {
	for _, h := range e.clusterRoles.escalate.of(s) {
		for _, c := range e.clusterRoles.change.of(s) {
			if joined, ok := h.and(c); ok {
				e.changed(s, joined, "ClusterRole")
				e.fed(s, joined)
			}
		}
		for _, c := range e.clusterRoles.create.of(s) {
			if joined, ok := h.and(c); ok && joined.names == nil {
				e.fed(s, joined)
			}
		}
	}
	for _, h := range e.roles.escalate.of(s) {
		for _, c := range e.roles.change.of(s) {
			if joined, ok := h.and(c); ok {
				e.changed(s, joined, "Role")
			}
		}
		for _, c := range e.roles.create.of(s) {
			if joined, ok := h.and(c); ok && joined.names == nil {
				e.made(s, joined)
			}
		}
	}
}

// changed adds steps for the roles that the holder may change, is bound to or can bind himself to.
func (e *escalator) changed(s rbac.Subject, h holder, kind string) {
	inReach := func(namespace string) bool {
		return kind == "ClusterRole" || h.namespace == "" || h.namespace == namespace
	}
	for _, member := range e.b.selves(s) {
		for _, binding := range e.b.bindings(member) {
			if binding.RoleRef.Kind == kind && h.covers(binding.RoleRef.Name) && inReach(binding.Namespace) {
				e.add(h, binding.Namespace, binding, nil, "the role that it is bound to can be changed")
			}
		}
	}
	for _, t := range e.takeable[s] {
		if t.role != nil && t.role.Kind == kind && h.covers(t.role.Name) && inReach(t.holder.namespace) {
			e.add(h, t.holder.namespace, nil, t.holder.grants, t.role.Kind+" "+t.role.Name+" can be changed and bound")
		}
	}
}

// fed adds steps for aggregated ClusterRoles that a ClusterRole of the holder can feed.
func (e *escalator) fed(s rbac.Subject, h holder) {
	for _, member := range e.b.selves(s) {
		for _, binding := range e.b.bindings(member) {
			if binding.Role != nil && aggregates(binding.Role) && e.feeds(h, binding.Role.Name) {
				e.add(h, binding.Namespace, binding, nil, "a ClusterRole with the labels that "+binding.RoleRef.Name+" aggregates can be written")
			}
		}
	}
}

// feeds says that the holder may write a ClusterRole besides the one that aggregates.
func (e *escalator) feeds(h holder, aggregated string) bool {
	return h.names == nil || slices.ContainsFunc(h.names, func(name string) bool {
		return name != aggregated && e.b.inv.Get(rbac.Group, "ClusterRole", "", name) != nil
	})
}

func aggregates(role *rbac.Role) bool {
	return role.Object != nil && len(inventory.List(role.Object.Content, "aggregationRule", "clusterRoleSelectors")) > 0
}

// made adds steps for Roles that the holder makes and binds himself to.
func (e *escalator) made(s rbac.Subject, h holder) {
	for _, t := range e.takeable[s] {
		if t.made && (h.namespace == "" || h.namespace == t.holder.namespace) {
			e.add(h, t.holder.namespace, nil, t.holder.grants, "a new Role can be made and bound")
		}
	}
}

// add adds a step unless the rights that prove it count elsewhere or are all the groups'.
func (e *escalator) add(h holder, namespace string, binding *rbac.Binding, more []rbac.Grant, note string) {
	h.grants = append(slices.Clone(h.grants), more...)
	p := proof{grants: h.grants, note: note}
	if binding != nil {
		p.object = binding.Object
	}
	if implied(h.grants, namespace) {
		return
	}
	if h.own() || binding != nil && slices.Contains(binding.Subjects, h.subject) {
		e.b.add(subject(h), e.b.adminOf(namespace), p)
	}
}
