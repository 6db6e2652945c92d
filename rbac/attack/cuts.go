package attack

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// CutOptions say what a cut set may consist of.
type CutOptions struct {
	// Rules asks for rules of roles to remove instead of bindings.
	Rules bool
	// Work bounds the search; 0 is the default, a few seconds. The same work gives the same answer everywhere.
	Work int
}

// A CutSet is what to remove so that no path leads to a target any more.
type CutSet struct {
	To     finding.Ref
	Remove []Removal // sorted; never nil
	// Proven says that nothing smaller would do. Otherwise Remove closes all the paths too, but a smaller set may exist.
	Proven bool
	// Remaining are paths that RBAC alone cannot close, one for each start: container escapes, for example, need no right.
	// A path without steps says that the start is the target already. Never nil.
	Remaining []Path
}

// A Removal is one binding, or one rule of a role.
type Removal struct {
	Object finding.Ref // the binding or the role
	Rule   int         // the index in the role's rules; -1 when Object is a binding
	// Default says that Kubernetes itself installs the object: it is proposed only because nothing else closes the paths,
	// and the API server restores it when it starts.
	Default bool
}

// CutSet finds the fewest bindings (or rules) whose removal closes every open path from the starts to a target. What
// Kubernetes itself installs is left alone as far as possible. Removing takes away every step that the binding proves; a
// step that several bindings prove, each by itself, stays until all of them are gone.
func (g *Graph) CutSet(from []finding.Ref, to finding.Ref, o CutOptions) CutSet {
	out := CutSet{To: to, Remove: []Removal{}, Remaining: []Path{}, Proven: true}
	id, known := g.ids[to]
	if !known {
		return out
	}
	c := newCutter(g, id, o)
	c.start(from, &out)
	if len(c.starts) == 0 {
		return out
	}
	items, proven := c.solve()
	out.Proven = proven
	for _, i := range items {
		out.Remove = append(out.Remove, c.items[i])
	}
	slices.SortFunc(out.Remove, func(x, y Removal) int {
		if d := x.Object.Compare(y.Object); d != 0 {
			return d
		}
		return x.Rule - y.Rule
	})
	out.Remove = slices.Compact(out.Remove)
	return out
}

// A cutter finds cut sets: it collects cores, each the removals of which one must be made because of some path, until
// the cheapest set that hits all cores leaves no path.
type cutter struct {
	graph  *Graph
	to     int32
	starts []int32
	items  []Removal
	ofEdge [][]int32 // items by edge; empty for what no removal takes away
	edges  [][]int32 // edges by item
	dead   []bool    // per edge
	cores  [][]int32
	solver hitting
}

const defaultCutWork = 400_000_000

func newCutter(g *Graph, to int32, o CutOptions) *cutter {
	c := &cutter{graph: g, to: to, dead: make([]bool, len(g.edges))}
	c.solver.work = o.Work
	if o.Work <= 0 {
		c.solver.work = defaultCutWork
	}
	l := itemList{rules: o.Rules, ids: map[any]int32{}}
	perProof := make([][]int32, len(g.proofs))
	for i := range g.proofs {
		perProof[i] = l.of(&g.proofs[i])
	}
	c.items, c.ofEdge, c.edges = l.items, make([][]int32, len(g.edges)), make([][]int32, len(l.items))
	for e := range g.edges {
		if edge := &g.edges[e]; edge.technique != structural && !edge.cut {
			c.ofEdge[e] = perProof[edge.proof]
			for _, item := range c.ofEdge[e] {
				c.edges[item] = append(c.edges[item], int32(e))
			}
		}
	}
	c.solver.weights = make([]int64, len(c.items))
	for i := range c.items {
		c.solver.weights[i] = 1
		if c.items[i].Default {
			c.solver.weights[i] = int64(len(c.items)) + 1 // dearer than all that are none together
		}
	}
	return c
}

// An itemList numbers what can be removed.
type itemList struct {
	rules bool
	ids   map[any]int32
	items []Removal
}

// of are the removals each of which takes a proof away, sorted.
func (l *itemList) of(p *proof) []int32 {
	var out []int32
	for _, grant := range p.grants {
		if id, ok := l.item(grant); ok {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (l *itemList) item(grant rbac.Grant) (id int32, ok bool) {
	b := grant.Binding
	if b == nil {
		return 0, false
	}
	if !l.rules {
		if madeUp(b) {
			return 0, false
		}
		return l.number(b, Removal{b.Ref, -1, b.Default}), true
	}
	if b.Role == nil || b.Role.Object == nil {
		return 0, false
	}
	object, rule := b.Role.Source(grant.Rule)
	type ruleOf struct {
		object *inventory.Object
		rule   int
	}
	return l.number(ruleOf{object, rule}, Removal{object.Ref, rule, object.Default}), true
}

func (l *itemList) number(key any, r Removal) int32 {
	id, known := l.ids[key]
	if !known {
		id = int32(len(l.items))
		l.ids[key] = id
		l.items = append(l.items, r)
	}
	return id
}

// start keeps the starts whose paths can be closed, and notes the others' paths as remaining.
func (c *cutter) start(from []finding.Ref, out *CutSet) {
	for e := range c.dead {
		c.dead[e] = len(c.ofEdge[e]) > 0
	}
	forever := c.search()
	known := make([]bool, len(c.graph.footholds))
	for _, r := range from {
		for _, at := range c.graph.at(r) {
			if forever.steps[at] >= 0 {
				p, _ := forever.Path(r)
				out.Remaining = append(out.Remaining, p)
				break
			}
			if !known[at] {
				known[at] = true
				c.starts = append(c.starts, at)
			}
		}
	}
}

// search looks for paths by the edges that are not dead.
func (c *cutter) search() *Tree {
	c.solver.work -= len(c.graph.edges)
	return c.graph.towards(c.to, false, c.dead)
}
