package network_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// A refAdmin is a policy of the whole cluster, in the words of the specification.
type refAdmin struct {
	name       string
	baseline   bool
	priority   int
	subject    refPods
	rules      map[string][]refAdminRule // "ingress", "egress"
	newVersion bool                      // it is written as a ClusterNetworkPolicy
}

type refPods struct {
	namespaces metav1.LabelSelector
	pods       *metav1.LabelSelector // nil: all of the namespaces
}

type refAdminRule struct {
	action string // "Allow", "Deny", "Pass"
	peers  []refAdminPeer
	ports  []refAdminPort
}

type refAdminPeer struct {
	pods     *refPods
	networks []string
}

type refAdminPort struct {
	protocol    corev1.Protocol
	first, last int32  // 0: all
	name        string // of any protocol
}

func (r refPods) has(c *refCluster, p *refPod) bool {
	return p != nil && !p.hostNetwork && selects(&r.namespaces, c.namespaces[p.namespace]) && (r.pods == nil || selects(r.pods, p.labels))
}

func (p refAdminPeer) has(c *refCluster, end refEnd) bool {
	if p.pods != nil {
		return p.pods.has(c, end.pod)
	}
	return slices.ContainsFunc(p.networks, func(n string) bool { return netip.MustParsePrefix(n).Contains(end.ip) })
}

func (p refAdminPort) has(dst *refPod, protocol corev1.Protocol, port int32) bool {
	if p.name == "" {
		return p.protocol == protocol && (p.first == 0 || port >= p.first && port <= p.last)
	}
	return dst != nil && !dst.hostNetwork && slices.ContainsFunc(dst.ports, func(own corev1.ContainerPort) bool {
		return own.Name == p.name && own.ContainerPort == port && (own.Protocol == protocol || own.Protocol == "" && protocol == corev1.ProtocolTCP)
	})
}

// firstMatch is what the first rule of a tier that matches a packet says; "" for none.
func (c *refCluster) firstMatch(baseline bool, direction string, subject *refPod, other refEnd, dst *refPod, protocol corev1.Protocol, port int32) string {
	for _, p := range c.admins { // in the order in which they are asked
		if p.baseline != baseline || !p.subject.has(c, subject) {
			continue
		}
		for _, r := range p.rules[direction] {
			peer := slices.ContainsFunc(r.peers, func(p refAdminPeer) bool { return p.has(c, other) })
			if peer && (len(r.ports) == 0 || slices.ContainsFunc(r.ports, func(p refAdminPort) bool { return p.has(dst, protocol, port) })) {
				return r.action
			}
		}
	}
	return ""
}

// tiers asks the tiers in order; networkPolicy is what the NetworkPolicies say.
func (c *refCluster) tiers(direction string, subject *refPod, other refEnd, dst *refPod, protocol corev1.Protocol, port int32, isolated, networkPolicy bool) bool {
	switch c.firstMatch(false, direction, subject, other, dst, protocol, port) {
	case "Allow":
		return true
	case "Deny":
		return false
	}
	if isolated {
		return networkPolicy
	}
	return c.firstMatch(true, direction, subject, other, dst, protocol, port) != "Deny"
}

func (g generator) refPods() refPods {
	r := refPods{namespaces: g.namespaceSelector()}
	if g.chance(60) {
		s := g.selector()
		r.pods = &s
	}
	return r
}

func (g generator) admin(i int) *refAdmin {
	p := &refAdmin{name: fmt.Sprint("admin", i), priority: i * 10, subject: g.refPods(), rules: map[string][]refAdminRule{}, newVersion: g.chance(50)}
	p.baseline = g.chance(35)
	for _, direction := range []string{"ingress", "egress"} {
		for range g.IntN(4) {
			r := refAdminRule{action: g.one("Allow", "Deny", "Pass")}
			if p.baseline && !p.newVersion && r.action == "Pass" {
				r.action = "Deny"
			}
			for range 1 + g.IntN(2) {
				if direction == "egress" && g.chance(30) {
					r.peers = append(r.peers, refAdminPeer{networks: []string{g.one(blocks...), g.one(blocks...)}})
					continue
				}
				pods := g.refPods()
				r.peers = append(r.peers, refAdminPeer{pods: &pods})
			}
			for range g.IntN(3) {
				r.ports = append(r.ports, g.adminPort(p.newVersion))
			}
			p.rules[direction] = append(p.rules[direction], r)
		}
	}
	return p
}

func (g generator) adminPort(newVersion bool) refAdminPort {
	p := refAdminPort{protocol: protocolsToTry[g.IntN(3)]}
	switch g.IntN(3) {
	case 0:
		p.name = g.one("http", "dns", "web", "none")
	case 1:
		p.first = []int32{1, 53, 80, 443}[g.IntN(4)]
		p.last = []int32{443, 8080, 65535}[g.IntN(3)]
	default:
		if !newVersion || g.chance(70) {
			p.first = []int32{53, 80, 443, 8080}[g.IntN(4)]
			p.last = p.first
		}
	}
	return p
}

// object writes the policy in one of the versions of the API.
func (p *refAdmin) object(t testing.TB) *inventory.Object {
	kind, version := "AdminNetworkPolicy", "v1alpha1"
	spec := map[string]any{"priority": p.priority, "subject": p.subject.object()}
	if p.baseline {
		kind = "BaselineAdminNetworkPolicy"
	}
	if p.newVersion {
		kind, version = "ClusterNetworkPolicy", "v1alpha2"
		spec["tier"] = map[bool]string{false: "Admin", true: "Baseline"}[p.baseline]
	} else if p.baseline {
		delete(spec, "priority")
	}
	for direction, rules := range p.rules {
		var list []any
		for _, r := range rules {
			list = append(list, r.object(direction, p.newVersion))
		}
		spec[direction] = list
	}
	return objectOf(t, map[string]any{"apiVersion": "policy.networking.k8s.io/" + version, "kind": kind, "metadata": map[string]any{"name": p.name}, "spec": spec})
}

func (r refPods) object() map[string]any {
	if r.pods == nil {
		return map[string]any{"namespaces": r.namespaces}
	}
	return map[string]any{"pods": map[string]any{"namespaceSelector": r.namespaces, "podSelector": r.pods}}
}

func (r refAdminRule) object(direction string, newVersion bool) map[string]any {
	var peers, ports []any
	for _, p := range r.peers {
		if p.pods != nil {
			peers = append(peers, p.pods.object())
		} else {
			peers = append(peers, map[string]any{"networks": p.networks})
		}
	}
	for _, p := range r.ports {
		ports = append(ports, p.object(newVersion))
	}
	action, field := r.action, "ports"
	if newVersion {
		field = "protocols"
		if action == "Allow" {
			action = "Accept"
		}
	}
	return map[string]any{"action": action, map[string]string{"ingress": "from", "egress": "to"}[direction]: peers, field: ports}
}

func (p refAdminPort) object(newVersion bool) map[string]any {
	if !newVersion {
		switch {
		case p.name != "":
			return map[string]any{"namedPort": p.name}
		case p.first == p.last:
			return map[string]any{"portNumber": map[string]any{"protocol": p.protocol, "port": p.first}}
		}
		return map[string]any{"portRange": map[string]any{"protocol": p.protocol, "start": p.first, "end": p.last}}
	}
	if p.name != "" {
		return map[string]any{"destinationNamedPort": p.name}
	}
	port := map[string]any{}
	switch {
	case p.first == 0:
	case p.first == p.last:
		port["destinationPort"] = map[string]any{"number": p.first}
	default:
		port["destinationPort"] = map[string]any{"range": map[string]any{"start": p.first, "end": p.last}}
	}
	return map[string]any{map[corev1.Protocol]string{"TCP": "tcp", "UDP": "udp", "SCTP": "sctp"}[p.protocol]: port}
}

// admins gives the cluster policies of the whole cluster. The one baseline policy of the old kind comes with no others
// in its tier, and goes without a priority.
func (g generator) admins(c *refCluster) {
	old := false
	for i := range 1 + g.IntN(4) {
		p := g.admin(i + 1)
		if p.baseline && !p.newVersion {
			if old || slices.ContainsFunc(c.admins, func(o *refAdmin) bool { return o.baseline }) {
				continue
			}
			old, p.name = true, "default"
		} else if p.baseline && old {
			continue
		}
		c.admins = append(c.admins, p)
	}
}

// TestAdminReference holds the tiers to the reference, which asks rule by rule for each packet.
func TestAdminReference(t *testing.T) {
	t.Logf("%d clusters, seed %d", *runs/2, *seed)
	answers, allowed := 0, 0
	for i := range *runs / 2 {
		g := generator{rand.New(rand.NewPCG(*seed+3000, uint64(i)))}
		c := g.cluster()
		g.admins(c)
		x := comparison{t: t, c: c, m: network.New(c.inventory(t))}
		x.all()
		answers, allowed = answers+x.answers, allowed+x.allowed
		if t.Failed() {
			for _, p := range c.admins {
				text, _ := json.Marshal(p.object(t).Content)
				t.Logf("%s", text)
			}
			t.Fatalf("cluster %d of seed %d", i, *seed)
		}
		if w := x.m.Warnings(); slices.ContainsFunc(w, func(w network.Warning) bool { return w.Fact == network.Refused || w.Fact == network.Ambiguous }) {
			t.Fatalf("cluster %d: %+v", i, w)
		}
	}
	t.Logf("%d answers agree, %d of them allow", answers, allowed)
}

// TestAdminTies holds that an answer which depends on the order of policies of one priority is unknown, and that no
// other is.
func TestAdminTies(t *testing.T) {
	unknown := 0
	for i := range *runs / 3 {
		g := generator{rand.New(rand.NewPCG(*seed+4000, uint64(i)))}
		c := g.cluster()
		for j := range 3 {
			p := g.admin(j)
			p.priority, p.newVersion = 7, true
			c.admins = append(c.admins, p)
		}
		x := comparison{t: t, c: c, m: network.New(c.inventory(t))}
		for _, src := range c.pods {
			for _, dst := range c.pods {
				got := x.m.Allowed(x.peer(src), x.peer(dst))
				v := x.m.Explain(x.peer(src), x.peer(dst), network.AllPorts())
				if !v.Allowed.Equal(got.Allowed) || !v.Unknown.Equal(got.Unknown) {
					t.Errorf("cluster %d: %s to %s: Allowed says %v and Explain %v", i, src.name, dst.name, got, v.Connection)
				}
				if !got.Unknown.None() {
					unknown++
				}
				x.everyOrder(i, src, dst, got)
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d pairs depend on the order", unknown)
}

func (x *comparison) everyOrder(i int, src, dst *refPod, got network.Connection) {
	original := x.c.admins
	defer func() { x.c.admins = original }()
	for p, proto := range protocolsToTry {
		for _, port := range portsToTry {
			seen := map[bool]bool{}
			for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
				x.c.admins = []*refAdmin{original[order[0]], original[order[1]], original[order[2]]}
				seen[x.c.reaches(src, dst, proto, port)] = true
			}
			want := network.Unknown
			if len(seen) == 1 {
				want = network.Denied
				if seen[true] {
					want = network.Allowed
				}
			}
			// The two sides of a connection see one order, which the engine does not use: unknown is wide enough.
			if have := got.Port(network.Protocol(p), uint16(port)); have != want && have != network.Unknown {
				x.t.Errorf("cluster %d: %s to %s on %s %d: %s, want %s", i, src.name, dst.name, proto, port, have, want)
			}
		}
	}
}
