// Package generate writes the NetworkPolicies that a careful person would have written for connections that are needed:
// nothing passes in a namespace but what a policy allows, and each policy allows what was seen or declared and no more,
// or says so.
//
// Policies are for workloads: what was seen of one pod is allowed to all pods of its workload.
package generate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// Policies makes the plan for needs whose ends are peers of the Map. The same needs in any order give the same plan, also
// when policies of an earlier plan are there.
func Policies(m *network.Map, services *service.Services, needs *need.Needs, options Options) *Plan {
	if len(options.Directions) == 0 {
		options.Directions = []network.Direction{network.Ingress, network.Egress}
	}
	options.Directions = slices.Compact(slices.Sorted(slices.Values(options.Directions)))
	options.Style, options.Existing = cmp.Or(options.Style, PerWorkload), cmp.Or(options.Existing, Keep)
	b := &builder{
		network: m, services: services, options: options, plan: &Plan{gone: map[[2]string]bool{}},
		byPlace: map[string][]*workload{}, covered: map[string]bool{}, villages: map[string]*village{},
		units: map[string][]*unit{}, asking: map[string]*Reason{}, sides: map[sideKey]*side{},
	}
	b.all, b.of = readWorkloads(m)
	for _, w := range b.all {
		b.byPlace[w.namespace] = append(b.byPlace[w.namespace], w)
	}
	b.findResolvers()
	b.cover(needs)
	b.standing.read(m, b.covered, options.Existing)
	for ns, workloads := range b.byPlace {
		b.units[ns] = unite(ns, workloads, options.Style)
	}
	b.welcome()
	for i := range needs.List {
		b.need(&needs.List[i])
	}
	for _, ns := range b.plan.Namespaces {
		b.namespace(ns)
	}
	b.finish()
	return b.plan
}

// finish names what becomes superfluous, and sorts.
func (b *builder) finish() {
	var from []string
	if b.plan.Observed > 0 {
		from = append(from, "flows")
	}
	if b.plan.Declared > 0 {
		from = append(from, "declarations")
	}
	if len(from) == 0 {
		from = append(from, "nothing")
	}
	made := map[[2]string]bool{}
	for _, p := range b.plan.Policies {
		made[[2]string{p.Namespace, p.Name}] = true
		p.Annotations[GeneratedFrom] = strings.Join(from, "-and-")
	}
	for _, o := range b.standing.gone {
		key := [2]string{o.Namespace, o.Name}
		b.plan.gone[key] = true
		if !made[key] {
			b.plan.Obsolete = append(b.plan.Obsolete, o)
		}
	}
	slices.SortFunc(b.plan.Obsolete, func(a, b *inventory.Object) int { return a.Compare(b.Ref) })
	slices.SortFunc(b.plan.Unopened, func(a, b Unopened) int {
		return cmp.Or(strings.Compare(a.Need.From.Key(), b.Need.From.Key()), strings.Compare(a.Need.To.Key(), b.Need.To.Key()),
			comparePorts(Port{a.Need.Protocol, a.Need.Port, 0}, Port{b.Need.Protocol, b.Need.Port, 0}))
	})
	slices.SortFunc(b.plan.Notes, compareNotes)
}

func compareNotes(a, b Note) int {
	order := []Sort{NotOpened, NotSeen, Broader, Untouched}
	return cmp.Or(slices.Index(order, a.Sort)-slices.Index(order, b.Sort), strings.Compare(a.Namespace, b.Namespace),
		strings.Compare(a.Policy, b.Policy), strings.Compare(a.Text, b.Text), strings.Compare(a.About, b.About))
}

// Proposed is the inventory as it would be with the plan: its policies are there, and those that it replaces are not.
func (p *Plan) Proposed(inv *inventory.Inventory) *inventory.Inventory {
	made := map[[2]string]bool{}
	for _, policy := range p.Policies {
		made[[2]string{policy.Namespace, policy.Name}] = true
	}
	var objects []*inventory.Object
	for _, o := range inv.All() {
		key := [2]string{o.Namespace, o.Name}
		if o.Kind == "NetworkPolicy" && o.GroupKind().Group == "networking.k8s.io" && (p.gone[key] || made[key]) {
			continue
		}
		objects = append(objects, o)
	}
	for _, policy := range p.Policies {
		objects = append(objects, policy.Inventory())
	}
	return inventory.New(inv.Source, inv.Taken, inv.Version, objects, inv.Gaps)
}
