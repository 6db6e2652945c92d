package rehearse

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/internal/inventorytest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/flow"
)

// randomPolicies are NetworkPolicies of some of a few names.
func randomPolicies(r *rand.Rand) string {
	var out strings.Builder
	for i := range 4 {
		if r.IntN(3) == 0 {
			continue
		}
		selector := fmt.Sprintf("{matchLabels: {app: w%d}}", r.IntN(4))
		peer := []string{"{podSelector: {matchLabels: {app: w%d}}}", "{namespaceSelector: {matchLabels: {team: t%d}}}", "{namespaceSelector: {}, podSelector: {matchLabels: {app: w%d}}}"}[r.IntN(3)]
		peer = fmt.Sprintf(strings.ReplaceAll(peer, "%d", "%[1]d"), r.IntN(3))
		fmt.Fprintf(&out, "---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p%d, namespace: n%d}, spec: {podSelector: %s, "+
			"policyTypes: [%s], ingress: [{from: [%s], ports: [{port: %d}]}], egress: [{to: [%s]}]}}\n",
			i, i%2, []string{selector, "{}"}[r.IntN(2)], []string{"Ingress", "Egress", "Ingress, Egress"}[r.IntN(3)], peer, 80+r.IntN(2), peer)
	}
	return out.String()
}

// TestRandomFlows holds what is predicted to break to what the engine denies on the objects after the change.
func TestRandomFlows(t *testing.T) {
	broken, kept := 0, 0
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // has to be repeatable
		var world, flows strings.Builder
		flows.WriteString("source,destination,port\n")
		for n := range 2 {
			fmt.Fprintf(&world, "---\n{apiVersion: v1, kind: Namespace, metadata: {name: n%d, labels: {team: t%d}}}\n", n, n)
			for w := range 4 {
				fmt.Fprintf(&world, "---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: w%d, namespace: n%d}, spec: {template: {metadata: {labels: {app: w%d}}, spec: {containers: [{name: c}]}}}}\n", w, n, w)
			}
		}
		of := func(text string) *inventory.Inventory {
			return inventory.New(inventory.Source{Kind: "cluster"}, time.Time{}, "", inventorytest.Objects(t, "x.yaml", text), nil)
		}
		before, change := of(world.String()+randomPolicies(r)), of(randomPolicies(r)+
			fmt.Sprintf("---\n{apiVersion: v1, kind: Namespace, metadata: {name: n0, labels: {team: t%d}}}\n", r.IntN(2)))
		after, _, _ := overlay(before, change, Evidence{})
		old, now := network.New(before).AssumeEnforced(), network.New(after).AssumeEnforced()
		want := map[Flow]bool{}
		for _, from := range before.Of("apps", "Deployment") {
			for _, to := range before.Of("apps", "Deployment") {
				for port := uint16(80); port < 83; port++ {
					ask := func(m *network.Map) bool {
						a, b := m.Workload(from.Namespace, "Deployment", from.Name), m.Workload(to.Namespace, "Deployment", to.Name)
						return m.Allowed(a[0], b[0]).Port(network.TCP, port) == network.Allowed
					}
					if from == to || !ask(old) {
						continue
					}
					fmt.Fprintf(&flows, "%s/%s,%s/%s,%d\n", from.Namespace, from.Name, to.Namespace, to.Name, port)
					if ask(now) {
						kept++
						continue
					}
					want[Flow{from.String(), to.String(), "TCP", port}] = true
				}
			}
		}
		if strings.Count(flows.String(), "\n") == 1 {
			continue // nothing is allowed, so that nothing was seen
		}
		input := flow.FromReader("flows.csv", bytes.NewReader([]byte(flows.String())))
		collection, err := flow.Collect(t.Context(), []flow.Input{input}, flow.CollectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := Run(t.Context(), before, change, Evidence{Flows: collection})
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, b := range answer.Breaks {
			if b.Flow == nil {
				continue
			}
			got++
			if !want[*b.Flow] {
				t.Errorf("seed %d: %+v is said to break, and does not", seed, *b.Flow)
			}
		}
		broken += got
		if got != len(want) {
			t.Errorf("seed %d: %d connections are said to break, and %d do", seed, got, len(want))
		}
	}
	if broken < 100 || kept < 100 {
		t.Errorf("only %d connections broken, %d kept", broken, kept)
	}
}
