package network

import (
	"net/netip"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// Reads are the kinds that a Map is built from. A gap in one of them makes answers unknown or peers missing.
func Reads() []schema.GroupKind {
	kinds := []schema.GroupKind{{Kind: "Namespace"}, {Group: "networking.k8s.io", Kind: "NetworkPolicy"}}
	kinds = append(append(kinds, adminKinds()...), pluginKinds()...)
	for _, k := range foreignKinds() {
		kinds = append(kinds, k.GroupKind)
	}
	for _, gk := range inventory.WorkloadKinds() {
		if gk.Kind != "PodTemplate" {
			kinds = append(kinds, gk)
		}
	}
	return kinds
}

// PolicyKinds are the kinds of policies that a Map judges.
func PolicyKinds() []schema.GroupKind {
	return append([]schema.GroupKind{{Group: "networking.k8s.io", Kind: "NetworkPolicy"}, {Group: "extensions", Kind: "NetworkPolicy"}}, adminKinds()...)
}

// A Map says who can talk to whom. It is immutable and safe for concurrent use.
type Map struct {
	inv      func() *inventory.Inventory
	plugin   *Plugin
	names    *namespaces
	crowd    *crowd
	compiler *compiler
	policies []*compiled
	admins   []*adminPolicy // in the order in which they are asked
	foreign  []*foreign
	peers    []*Peer // pods by workload, then addresses
	pods     int     // how many of the peers are pods
	atlas    *atlas
	named    *namedPorts
	classes  []*Class
	nodes    map[int]int // by index of a peer on the host network: the matcher of the pods on its nodes
	reach    func() *reach
	read     []Warning
	warnings func() []Warning
	missing  []string
}

// A Class is peers that no policy can tell apart: for each of them every answer is the same.
type Class struct {
	ID    int // its place in Map.Classes
	Peers []*Peer
}

// External says that the class is addresses outside of the cluster.
func (c *Class) External() bool { return c.Peers[0].External() }

// New makes the Map of an inventory. Objects of any shape give an answer: what cannot be read makes unknown what depends
// on it, and Warnings tell.
func New(inv *inventory.Inventory) *Map {
	m := &Map{inv: func() *inventory.Inventory { return inv }, plugin: findPlugin(inv), names: newNamespaces(inv)}
	m.compiler = newCompiler(m.names)
	var w warner
	for _, p := range readPolicies(&w, inv) {
		m.policies = append(m.policies, m.compiler.compile(p))
	}
	for _, p := range unseenPolicies(inv) {
		m.policies = append(m.policies, m.compileUnseen(p))
	}
	m.admins = readAdmins(&w, inv)
	for _, p := range m.admins {
		m.compiler.compileAdmin(p)
	}
	m.foreign = m.readForeign()
	m.read = w.out
	m.build()
	m.missing = missingPeers(inv)
	m.finish()
	return m
}

// build makes peers of what was read.
func (m *Map) build() {
	pods := readPods(m.inv(), m.names)
	m.names.finish()
	m.atlas = newAtlas(m.blocks())
	m.peers = m.fold(pods)
	m.pods = len(m.peers)
	m.named = resolveNames(m)
	m.crowd = newCrowd(m.peers, m.names)
	m.nodes = m.hostNodes()
	for _, x := range m.compiler.matchers.all {
		m.crowd.fill(x)
	}
	m.mark()
	for _, g := range m.atlas.groups {
		p := &Peer{Addresses: g.ranges, located: true, facts: g.facts}
		p.address[g.family] = g.ranges[0].First
		p.called = sync.OnceValue(p.addressText)
		m.peers = append(m.peers, p)
	}
}

// finish makes classes of the peers.
func (m *Map) finish() {
	m.classify()
	m.matchClasses()
	m.compute()
	m.warnings = sync.OnceValue(func() []Warning { return append(slices.Clip(m.read), m.unusedNames()...) })
}

// compute makes the answers of a Map whose classes are known, when they are first asked for.
func (m *Map) compute() { m.reach = sync.OnceValue(func() *reach { return newReach(m) }) }

func (m *Map) blocks() []*matcher {
	var out []*matcher
	for _, x := range m.compiler.matchers.all {
		if x.kind == blockMatcher {
			out = append(out, x)
		}
	}
	return out
}

// Peers are the peers: those of workloads by namespace, kind and name, then addresses, IPv4 first. The addresses of all
// external peers together are all there are.
func (m *Map) Peers() []*Peer { return m.peers }

// Classes are the classes of peers. Those of addresses come last.
func (m *Map) Classes() []*Class { return m.classes }

// ClassOf is the class of a peer of this Map.
func (m *Map) ClassOf(p *Peer) *Class { return m.classes[p.class] }

// Policies are the NetworkPolicies that count, sorted by namespace and name.
func (m *Map) Policies() []*inventory.Object {
	out := make([]*inventory.Object, 0, len(m.policies))
	for _, p := range m.policies {
		if p.object != nil {
			out = append(out, p.object)
		}
	}
	return out
}

// Warnings are what a person should know about the policies. They are completed on the first call.
func (m *Map) Warnings() []Warning { return m.warnings() }

// Missing says, in sentences, which peers may be missing because the inventory has gaps. Pairs whose answer is unknown
// because of a gap are not meant: their answers say so.
func (m *Map) Missing() []string { return m.missing }

// Workload finds the peers of a workload by namespace and name; kind is "" for every kind. There are several when
// policies can tell its pods apart.
func (m *Map) Workload(namespace, kind, name string) []*Peer {
	var out []*Peer
	for _, p := range m.In(namespace) {
		if p.Object.Name == name && (kind == "" || p.Object.Kind == kind) {
			out = append(out, p)
		}
	}
	return out
}

// In are the peers of a namespace, by kind and name.
func (m *Map) In(namespace string) []*Peer {
	pods := m.peers[:m.pods]
	start, _ := slices.BinarySearchFunc(pods, namespace, func(p *Peer, ns string) int { return strings.Compare(p.Object.Namespace, ns) })
	end := start
	for end < len(pods) && pods[end].Object.Namespace == namespace {
		end++
	}
	return slices.Clip(pods[start:end])
}

// Address is the external peer that an address belongs to; nil for the zero address.
func (m *Map) Address(a netip.Addr) *Peer {
	if !a.IsValid() {
		return nil
	}
	return m.peers[m.pods+m.atlas.at(a).group]
}

// missingPeers says which kinds of workloads could not be read.
func missingPeers(inv *inventory.Inventory) []string {
	var out []string
	for _, gap := range inv.Gaps {
		if slices.ContainsFunc(inventory.WorkloadKinds(), gap.Covers) {
			sentence := "Workloads may be missing: " + gap.Reason + "."
			if !slices.Contains(out, sentence) {
				out = append(out, sentence)
			}
		}
	}
	return out
}
