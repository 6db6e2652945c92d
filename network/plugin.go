package network

import (
	"github.com/plimsoll-io/plimsoll/inventory"
)

// An Enforcement says whether policies of a kind have an effect. The zero value is that it is not known.
type Enforcement uint8

// The values of Enforcement.
const (
	EnforcementUnknown Enforcement = iota
	NotEnforced
	Enforced
)

func (e Enforcement) String() string { return [...]string{"unknown", "no", "yes"}[e] }

// MarshalText writes "yes", "no" or "unknown".
func (e Enforcement) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// A Plugin is the network plugin of a cluster, or several that work together, and what it makes of policies.
type Plugin struct {
	// Name is what people call it: "Cilium", "Calico and flannel"; "" when nothing in the inventory shows one.
	Name string
	// NetworkPolicies says whether NetworkPolicies are enforced, AdminPolicies the same of AdminNetworkPolicies and the
	// BaselineAdminNetworkPolicy, and ClusterPolicies of ClusterNetworkPolicies.
	NetworkPolicies, AdminPolicies, ClusterPolicies Enforcement
	// Strict says that it also isolates pods that no policy selects.
	Strict bool
	// Assumed says that nothing in the inventory tells: that policies are enforced is taken for granted.
	Assumed bool
	// Because is what the answers rest on, in sentences without a final dot.
	Because []string
	// Objects are what was looked at: DaemonSets, ConfigMaps, Nodes.
	Objects []*inventory.Object

	doubt, why string
	given      bool // it is assumed because somebody said so
}

// Doubt is why what policies deny is called unknown, in a sentence without a final dot; "" when NetworkPolicies are
// enforced.
func (p *Plugin) Doubt() string { return p.doubt }

// of is whether policies of the whole cluster of a kind are enforced.
func (p *Plugin) of(kind string) Enforcement {
	if kind == "ClusterNetworkPolicy" {
		return p.ClusterPolicies
	}
	return p.AdminPolicies
}

// Plugin is the network plugin that the inventory shows. What is not known of it, the answers of the Map say too: what
// policies deny is unknown unless NetworkPolicies are surely enforced.
func (m *Map) Plugin() Plugin { return *m.plugin }

// AssumeEnforced is the same Map for somebody who knows that the network plugin enforces all policies, whatever the
// inventory shows of it. Peers and classes are those of this Map.
func (m *Map) AssumeEnforced() *Map {
	n := *m
	n.plugin = &Plugin{
		Name: m.plugin.Name, NetworkPolicies: Enforced, AdminPolicies: Enforced, ClusterPolicies: Enforced, Assumed: true, given: true,
		Because: []string{"that policies are enforced is taken for granted, as asked for"},
	}
	n.compute()
	return &n
}

// sureAdmin says that a policy of the whole cluster is surely in force.
func (m *Map) sureAdmin(p *adminPolicy) bool {
	return p.doubt == "" && m.plugin.of(p.object.Kind) == Enforced
}

// doubtOfAdmin is why a policy of the whole cluster may not be in force; "" when it is.
func (m *Map) doubtOfAdmin(p *adminPolicy) string {
	switch {
	case p.doubt != "":
		return p.doubt
	case m.plugin.of(p.object.Kind) == Enforced:
		return ""
	case m.plugin.of(p.object.Kind) == NotEnforced:
		return m.plugin.title() + " does not enforce policies of this kind"
	case m.plugin.why != "":
		return m.plugin.why
	}
	return "whether " + m.plugin.title() + " enforces policies of this kind is not known"
}

// strictness is why pods that no policy selects may be isolated, in a sentence.
func (p *Plugin) strictness() string { return p.title() + " isolates pods that no policy selects, too" }

// title is what the plugin is called in sentences.
func (p *Plugin) title() string {
	if p.Name == "" {
		return "the network plugin"
	}
	return p.Name
}
