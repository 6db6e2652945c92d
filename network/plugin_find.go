package network

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// An agent is something that makes the network of pods, or enforces policies in it: what a DaemonSet runs, or a part of
// the node itself. Its zero values say that nothing is known.
type agent struct {
	name                     string
	policies, admin, cluster Enforcement
	strict                   bool
	because                  []string
	objects                  []*inventory.Object
	nodes                    int // how many nodes it runs on; -1 when that is not known
}

// pluginKinds are the kinds that tell of the plugin, besides workloads.
func pluginKinds() []schema.GroupKind { return []schema.GroupKind{{Kind: "ConfigMap"}, {Kind: "Node"}} }

// A finder looks for the network plugin.
type finder struct {
	inv *inventory.Inventory
	// live says that the inventory is of a cluster: there is a plugin, whether the inventory shows it or not.
	live  bool
	nodes []*inventory.Object
}

func findPlugin(inv *inventory.Inventory) *Plugin {
	f := &finder{inv: inv, nodes: inv.Of("", "Node")}
	_, unseen := inv.Incomplete(schema.GroupKind{Kind: "Node"})
	f.live = inv.Source.Kind != "files" && inv.Source.Kind != "" && (len(f.nodes) > 0 || unseen)
	agents := f.daemons()
	agents = append(agents, f.onNodes(agents)...)
	if len(agents) == 0 {
		return f.nothing()
	}
	p := &Plugin{}
	var names []string
	for _, a := range agents {
		if a.name != "" && !slices.Contains(names, a.name) {
			names = append(names, a.name)
		}
		p.Strict = p.Strict || a.strict
		p.Because = append(p.Because, a.because...)
		for _, o := range a.objects {
			if !slices.Contains(p.Objects, o) {
				p.Objects = append(p.Objects, o)
			}
		}
	}
	p.Name = inWords(names)
	p.AdminPolicies = together(agents, func(a agent) Enforcement { return a.admin })
	p.ClusterPolicies = together(agents, func(a agent) Enforcement { return a.cluster })
	f.judge(p, agents)
	return p
}

// judge decides whether what enforces policies does so everywhere.
func (f *finder) judge(p *Plugin, agents []agent) {
	var enforcing, unsure []agent
	for _, a := range agents {
		switch a.policies {
		case Enforced:
			enforcing = append(enforcing, a)
		case EnforcementUnknown:
			unsure = append(unsure, a)
		}
	}
	if why := f.uncovered(enforcing); len(enforcing) > 0 && why == "" {
		p.NetworkPolicies = Enforced
		return
	} else if why != "" {
		p.Because = append(p.Because, why)
		p.AdminPolicies, p.ClusterPolicies = EnforcementUnknown, EnforcementUnknown
		p.unsure(why)
		return
	}
	if gap, incomplete := f.inv.Incomplete(schema.GroupKind{Group: "apps", Kind: "DaemonSet"}); incomplete && f.live {
		why := "what enforces policies may be missing: " + gap.Reason
		p.Because = append(p.Because, why)
		p.unsure(why)
		return
	}
	if len(unsure) > 0 {
		p.unsure(last(unsure[0].because))
		return
	}
	p.NetworkPolicies = NotEnforced
	p.doubt = p.title() + " does not enforce policies: " + last(last(agents).because)
}

// uncovered is why enforcement does not reach every node; "" when it does, as far as that can be told.
func (f *finder) uncovered(enforcing []agent) string {
	covered := 0
	for _, a := range enforcing {
		if a.nodes < 0 {
			return ""
		}
		covered += a.nodes
	}
	if len(enforcing) == 0 || covered >= len(f.nodes) {
		return ""
	}
	return fmt.Sprintf("%s runs on %d of %s", enforcing[0].name, covered, plural(len(f.nodes), "node", "nodes"))
}

// nothing is the answer when nothing shows a plugin.
func (f *finder) nothing() *Plugin {
	if !f.live {
		return &Plugin{
			NetworkPolicies: Enforced, AdminPolicies: Enforced, ClusterPolicies: Enforced, Assumed: true,
			Because: []string{"nothing here shows a network plugin, so policies are assumed to be enforced"},
		}
	}
	why := "no network plugin that is known here was found in what was read of the cluster, and not every plugin enforces policies"
	if gap, incomplete := f.inv.Incomplete(schema.GroupKind{Group: "apps", Kind: "DaemonSet"}); incomplete {
		why = "the network plugin was not found: " + gap.Reason
	}
	p := &Plugin{Because: []string{why}}
	p.unsure(why)
	return p
}

// unsure says that it is not known whether policies are enforced, and why.
func (p *Plugin) unsure(why string) {
	p.why, p.doubt = why, "it is not known whether policies are enforced: "+why
}

// together is what agents do together: what one of them enforces is enforced.
func together(agents []agent, of func(agent) Enforcement) Enforcement {
	all := NotEnforced
	for _, a := range agents {
		switch of(a) {
		case Enforced:
			return Enforced
		case EnforcementUnknown:
			all = EnforcementUnknown
		}
	}
	return all
}

// inWords joins names: "Calico and flannel".
func inWords(names []string) string {
	if len(names) < 3 {
		return strings.Join(names, " and ")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

func last[T any](list []T) T { return list[len(list)-1] }
