package rbac

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/bootstrap"
)

// A Role is a Role or ClusterRole with its effective rules.
type Role struct {
	finding.Ref
	Object *inventory.Object
	Rules  []Rule
	// From names, for each rule, the ClusterRole that an aggregated ClusterRole has it from; nil without aggregation,
	// and for the rules of a live cluster, where the controller has copied them already.
	From []*Role
	// Default says that Kubernetes itself installs the role, unchanged.
	Default bool

	// also are further objects of the same name, which only files can hold.
	also    []*inventory.Object
	sources []source // of each rule; nil when rule i is item i of Object's rules
	index   *index   // of large roles
}

// A source says where a rule was read.
type source struct {
	object *inventory.Object
	item   int
}

// Source is the object in which rule i is written, and its place in that object's list of rules. It is another object
// than the role's own for rules that come by aggregation, and when several files define a role of this name.
func (r *Role) Source(i int) (o *inventory.Object, item int) {
	if i < len(r.sources) {
		return r.sources[i].object, r.sources[i].item
	}
	return r.Object, i
}

// Objects are all objects that define the role: one, unless several files do.
func (r *Role) Objects() []*inventory.Object { return append([]*inventory.Object{r.Object}, r.also...) }

// A roleKey names a role as bindings do.
type roleKey struct{ namespace, name string } // namespace is "" for ClusterRoles

// readRoles reads all roles, and aggregates the ClusterRoles of files as the controller of a live cluster would: there
// the rules that the API server holds are what counts.
func (a *Authorizer) readRoles(inv *inventory.Inventory, aggregated bool) map[roleKey]*Role {
	clusterRoles, roles := objectsOf(inv, "ClusterRole"), objectsOf(inv, "Role")
	byKey := make(map[roleKey]*Role, len(clusterRoles)+len(roles))
	room := make([]Role, len(clusterRoles)+len(roles))
	a.roles = make([]*Role, 0, len(room))
	lists := newLists()
	for i, o := range slices.Concat(clusterRoles, roles) {
		role := &room[i]
		*role = Role{Ref: o.Ref, Object: o, Rules: lists.rules(o), Default: o.Default}
		if o.Kind == "ClusterRole" {
			role.Namespace = ""
		}
		key := roleKey{role.Namespace, role.Name}
		if first, known := byKey[key]; known {
			first.merge(role)
			continue
		}
		byKey[key] = role
		a.roles = append(a.roles, role)
	}
	a.aggregate(aggregated)
	for _, role := range a.roles {
		role.index = newIndex(role.Rules)
	}
	return byKey
}

// merge adds the rules of another definition of the role. Nobody knows which file is applied last, or whether both are
// for one cluster, so that the role counts as having the rules of all.
func (r *Role) merge(other *Role) {
	r.also = append(r.also, other.Object)
	r.Default = r.Default && other.Default
	set := newRuleSet()
	set.addAll(r)
	for i := range other.Rules {
		set.add(&other.Rules[i], nil, source{other.Object, i})
	}
	r.Rules, r.sources = set.rules, set.sources
}

// objectsOf are the objects of an RBAC kind. Files rarely hold what Kubernetes itself installs, though they bind to it:
// there the defaults that are missing are taken from the newest known version.
func objectsOf(inv *inventory.Inventory, kind string) []*inventory.Object {
	own := inv.Of(Group, kind)
	if inv.Source.Kind == "cluster" {
		return own
	}
	own = slices.Clone(own)
	for _, o := range bootstrap.Objects() {
		if o.Kind == kind && inv.Get(Group, kind, o.Namespace, o.Name) == nil {
			own = append(own, o)
		}
	}
	return own
}
