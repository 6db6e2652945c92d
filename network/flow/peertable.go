package flow

import (
	"cmp"
	"net/netip"
	"slices"
)

// A peerTable numbers ends that are different.
type peerTable struct {
	ids     map[peerKey]int32
	keys    []peerKey
	peers   []Peer // what all flows of an end have in common
	outside int    // how many are addresses outside
	most    int    // how many there may be
}

// A peerKey is by what ends are told apart: the workload if it is known, else the pod, the service account, or the set of
// networks; the identity of nodes; else the address, or a name. That of an address in no namespace is outside.
type peerKey struct {
	namespace, kind, name string
	identity              Identity
	address               netip.Prefix
	outside               bool
}

func newPeerTable(most int) peerTable { return peerTable{ids: map[peerKey]int32{}, most: most} }

func keyOf(p *Peer, level int) peerKey {
	k := peerKey{namespace: p.Namespace}
	switch {
	case p.Workload.Name != "":
		k.kind, k.name = "workload/"+p.Workload.Kind, p.Workload.Name
	case p.Pod != "":
		k.kind, k.name = "pod", p.Pod
	case p.PodPrefix != "":
		k.kind, k.name = "pods", p.PodPrefix
	case p.NetworkSet != "":
		k.kind, k.name = "set", p.NetworkSet
	case p.OnHost(), p.Identity == APIServer, p.Identity == Health, p.Identity == Ingress:
		k.identity = p.Identity
	case p.Address.IsValid():
		k.identity, k.address = p.Identity, narrow(p.Address, level)
		k.outside = p.Namespace == ""
	case p.ServiceAccount != "":
		k.kind, k.name = "account", p.ServiceAccount
	case len(p.Names) > 0:
		k.kind, k.name = "name", p.Names[0]
	default:
		k.identity = p.Identity
	}
	return k
}

// narrow is the network of a level that an address is in. Networks that are as large already stay.
func narrow(n netip.Prefix, level int) netip.Prefix {
	bits := widths[level][0]
	if n.Addr().Is6() {
		bits = widths[level][1]
	}
	if n.Bits() <= bits {
		return n
	}
	return netip.PrefixFrom(n.Addr(), bits).Masked()
}

// id returns the number of an end, and keeps of it what all have in common. It is -1 when there are too many.
func (t *peerTable) id(p *Peer, level int) int32 {
	k := keyOf(p, level)
	id, ok := t.ids[k]
	if !ok && len(t.keys) >= t.most {
		return -1
	}
	if !ok {
		id = int32(len(t.keys))
		t.ids[k] = id
		t.keys = append(t.keys, k)
		common := *p
		if k.address.IsValid() {
			common.Address = k.address
		}
		if k.outside {
			t.outside++
		}
		t.peers = append(t.peers, common)
		return id
	}
	t.peers[id].common(p, k)
	return id
}

// common leaves out what the other does not have.
func (p *Peer) common(o *Peer, k peerKey) {
	if p.Pod != o.Pod {
		p.Pod = ""
	}
	if p.PodPrefix != o.PodPrefix {
		p.PodPrefix = ""
	}
	if p.ServiceAccount != o.ServiceAccount {
		p.ServiceAccount = ""
	}
	if p.Workload != o.Workload {
		p.Workload = Workload{}
	}
	if p.Identity != o.Identity {
		p.Identity = ""
	}
	if !k.address.IsValid() && p.Address != o.Address {
		p.Address = netip.Prefix{}
	}
	p.Labels = intersect(p.Labels, o.Labels)
	p.Names = intersect(p.Names, o.Names)
}

// intersect returns what both lists have, in the order of the first. Most of the time they are the same list.
func intersect[T comparable](a, b []T) []T {
	if len(a) == 0 || len(a) == len(b) && &a[0] == &b[0] || slices.Equal(a, b) {
		return a
	}
	var out []T
	for _, v := range a {
		if slices.Contains(b, v) {
			out = append(out, v)
		}
	}
	return out
}

func comparePeers(a, b peerKey) int {
	return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name),
		cmp.Compare(a.identity, b.identity), a.address.Compare(b.address))
}
