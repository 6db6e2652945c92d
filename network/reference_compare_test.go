package network_test

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/plimsoll-io/plimsoll/network"
)

var (
	seed = flag.Uint64("seed", 1, "seed of the random clusters")
	runs = flag.Int("clusters", 500, "how many random clusters are compared with the reference")
)

// TestReference holds the engine to the reference on random clusters of which everything is known: each pair of pods
// and addresses, each port at a border, by Allowed, Row and Explain.
func TestReference(t *testing.T) {
	t.Logf("%d clusters, seed %d", *runs, *seed)
	answers, allowed := 0, 0
	for i := range *runs {
		g := generator{rand.New(rand.NewPCG(*seed, uint64(i)))}
		c := g.cluster()
		cmp := comparison{t: t, c: c, m: network.New(c.inventory(t))}
		cmp.all()
		answers, allowed = answers+cmp.answers, allowed+cmp.allowed
		if t.Failed() {
			text, _ := json.MarshalIndent(c.policies, "", " ")
			t.Fatalf("cluster %d of seed %d: policies %s", i, *seed, text)
		}
	}
	t.Logf("%d answers agree, %d of them allow", answers, allowed)
	if share := float64(allowed) / float64(answers); share < 0.1 || share > 0.9 {
		t.Errorf("%.2f of the answers allow: the clusters test little", share)
	}
}

var outsideAddresses = []string{"192.0.2.1", "192.0.2.200", "8.8.8.8", "10.0.0.100", "255.255.255.255", "0.0.0.0", "2001:db8::99", "fd00::9", "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}

type comparison struct {
	t                *testing.T
	c                *refCluster
	m                *network.Map
	answers, allowed int
}

func (x *comparison) all() {
	for _, src := range x.c.pods {
		for _, dst := range x.c.pods {
			x.pair(x.peer(src), x.peer(dst), func(proto corev1.Protocol, port int32) bool { return x.c.reaches(src, dst, proto, port) })
		}
		for _, text := range outsideAddresses {
			addr := netip.MustParseAddr(text)
			out := refEnd{ip: addr}
			x.pair(x.peer(src), x.m.Address(addr), func(proto corev1.Protocol, port int32) bool {
				for _, ip := range src.ips {
					if ip.Is4() == addr.Is4() && x.c.passes(refEnd{src, ip}, out, proto, port) {
						return true
					}
				}
				return false
			})
			x.pair(x.m.Address(addr), x.peer(src), func(proto corev1.Protocol, port int32) bool {
				for _, ip := range src.ips {
					if ip.Is4() == addr.Is4() && x.c.passes(out, refEnd{src, ip}, proto, port) {
						return true
					}
				}
				return false
			})
		}
	}
}

func (x *comparison) peer(p *refPod) *network.Peer {
	peers := x.m.Workload(p.namespace, "Pod", p.name)
	if len(peers) != 1 {
		x.t.Fatalf("pod %s/%s is %d peers", p.namespace, p.name, len(peers))
	}
	return peers[0]
}

func (x *comparison) pair(src, dst *network.Peer, want func(corev1.Protocol, int32) bool) {
	got := x.m.Allowed(src, dst)
	if !got.Unknown.None() {
		x.t.Errorf("%s to %s: %s is unknown", src, dst, got.Unknown)
	}
	if src != dst {
		if row := inRow(x.m, src, dst); !row.Allowed.Equal(got.Allowed) || !row.Unknown.Equal(got.Unknown) {
			x.t.Errorf("%s to %s: Allowed says %s and Row %s", src, dst, got.Allowed, row.Allowed)
		}
	}
	if v := x.m.Explain(src, dst, network.AllPorts()); !v.Allowed.Equal(got.Allowed) || !v.Unknown.Equal(got.Unknown) {
		x.t.Errorf("%s to %s: Allowed says %s and Explain %s (unknown %s)", src, dst, got.Allowed, v.Allowed, v.Unknown)
	}
	for i, proto := range protocolsToTry {
		for _, port := range portsToTry {
			x.answers++
			should := want(proto, port)
			if should {
				x.allowed++
			}
			if has := got.Allowed.Has(network.Protocol(i), uint16(port)); has != should {
				x.t.Errorf("%s to %s on %s %d: allowed is %v, should be %v", src, dst, proto, port, has, should)
			}
		}
	}
}

// inRow is what a row of the matrix says about a pair.
func inRow(m *network.Map, src, dst *network.Peer) network.Connection {
	class := m.ClassOf(dst)
	for _, c := range m.Row(m.ClassOf(src)) {
		if c.Has(class) {
			return c.Connection
		}
	}
	return network.Connection{}
}
