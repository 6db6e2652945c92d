package need

import (
	"net/netip"
	"slices"

	"github.com/plimsoll-io/plimsoll/network/flow"
)

// address finds an end of which the log knows the address.
func (f *finder) address(p *flow.Peer) (End, *missing) {
	a := addr(p.Address)
	switch {
	case !a.IsValid():
		return f.block(p)
	case a.IsLoopback():
		return End{}, &missing{reason: "it stays within a pod", within: true}
	case a.IsUnspecified():
		return End{}, &missing{reason: "the log does not say what it is"}
	case a.IsMulticast(), a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return End{}, &missing{reason: a.String() + " is a group of receivers, for which policies are not defined"}
	}
	if at, ok := f.addresses[a]; ok {
		f.byAddress = true
		return f.end(at.workload, at.peer), nil
	}
	if e, ok := f.infrastructure(a); ok {
		return e, nil
	}
	if list := f.services.At(a); len(list) > 0 && !slices.Contains(list[0].External, a) {
		return End{}, &missing{reason: a.String() + " is the address of the " + list[0].Object.String() + ", which opens no connection"}
	}
	if e := f.said[a]; e != nil {
		return *e, nil
	}
	pods, _ := f.nodes.givenToPods(a)
	switch {
	case pods:
		return End{}, &missing{reason: a.String() + " is an address of pods, and no pod in what was read has it", gone: f.live}
	case !isPrivate(a) || p.Identity == flow.Private:
	case len(f.addresses) == 0:
		return End{}, &missing{reason: a.String() + " may be a pod's: what was read has no addresses of pods"}
	default:
		f.taken[a] = true
	}
	return f.outside(p), nil
}

// infrastructure finds nodes and the API server.
func (f *finder) infrastructure(a netip.Addr) (End, bool) {
	if _, api := f.nodes.api[a]; api && !f.nodes.addresses[a] {
		return f.apiServer(&flow.Peer{}), true
	}
	_, own := f.nodes.givenToPods(a)
	if own || f.nodes.addresses[a] {
		return End{Kind: Node, Addresses: prefixes([]netip.Addr{a})}, true
	}
	return End{}, false
}

// shared is the range that carriers and clouds use as a private one (RFC 6598).
var shared = netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10)

func isPrivate(a netip.Addr) bool { return a.IsPrivate() || shared.Contains(a) }

// block finds a network: nobody can say which pod or node of it is meant, if there are any in it.
func (f *finder) block(p *flow.Peer) (End, *missing) {
	at, _ := slices.BinarySearchFunc(f.inside, p.Address.Masked().Addr(), netip.Addr.Compare)
	if at < len(f.inside) && p.Address.Contains(f.inside[at]) {
		return End{}, &missing{reason: p.Address.String() + " holds addresses of the cluster, and the log does not say which of them"}
	}
	return f.outside(p), nil
}

func (f *finder) outside(p *flow.Peer) End {
	bits := f.widened4
	if p.Address.Addr().Is6() {
		bits = f.widened6
	}
	return End{
		Kind: Outside, Addresses: []netip.Prefix{p.Address}, Names: p.Names,
		Wider: f.wide && p.Address.Bits() == bits && !p.Address.IsSingleIP(),
	}
}

// listen learns from the log itself which ends are at which addresses: one line may name what another has the address of.
func (f *finder) listen(c *flow.Collection) {
	for i := range c.Connections {
		for _, p := range []*flow.Peer{&c.Connections[i].Source, &c.Connections[i].Destination} {
			a := addr(p.Address)
			if p.Namespace == "" || !a.IsValid() {
				continue
			}
			if _, known := f.addresses[a]; known {
				continue
			}
			e, missing := f.find(p)
			if missing != nil {
				continue
			}
			if have, twice := f.said[a]; !twice {
				f.said[a] = &e
			} else if have != nil && have.Key() != e.Key() {
				f.said[a] = nil
			}
		}
	}
}
