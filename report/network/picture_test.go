package network

import (
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/report/graph"
)

// TestPictureTells holds pictures to the map: following arrows over boxes of sets from one peer to another gives the
// ports that it can send there, and nothing else.
func TestPictureTells(t *testing.T) {
	clusters(t, func(t *testing.T, _ *inventory.Inventory, m *network.Map) {
		checkPicture(t, m)
	})
	for _, text := range []string{manyOpen(40, 3), manyOpen(13, 20), manyOpen(200, 0)} {
		checkPicture(t, network.New(inventoryOf(t, text)))
	}
}

// manyOpen makes workloads of which the first some are isolated, but from one namespace.
func manyOpen(n, isolated int) string {
	var b strings.Builder
	for i := range n {
		name := "w" + string(rune('a'+i%26)) + strings.Repeat("x", i/26)
		ns := "n" + string(rune('0'+i%5))
		b.WriteString("{apiVersion: apps/v1, kind: Deployment, metadata: {name: " + name + ", namespace: " + ns +
			"}, spec: {template: {metadata: {labels: {app: " + name + "}}, spec: {containers: [{name: c}]}}}}\n---\n")
		if i < isolated {
			b.WriteString("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: " + name + ", namespace: " + ns +
				"}, spec: {podSelector: {matchLabels: {app: " + name + "}}, policyTypes: [Ingress, Egress], ingress: [{from: [{namespaceSelector: " +
				"{matchLabels: {kubernetes.io/metadata.name: n1}}}], ports: [{port: 80}]}]}}\n---\n")
		}
	}
	return b.String()
}

func checkPicture(t *testing.T, m *network.Map) {
	t.Helper()
	c := newConnections(m, ConnectivityOptions{By: ByWorkload, Ports: network.AllPorts()})
	p := c.newPicture()
	p.workloads()
	p.connect()
	sets := map[string]graph.Node{}
	for _, n := range p.g.Nodes {
		if n.Kind == "set" {
			sets[n.ID] = n
		}
	}
	next := map[string][]string{}
	for _, e := range p.g.Edges {
		if _, set := sets[e.To]; set {
			next[e.From] = append(next[e.From], e.To)
		}
	}
	for i, peer := range p.names.peers {
		from := map[string]bool{p.ids[i]: true}
		queue := []string{p.ids[i]}
		for id, n := range sets { // these are said by name
			if n.Label == "every workload" || n.Label == "all of "+peer.Namespace() && n.Group == peer.Namespace() {
				from[id], queue = true, append(queue, id)
			}
		}
		for ; len(queue) > 0; queue = queue[1:] {
			for _, id := range next[queue[0]] {
				if !from[id] {
					from[id], queue = true, append(queue, id)
				}
			}
		}
		got := map[string]map[string]bool{}
		for _, e := range p.g.Edges {
			if _, set := sets[e.To]; from[e.From] && !set {
				if got[e.To] == nil {
					got[e.To] = map[string]bool{}
				}
				word := e.Label
				if e.Cut != "" {
					word += "?"
				}
				got[e.To][word] = true
			}
		}
		for j, other := range p.names.peers {
			if i == j {
				continue
			}
			want := map[string]bool{}
			connection := m.Allowed(peer, other)
			if !connection.Allowed.None() {
				want[shortPorts(connection.Allowed)] = true
			}
			if !connection.Unknown.None() {
				want[shortPorts(connection.Unknown)+"?"] = true
			}
			if len(got[p.ids[j]]) != len(want) {
				t.Errorf("%s → %s: %v, want %v", peer, other, got[p.ids[j]], want)
			}
			for word := range want {
				if !got[p.ids[j]][word] {
					t.Errorf("%s → %s: %v, want %v", peer, other, got[p.ids[j]], want)
				}
			}
		}
	}
}
