package attack

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// A Graph holds every foothold and every step of an inventory. It is immutable and safe for concurrent use.
type Graph struct {
	inv        *inventory.Inventory
	access     *rbac.Authorizer
	techniques []Technique
	ids        map[finding.Ref]int32
	footholds  []finding.Ref
	edges      []edge // links first, then steps
	proofs     []proof
	into       adjacency // edges by the foothold that they end at
	outOf      adjacency // edges by the foothold that they start from
}

// New builds the graph of an inventory whose rights access answers for.
func New(inv *inventory.Inventory, access *rbac.Authorizer, opts Options) *Graph {
	return newGraph(inv, access, opts, Techniques())
}

func newGraph(inv *inventory.Inventory, access *rbac.Authorizer, opts Options, techniques []Technique) *Graph {
	b := &builder{
		inv: inv, access: access, opts: opts, technique: structural,
		pods: map[podName]int{}, accounts: map[string][]string{}, secrets: map[string][]string{},
		bindingsOf: map[*rbac.Role][]*rbac.Binding{}, virtual: map[rbac.Subject][]*rbac.Binding{}, matched: map[string][]match{},
		through: map[rbac.Subject][]membership{}, bound: map[boundKey][]rbac.Subject{},
		numbers: numbering{ids: map[rbac.Subject]int32{}}, subjects: access.Subjects(),
	}
	for _, binding := range access.Bindings() {
		if binding.Role != nil {
			b.bindingsOf[binding.Role] = append(b.bindingsOf[binding.Role], binding)
		}
	}
	b.listMembers()
	b.listWorkloads()
	b.listNamespaces()
	b.listAccounts()
	b.listSecrets()
	b.makeRoom()
	b.addStarts()
	b.run(techniques)
	return b.graph(techniques)
}

// makeRoom spares growing step by step what will be large.
func (b *builder) makeRoom() {
	footholds := 2*len(b.subjects) + 5*len(b.workloads)/4 + 5*len(b.namespaces)
	b.ids = make(map[finding.Ref]int32, footholds)
	b.footholds = make([]finding.Ref, 0, footholds)
	b.links = make([]edge, 0, 4*footholds)
	b.edges = make([]edge, 0, len(b.access.Bindings())+2*footholds)
	b.proofs = make([]proof, 0, len(b.access.Bindings())+footholds/2)
}

// addStarts makes footholds of all that a path may start from or lead to, also of what no step touches.
func (b *builder) addStarts() {
	for _, goal := range Goals() {
		b.id(goal)
	}
	for _, s := range b.subjects {
		b.id(footholdOf(s))
	}
	for _, user := range b.people {
		b.id(rbac.Subject{Kind: rbac.UserKind, Name: user}.Ref())
	}
	for _, s := range []rbac.Subject{anonymous, authenticated} {
		b.id(s.Ref())
	}
	for i := range b.workloads {
		b.id(b.workloads[i].object.Ref)
	}
	for _, ns := range b.namespaces {
		for _, kind := range []string{AnyPodKind, AnyAccountKind, AnySecretKind} {
			b.id(set(kind, ns))
		}
	}
	b.id(set(AnyNodeKind, ""))
}

// run lets the techniques find their steps. Those by which an attacker gives himself rights go first, again and again
// until no new holder of rights comes up, so that all others see what the new rights are good for.
func (b *builder) run(techniques []Technique) {
	for known := -1; known != len(b.virtual); {
		known = len(b.virtual)
		b.edges, b.proofs = b.edges[:0], b.proofs[:0]
		b.find(techniques, true)
	}
	b.find(techniques, false)
}

func (b *builder) find(techniques []Technique, grows bool) {
	for i := range techniques {
		if techniques[i].grows == grows {
			b.technique = int16(i)
			techniques[i].find(b)
		}
	}
}

func (b *builder) graph(techniques []Technique) *Graph {
	g := &Graph{
		inv: b.inv, access: b.access, techniques: techniques, ids: b.ids, footholds: b.footholds, proofs: b.proofs,
		edges: append(b.links, b.edges...),
	}
	g.into = newAdjacency(len(g.footholds), g.edges, func(e *edge) int32 { return e.to })
	g.outOf = newAdjacency(len(g.footholds), g.edges, func(e *edge) int32 { return e.from })
	return g
}

// Footholds are all that an attacker could hold, in the order in which they were found.
func (g *Graph) Footholds() []finding.Ref { return g.footholds }

// Has says whether the graph knows a foothold.
func (g *Graph) Has(r finding.Ref) bool { _, ok := g.ids[r]; return ok }

// Starts are the footholds that an attacker may begin with: every subject that the inventory knows, the anonymous caller
// and whoever can prove a name among them, and every workload. Sets are left out, since their members are listed.
func (g *Graph) Starts() []finding.Ref {
	var out []finding.Ref
	for _, r := range g.footholds {
		if isStart(r) {
			out = append(out, r)
		}
	}
	return out
}

func isStart(r finding.Ref) bool {
	switch r.Kind {
	case rbac.ServiceAccountKind, rbac.UserKind, rbac.GroupKind:
		return true
	}
	_, makesPods := inventory.PodPath(schema.GroupKind{Group: r.Group(), Kind: r.Kind})
	return makesPods
}

// at are the footholds that an attacker at r holds: r itself or, when it is a subject that the inventory does not name,
// the groups that authentication would give it.
func (g *Graph) at(r finding.Ref) []int32 {
	if id, ok := g.ids[r]; ok {
		return []int32{id}
	}
	s := rbac.Subject{Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}
	if s.Kind != rbac.ServiceAccountKind && s.Kind != rbac.UserKind && s.Kind != rbac.GroupKind || s.Ref() != r {
		return nil
	}
	if id, ok := g.ids[footholdOf(s)]; ok { // a service account by its user name
		return []int32{id}
	}
	var out []int32
	for _, group := range s.Identity().Groups {
		if id, ok := g.ids[rbac.Subject{Kind: rbac.GroupKind, Name: group}.Ref()]; ok {
			out = append(out, id)
		}
	}
	return out
}
