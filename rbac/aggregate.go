package rbac

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// Aggregation of files is what the controller of a cluster settles on after they are applied:
//
//   - A ClusterRole with an aggregationRule gets the rules of the ClusterRoles that it selects, and loses its own.
//   - When these have no rules at all it keeps its own, because the controller then writes none.
//   - It is left alone when a selector is not valid.
//   - Roles that select each other in a cycle all get the rules of all. Which of the cycle's own rules survive depends on
//     which role the controller comes to first, so all are counted.
//
// Nothing bounds what roles can select, but an API server could not hold the result: see maxAggregated.
const (
	maxAggregated = 1 << 20 // rules that all aggregated roles may have together
	maxSelected   = 1 << 22 // roles that all aggregated roles may select together
)

// everything is what a role counts as having when aggregation exceeds these bounds.
var everything = Rule{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}, NonResourceURLs: []string{"*"}}

// An aggregator finds groups of roles that select each other (strongly connected components, by Tarjan's algorithm),
// those that others select first.
type aggregator struct {
	done         bool    // the controller of a cluster has aggregated: only look for cycles
	clusterRoles []*Role // sorted by name, as the controller takes them
	labels       []labels.Set
	bySelector   map[string][]*Role

	sources map[*Role][]*Role // of aggregated roles
	edges   int
	rules   int

	number, low map[*Role]int
	stack       []*Role
	onStack     map[*Role]bool
	cycles      [][]*Role
	tooMany     []*Role
}

// aggregate gives the aggregated ClusterRoles of files their rules. In a cluster, where that is done, it only finds the
// cycles.
func (a *Authorizer) aggregate(done bool) {
	g := &aggregator{
		done:       done,
		bySelector: map[string][]*Role{}, sources: map[*Role][]*Role{},
		number: map[*Role]int{}, low: map[*Role]int{}, onStack: map[*Role]bool{},
	}
	for _, role := range a.roles {
		if role.Kind == "ClusterRole" {
			g.clusterRoles = append(g.clusterRoles, role)
		}
	}
	slices.SortFunc(g.clusterRoles, func(x, y *Role) int { return strings.Compare(x.Name, y.Name) })
	for _, role := range g.clusterRoles {
		g.labels = append(g.labels, labels.Set(role.Object.Labels()))
	}
	for _, role := range g.clusterRoles {
		if sources, ok := g.choose(role); ok {
			g.sources[role] = sources
		}
	}
	for _, role := range g.clusterRoles {
		if g.isAggregated(role) && g.number[role] == 0 {
			g.visit(role)
		}
	}
	a.cycles, a.tooMany = g.cycles, g.tooMany
}

func (g *aggregator) isAggregated(role *Role) bool {
	_, ok := g.sources[role]
	return ok
}

// choose are the ClusterRoles that any selector of the role's aggregationRule matches, but the role itself. ok is false
// when the role is not aggregated.
func (g *aggregator) choose(role *Role) (out []*Role, ok bool) {
	seen := map[*Role]bool{role: true}
	for _, o := range role.Objects() {
		selectors, err := selectorsOf(o)
		if err != nil || selectors == nil {
			continue
		}
		ok = true
		for _, s := range selectors {
			for _, other := range g.matching(s) {
				if !seen[other] {
					seen[other] = true
					out = append(out, other)
				}
			}
		}
	}
	g.edges += len(out)
	if g.edges > maxSelected {
		g.exceed(role)
		return nil, false
	}
	return out, ok
}

func (g *aggregator) matching(s labels.Selector) []*Role {
	text := s.String()
	out, known := g.bySelector[text]
	if known {
		return out
	}
	for i, role := range g.clusterRoles {
		if s.Matches(g.labels[i]) || slices.ContainsFunc(role.also, func(o *inventory.Object) bool { return s.Matches(labels.Set(o.Labels())) }) {
			out = append(out, role)
		}
	}
	g.bySelector[text] = out
	return out
}

// selectorsOf reads an aggregationRule; nil when there is none, empty when it selects nothing.
func selectorsOf(o *inventory.Object) ([]labels.Selector, error) {
	if _, ok := o.Content["aggregationRule"].(map[string]any); !ok {
		return nil, nil
	}
	out := []labels.Selector{}
	for _, item := range inventory.List(o.Content, "aggregationRule", "clusterRoleSelectors") {
		s, err := selectorOf(item)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func selectorOf(item any) (labels.Selector, error) {
	content, _ := item.(map[string]any)
	var ls metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, &ls); err != nil {
		return nil, err
	}
	return metav1.LabelSelectorAsSelector(&ls)
}

// visit gives the role its rules, after all that it selects.
func (g *aggregator) visit(role *Role) {
	g.number[role] = len(g.number) + 1
	g.low[role] = g.number[role]
	g.stack = append(g.stack, role)
	g.onStack[role] = true
	for _, source := range g.sources[role] {
		switch {
		case !g.isAggregated(source):
		case g.number[source] == 0:
			g.visit(source)
			g.low[role] = min(g.low[role], g.low[source])
		case g.onStack[source]:
			g.low[role] = min(g.low[role], g.number[source])
		}
	}
	if g.low[role] != g.number[role] {
		return
	}
	at := slices.Index(g.stack, role)
	members := slices.Clone(g.stack[at:])
	g.stack = g.stack[:at]
	for _, m := range members {
		g.onStack[m] = false
	}
	g.settle(members)
}

// settle gives rules to a role, or to the roles of a cycle.
func (g *aggregator) settle(members []*Role) {
	set := newRuleSet()
	inside := map[*Role]bool{}
	for _, m := range members {
		inside[m] = true
	}
	if len(members) > 1 {
		slices.SortFunc(members, func(x, y *Role) int { return strings.Compare(x.Name, y.Name) })
		g.cycles = append(g.cycles, members)
	}
	if g.done {
		return
	}
	if len(members) > 1 {
		for _, m := range members {
			set.addAll(m)
		}
	}
	for _, m := range members {
		for _, source := range g.sources[m] {
			if !inside[source] {
				set.addAll(source)
			}
		}
	}
	if len(set.rules) == 0 {
		return // they keep their own
	}
	if g.rules += len(set.rules); g.rules > maxAggregated {
		for _, m := range members {
			g.exceed(m)
		}
		return
	}
	for _, m := range members {
		m.Rules, m.From, m.sources = set.rules, set.from, set.sources
	}
}

func (g *aggregator) exceed(role *Role) {
	if g.done {
		return
	}
	role.Rules, role.From, role.sources = []Rule{everything}, nil, nil
	g.tooMany = append(g.tooMany, role)
}
