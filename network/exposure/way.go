package exposure

import (
	"net/netip"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// A Kind is a sort of way in.
type Kind uint8

// The kinds of ways.
const (
	LoadBalancer Kind = iota
	ExternalIP
	Ingress
	Gateway
	OpenShiftRoute
	NodePort
	HostPort
	HostNetwork
)

func (k Kind) String() string {
	return [...]string{"LoadBalancer", "external IP", "Ingress", "Gateway", "Route", "NodePort", "host port", "host network"}[k]
}

// Proxied says that pods, or a load balancer outside, end the connection of the client and make one of their own.
func (k Kind) Proxied() bool { return k == Ingress || k == Gateway || k == OpenShiftRoute }

// A Zone is from where a way can be taken.
type Zone uint8

// The zones.
const (
	// Private is a network around the cluster that is not the internet: that of an internal load balancer.
	Private Zone = iota
	// Nodes is from wherever the addresses of the nodes can be reached; it is not known whether that is the internet.
	Nodes
	// Internet is from everywhere, as far as Kubernetes knows: a firewall in front may say otherwise.
	Internet
)

func (z Zone) String() string { return [...]string{"private", "nodes", "internet"}[z] }

// MarshalText writes "private", "nodes" or "internet".
func (z Zone) MarshalText() ([]byte, error) { return []byte(z.String()), nil }

// A Way is one declared way from outside to workloads.
type Way struct {
	Kind Kind
	// Object declares it: a Service, an Ingress, a route; for ports of the host the workload.
	Object *inventory.Object
	// Gateway is the one that a route is attached to; nil for other ways, and when it was not read.
	Gateway *inventory.Object
	// Hosts are the host names that it serves; none are all.
	Hosts []string
	Zone  Zone
	// ZoneWhy is why the zone is not the internet, in words; "" where it is.
	ZoneWhy string
	// Sources are the only addresses that clients may have, where the way says so.
	Sources []netip.Prefix
	// Services are those that the way leads to, whether pods are behind them or not.
	Services []*service.Service
	Doors    []*Door
	// Doubts are why it is not known whether the way exists, in sentences without a final dot.
	Doubts []string
	// Refused is what the way asks for and does not get, in sentences without a final dot: a Service that does not exist, a
	// reference that no ReferenceGrant permits.
	Refused []string

	seen map[doorKey]bool
}

// A doorKey tells the doors of a way apart.
type doorKey struct {
	peer     *network.Peer
	protocol network.Protocol
	port     uint16
	target   uint16
	doubt    string
}

// A Sender is whom policies see at the other end.
type Sender uint8

// The senders.
const (
	// Client is whoever asks: the address is kept.
	Client Sender = iota
	// ClientOrNode is either the client or a node that passes the connection on: policies may be asked before or after the
	// address is replaced.
	ClientOrNode
	// ClientOrAnyNode is the same where the node may be that of the pod itself (externalTrafficPolicy Cluster). What comes
	// from a pod's own node always passes, and whether this counts as such is up to the network plugin: policies that let
	// nobody in are no sure denial.
	ClientOrAnyNode
	// Outsider is a load balancer outside of the cluster, or a node.
	Outsider
	// Controller is known pods: those of an ingress controller or gateway.
	Controller
	// SomePods is an ingress controller or gateway of which the pods are not known.
	SomePods
)

func (s Sender) String() string {
	return [...]string{"client", "client or node", "client or any node", "load balancer or node", "controller", "unknown controller"}[s]
}

// MarshalText writes the sender in words.
func (s Sender) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A Door is one port of a peer that a way leads to, and what policies let through.
type Door struct {
	Way     *Way
	Service *service.Service // nil for ports of the host
	Peer    *network.Peer
	// Some says that the way leads to some of the peer's pods only.
	Some     bool
	Protocol network.Protocol
	// Port is that of the way, where it has one of its own; else 0.
	Port uint16
	// Target is the port of the pods; 0 when it is not known.
	Target uint16
	Sender Sender
	// Senders are the pods of a Controller.
	Senders []*network.Peer
	// Zone is that of the way; for a Controller no wider than the ways that lead to its pods.
	Zone Zone
	// Doubt is why it is not known whether the way leads there, in a sentence without a final dot; "" when it does.
	Doubt string
	// Passes is what policies say of the sender, and Answer what follows for the outside: less, where the sender is a
	// Controller that the outside may not reach.
	Passes, Answer network.Answer
	// From are the only addresses that are surely let in, where it is not all that the way has. Only for a Client.
	From []network.AddressRange
	// Because is why the answer is not "allowed", or not known: in sentences without a final dot.
	Because []string

	reach network.Answer // of the outside to the sender
	guess bool           // the senders may be others
}
