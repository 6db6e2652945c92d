package generate

import (
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/need"
)

// A place is how policies name an end of a need: as pods, as addresses, or not at all.
type place struct {
	unit *unit
	// pods are those of no unit; zero when there are none.
	pods   *Peer
	blocks []netip.Prefix
	// what says who is at the addresses or pods, when it is no unit.
	what string
	// note is what is special about it, and broader why it may be more than the end; sentences without a final dot.
	note, broader string
	// unknown is why the end cannot be named; "" when it can.
	unknown string
	// free says that no policy ever keeps the end away: it is the pods' own node.
	free bool
}

// place finds how policies name an end.
func (b *builder) place(e need.End) place {
	switch e.Kind {
	case need.Workload:
		return b.workloadPlace(e)
	case need.Node:
		return b.nodePlace(e, "nodes")
	case need.APIServer:
		return b.apiServer(e)
	case need.Gateway:
		return b.gateway(e)
	case need.DNS:
		return b.dnsPlace()
	}
	return b.outside(e)
}

// outside is addresses outside of the cluster.
func (b *builder) outside(e need.End) place {
	switch {
	case len(e.Addresses) > 0 && e.Wider:
		return place{blocks: e.Addresses, what: outside, broader: "the addresses outside were seen only as networks, not one by one"}
	case len(e.Addresses) > 0:
		return place{blocks: e.Addresses, what: outside}
	case len(b.options.Outside) > 0:
		return place{blocks: b.options.Outside, what: outside, broader: "the addresses outside are those that the options name"}
	case len(e.Names) > 0:
		return place{unknown: "its addresses are not known, and policies know no names: name them with --outside"}
	}
	return place{
		blocks: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}, what: "anywhere outside",
		broader: "all addresses are opened, as it is not known which are meant; pods of the cluster have addresses too",
	}
}

const outside = "outside"

func (b *builder) workloadPlace(e need.End) place {
	w := b.workload(e)
	if w == nil {
		return place{unknown: "it has no pods"}
	}
	hosts := slices.DeleteFunc(slices.Clone(e.Peers), func(p *network.Peer) bool { return !p.HostNetwork })
	switch {
	case w.hosts() || len(hosts) > 0 && len(hosts) == len(e.Peers):
		return b.nodePlace(e, w.in(""))
	case len(validation.IsDNS1123Label(w.namespace)) > 0:
		return place{unknown: "its namespace has a name that no namespace can have"}
	}
	p := place{unit: w.unit}
	if len(hosts) > 0 { // some of its pods only
		also := b.nodePlace(e, w.in(""))
		p.blocks, p.what, p.note, p.broader = also.blocks, also.what, also.note, also.broader
	}
	return p
}

// workload is the workload of an end; nil when it has none.
func (b *builder) workload(e need.End) *workload {
	if w := b.of[e.Object]; w != nil || len(e.Peers) == 0 {
		return w
	}
	return b.of[e.Peers[0].Object]
}

// nodePlace is the addresses of nodes, or of pods on their network: no selector means those.
func (b *builder) nodePlace(e need.End, what string) place {
	blocks := slices.Clone(e.Addresses)
	for _, p := range e.Peers {
		if !p.HostNetwork {
			continue
		}
		for _, pod := range p.Pods {
			for _, a := range network.PodAddresses(pod) {
				blocks = append(blocks, netip.PrefixFrom(a, a.BitLen()))
			}
		}
	}
	note := "pods on the network of their node have its address: no selector means them, and new nodes need new rules"
	switch {
	case e.SameNode && len(blocks) == 0:
		return place{free: true, what: "its own node"}
	case len(blocks) > 0 && e.Wider:
		return place{
			blocks: blocks, what: what, note: note,
			broader: "it is not known which node was seen, so that the addresses of all are opened",
		}
	case len(blocks) > 0:
		return place{blocks: blocks, what: what, note: note, broader: "whatever else runs on the network of these nodes has the same address"}
	case len(b.options.Nodes) > 0:
		return place{blocks: b.options.Nodes, what: what, note: note, broader: "the addresses of all nodes are opened, as the options name them"}
	}
	return place{unknown: "it has the addresses of nodes, which are not known: name them with --nodes"}
}

func (b *builder) apiServer(e need.End) place {
	p := place{blocks: slices.Clone(e.Addresses), what: "the API server"}
	if len(p.blocks) == 0 {
		if s := b.services.Get("default", "kubernetes"); s != nil {
			for _, at := range s.Outside {
				p.blocks = append(p.blocks, netip.PrefixFrom(at.Addr(), at.Addr().BitLen()))
			}
		}
	}
	if len(p.blocks) == 0 && len(b.options.APIServer) > 0 {
		p.blocks, p.broader = b.options.APIServer, "the addresses are those that the options name"
	}
	if len(p.blocks) == 0 {
		return place{unknown: "the addresses of the API server are not known: name them with --api-server"}
	}
	return p
}

func (b *builder) gateway(e need.End) place {
	if len(e.Addresses) > 0 {
		return place{blocks: e.Addresses, what: "whatever serves Ingresses and Gateways"}
	}
	if b.options.IngressController == "" {
		return place{unknown: "it is not known which pods serve Ingresses and Gateways: name them with --ingress-controller"}
	}
	if b.controller == nil {
		b.controller = b.findController()
	}
	return *b.controller
}

// findController finds the ingress controller that the options name, as NAMESPACE or NAMESPACE/NAME.
func (b *builder) findController() *place {
	ns, name, one := strings.Cut(b.options.IngressController, "/")
	if one {
		for _, w := range b.byPlace[ns] {
			if w.name == name && w.hosts() {
				return &place{unknown: "the ingress controller " + w.in("") + " is on the network of its nodes: name their addresses with --nodes"}
			}
			if w.name == name {
				return &place{unit: w.unit}
			}
		}
		return &place{unknown: "there is no ingress controller " + b.options.IngressController}
	}
	u := wholeNamespace(ns, "ingress-controller", nil)
	for _, w := range b.byPlace[ns] {
		if !w.hosts() {
			u.members = append(u.members, w)
		}
	}
	if b.options.Style == PerNamespace && len(b.units[ns]) > 0 {
		u = b.units[ns][0]
	}
	return &place{unit: u, broader: "all pods of " + ns + " are meant, as it is not known which serve Ingresses and Gateways"}
}

// controllers are the units of a namespace that are there beside those of its workloads.
func (b *builder) controllers(ns string) []*unit {
	if c := b.controller; c != nil && c.unit != nil && c.unit.namespace == ns && !slices.Contains(b.units[ns], c.unit) {
		return []*unit{c.unit}
	}
	return nil
}
