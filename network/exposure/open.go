package exposure

import (
	"slices"
	"strings"
	"sync"

	"github.com/plimsoll-io/plimsoll/network"
)

// An Open is to whom the policies that select a peer open it in one direction, ways in or not.
type Open struct {
	// Guard is which policies select the peer.
	Guard network.Guard
	// Internet is what passes between it and addresses that the internet routes, and Beyond the same for all others outside
	// of the cluster. Allowed ports are those of some addresses at least.
	Internet, Beyond Reach
	// Cluster is what passes between it and every pod of every namespace, whatever its labels, those to come included.
	// Unknown are ports that pass for some of them.
	Cluster network.Stranger
	// Others are pods that policies mean by selectors, and for which more passes than for all.
	Others []network.Stranger
	// More says that there are so many selectors that some are left out of Others.
	More bool
}

// A Reach is what passes between a peer and addresses.
type Reach struct {
	network.Connection
	// Addresses are those of the allowed ports, and All says that these are all of one family.
	Addresses []network.AddressRange
	All       bool
}

// openness remembers what is open by class.
type openness struct {
	network *network.Map
	mu      sync.Mutex
	known   map[openKey]*Open
	blocks  *blockMemory
}

type openKey struct {
	class     *network.Class
	direction network.Direction
}

func newOpenness(m *network.Map, blocks *blockMemory) *openness {
	return &openness{network: m, known: map[openKey]*Open{}, blocks: blocks}
}

// Open says to whom policies open a peer of the Map in a direction. Peers of a class share the answer: do not change it.
func (e *Exposure) Open(d network.Direction, p *network.Peer) *Open {
	o := e.open
	key := openKey{o.network.ClassOf(p), d}
	o.mu.Lock()
	defer o.mu.Unlock()
	if known := o.known[key]; known != nil {
		return known
	}
	out := &Open{Guard: o.network.Guard(d, p)}
	out.Internet, out.Beyond = o.reaches(o.network.Outside(d, p))
	list, complete := o.network.Strangers(d, p)
	out.Cluster, out.More = list[0], !complete
	for _, s := range list[1:] {
		if !s.Any.Allowed.Union(s.Plain.Allowed).Subtract(out.Cluster.Any.Allowed).None() {
			out.Others = append(out.Others, s)
		}
	}
	o.known[key] = out
	return out
}

// reaches joins cells of addresses by whether the internet routes them.
func (o *openness) reaches(cells []network.Cell) (internet, beyond Reach) {
	var of [2]Reach
	counts := [2]map[int]int{{}, {}} // of the peers that are let in, by the length of their addresses
	for _, c := range cells {
		b := o.blocks.of(c)
		for i, ranges := range [2][]network.AddressRange{b.beyond, b.public} {
			if len(ranges) == 0 {
				continue
			}
			to := &of[i]
			to.Allowed, to.Unknown = to.Allowed.Union(c.Allowed), to.Unknown.Union(c.Unknown)
			if !c.Allowed.None() {
				to.Addresses = join(to.Addresses, ranges)
				for bits, n := range b.count[i] {
					counts[i][bits] += n
				}
			}
		}
	}
	for i := range of {
		r := &of[i]
		r.Unknown = r.Unknown.Subtract(r.Allowed)
		for bits, n := range counts[i] {
			r.All = r.All || n == o.blocks.count[i][bits]
		}
	}
	return of[1], of[0]
}

// A FromController is what ingress controllers, gateways and routers of unknown pods and places can send to a peer.
type FromController struct {
	To *network.Peer
	network.Connection
	// Plain are the ports on which a controller gets in that has no labels that policies ask for, in a namespace without.
	Plain network.Ports
	// Because is why ports are unknown, in sentences without a final dot.
	Because []string
}

// FromControllers is what Ingresses, routes of Gateways and Routes lead to and policies let through, by peer. Whether the
// outside reaches the controller itself makes no difference here.
func (e *Exposure) FromControllers() []FromController {
	var out []FromController
	for _, p := range e.network.Peers() {
		one := FromController{To: p}
		any := false
		for _, d := range e.doors[p] {
			if !d.Way.Kind.Proxied() {
				continue
			}
			any = true
			port := network.OnePort(d.Protocol, d.Target)
			switch {
			case d.Passes == network.Denied:
			case d.Passes == network.Allowed && len(d.doubts()) == 0:
				one.Allowed = one.Allowed.Union(port)
			default:
				one.Unknown = one.Unknown.Union(port)
				one.Because = append(one.Because, d.Because...)
			}
			if d.Doubt == "" {
				one.Plain = one.Plain.Union(e.plain(p).Intersect(port))
			}
		}
		if any {
			one.Unknown = one.Unknown.Subtract(one.Allowed)
			slices.SortFunc(one.Because, strings.Compare)
			one.Because = slices.Compact(one.Because)
			out = append(out, one)
		}
	}
	return out
}

func (e *Exposure) plain(p *network.Peer) network.Ports {
	return e.Open(network.Ingress, p).Cluster.Plain.Allowed
}
