package exposure

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/network"
)

// A judge says what policies let through. It remembers what it found out: many workloads are alike.
type judge struct {
	network   *network.Map
	outside   map[portOfClass]outsideAnswer
	strangers map[*network.Class]network.Stranger
	blocks    *blockMemory
}

type portOfClass struct {
	class    *network.Class
	protocol network.Protocol
	port     uint16
}

func newJudge(m *network.Map, blocks *blockMemory) *judge {
	return &judge{network: m, outside: map[portOfClass]outsideAnswer{}, strangers: map[*network.Class]network.Stranger{}, blocks: blocks}
}

// An outsideAnswer is which addresses outside policies let in on one port.
type outsideAnswer struct {
	allowed, unknown []network.AddressRange
	// every is the answer for all addresses of a family together, the best of the families: allowed when all are let in,
	// denied when none is.
	every   network.Answer
	because []string
}

// of says which addresses outside can send to a port of a peer.
func (j *judge) of(p *network.Peer, protocol network.Protocol, port uint16) outsideAnswer {
	key := portOfClass{j.network.ClassOf(p), protocol, port}
	if known, seen := j.outside[key]; seen {
		return known
	}
	var a outsideAnswer
	var doubtful *network.Peer
	for _, c := range j.network.Outside(network.Ingress, p) {
		switch c.Port(protocol, port) {
		case network.Allowed:
			a.allowed = join(a.allowed, j.blocks.of(c).all())
		case network.Unknown:
			a.unknown = join(a.unknown, j.blocks.of(c).all())
			for doubtful = range c.Peers {
				break
			}
		}
	}
	if doubtful != nil {
		a.because = j.network.Judge(doubtful, p, network.OnePort(protocol, port)).Ingress.Because
	}
	a.every = families(p, a)
	j.outside[key] = a
	return a
}

// families is the best answer of those that hold for a whole family of addresses.
func families(p *network.Peer, a outsideAnswer) network.Answer {
	best := network.Denied
	for _, bits := range bitsOf(p) {
		of := func(r network.AddressRange) bool { return r.First.BitLen() == bits }
		i := slices.IndexFunc(a.allowed, of)
		switch {
		case i >= 0 && whole(a.allowed[i]):
			return network.Allowed
		case i >= 0 || slices.ContainsFunc(a.unknown, of):
			best = network.Unknown
		}
	}
	return best
}

// whole says that a range is all addresses of its family.
func whole(r network.AddressRange) bool { return r.First.IsUnspecified() && !r.Last.Next().IsValid() }

// bitsOf are the lengths of the addresses that a peer has, or may have.
func bitsOf(p *network.Peer) []int {
	var out []int
	for _, o := range p.Pods {
		for _, a := range network.PodAddresses(o) {
			if !slices.Contains(out, a.BitLen()) {
				out = append(out, a.BitLen())
			}
		}
	}
	if len(out) == 0 {
		return []int{32, 128}
	}
	return out
}

// decide fills in the answer of a door, whose sender is known.
func (j *judge) decide(d *Door) {
	switch d.Sender {
	case Client:
		j.client(d)
	case ClientOrNode, ClientOrAnyNode, Outsider:
		j.outsider(d)
	case Controller:
		j.pods(d)
	case SomePods:
		j.somePods(d)
	}
	d.Passes = d.Answer
	if doubts := d.doubts(); len(doubts) > 0 && d.Answer != network.Denied {
		d.Answer = network.Unknown
		d.Because = append(doubts, d.Because...)
	}
	if d.Some && d.Answer == network.Allowed && len(d.From) == 0 {
		d.Because = append(d.Because, "it leads to some of the pods only")
	}
}

// doubts are why it is not known whether the way leads there.
func (d *Door) doubts() []string {
	out := slices.Clone(d.Way.Doubts)
	if d.Doubt != "" {
		out = append(out, d.Doubt)
	}
	return out
}

const nobody = "no policy lets anybody in from outside"

// ownNode is why that is no sure denial where nodes pass connections on in their own name.
const ownNode = ", but some network plugins take what a pod's own node passes on for the node's, which always passes: " +
	"externalTrafficPolicy Local would make it sure"

func (j *judge) client(d *Door) {
	a := j.of(d.Peer, d.Protocol, d.Target)
	allowed, unknown := within(a.allowed, d.Way.Sources), within(a.unknown, d.Way.Sources)
	switch {
	case len(allowed) > 0:
		d.Answer = network.Allowed
		if a.every != network.Allowed {
			d.From = allowed
		}
	case len(unknown) > 0:
		d.Answer, d.Because = network.Unknown, a.because
	case len(a.allowed)+len(a.unknown) == 0:
		d.Because = []string{nobody}
	default:
		d.Because = []string{"its policies let none of the addresses in that the way takes"}
	}
}

func (j *judge) outsider(d *Door) {
	a := j.of(d.Peer, d.Protocol, d.Target)
	d.Answer = a.every
	switch {
	case a.every == network.Denied && d.Sender == ClientOrAnyNode:
		d.Answer, d.Because = network.Unknown, []string{nobody + ownNode}
	case a.every == network.Denied:
		d.Because = []string{nobody}
	case a.every == network.Unknown && len(a.unknown) > 0:
		d.Because = a.because
	case a.every == network.Unknown:
		who := "and may see a node in place of the client"
		switch {
		case d.Sender == Outsider:
			who = "and it is not known which the load balancer has"
		case d.Way.Kind == LoadBalancer:
			who = "and may see the load balancer or a node in place of the client"
		}
		d.Because = []string{"its policies let only some addresses in, " + who}
	}
}

func (j *judge) pods(d *Door) {
	all, none := true, true
	var reasons []string
	for _, from := range d.Senders {
		c := j.network.Allowed(from, d.Peer)
		switch c.Port(d.Protocol, d.Target) {
		case network.Allowed:
			none = false
		case network.Denied:
			all = false
			reasons = append(reasons, fmt.Sprintf("policies keep %s out", from))
		default:
			all, none = false, false
			reasons = append(reasons, j.network.Why(from, d.Peer)...)
		}
	}
	switch {
	case all:
		d.Answer = network.Allowed
		return
	case none && d.guess && !j.nobody(d):
		d.Answer = network.Unknown
		reasons = append(reasons, anotherController)
	case none:
		d.Answer = network.Denied
	default:
		d.Answer = network.Unknown
		if len(d.Senders) > 1 {
			reasons = append(reasons, "it is not known which of "+peerNames(d.Senders)+" serves it")
		}
	}
	slices.Sort(reasons)
	d.Because = append(d.Because, slices.Compact(reasons)...)
}

func peerNames(list []*network.Peer) string {
	var names []string
	for _, p := range list {
		if name := p.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) > 4 {
		names = append(names[:3], fmt.Sprintf("%d others", len(names)-3))
	}
	return strings.Join(names, ", ")
}

// anyPod is what pods of which nothing is known can send to a peer.
func (j *judge) anyPod(p *network.Peer) network.Stranger {
	class := j.network.ClassOf(p)
	s, known := j.strangers[class]
	if !known {
		list, _ := j.network.Strangers(network.Ingress, p)
		s = list[0]
		j.strangers[class] = s
	}
	return s
}

// nobody says that policies let surely no pod in, existing or not, and nobody from outside.
func (j *judge) nobody(d *Door) bool {
	return j.anyPod(d.Peer).Any.Port(d.Protocol, d.Target) == network.Denied && j.of(d.Peer, d.Protocol, d.Target).every == network.Denied
}

func (j *judge) somePods(d *Door) {
	switch {
	case j.anyPod(d.Peer).Any.Port(d.Protocol, d.Target) == network.Allowed:
		d.Answer = network.Allowed
		return
	case j.nobody(d):
		d.Answer = network.Denied
		d.Because = append(d.Because, "its policies let no pod of any namespace in, and nobody from outside")
		return
	}
	d.Answer = network.Unknown
	d.Because = append(d.Because, "its policies let some pods or addresses in, and it is not known who the controller is")
}
