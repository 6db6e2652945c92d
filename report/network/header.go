// Package network writes the answers of netpol commands: who can talk to whom, what is open, which policies to have. Each
// is a document that package answer shows.
package network

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// A Header starts every machine-readable answer.
type Header struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Inventory  Inventory `json:"inventory"`
	// Missing says which peers may be missing.
	Missing  []string            `json:"missing"`
	Warnings []inventory.Warning `json:"warnings"`
}

// An Inventory says what the answer was read from.
type Inventory struct {
	answer.Inventory
	Workloads int    `json:"workloads"`
	Policies  int    `json:"policies"`
	Plugin    Plugin `json:"plugin"`
}

// A Plugin is the network plugin, and whether it makes policies count.
type Plugin struct {
	// Name is "" where nothing that was read shows one.
	Name string `json:"name"`
	// NetworkPolicies is "yes", "no" or "unknown": whether they are enforced. So are the others.
	NetworkPolicies network.Enforcement `json:"networkPolicies"`
	AdminPolicies   network.Enforcement `json:"adminNetworkPolicies"`
	ClusterPolicies network.Enforcement `json:"clusterNetworkPolicies"`
	// Assumed says that nothing tells, and that policies are taken to be enforced.
	Assumed bool     `json:"assumed"`
	Because []string `json:"because"`

	doubt string
}

func pluginOf(m *network.Map) Plugin {
	p := m.Plugin()
	return Plugin{
		Name: p.Name, NetworkPolicies: p.NetworkPolicies, AdminPolicies: p.AdminPolicies, ClusterPolicies: p.ClusterPolicies,
		Assumed: p.Assumed, Because: append([]string{}, p.Because...), doubt: p.Doubt(),
	}
}

// text says in a line what the plugin makes of policies.
func (p *Plugin) text() string {
	switch {
	case p.doubt != "":
		return p.doubt
	case p.Name == "":
		return "policies are taken to be enforced"
	case p.Assumed:
		return p.Name + ", which is taken to enforce policies"
	}
	return p.Name + " enforces policies"
}

// HeaderOf starts an answer about an inventory. Only the gaps that can hide something of what a Map reads, or of other
// kinds that the answer depends on, are named.
func HeaderOf(kind string, inv *inventory.Inventory, m *network.Map, also ...func() []schema.GroupKind) Header {
	reads := network.Reads()
	for _, more := range also {
		reads = append(reads, more()...)
	}
	return Header{
		APIVersion: report.APIVersion, Kind: kind, Missing: append([]string{}, m.Missing()...),
		Warnings: append([]inventory.Warning{}, m.Warnings()...),
		Inventory: Inventory{
			Inventory: answer.InventoryOf(inv, reads), Workloads: workloads(m), Policies: len(m.Policies()), Plugin: pluginOf(m),
		},
	}
}

// document starts the answer of a body with this header.
func document(h Header, body any, tables ...answer.Table) *answer.Document {
	return &answer.Document{Body: body, Tables: tables, Source: h.source(), Remarks: h.remarks}
}

// remarks are what people must know of what was read.
func (h Header) remarks(all bool) []string {
	var out []string
	if inv := &h.Inventory; inv.Workloads == 0 && len(inv.Gaps) == 0 {
		out = append(out, "no workload was found there: a map needs manifests of pods or workloads beside policies")
	}
	if p := &h.Inventory.Plugin; p.doubt != "" {
		out = append(out, p.doubt+" (--assume-enforced, if you know that policies are)")
	} else if p.Name != "" || all {
		out = append(out, "network plugin: "+p.text())
	}
	out = append(out, h.Missing...)
	return append(out, answer.Remarks(h.Inventory.Gaps, h.Warnings, all, network.Refused)...)
}

// source says in a line what was read and when.
func (h Header) source() string {
	inv := &h.Inventory
	return inv.Line(fmt.Sprintf("%s, %s", display.Plural(inv.Workloads, "workload"), display.Plural(inv.Policies, "network policy")), inv.Plugin.text())
}

// workloads counts the objects that peers belong to.
func workloads(m *network.Map) int {
	n := 0
	var last *inventory.Object
	for _, p := range m.Peers() {
		if p.Object != nil && p.Object != last {
			n, last = n+1, p.Object
		}
	}
	return n
}
