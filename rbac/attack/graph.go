package attack

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// A Graph holds every foothold and every step of an inventory. It is immutable and safe for concurrent use.
type Graph struct {
	access     *rbac.Authorizer
	techniques []Technique
	ids        map[finding.Ref]int32
	footholds  []finding.Ref
	edges      []edge
	into       [][]int32 // edges by the foothold that they end at
	outOf      [][]int32 // edges by the foothold that they start from
}

// New builds the graph of an inventory whose rights access answers for.
func New(inv *inventory.Inventory, access *rbac.Authorizer, opts Options) *Graph {
	b := &builder{
		inv: inv, access: access, opts: opts, technique: structural,
		ids: map[finding.Ref]int32{}, pods: map[podName]int{}, accounts: map[string][]string{}, secrets: map[string][]string{},
		bindingsOf: map[*rbac.Role][]*rbac.Binding{}, virtual: map[rbac.Subject][]*rbac.Binding{}, matched: map[string][]match{},
	}
	for _, binding := range access.Bindings() {
		if binding.Role != nil {
			b.bindingsOf[binding.Role] = append(b.bindingsOf[binding.Role], binding)
		}
	}
	b.listWorkloads()
	b.listNamespaces()
	b.listAccounts()
	b.listSecrets()
	for _, goal := range Goals() {
		b.id(goal)
	}
	for _, subject := range access.Subjects() {
		b.id(subject.Ref())
	}
	for i := range b.workloads {
		b.id(b.workloads[i].object.Ref)
	}
	techniques := Techniques()
	b.run(techniques)
	return b.graph(techniques)
}

// run lets the techniques find their steps. Those by which an attacker gives himself rights go first, again and again
// until no new holder of rights comes up, so that all others see what the new rights are good for.
func (b *builder) run(techniques []Technique) {
	for known := -1; known != len(b.virtual); {
		known = len(b.virtual)
		b.edges = b.edges[:0]
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
		access: b.access, techniques: techniques, ids: b.ids, footholds: b.footholds, edges: append(b.links, b.edges...),
		into: make([][]int32, len(b.footholds)), outOf: make([][]int32, len(b.footholds)),
	}
	for i, e := range g.edges {
		g.into[e.to] = append(g.into[e.to], int32(i))
		g.outOf[e.from] = append(g.outOf[e.from], int32(i))
	}
	return g
}

// Footholds are all that an attacker could hold, in the order in which they were found.
func (g *Graph) Footholds() []finding.Ref { return g.footholds }

// Has says whether the graph knows a foothold.
func (g *Graph) Has(r finding.Ref) bool { _, ok := g.ids[r]; return ok }
