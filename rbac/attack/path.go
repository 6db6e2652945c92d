package attack

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// A Path leads from one foothold to another. Without steps, who holds From holds To already.
type Path struct {
	// From and To are as they were asked for, so they may be sets or goals; the steps name the members that matter.
	From, To finding.Ref
	Steps    []Step
}

// A Step is one technique applied.
type Step struct {
	Technique *Technique
	// From is what the attacker holds before the step: what the step before led to, or a member of it. To is what he
	// holds after it; when many would do and none matters more, it is a set (see Describe).
	From, To finding.Ref
	// Because proves the step: the binding, role and rule, or the object, that make it possible. Several grants in it are
	// needed together.
	Because []finding.Reason
	// Alternatives are further proofs: each would do alone. At most maxAlternatives are kept.
	Alternatives [][]finding.Reason
	// Cut says why the step is not possible here though the rights would allow it: admission refuses the pod. "" when it is.
	Cut string
}

// maxAlternatives bounds what a step says about the other ways to take it.
const maxAlternatives = 20

// Blocked says that a step of the path is cut.
func (p Path) Blocked() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Cut != "" })
}

// Blocks are the reasons why steps of the path are not possible, each once.
func (p Path) Blocks() []string {
	var out []string
	for _, s := range p.Steps {
		if s.Cut != "" && !slices.Contains(out, s.Cut) {
			out = append(out, s.Cut)
		}
	}
	return out
}

// path turns edges, which lead from the foothold at, into steps.
func (g *Graph) path(from, to, at finding.Ref, edges []int32, open func(int32) bool) Path {
	p := Path{From: from, To: to}
	if len(edges) == 0 {
		return p
	}
	here := g.ids[at] // what the attacker holds, as the path shows it
	for i, e := range edges {
		edge := &g.edges[e]
		if edge.technique != structural {
			leads := g.shown(edges, i)
			p.Steps = append(p.Steps, g.step(e, here, leads, g.parallel(here, e, leads, open)))
			here = leads
		} else if len(p.Steps) == 0 && isSet(g.footholds[here]) {
			here = edge.to
		}
	}
	return p
}

// shown is what the i-th edge leads to, as the path shows it: the links behind it lead out of sets to the member that
// matters. Groups that the member is in belong to the next step, and what contains it (a goal, a namespace) is no better
// than its own name.
func (g *Graph) shown(edges []int32, i int) int32 {
	at := g.edges[edges[i]].to
	for _, e := range edges[i+1:] {
		edge := &g.edges[e]
		r := g.footholds[at]
		vague := isSet(r) || r.Kind == SomeNodeKind
		if edge.technique != structural || !vague || g.footholds[edge.to].Kind == NamespaceKind {
			break
		}
		at = edge.to
	}
	return at
}

// step is an edge, and those that do the same, as what a path shows.
func (g *Graph) step(e, from, to int32, parallel []int32) Step {
	edge := &g.edges[e]
	s := Step{
		Technique: &g.techniques[edge.technique], From: g.footholds[from], To: g.footholds[to],
		Because: g.because(from, e), Cut: g.proofs[edge.proof].cut,
	}
	for _, other := range parallel {
		if len(s.Alternatives) == maxAlternatives {
			break
		}
		s.Alternatives = append(s.Alternatives, g.because(from, other))
	}
	return s
}

// parallel are the other edges of the same technique by which who holds from, with its groups, gets hold of to. Cut ones
// count only beside a cut one.
func (g *Graph) parallel(from, e, to int32, open func(int32) bool) []int32 {
	var out []int32
	technique, cut, actors := g.edges[e].technique, g.edges[e].cut, g.held(from)
	for _, holder := range g.holding(to) {
		for _, other := range g.into.stepsAt(holder) {
			o := &g.edges[other]
			if other != e && o.technique == technique && o.proof != g.edges[e].proof && o.cut == cut && open(other) &&
				slices.Contains(actors, o.from) {
				out = append(out, other)
			}
		}
		if len(out) > maxAlternatives {
			break
		}
	}
	return out
}

// held is what who holds a foothold holds by links alone, but not the members of a set: of these he takes one.
func (g *Graph) held(at int32) []int32 {
	out := []int32{at}
	for i := 0; i < len(out); i++ {
		if r := g.footholds[out[i]]; isSet(r) || r.Kind == GoalKind {
			continue
		}
		for _, e := range g.outOf.linksAt(out[i]) {
			if to := g.edges[e].to; !slices.Contains(out, to) {
				out = append(out, to)
			}
		}
	}
	return out
}

// holding are the footholds that hold another by links alone, itself first. The members of groups are no way to take
// hold of the group, and are left out.
func (g *Graph) holding(at int32) []int32 {
	out := []int32{at}
	for i := 0; i < len(out); i++ {
		for _, e := range g.into.linksAt(out[i]) {
			from := g.edges[e].from
			if r := g.footholds[from]; (isSet(r) || r.Kind == GoalKind || r.Kind == SomeNodeKind) && !slices.Contains(out, from) {
				out = append(out, from)
			}
		}
	}
	return out
}

// because is the proof of an edge as data. The step is taken by who holds from, as a member of a group perhaps.
func (g *Graph) because(from, e int32) []finding.Reason {
	edge := &g.edges[e]
	var out []finding.Reason
	holder, actor := g.footholds[from], g.footholds[edge.from]
	if holder != actor && actor.Kind == rbac.GroupKind {
		out = append(out, finding.Reason{
			Effect: "proves", Fact: "member", Object: &actor, Message: fmt.Sprintf("%s is member of %s", holder, actor),
		})
	}
	return append(out, g.proofs[edge.proof].because()...)
}

// because is the proof as data, one reason for each binding.
func (p *proof) because() []finding.Reason {
	var out []finding.Reason
	for i, grant := range p.grants {
		if grant.Binding == nil || madeUp(grant.Binding) || i > 0 && containsBinding(p.grants[:i], grant) {
			continue // system:masters needs no binding, and of made-up ones the step before tells
		}
		ref := grant.Binding.Ref
		out = append(out, finding.Reason{
			Effect: "proves", Fact: "grant", Object: &ref,
			Message: fmt.Sprintf("%s binds %s to %s, whose %s", ref, grant.Subject, grant.Binding.RoleRef, rulesOf(p.grants[i:], grant)),
		})
	}
	switch {
	case p.object != nil:
		ref := p.object.Ref
		message := p.note
		if message == "" {
			message = ref.String()
		}
		if p.path != "" {
			message += " (" + string(p.path) + ")"
		}
		out = append(out, finding.Reason{Effect: "proves", Fact: "object", Object: &ref, Message: message})
	case p.note != "":
		out = append(out, finding.Reason{Effect: "proves", Fact: "note", Message: p.note})
	}
	return out
}

func sameBinding(a, b rbac.Grant) bool { return a.Binding == b.Binding && a.Subject == b.Subject }

func containsBinding(grants []rbac.Grant, g rbac.Grant) bool {
	return slices.ContainsFunc(grants, func(o rbac.Grant) bool { return sameBinding(o, g) })
}

// rulesOf names the rules of a grant's binding that the proof needs: "rule 0 allows it", "rules 0 and 1 allow it".
func rulesOf(grants []rbac.Grant, g rbac.Grant) string {
	var rules []int
	for _, o := range grants {
		if sameBinding(o, g) && !slices.Contains(rules, o.Rule) {
			rules = append(rules, o.Rule)
		}
	}
	slices.Sort(rules)
	if len(rules) == 1 {
		return fmt.Sprintf("rule %d allows it", rules[0])
	}
	text := "rules "
	for i, r := range rules {
		switch {
		case i == len(rules)-1:
			text += " and "
		case i > 0:
			text += ", "
		}
		text += strconv.Itoa(r)
	}
	return text + " allow it"
}

// madeUp says that no object stands behind a binding: the attacker makes it.
func madeUp(b *rbac.Binding) bool { return b.APIVersion == "" }
