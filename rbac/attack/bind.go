package attack

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

var bind = Technique{
	ID: "bind", Title: "Bind oneself to a role", MITRE: "T1098.006",
	What: "Who may write RoleBindings or ClusterRoleBindings can give himself a role, but only if the API server's check against " +
		"escalation lets it pass: he must hold every right of the role already, or the verb bind on it. With bind on every ClusterRole " +
		"he takes cluster-admin, which every cluster has: in the namespace of a RoleBinding, or everywhere with a ClusterRoleBinding. " +
		"The verb is checked where the binding is made, so that bind granted in one namespace is enough to bind a ClusterRole there. " +
		"Changing a binding that exists is checked in the same way and cannot change its roleRef, so that it gives the roles that " +
		"bindings have already; deleting it and making it anew takes create. Writing bindings without bind gives nothing new.",
	Needs: "create rolebindings (or clusterrolebindings) and bind on roles or clusterroles; or update or patch on a binding that exists " +
		"and bind on its role. resourceNames of bind name the roles. A rule for create with resourceNames counts where patch or update " +
		"covers the same name, since server-side apply creates the object by name.",
	Proof: "The bindings and rules that give both rights. Check with: kubectl auth can-i bind clusterroles/NAME --as SUBJECT, and " +
		"kubectl create rolebinding try --clusterrole NAME --user me -n NAMESPACE --as SUBJECT --dry-run=server",
	Cut: "Name the roles that may be bound with resourceNames, and let none of them be stronger than its holder; keep bind away from " +
		"workloads.",
	grows: true,
	find: func(b *builder) {
		for _, t := range b.takeable() {
			b.add(footholdOf(t.holder.subject), b.takerOf(t.role, t.holder.namespace), proof{
				grants: t.holder.grants, object: t.binding, note: t.note,
			})
		}
	},
}

// A taking is a role that a subject can bind itself to.
type taking struct {
	holder  holder     // its namespace is where the binding counts
	role    *rbac.Role // nil for any ClusterRole, or any Role of the namespace when made is set
	made    bool       // any Role that the subject might make in the namespace
	binding *inventory.Object
	note    string
}

// takerOf is the foothold of who is bound to a role; nil stands for any ClusterRole.
func (b *builder) takerOf(role *rbac.Role, namespace string) finding.Ref {
	if isAdmin(role) {
		return b.adminOf(namespace)
	}
	return b.roleHolder(role, namespace)
}

// isAdmin says that a role, or any role when it is nil, grants everything.
func isAdmin(role *rbac.Role) bool {
	if role == nil {
		return true
	}
	return slices.ContainsFunc(role.Rules, func(rule rbac.Rule) bool { return grantsEverything(&rule) })
}

// takeable are all roles that subjects can bind themselves to.
func (b *builder) takeable() []taking {
	var out []taking
	b.eachBinder(func(t taking) {
		if !t.made {
			out = append(out, t)
		}
	})
	return out
}

// eachBinder calls yield with everything that any subject can bind itself to.
func (b *builder) eachBinder(yield func(taking)) {
	bindable := func(resource string) holding {
		return b.holding(right{verbs: []string{"bind"}, group: rbac.Group, resource: resource, named: true})
	}
	w := binder{
		b: b, yield: yield, bindClusterRoles: bindable("clusterroles"), bindRoles: bindable("roles"),
		create:        b.creating(rbac.Group, "rolebindings", false),
		createCluster: b.creating(rbac.Group, "clusterrolebindings", true),
		change:        b.changing(rbac.Group, "rolebindings", false),
		changeCluster: b.changing(rbac.Group, "clusterrolebindings", true),
	}
	if len(w.bindClusterRoles.subjects())+len(w.bindRoles.subjects()) == 0 {
		return
	}
	w.roleIndex = b.roleIndex()
	binds, writes := either(w.bindClusterRoles, w.bindRoles), either(w.create, w.createCluster, w.change, w.changeCluster)
	for _, s := range b.candidates(binds, writes) {
		w.seen = map[takenAt]bool{}
		w.subject(s)
	}
}

type binder struct {
	b                     *builder
	yield                 func(taking)
	bindClusterRoles      holding
	bindRoles             holding
	create, createCluster holding
	change, changeCluster holding
	*roleIndex
	seen map[takenAt]bool // what was yielded for the subject
}

// takenAt is a role taken somewhere by some grants; the role is nil for every one that grants everything.
type takenAt struct {
	role              *rbac.Role
	namespace, grants string
}

func (w *binder) subject(s rbac.Subject) {
	for _, h := range w.bindClusterRoles.of(s) {
		for _, c := range w.createCluster.of(s) {
			if joined, ok := h.with(c); ok && joined.namespace == "" && h.namespace == "" && joined.own() {
				w.clusterRoles(joined, []string{""})
			}
		}
		for _, c := range w.create.of(s) {
			if joined, ok := h.with(c); ok && joined.own() {
				w.clusterRoles(joined, w.b.namespacesOf(joined))
			}
		}
		w.existing(s, h, "ClusterRole")
	}
	for _, h := range w.bindRoles.of(s) {
		for _, c := range w.create.of(s) {
			if joined, ok := h.with(c); ok && joined.own() {
				w.roles(joined)
			}
		}
		w.existing(s, h, "Role")
	}
}

// clusterRoles yields the ClusterRoles that the holder may bind in the places.
func (w *binder) clusterRoles(h holder, places []string) {
	for _, place := range places {
		at := h
		at.namespace = place
		if h.names == nil {
			w.take(taking{holder: at, note: "cluster-admin is among the roles that may be bound"})
			continue
		}
		for _, name := range h.names {
			if role := w.clusterRole[name]; role != nil {
				w.take(taking{holder: at, role: role})
			}
		}
	}
}

// roles yields the Roles that the holder may bind in their namespaces.
func (w *binder) roles(h holder) {
	for _, place := range w.b.namespacesOf(h) {
		at := h
		at.namespace = place
		if h.names == nil {
			w.yield(taking{holder: at, made: true})
		}
		for _, role := range w.rolesIn[place] {
			if h.covers(role.Name) {
				w.take(taking{holder: at, role: role})
			}
		}
	}
}

// existing yields the roles of bindings that the subject may add itself to.
func (w *binder) existing(s rbac.Subject, h holder, kind string) {
	for _, c := range w.changeCluster.of(s) {
		if joined, ok := h.with(c); ok && joined.own() && joined.namespace == "" {
			w.fromBindings(joined, c, kind, "")
		}
	}
	for _, c := range w.change.of(s) {
		joined, ok := h.with(c)
		if !ok || !joined.own() {
			continue
		}
		for _, place := range w.b.namespacesOf(joined) {
			w.fromBindings(joined, c, kind, place)
		}
	}
}

// fromBindings yields the roles of the bindings in a place that c may change, as far as h covers them.
func (w *binder) fromBindings(h, c holder, kind, place string) {
	h.namespace = place
	for _, binding := range w.bindings[place] {
		if binding.RoleRef.Kind == kind && h.covers(binding.RoleRef.Name) && c.covers(binding.Name) {
			w.take(taking{holder: h, role: binding.Role, binding: binding.Object, note: "the binding can be given another subject"})
		}
	}
}

// take yields a role, unless the same grants give it in more places or make it pointless.
func (w *binder) take(t taking) {
	if implied(t.holder.grants, t.holder.namespace) {
		return
	}
	at := takenAt{t.role, t.holder.namespace, grantsKey(t.holder.grants)}
	if isAdmin(t.role) {
		at.role = nil
	}
	if w.seen[at] || w.seen[takenAt{at.role, "", at.grants}] {
		return
	}
	w.seen[at] = true
	w.yield(t)
}

// implied says that one of the grants alone gives every right there, so that nothing is to be gained.
func implied(grants []rbac.Grant, namespace string) bool {
	return slices.ContainsFunc(grants, func(g rbac.Grant) bool {
		return (g.Binding.Namespace == "" || g.Binding.Namespace == namespace) && grantsEverything(g.Of())
	})
}

// A roleIndex finds roles by their names.
type roleIndex struct {
	clusterRole map[string]*rbac.Role
	rolesIn     map[string][]*rbac.Role    // by namespace
	bindings    map[string][]*rbac.Binding // by namespace, those to roles that exist
}

func (b *builder) roleIndex() *roleIndex {
	if b.roles != nil {
		return b.roles
	}
	b.roles = &roleIndex{map[string]*rbac.Role{}, map[string][]*rbac.Role{}, map[string][]*rbac.Binding{}}
	for _, role := range b.access.Roles() {
		if role.Kind == "ClusterRole" {
			b.roles.clusterRole[role.Name] = role
		} else {
			b.roles.rolesIn[role.Namespace] = append(b.roles.rolesIn[role.Namespace], role)
		}
	}
	for _, binding := range b.access.Bindings() {
		if binding.Role != nil {
			b.roles.bindings[binding.Namespace] = append(b.roles.bindings[binding.Namespace], binding)
		}
	}
	return b.roles
}
