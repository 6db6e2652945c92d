package attack

import (
	"fmt"

	"github.com/plimsoll-io/plimsoll/finding"
)

// A Path leads from one foothold to another.
type Path struct {
	From, To finding.Ref
	Steps    []Step
}

// A Step is one technique applied.
type Step struct {
	Technique *Technique
	From, To  finding.Ref
	// Because proves the step: the binding, role and rule, or the object, that make it possible.
	Because []finding.Reason
	// Cut says why the step is not possible here though the rights would allow it: admission refuses the pod. "" when it is.
	Cut string
}

// Blocked says that a step of the path is cut.
func (p Path) Blocked() bool {
	for _, s := range p.Steps {
		if s.Cut != "" {
			return true
		}
	}
	return false
}

// A Tree holds the shortest way to one target from everywhere.
type Tree struct {
	graph *Graph
	to    int32
	steps []int32 // how many steps it takes from each foothold; -1 when there is no way
	next  []int32 // the edge to take first; -1 at the target
}

// Towards finds the shortest ways to a target. With blocked, steps that are cut count as if they were not.
func (g *Graph) Towards(to finding.Ref, blocked bool) *Tree {
	t := &Tree{graph: g, to: -1, steps: make([]int32, len(g.footholds)), next: make([]int32, len(g.footholds))}
	for i := range t.steps {
		t.steps[i], t.next[i] = -1, -1
	}
	if id, ok := g.ids[to]; ok {
		t.to = id
		t.search(blocked)
	}
	return t
}

// search walks the edges backwards, links first: they are no steps. Each round holds the footholds of one distance.
func (t *Tree) search(blocked bool) {
	g := t.graph
	t.steps[t.to] = 0
	round := []int32{t.to}
	for distance := int32(0); len(round) > 0; distance++ {
		for i := 0; i < len(round); i++ { // round grows by what links lead to it
			for _, e := range g.into[round[i]] {
				if from := g.edges[e].from; g.edges[e].technique == structural && t.steps[from] < 0 {
					t.steps[from], t.next[from] = distance, e
					round = append(round, from)
				}
			}
		}
		var next []int32
		for _, at := range round {
			for _, e := range g.into[at] {
				edge := &g.edges[e]
				if edge.technique != structural && t.steps[edge.from] < 0 && (blocked || edge.proof.cut == "") {
					t.steps[edge.from], t.next[edge.from] = distance+1, e
					next = append(next, edge.from)
				}
			}
		}
		round = next
	}
}

// Steps is how many steps it takes from a foothold; ok is false when there is no way.
func (t *Tree) Steps(from finding.Ref) (steps int, ok bool) {
	id, known := t.graph.ids[from]
	if !known || t.steps[id] < 0 {
		return 0, false
	}
	return int(t.steps[id]), true
}

// Path is the shortest way from a foothold; ok is false when there is none.
func (t *Tree) Path(from finding.Ref) (p Path, ok bool) {
	id, known := t.graph.ids[from]
	if !known || t.steps[id] < 0 {
		return Path{}, false
	}
	var edges []int32
	for at := id; at != t.to; {
		e := t.next[at]
		edges = append(edges, e)
		at = t.graph.edges[e].to
	}
	return t.graph.path(from, t.graph.footholds[t.to], edges), true
}

// path turns edges into steps: a link out of a set says which member the step before it takes, a link into a group
// belongs to the step after it.
func (g *Graph) path(from, to finding.Ref, edges []int32) Path {
	p := Path{From: from, To: to}
	at := from
	for _, e := range edges {
		edge := &g.edges[e]
		target := g.footholds[edge.to]
		if edge.technique != structural {
			p.Steps = append(p.Steps, Step{
				Technique: &g.techniques[edge.technique], From: at, To: target, Because: edge.proof.because(), Cut: edge.proof.cut,
			})
			at = target
			continue
		}
		if n := len(p.Steps); n > 0 && (isSet(p.Steps[n-1].To) || target.Kind == GoalKind || target.Kind == NamespaceKind) {
			p.Steps[n-1].To = target
			at = target
		} else if n == 0 && isSet(at) {
			at = target
		}
	}
	return p
}

// because is the proof as data.
func (p proof) because() []finding.Reason {
	var out []finding.Reason
	for _, g := range p.grants {
		if g.Binding == nil {
			continue
		}
		if g.Binding.APIVersion == "" { // made up: the step before took it
			continue
		}
		ref := g.Binding.Ref
		who := g.Subject.String()
		out = append(out, finding.Reason{
			Effect: "proves", Fact: "grant", Object: &ref,
			Message: fmt.Sprintf("%s binds %s to %s, whose rule %d allows it", ref, who, g.Binding.RoleRef, g.Rule),
		})
	}
	if p.object != nil {
		ref := p.object.Ref
		message := p.note
		if message == "" {
			message = ref.String()
		}
		if p.path != "" {
			message += " (" + string(p.path) + ")"
		}
		out = append(out, finding.Reason{Effect: "proves", Fact: "object", Object: &ref, Message: message})
	} else if p.note != "" {
		out = append(out, finding.Reason{Effect: "proves", Fact: "note", Message: p.note})
	}
	return out
}
