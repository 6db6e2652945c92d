// Package need says which connections workloads need: those that flow logs have seen, and those that the objects
// themselves declare. It finds the ends again among the peers of a network map.
package need

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// A Need is one connection that is needed.
type Need struct {
	From, To End
	Protocol network.Protocol
	// Port is that of the destination itself, behind any Service.
	Port uint16
	// Service is how the sender names the destination; nil when it does not, or it is not known.
	Service *service.Service
	// Evidence is why it is needed; there is always some.
	Evidence []Evidence
}

// A Kind is what an end is.
type Kind string

// The kinds of ends. Only workloads are selected by policies.
const (
	Workload  Kind = "workload"
	Outside   Kind = "outside"    // addresses that are no pod's and no node's
	Node      Kind = "node"       // a node, or a pod on the network of its node
	APIServer Kind = "api-server" // of Kubernetes: an address that is often not known
	Gateway   Kind = "gateway"    // whatever forwards requests of Ingresses or Gateways, when it is not known which pods that are
	DNS       Kind = "dns"        // the cluster's DNS, when its pods are not in the inventory
)

// An End is one end of a Need.
type End struct {
	Kind Kind
	// Object is the workload, and Peers are its peers that are meant: all of them where it is not known which.
	Object *inventory.Object
	Peers  []*network.Peer
	// Addresses are those of an end that is no workload, as far as known: sorted, disjoint.
	Addresses []netip.Prefix
	// Names are DNS names of the addresses, or what is known of the end in words.
	Names []string
	// Wider says that Addresses are more than was seen: a log, or its reader, has put addresses together.
	Wider bool
	// SameNode says of a Node, or of the API server's, that it is the one that the other end runs on: no policy keeps it from its own pods. OtherNode
	// says that it surely is another one. With neither it is not known.
	SameNode, OtherNode bool
}

// Key is the same for ends that are equal. It is no text for people.
func (e End) Key() string {
	if e.Object != nil {
		return string(e.Kind) + " " + e.Object.String()
	}
	var b strings.Builder
	b.WriteString(string(e.Kind))
	switch {
	case e.SameNode:
		b.WriteString(" same")
	case e.OtherNode:
		b.WriteString(" other")
	}
	for _, a := range e.Addresses {
		b.WriteString(" " + a.String())
	}
	if len(e.Addresses) == 0 {
		b.WriteString(" " + strings.Join(e.Names, " "))
	}
	return b.String()
}

// String is how people name the end: "Deployment shop/cart", "203.0.113.0/24 (api.example.com)", "the API server".
func (e End) String() string {
	if e.Object != nil {
		return e.Object.String()
	}
	texts := make([]string, len(e.Addresses))
	for i, a := range e.Addresses {
		texts[i] = a.String()
		if a.IsSingleIP() {
			texts[i] = a.Addr().String()
		}
	}
	name := map[Kind]string{Node: e.nodes(), APIServer: "the API server", Gateway: "whatever serves Ingresses and Gateways", DNS: "the cluster's DNS"}[e.Kind]
	rest := slices.Clone(e.Names)
	if name == "" && len(texts) > 0 {
		name, texts = texts[0], texts[1:]
		if len(texts) > 2 {
			name += " and more"
			texts = nil
		}
	}
	if name == "" && len(rest) > 0 {
		name, rest = rest[0], rest[1:]
	}
	if name == "" {
		return "anywhere outside"
	}
	if also := slices.Concat(texts, rest); len(also) > 0 {
		name += " (" + strings.Join(also, ", ") + ")"
	}
	return name
}

func (e End) nodes() string {
	switch {
	case e.SameNode:
		return "its own node"
	case e.OtherNode:
		return "other nodes"
	}
	return "nodes"
}

// Evidence is one reason for a Need.
type Evidence struct {
	// Flows is how many connections, requests or packets logs have seen, at First and Last at least; 0 for what is declared.
	Flows       int64
	First, Last time.Time
	// Object and Path are where it is declared; Object is nil for flows.
	Object *inventory.Object
	Path   finding.Path
	// What says in a few words what was seen or declared: "flows of hubble", "environment variable CART_ADDR", "readiness
	// probe". It never holds the value of a variable.
	What string
}

// Needs are all that was found, and what could not be.
type Needs struct {
	List []Need
	// Denied are connections that were asked for and denied while they were observed: nothing shows that they are needed.
	Denied []Need
	// Unresolved are ends that could not be found, and connections that policies cannot express.
	Unresolved []Unresolved
	// Beyond is how many flows were between ends that no policy selects: nodes, and addresses outside.
	Beyond int64
	// Incomplete says that a part of what was given was not understood or not kept: it is missing from all of these.
	Incomplete bool
	// CannotKnow says, in sentences, what the source cannot have seen.
	CannotKnow []string
	// First and Last bound the observation; zero without one.
	First, Last time.Time
}

// An Unresolved connection is known only in part.
type Unresolved struct {
	From, To string
	Protocol string
	Port     uint16
	Flows    int64
	Last     time.Time
	Reason   string // a sentence without a final dot
	// Source and Destination are the ends as far as they were found; nil for others.
	Source, Destination *End
	// Gone says that an end was there when the log was written and surely is not any more: nothing of it is needed.
	Gone bool
}
