package attack

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// Options are what the graph is told besides the inventory.
type Options struct {
	// Refused says whether admission would refuse to create the pod in the namespace, and why ("Pod Security level
	// restricted of namespace shop"). Nil means that nothing refuses. A pod with ephemeralContainers asks about adding
	// these to an existing pod: an update of pods/ephemeralcontainers.
	Refused func(pod map[string]any, namespace string) (refused bool, why string)
	// Members are the people in a group, where an identity file says so. Nil means that nobody knows.
	Members func(group string) []string
}

// A builder collects footholds and steps. Techniques add to it; all its questions are about what the inventory holds.
type builder struct {
	inv    *inventory.Inventory
	access *rbac.Authorizer
	opts   Options

	ids         map[finding.Ref]int32
	footholds   []finding.Ref
	edges       []edge // steps of techniques
	proofs      []proof
	links       []edge // what holding a foothold means
	technique   int16  // of the steps being added
	namespaces  []string
	workloads   []workload
	pods        map[podName]int     // index into workloads
	byNamespace map[string][]int    // indexes into workloads; see workloadsOf
	accounts    map[string][]string // names of service accounts by namespace, sorted
	secrets     map[string][]string // names of Secrets by namespace, in reading order

	podFacts

	groups map[string]bool  // API groups that are served; see serves
	images map[string][]int // see imageUsers

	bindingsOf map[*rbac.Role][]*rbac.Binding
	virtual    map[rbac.Subject][]*rbac.Binding // of made-up subjects
	groupsOf   map[string][]string              // of people, as Options.Members says
	people     []string                         // those of groupsOf, in the order in which they came up
	matched    map[string][]match
	through    map[rbac.Subject][]membership // see memberships
	bound      map[boundKey][]rbac.Subject   // see boundTo
	numbers    numbering                     // of subjects
	roles      *roleIndex
	subjects   []rbac.Subject // all that bindings name, sorted
}

type match struct {
	role  *rbac.Role
	rule  int
	names []string
}

const structural int16 = -1

// A proof is what shows that a step can be taken.
type proof struct {
	grants []rbac.Grant
	object *inventory.Object // a workload, Secret, CSR … that makes the step possible
	path   finding.Path      // in object
	note   string            // one sentence without a final dot
	cut    string            // why the step is not possible here though the rights would allow it; "" when it is
}

type edge struct {
	from, to  int32
	proof     int32 // index; 0 for links, which have none
	technique int16
	cut       bool
}

// add adds a step of the running technique.
func (b *builder) add(from, to finding.Ref, p proof) {
	if from == to {
		return
	}
	b.edges = append(b.edges, edge{b.id(from), b.id(to), b.proof(p), b.technique, p.cut != ""})
}

// proof numbers a proof. Steps that follow each other often share one: a rule that names several objects.
func (b *builder) proof(p proof) int32 {
	if n := len(b.proofs); n == 0 || !b.proofs[n-1].same(&p) {
		b.proofs = append(b.proofs, p)
	}
	return int32(len(b.proofs) - 1)
}

func (p *proof) same(o *proof) bool {
	return len(p.grants) == len(o.grants) && (len(p.grants) == 0 || &p.grants[0] == &o.grants[0]) &&
		p.object == o.object && p.path == o.path && p.note == o.note && p.cut == o.cut
}

// link says that who holds one foothold holds the other: a member of a set, a group of a user. It is no step.
func (b *builder) link(from, to finding.Ref) {
	b.links = append(b.links, edge{from: b.id(from), to: b.id(to), technique: structural})
}

// id numbers a foothold, and links a set to its members when it is first asked for.
func (b *builder) id(r finding.Ref) int32 {
	if id, known := b.ids[r]; known {
		return id
	}
	id := int32(len(b.footholds))
	b.ids[r] = id
	b.footholds = append(b.footholds, r)
	b.expand(r)
	return id
}

// addAccounts adds steps to the service accounts that a holder may choose from: by name, or any in the namespace.
func (b *builder) addAccounts(h holder, p proof) {
	b.addNamed(h, p, set(AnyAccountKind, h.namespace), func(namespace, name string) []finding.Ref {
		return []finding.Ref{rbac.Account(namespace, name).Ref()}
	})
}

// addNamed adds a step to the whole set, or to what its names stand for in the namespace, or in every one.
func (b *builder) addNamed(h holder, p proof, all finding.Ref, named func(namespace, name string) []finding.Ref) {
	if h.names == nil {
		b.add(subject(h), all, p)
		return
	}
	for _, namespace := range b.namespacesOf(h) {
		for _, name := range h.names {
			for _, to := range named(namespace, name) {
				b.add(subject(h), to, p)
			}
		}
	}
}

// namespacesOf are the namespaces where a holder's rights count.
func (b *builder) namespacesOf(h holder) []string {
	if h.namespace != "" {
		return []string{h.namespace}
	}
	return b.namespaces
}

// matches finds the rules that grant a right, once for each right and state of the roles.
func (b *builder) matches(r right) []match {
	key := r.key()
	if out, known := b.matched[key]; known {
		return out
	}
	var out []match
	for _, role := range b.access.Roles() {
		out = appendMatches(out, r, role)
	}
	out = appendMatches(out, r, everything)
	b.matched[key] = out
	return out
}

func appendMatches(out []match, r right, role *rbac.Role) []match {
	for i := range role.Rules {
		if names, ok := r.matches(&role.Rules[i]); ok {
			out = append(out, match{role, i, names})
		}
	}
	return out
}

// bindings are a subject's own bindings.
func (b *builder) bindings(s rbac.Subject) []*rbac.Binding {
	if made, ok := b.virtual[s]; ok {
		return made
	}
	return b.access.BindingsOf(s)
}

// identity is the subject with the groups that authentication gives, and those that Options.Members names for a user.
func (b *builder) identity(s rbac.Subject) rbac.Identity {
	if s.Kind == rbac.UserKind && len(b.groupsOf[s.Name]) > 0 {
		return s.Identity().With(b.groupsOf[s.Name]...)
	}
	return s.Identity()
}

// roleHolder is the foothold of who binds himself to a role in a namespace ("" for everywhere).
func (b *builder) roleHolder(role *rbac.Role, namespace string) finding.Ref {
	s := rbac.Subject{Kind: RoleHolderKind, Namespace: namespace, Name: role.Kind + "/" + role.Name}
	b.make(s, role, namespace)
	return footholdOf(s)
}

// adminOf is the foothold of who holds every right in a namespace.
func (b *builder) adminOf(namespace string) finding.Ref {
	if namespace == "" {
		return ClusterAdmin
	}
	s := rbac.Subject{Kind: AdminOfKind, Namespace: namespace, Name: namespace}
	b.make(s, everything, namespace)
	return footholdOf(s)
}

// everything is the role of who may give himself any right.
var everything = &rbac.Role{
	Ref:   finding.Ref{Kind: AdminOfKind},
	Rules: []rbac.Rule{{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}}},
}

// make adds a made-up binding of a made-up subject, whose rights count from then on.
func (b *builder) make(s rbac.Subject, role *rbac.Role, namespace string) {
	if _, known := b.virtual[s]; known {
		return
	}
	binding := &rbac.Binding{
		Ref: finding.Ref{Kind: s.Kind, Namespace: namespace, Name: s.Name}, Role: role, RoleRef: role.Ref, Subjects: []rbac.Subject{s},
	}
	b.virtual[s] = []*rbac.Binding{binding}
	clear(b.bound)
	b.bindingsOf[role] = append(b.bindingsOf[role], binding)
}
