package rbac

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// Group is the API group of Roles and bindings.
const Group = "rbac.authorization.k8s.io"

// Reads are the kinds that an Authorizer is built from. With a gap in one of them its answers may lack rights.
func Reads() []schema.GroupKind {
	return []schema.GroupKind{
		{Group: Group, Kind: "Role"}, {Group: Group, Kind: "ClusterRole"},
		{Group: Group, Kind: "RoleBinding"}, {Group: Group, Kind: "ClusterRoleBinding"},
	}
}

// A Grant is the proof of a right: this subject of this binding has it through this rule.
type Grant struct {
	Binding *Binding // nil when membership of system:masters decides, which bypasses RBAC
	Rule    int      // index into Binding.Role.Rules
	Subject Subject  // as the binding names it: the caller itself or one of its groups
}

// Of returns the rule that grants; nil for system:masters.
func (g Grant) Of() *Rule {
	if g.Binding == nil {
		return nil
	}
	return &g.Binding.Role.Rules[g.Rule]
}

// An Authorizer answers as the API server's RBAC authorizer would. It is immutable and safe for concurrent use.
type Authorizer struct {
	roles    []*Role
	bindings []*Binding
	holders  *holders
	cycles   [][]*Role // of aggregation
	tooMany  []*Role   // whose aggregation exceeds what can be
	warnings func() []Warning
}

// New builds the Authorizer of an inventory. Objects that the API server would refuse are taken as if it had stored
// them: what its authorizer would read in them counts, and Warnings name them.
//
// When several files define a role of the same name it has the rules of all. Bindings of the same name all count.
func New(inv *inventory.Inventory) *Authorizer { return build(inv, inv.Source.Kind == "cluster") }

// NewSettled is New for a cluster with a change that nobody has made yet: its aggregated ClusterRoles have the rules that
// the controller will give them, and not those that it gave them before.
func NewSettled(inv *inventory.Inventory) *Authorizer { return build(inv, false) }

// build reads the objects; aggregated says that the controller has filled the aggregated ClusterRoles.
func build(inv *inventory.Inventory, aggregated bool) *Authorizer {
	a := &Authorizer{}
	a.readBindings(inv, a.readRoles(inv, aggregated))
	a.warnings = sync.OnceValue(func() []Warning { return warn(a, inv) })
	return a
}

// Roles are all Roles and ClusterRoles in reading order, ClusterRoles first; Bindings all bindings.
func (a *Authorizer) Roles() []*Role { return a.roles }

// Bindings are all RoleBindings and ClusterRoleBindings: those of the cluster first, each in reading order.
func (a *Authorizer) Bindings() []*Binding { return a.bindings }

// Subjects are all subjects that bindings name, sorted. A service account that a binding names by its user name is
// listed as the service account.
func (a *Authorizer) Subjects() []Subject {
	out := make([]Subject, 0, len(a.holders.all))
	for i := range a.holders.all {
		out = append(out, a.holders.all[i].subject)
	}
	slices.SortFunc(out, Subject.Compare)
	return out
}

// BindingsOf are the bindings that name the subject itself, and not one of its groups: ClusterRoleBindings first, then
// RoleBindings by namespace.
func (a *Authorizer) BindingsOf(s Subject) []*Binding { return a.held(s).bindings }

func (a *Authorizer) held(s Subject) *held {
	if s.Kind == GroupKind {
		return a.holders.group(s.Name)
	}
	return a.holders.user(s.UserName())
}
