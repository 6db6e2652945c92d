package rehearse_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/rehearse"
)

// Where policies tell a great many addresses apart they are asked about at once, with the answers of one by one.
func TestManyAddresses(t *testing.T) {
	blocks := func(port, n int) m {
		var from l
		for i := range n {
			from = append(from, m{"ipBlock": m{"cidr": fmt.Sprintf("203.0.113.%d/32", i)}})
		}
		return m{"from": from, "to": from, "ports": l{m{"port": int64(port)}}}
	}
	all := m{"from": l{m{"ipBlock": m{"cidr": "0.0.0.0/0"}}, m{"ipBlock": m{"cidr": "::/0"}}}, "ports": l{m{"port": int64(82)}}}
	web := object("apps/v1", "Deployment", "shop", "web", m{"spec": m{"template": m{"metadata": m{"labels": m{"app": "web"}}}}})
	rules := l{all}
	for i := range 40 { // each address has a port of its own, so that it is a class of its own
		rules = append(rules, blocks(1000+i, i+1))
	}
	rules = append(rules, blocks(80, 40), blocks(81, 39))
	policy := object("networking.k8s.io/v1", "NetworkPolicy", "shop", "web", m{"spec": m{
		"podSelector": m{}, "policyTypes": l{"Ingress", "Egress"}, "ingress": rules, "egress": rules[1:],
	}})
	here := network.New(inventoryOf([]*inventory.Object{web, policy}))
	pods := need.End{Kind: need.Workload, Object: web, Peers: here.Workload("shop", "Deployment", "web")}
	forty := make([]netip.Prefix, 40)
	for i := range forty {
		forty[i] = netip.MustParsePrefix(fmt.Sprintf("203.0.113.%d/32", i))
	}
	for _, c := range []struct {
		name string
		end  need.End
		port uint16
		want string
	}{
		{"all of the world", need.End{Kind: need.Outside, Wider: true}, 82, "kept"},
		{"a part of the world", need.End{Kind: need.Outside, Wider: true}, 80, "unknown"},
		{"nothing of the world", need.End{Kind: need.Outside, Wider: true}, 83, "breaks"},
		{"all of the addresses", need.End{Kind: need.Outside, Addresses: forty}, 80, "kept"},
		{"all but one of the addresses", need.End{Kind: need.Outside, Addresses: forty}, 81, "breaks"},
		{"all but one of addresses that may be meant", need.End{Kind: need.Outside, Addresses: forty, Wider: true}, 81, "unknown"},
		{"a network", need.End{Kind: need.Outside, Addresses: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/27")}}, 80, "kept"},
		{"a network and more", need.End{Kind: need.Outside, Addresses: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/26")}}, 80, "breaks"},
	} {
		for _, n := range []need.Need{{From: c.end, To: pods, Port: c.port}, {From: pods, To: c.end, Port: c.port}} {
			if c.port == 82 && n.From.Kind == need.Workload {
				continue // only let in
			}
			n.Evidence = []need.Evidence{{Flows: 1}}
			r := rehearse.Rehearse(&need.Needs{List: []need.Need{n}}, here, here)
			got := map[bool]string{r.Kept == 1: "kept", len(r.Unknown) == 1: "unknown", len(r.Breaks) == 1: "breaks"}[true]
			if got != c.want {
				t.Errorf("%s from %s: got %s, want %s: %s", c.name, n.From.Kind, got, c.want, describe(r))
			}
		}
	}
}
