package network_test

import (
	"math/rand/v2"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// TestReplace holds that a changed, new or removed policy gives the answers of a Map that was made anew.
func TestReplace(t *testing.T) {
	for i := range *runs / 2 {
		g := generator{rand.New(rand.NewPCG(*seed+5000, uint64(i)))}
		c := g.cluster()
		m := network.New(c.inventory(t))
		m.Row(m.Classes()[0])
		for step := range 3 {
			var old, with *inventory.Object
			if list := m.Policies(); len(list) > 0 && g.chance(70) {
				old = list[g.IntN(len(list))]
			}
			if old == nil || g.chance(80) {
				p := g.policy(50 + step)
				if old != nil {
					p.Namespace, p.Name = old.Namespace, old.Name
				}
				with = objectOf(t, p)
			}
			before := connections(m)
			next := m.Replace(old, with)
			same(t, "the older Map", before, connections(m))
			fresh := network.New(inventoryOf(append(next.Policies(), withoutPolicies(c.inventory(t))...)...))
			same(t, "the new Map", connections(fresh), connections(next))
			m = next
		}
		if t.Failed() {
			t.Fatalf("cluster %d of seed %d", i, *seed)
		}
	}
}

func withoutPolicies(inv *inventory.Inventory) []*inventory.Object {
	return append(append([]*inventory.Object{}, inv.Of("", "Namespace")...), inv.Of("", "Pod")...)
}

// connections are what Row says for each pair of pods.
func connections(m *network.Map) map[string]network.Connection {
	out := map[string]network.Connection{}
	for _, src := range m.Peers() {
		for _, dst := range m.Peers() {
			if !src.External() && !dst.External() {
				out[src.String()+" to "+dst.String()] = inRow(m, src, dst)
			}
		}
	}
	return out
}

func same(t *testing.T, what string, want, got map[string]network.Connection) {
	t.Helper()
	if len(want) != len(got) {
		t.Errorf("%s has %d pairs and not %d", what, len(got), len(want))
	}
	for pair, c := range want {
		if !c.Allowed.Equal(got[pair].Allowed) || !c.Unknown.Equal(got[pair].Unknown) {
			t.Errorf("%s: %s gets %v and not %v", what, pair, got[pair], c)
		}
	}
}
