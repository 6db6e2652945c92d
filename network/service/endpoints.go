package service

import (
	"net/netip"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// follow finds where Services without a selector lead: somebody writes their Endpoints or EndpointSlices.
func (s *Services) follow(inv *inventory.Inventory, m *network.Map) {
	var pods map[netip.Addr]place
	find := func(a netip.Addr) (place, bool) {
		if pods == nil {
			pods = podAddresses(m)
		}
		at, ok := pods[a]
		return at, ok
	}
	seen := map[*Service]map[*inventory.Object]bool{}
	for _, one := range s.all {
		if !one.Selects {
			seen[one] = map[*inventory.Object]bool{}
		}
	}
	for _, o := range inv.Of("", "Endpoints") {
		if one := s.Get(o.Namespace, o.Name); one != nil && !one.Selects {
			for _, subset := range inventory.Maps(o.Content["subsets"]) {
				one.reach(inventory.Maps(subset["addresses"]), inventory.Maps(subset["ports"]), find, seen[one])
			}
		}
	}
	for _, o := range inv.Of("discovery.k8s.io", "EndpointSlice") {
		if one := s.Get(o.Namespace, o.Labels()["kubernetes.io/service-name"]); one != nil && !one.Selects {
			var addresses []map[string]any
			for _, e := range inventory.Maps(o.Content["endpoints"]) {
				for _, a := range inventory.List(e, "addresses") {
					addresses = append(addresses, map[string]any{"ip": a})
				}
			}
			one.reach(addresses, inventory.Maps(o.Content["ports"]), find, seen[one])
		}
	}
}

// A place is where an address is found.
type place struct {
	peer *network.Peer
	member
}

func podAddresses(m *network.Map) map[netip.Addr]place {
	out := map[netip.Addr]place{}
	for _, p := range m.Peers() {
		if p.External() {
			break
		}
		if p.HostNetwork {
			continue // its address is its node's
		}
		for _, x := range members(p) {
			if x.pod == nil {
				continue
			}
			for _, a := range network.PodAddresses(x.pod) {
				out[a] = place{p, x}
			}
		}
	}
	return out
}

func (s *Service) reach(addresses, ports []map[string]any, find func(netip.Addr) (place, bool), seen map[*inventory.Object]bool) {
	for _, item := range addresses {
		for _, a := range appendAddress(nil, item["ip"]) {
			if at, ok := find(a); ok {
				if !seen[at.pod] {
					seen[at.pod] = true
					s.add(at.peer, at.member)
				}
				continue
			}
			for _, p := range ports {
				if n := network.PortNumber(p["port"]); n != 0 {
					s.Outside = append(s.Outside, netip.AddrPortFrom(a, n))
				}
			}
			if len(ports) == 0 {
				s.Outside = append(s.Outside, netip.AddrPortFrom(a, 0))
			}
		}
	}
}
