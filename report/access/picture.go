package access

import (
	"fmt"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
	"github.com/plimsoll-io/plimsoll/report/graph"
)

// Draw makes a picture of paths: what they pass is a box, each technique an arrow. Subjects that are on no path stand
// beside them, so that a search finds them with their rights.
func Draw(paths []attack.Path, access *rbac.Authorizer, subjects []rbac.Subject) *graph.Graph {
	d := &drawer{nodes: map[finding.Ref]int{}, edges: map[edgeKey]int{}, g: &graph.Graph{
		Title: "How rights lead further", GroupNoun: "namespace", EdgeNoun: "technique",
		Caption: "Boxes are what an attacker can hold, arrows what it lets him take next.",
	}}
	for _, p := range paths {
		d.path(p)
	}
	for _, s := range subjects {
		d.node(s.Ref())
	}
	for _, s := range subjects {
		d.rights(s, access)
	}
	return d.g
}

type edgeKey struct {
	from, to  finding.Ref
	technique string
}

type drawer struct {
	g     *graph.Graph
	nodes map[finding.Ref]int
	edges map[edgeKey]int
}

func (d *drawer) path(p attack.Path) {
	from := d.node(p.From)
	var lines []string
	for i, s := range p.Steps {
		d.step(s)
		lines = append(lines, fmt.Sprintf("%d. %s → %s", i+1, s.Technique.ID, attack.Describe(s.To)))
		for _, r := range s.Because {
			lines = append(lines, "   "+r.Message)
		}
		if s.Cut != "" {
			lines = append(lines, "   blocked: "+s.Cut)
		}
	}
	if len(lines) > 0 {
		n := &d.g.Nodes[from]
		n.Sections = append(n.Sections, graph.Section{Title: "Path to " + attack.Describe(p.To), Lines: lines})
		if n.Tone == graph.Plain && !p.Blocked() {
			n.Tone = graph.Warn
		}
	}
}

func (d *drawer) step(s attack.Step) {
	d.node(s.From)
	d.node(s.To)
	key := edgeKey{s.From, s.To, s.Technique.ID}
	if _, known := d.edges[key]; known || s.From == s.To {
		return
	}
	d.edges[key] = len(d.g.Edges)
	lines := []string{s.Technique.Title}
	for _, r := range s.Because {
		lines = append(lines, r.Message)
	}
	d.g.Edges = append(d.g.Edges, graph.Edge{From: idOf(s.From), To: idOf(s.To), Label: s.Technique.ID, Lines: lines, Cut: s.Cut})
}

func (d *drawer) node(r finding.Ref) int {
	if i, known := d.nodes[r]; known {
		return i
	}
	n := graph.Node{ID: idOf(r), Label: labelOf(r), Kind: r.Kind, Group: r.Namespace, Rank: -1}
	if r.Kind == attack.GoalKind {
		n.Tone = graph.Goal
	}
	i := len(d.g.Nodes)
	d.nodes[r] = i
	d.g.Nodes = append(d.g.Nodes, n)
	return i
}

// rights lists what the subject is bound to.
func (d *drawer) rights(s rbac.Subject, access *rbac.Authorizer) {
	var lines []string
	for _, b := range access.BindingsOf(s) {
		where := "everywhere"
		if b.Namespace != "" {
			where = "in " + b.Namespace
		}
		line := fmt.Sprintf("%s %s (%s)", b.RoleRef, where, b.Ref)
		if b.Role == nil {
			line += ": the role does not exist"
		}
		lines = append(lines, line)
	}
	if len(lines) > 0 {
		n := &d.g.Nodes[d.node(s.Ref())]
		n.Sections = append(n.Sections, graph.Section{Title: "Bound to", Lines: lines})
	}
}

func idOf(r finding.Ref) string { return r.Group() + "|" + r.Kind + "|" + r.Namespace + "|" + r.Name }

// labelOf is short: the kind and the namespace are shown beside it.
func labelOf(r finding.Ref) string {
	switch r.Kind {
	case rbac.ServiceAccountKind, rbac.UserKind, rbac.GroupKind, attack.GoalKind:
		return r.Name
	}
	if r.APIVersion != "" {
		return r.Name
	}
	return attack.Describe(r)
}
