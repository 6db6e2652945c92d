package network_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// A partial cluster is one of which the engine does not get to see everything. complete makes one of the clusters that
// it may be.
type partial struct {
	inv      *inventory.Inventory
	complete func() *refCluster
}

// hide takes things away from a cluster at random.
func (g generator) hide(t *testing.T, c *refCluster) partial {
	shown := &refCluster{namespaces: map[string]map[string]string{}, pods: c.pods}
	var objects []*inventory.Object
	for name, labels := range c.namespaces {
		if g.chance(70) {
			shown.namespaces[name] = labels
		}
	}
	located, placed := make([]bool, len(c.pods)), make([]bool, len(c.pods))
	for i, p := range c.pods {
		located[i], placed[i] = g.chance(60), g.chance(60)
		pod := p.object()
		if !located[i] {
			pod.Status.PodIPs = nil
		}
		if !placed[i] {
			pod.Spec.NodeName = ""
		}
		objects = append(objects, objectOf(t, pod))
	}
	fixes := make([]func(*networkingv1.NetworkPolicy), len(c.policies))
	for i, p := range c.policies {
		o := objectOf(t, p)
		if g.chance(30) {
			fixes[i] = g.breakPolicy(inventory.Map(o.Content, "spec"))
		}
		objects = append(objects, o)
	}
	for _, p := range c.admins {
		objects = append(objects, p.object(t))
	}
	gap := g.chance(15)
	inv := shown.inventory(t)
	objects = append(objects, inv.Of("", "Namespace")...)
	var gaps []inventory.Gap
	if gap {
		gaps = append(gaps, inventory.Gap{Kind: "NetworkPolicy", Group: "networking.k8s.io", Namespace: "n1", Reason: "networkpolicies is forbidden"})
	}
	makers, change := g.hidePlugin()
	inv = inventory.New(inv.Source, inv.Taken, inv.Version, append(objects, makers...), gaps)
	return partial{inv, func() *refCluster {
		whole := g.completion(c, shown, located, placed, fixes, gap)
		change(whole)
		return whole
	}}
}

// hidePlugin makes a network plugin at random, and what it may do to the policies of a cluster.
func (g generator) hidePlugin() ([]*inventory.Object, func(*refCluster)) {
	daemon := func(image string, args ...any) []*inventory.Object {
		return []*inventory.Object{contentOf(map[string]any{"apiVersion": "apps/v1", "kind": "DaemonSet",
			"metadata": map[string]any{"namespace": "net", "name": "agent"},
			"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"hostNetwork": true,
				"containers": []any{map[string]any{"name": "agent", "image": image, "args": args}}}}}})}
	}
	switch g.IntN(8) {
	case 0:
		return daemon("ghcr.io/flannel-io/flannel:v0.26.1"), func(c *refCluster) {
			if g.chance(60) {
				c.policies, c.admins = nil, nil
			}
		}
	case 1: // enforces NetworkPolicies only
		return daemon("calico/node:v3.20.0"), func(c *refCluster) { c.admins = nil }
	case 2:
		return daemon("quay.io/cilium/cilium:v1.17.0", "--enable-policy", "always"), func(c *refCluster) {
			c.admins = nil
			for name := range c.namespaces {
				c.policies = append(c.policies, &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: "isolate"},
					Spec: networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{"Ingress", "Egress"}}})
			}
		}
	}
	return nil, func(*refCluster) {}
}

func (g generator) completion(c, shown *refCluster, located, placed []bool, fixes []func(*networkingv1.NetworkPolicy), gap bool) *refCluster {
	out := &refCluster{namespaces: maps.Clone(shown.namespaces), admins: c.admins}
	for name := range c.namespaces {
		if _, known := out.namespaces[name]; !known {
			out.namespaces[name] = g.labels()
			out.namespaces[name]["kubernetes.io/metadata.name"] = name
		}
	}
	for i, p := range c.pods {
		q, other := *p, g.pod(20+i)
		if !located[i] {
			q.ips = other.ips
		}
		if !placed[i] {
			q.node = other.node
		}
		out.pods = append(out.pods, &q)
	}
	for i, p := range c.policies {
		if fixes[i] != nil {
			p = p.DeepCopy()
			fixes[i](p)
		}
		out.policies = append(out.policies, p)
	}
	for i := 0; gap && g.chance(60); i++ {
		p := g.policy(100 + i)
		p.Namespace = "n1"
		out.policies = append(out.policies, p)
	}
	return out
}

// breakPolicy makes a part of a policy unreadable, and returns what puts some possible part in its place.
func (g generator) breakPolicy(spec map[string]any) func(*networkingv1.NetworkPolicy) {
	bogus := map[string]any{"matchExpressions": []any{map[string]any{"key": "app", "operator": "Like", "values": []any{"a"}}}}
	switch g.IntN(5) {
	case 0:
		spec["podSelector"] = bogus
		return func(p *networkingv1.NetworkPolicy) { p.Spec.PodSelector = g.selector() }
	case 1:
		spec["policyTypes"] = []any{"ingress"}
		return func(p *networkingv1.NetworkPolicy) { p.Spec.PolicyTypes = g.policy(0).Spec.PolicyTypes }
	}
	for i, item := range inventory.List(spec, "ingress") {
		rule := item.(map[string]any)
		switch g.IntN(3) {
		case 0:
			if g.chance(50) {
				rule["from"] = []any{map[string]any{"podSelector": bogus}}
				return func(p *networkingv1.NetworkPolicy) {
					own := g.selector()
					p.Spec.Ingress[i].From = []networkingv1.NetworkPolicyPeer{{PodSelector: &own}}
				}
			}
			rule["from"] = []any{[]any{map[string]any{}, "everyone"}[g.IntN(2)]}
			return func(p *networkingv1.NetworkPolicy) {
				p.Spec.Ingress[i].From = append(g.peers(), networkingv1.NetworkPolicyPeer{IPBlock: g.block()})
			}
		case 1:
			rule["ports"] = []any{map[string]any{"port": 80.0, "endPort": 79.0}}
			return func(p *networkingv1.NetworkPolicy) {
				port := networkingv1.NetworkPolicyPort{}
				for _, q := range g.ports() {
					if q.Protocol == nil || *q.Protocol == corev1.ProtocolTCP {
						port = q
					}
				}
				p.Spec.Ingress[i].Ports = []networkingv1.NetworkPolicyPort{port}
			}
		}
	}
	spec["ingress"] = "everything"
	return func(p *networkingv1.NetworkPolicy) { p.Spec.Ingress = g.policy(0).Spec.Ingress }
}

// TestUnknownIsSound holds that what is called allowed or denied is so in every cluster that the inventory may be of.
func TestUnknownIsSound(t *testing.T) {
	t.Logf("%d clusters, seed %d", *runs/3, *seed)
	unknown, known := 0, 0
	for i := range *runs / 3 {
		g := generator{rand.New(rand.NewPCG(*seed+1000, uint64(i)))}
		c := g.cluster()
		if g.chance(50) {
			g.admins(c)
		}
		part := g.hide(t, c)
		m := network.New(part.inv)
		x := comparison{t: t, c: c, m: m}
		for range 3 {
			whole := part.complete()
			for si, src := range c.pods {
				for di, dst := range c.pods {
					a, b := whole.pods[si], whole.pods[di]
					got := m.Allowed(x.peer(src), x.peer(dst))
					if !got.Unknown.None() {
						unknown++
					} else {
						known++
					}
					if shareFamily(a, b) || si == di {
						within(t, fmt.Sprintf("cluster %d: %s to %s", i, src.name, dst.name), got, func(proto corev1.Protocol, port int32) bool { return whole.reaches(a, b, proto, port) })
					}
					if v := m.Explain(x.peer(src), x.peer(dst), network.AllPorts()); !v.Allowed.Equal(got.Allowed) || !v.Unknown.Equal(got.Unknown) {
						t.Errorf("cluster %d: %s to %s: Allowed says %v and Explain %v", i, src.name, dst.name, got, v.Connection)
					} else if !v.Unknown.None() && len(v.Egress.Because)+len(v.Ingress.Because) == 0 {
						t.Errorf("cluster %d: %s to %s: no reason for what is unknown: %s", i, src.name, dst.name, v.Unknown)
					}
					checkWhy(t, m, x.peer(src), x.peer(dst), got)
				}
				x.outside(i, src, whole.pods[si], whole)
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d pairs are known and %d unknown", known, unknown)
}

// checkWhy holds that the reasons are those of Explain, and that there are some exactly when something is unknown.
func checkWhy(t *testing.T, m *network.Map, src, dst *network.Peer, got network.Connection) {
	t.Helper()
	why := m.Why(src, dst)
	if (len(why) > 0) != !got.Unknown.None() {
		t.Errorf("%s to %s: %v is unknown because of %q", src, dst, got.Unknown, why)
	}
	if len(why) == 0 {
		return
	}
	v := m.Explain(src, dst, got.Unknown)
	for _, text := range append(v.Egress.Because, v.Ingress.Because...) {
		if !slices.Contains(why, text) {
			t.Errorf("%s to %s: %q is missing of %q", src, dst, text, why)
		}
	}
}

func (x *comparison) outside(i int, shown, src *refPod, whole *refCluster) {
	for _, text := range outsideAddresses {
		addr := netip.MustParseAddr(text)
		for _, ip := range src.ips {
			if ip.Is4() != addr.Is4() {
				continue
			}
			within(x.t, fmt.Sprintf("cluster %d: %s to %s", i, src.name, text), x.m.Allowed(x.peer(shown), x.m.Address(addr)), func(proto corev1.Protocol, port int32) bool {
				return whole.passes(refEnd{src, ip}, refEnd{ip: addr}, proto, port)
			})
			within(x.t, fmt.Sprintf("cluster %d: %s to %s", i, text, src.name), x.m.Allowed(x.m.Address(addr), x.peer(shown)), func(proto corev1.Protocol, port int32) bool {
				return whole.passes(refEnd{ip: addr}, refEnd{src, ip}, proto, port)
			})
		}
	}
}

func shareFamily(a, b *refPod) bool {
	for _, x := range a.ips {
		for _, y := range b.ips {
			if x.Is4() == y.Is4() {
				return true
			}
		}
	}
	return false
}

// within fails when a port that is called allowed is not, or one that is called denied is allowed.
func within(t *testing.T, what string, got network.Connection, really func(corev1.Protocol, int32) bool) {
	t.Helper()
	for i, proto := range protocolsToTry {
		for _, port := range portsToTry {
			answer, truth := got.Port(network.Protocol(i), uint16(port)), really(proto, port)
			if answer == network.Allowed && !truth || answer == network.Denied && truth {
				t.Errorf("%s on %s %d is called %s, and a cluster exists where it is not", what, proto, port, answer)
			}
		}
	}
}
