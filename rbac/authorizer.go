package rbac

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
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
}

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
	byUser   map[string][]*Binding // by user name, also of service accounts
	byGroup  map[string][]*Binding
	warnings []Warning
}

// A Warning is something about the RBAC objects that a person should know: they do not do what they seem to.
type Warning struct {
	Object  finding.Ref  `json:"object"`
	Path    finding.Path `json:"path"`
	Message string       `json:"message"` // one sentence without a final dot
}

// New builds the Authorizer of an inventory. Objects that are broken grant nothing beyond what can be read of them, and
// are named by Warnings.
func New(inv *inventory.Inventory) *Authorizer {
	a := &Authorizer{byUser: map[string][]*Binding{}, byGroup: map[string][]*Binding{}}
	roles := a.readRoles(inv)
	for _, kind := range []string{"ClusterRoleBinding", "RoleBinding"} {
		for _, o := range objectsOf(inv, kind) {
			a.addBinding(o, roles)
		}
	}
	return a
}

// Roles are all Roles and ClusterRoles in reading order, Bindings all bindings.
func (a *Authorizer) Roles() []*Role { return a.roles }

// Bindings are all RoleBindings and ClusterRoleBindings: those of the cluster first, each in reading order.
func (a *Authorizer) Bindings() []*Binding { return a.bindings }

// Warnings are what a person should know about the RBAC objects, in reading order.
func (a *Authorizer) Warnings() []Warning { return a.warnings }

// Subjects are all subjects that bindings name, sorted.
func (a *Authorizer) Subjects() []Subject {
	seen := map[Subject]bool{}
	var out []Subject
	for _, b := range a.bindings {
		for _, s := range b.Subjects {
			if !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
		}
	}
	slices.SortFunc(out, Subject.Compare)
	return out
}

// BindingsOf are the bindings that name the subject itself, and not one of its groups.
func (a *Authorizer) BindingsOf(s Subject) []*Binding {
	if s.Kind == GroupKind {
		return a.byGroup[s.Name]
	}
	return a.byUser[s.UserName()]
}

func (a *Authorizer) addBinding(o *inventory.Object, roles map[finding.Ref]*Role) {
	b := &Binding{Ref: o.Ref, Object: o, Default: o.Default}
	if o.Kind == "ClusterRoleBinding" {
		b.Namespace = ""
	}
	b.RoleRef = finding.Ref{
		APIVersion: Group + "/v1", Kind: inventory.String(o.Content, "roleRef", "kind"),
		Name: inventory.String(o.Content, "roleRef", "name"),
	}
	if b.RoleRef.Kind == "Role" {
		b.RoleRef.Namespace = b.Namespace
	}
	if b.RoleRef.Kind != "Role" || b.Namespace != "" { // a ClusterRoleBinding can name no Role
		b.Role = roles[b.RoleRef]
	}
	for _, item := range inventory.List(o.Content, "subjects") {
		a.addSubject(b, item)
	}
	a.bindings = append(a.bindings, b)
}

func (a *Authorizer) addSubject(b *Binding, item any) {
	content, _ := item.(map[string]any)
	s := Subject{Kind: inventory.String(content, "kind"), Name: inventory.String(content, "name")}
	switch s.Kind {
	case ServiceAccountKind:
		s.Namespace = inventory.String(content, "namespace")
		if s.Namespace == "" {
			s.Namespace = b.Namespace // as the authorizer defaults it, though the API server refuses such an object today
		}
		if s.Namespace == "" {
			return
		}
		a.byUser[s.UserName()] = appendNew(a.byUser[s.UserName()], b)
	case UserKind:
		a.byUser[s.Name] = appendNew(a.byUser[s.Name], b)
	case GroupKind:
		a.byGroup[s.Name] = appendNew(a.byGroup[s.Name], b)
	default:
		return
	}
	b.Subjects = append(b.Subjects, s)
}

// appendNew appends a binding unless it is the last one already: a binding can name a subject twice.
func appendNew(list []*Binding, b *Binding) []*Binding {
	if n := len(list); n > 0 && list[n-1] == b {
		return list
	}
	return append(list, b)
}
