package need

import (
	"net/netip"
	"slices"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/flow"
)

// nodes are the nodes of the cluster, and its API servers.
type nodes struct {
	named     map[string][]netip.Addr
	addresses map[netip.Addr]bool
	internal  []netip.Addr
	pods      []netip.Prefix // the networks that nodes give pods addresses of
	api       map[netip.Addr][]uint16
}

func readNodes(inv *inventory.Inventory) *nodes {
	n := &nodes{named: map[string][]netip.Addr{}, addresses: map[netip.Addr]bool{}, api: map[netip.Addr][]uint16{}}
	for _, o := range inv.Of("", "Node") {
		for _, item := range inventory.Maps(inventory.List(o.Content, "status", "addresses")) {
			a, err := netip.ParseAddr(inventory.String(item, "address"))
			if err != nil {
				continue // the name of a host
			}
			a = a.Unmap().WithZone("")
			n.addresses[a] = true
			if inventory.String(item, "type") == "InternalIP" {
				n.internal = append(n.internal, a)
				n.named[o.Name] = append(n.named[o.Name], a)
			}
		}
		for _, text := range append([]any{inventory.String(o.Content, "spec", "podCIDR")}, inventory.List(o.Content, "spec", "podCIDRs")...) {
			text, _ := text.(string)
			if block, err := netip.ParsePrefix(text); err == nil {
				n.pods = append(n.pods, block.Masked())
			}
		}
	}
	n.pods = disjoint(n.pods)
	n.readAPI(inv)
	return n
}

// readAPI reads where the API server is: the endpoints of the Service kubernetes.
func (n *nodes) readAPI(inv *inventory.Inventory) {
	add := func(text any, ports any) {
		s, _ := text.(string)
		a, err := netip.ParseAddr(s)
		if err != nil {
			return
		}
		a = a.Unmap().WithZone("")
		if _, known := n.api[a]; !known {
			n.api[a] = nil
		}
		for _, m := range inventory.Maps(ports) {
			if p := network.PortNumber(m["port"]); p != 0 && !slices.Contains(n.api[a], p) {
				n.api[a] = append(n.api[a], p)
			}
		}
	}
	if o := inv.Get("", "Endpoints", "default", "kubernetes"); o != nil {
		for _, subset := range inventory.Maps(o.Content["subsets"]) {
			for _, m := range inventory.Maps(subset["addresses"]) {
				add(m["ip"], subset["ports"])
			}
		}
	}
	for _, o := range inv.Of("discovery.k8s.io", "EndpointSlice") {
		if o.Namespace != "default" || o.Labels()["kubernetes.io/service-name"] != "kubernetes" {
			continue
		}
		for _, m := range inventory.Maps(o.Content["endpoints"]) {
			for _, a := range inventory.List(m, "addresses") {
				add(a, o.Content["ports"])
			}
		}
	}
}

func (n *nodes) has(a netip.Addr) bool { return n.addresses[a] }

// apiAddresses are where the API server is.
func (n *nodes) apiAddresses() []netip.Addr {
	out := make([]netip.Addr, 0, len(n.api))
	for a := range n.api {
		out = append(out, a)
	}
	return out
}

// apiPorts are the ports of all API servers.
func (n *nodes) apiPorts() []uint16 {
	var out []uint16
	for _, ports := range n.api {
		out = append(out, ports...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// servesAPI says whether an address and a port are the API server's.
func (n *nodes) servesAPI(a netip.Addr, port uint16) bool {
	ports, known := n.api[a]
	return known && (len(ports) == 0 || slices.Contains(ports, port))
}

// givenToPods says whether an address is of those that nodes give to pods. The first of each network, and the network's own
// address, are the node's: its bridge and its tunnel.
func (n *nodes) givenToPods(a netip.Addr) (pods, own bool) {
	for _, block := range n.pods {
		if block.Contains(a) {
			return true, a == block.Addr() || a == block.Addr().Next()
		}
	}
	return false, false
}

// node is a node that the log knows to be one.
func (f *finder) node(p *flow.Peer) End {
	e := End{Kind: Node, OtherNode: p.Identity == flow.RemoteNode}
	if p.Address.IsValid() {
		e.Addresses = []netip.Prefix{p.Address}
		return e
	}
	e.Addresses, e.Wider = prefixes(f.nodes.internal), true
	return e
}

// apiServer is the API server, as the log knows it. One that is on no node of the cluster is on no pod's own node.
func (f *finder) apiServer(p *flow.Peer) End {
	e := End{Kind: APIServer, Addresses: prefixes(f.nodes.apiAddresses())}
	if len(e.Addresses) == 0 && p.Address.IsValid() {
		e.Addresses = []netip.Prefix{p.Address}
	}
	e.OtherNode = len(e.Addresses) > 0 && len(f.nodes.addresses) > 0 &&
		!slices.ContainsFunc(e.Addresses, func(a netip.Prefix) bool { return f.nodes.addresses[a.Addr()] })
	return e
}
