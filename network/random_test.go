package network_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A generator makes random clusters, small enough to be judged packet by packet and dense enough that every feature
// decides something.
type generator struct{ *rand.Rand }

func (g generator) one(of ...string) string { return of[g.IntN(len(of))] }
func (g generator) chance(percent int) bool { return g.IntN(100) < percent }

func (g generator) labels() map[string]string {
	out := map[string]string{}
	for _, k := range []string{"app", "tier", "env"} {
		if g.chance(60) {
			out[k] = g.one("a", "b", "c")
		}
	}
	return out
}

func (g generator) selector() metav1.LabelSelector {
	var s metav1.LabelSelector
	if g.chance(25) {
		return s
	}
	if g.chance(60) {
		s.MatchLabels = map[string]string{g.one("app", "tier", "env"): g.one("a", "b", "c")}
	}
	for g.chance(35) {
		e := metav1.LabelSelectorRequirement{Key: g.one("app", "tier", "env"), Operator: metav1.LabelSelectorOperator(g.one("In", "NotIn", "Exists", "DoesNotExist"))}
		if e.Operator == "In" || e.Operator == "NotIn" {
			for range 1 + g.IntN(2) {
				e.Values = append(e.Values, g.one("a", "b", "c"))
			}
		}
		s.MatchExpressions = append(s.MatchExpressions, e)
	}
	return s
}

func (g generator) namespaceSelector() metav1.LabelSelector {
	if g.chance(30) {
		return metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": g.one("n0", "n1", "n2")}}
	}
	return g.selector()
}

var blocks = []string{
	"0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/24", "10.0.1.0/24", "10.0.0.0/29", "10.0.0.4/30", "10.0.0.5/32", "192.0.2.0/24", "192.0.2.128/25", "255.255.255.255/32",
	"::/0", "2001:db8::/32", "2001:db8::/64", "2001:db8::4/126", "fd00::/8", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
}

func (g generator) block() *networkingv1.IPBlock {
	b := &networkingv1.IPBlock{CIDR: g.one(blocks...)}
	outer := netip.MustParsePrefix(b.CIDR)
	for range g.IntN(4) {
		inner := netip.MustParsePrefix(g.one(blocks...))
		if inner.Bits() > outer.Bits() && outer.Contains(inner.Addr()) {
			b.Except = append(b.Except, inner.String())
		}
	}
	return b
}

func (g generator) peers() []networkingv1.NetworkPolicyPeer {
	var out []networkingv1.NetworkPolicyPeer
	for range g.IntN(4) {
		var p networkingv1.NetworkPolicyPeer
		kind := g.IntN(10)
		if kind < 3 {
			p.IPBlock = g.block()
		}
		if kind >= 3 && kind < 8 {
			s := g.selector()
			p.PodSelector = &s
		}
		if kind >= 6 {
			s := g.namespaceSelector()
			p.NamespaceSelector = &s
		}
		out = append(out, p)
	}
	return out
}

var protocolsToTry = []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}

// portsToTry are both sides of every border that policies and pods of a generator can have.
var portsToTry = []int32{1, 2, 52, 53, 54, 79, 80, 81, 89, 90, 91, 442, 443, 444, 8079, 8080, 8081, 65534, 65535}

func (g generator) ports() []networkingv1.NetworkPolicyPort {
	var out []networkingv1.NetworkPolicyPort
	for range g.IntN(4) {
		var p networkingv1.NetworkPolicyPort
		if g.chance(60) {
			proto := protocolsToTry[g.IntN(3)]
			p.Protocol = &proto
		}
		switch g.IntN(4) {
		case 0:
			port := intstr.FromString(g.one("http", "dns", "web", "none"))
			p.Port = &port
		case 1, 2:
			port := intstr.FromInt32([]int32{1, 53, 80, 443, 8080, 65535}[g.IntN(6)])
			p.Port = &port
			if g.chance(40) {
				if end := []int32{port.IntVal, 90, 443, 8080, 65535}[g.IntN(5)]; end >= port.IntVal {
					p.EndPort = &end
				}
			}
		}
		out = append(out, p)
	}
	return out
}

func (g generator) policy(i int) *networkingv1.NetworkPolicy {
	p := &networkingv1.NetworkPolicy{TypeMeta: metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"}}
	p.Namespace, p.Name = g.one("n0", "n1", "n2"), fmt.Sprint("p", i)
	p.Spec.PodSelector = g.selector()
	switch g.IntN(4) {
	case 0:
		p.Spec.PolicyTypes = []networkingv1.PolicyType{"Ingress"}
	case 1:
		p.Spec.PolicyTypes = []networkingv1.PolicyType{"Egress"}
	case 2:
		p.Spec.PolicyTypes = []networkingv1.PolicyType{"Egress", "Ingress"}
	}
	for range g.IntN(3) {
		p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: g.peers(), Ports: g.ports()})
	}
	for range g.IntN(3) {
		p.Spec.Egress = append(p.Spec.Egress, networkingv1.NetworkPolicyEgressRule{To: g.peers(), Ports: g.ports()})
	}
	return p
}

func (g generator) pod(i int) *refPod {
	p := &refPod{
		namespace: fmt.Sprint("n", g.IntN(3)), name: fmt.Sprint("pod", i), labels: g.labels(),
		node: g.one("node-a", "node-b"), hostNetwork: g.chance(12),
	}
	v4, v6 := fmt.Sprintf("10.0.%d.%d", g.IntN(2), i), fmt.Sprintf("2001:db8::%x", i)
	if p.hostNetwork {
		v4, v6 = map[string]string{"node-a": "192.0.2.5", "node-b": "192.0.2.200"}[p.node], "fd00::1"
	}
	families := g.IntN(4)
	if families != 1 {
		p.ips = append(p.ips, netip.MustParseAddr(v4))
	}
	if families == 0 || families == 1 {
		p.ips = append(p.ips, netip.MustParseAddr(v6))
	}
	for _, name := range []string{"http", "dns", "web"} {
		if g.chance(40) {
			p.ports = append(p.ports, corev1.ContainerPort{
				Name: name, ContainerPort: []int32{53, 80, 8080}[g.IntN(3)], Protocol: []corev1.Protocol{"", "TCP", "UDP"}[g.IntN(3)],
			})
		}
	}
	return p
}

func (g generator) cluster() *refCluster {
	c := &refCluster{namespaces: map[string]map[string]string{}}
	for i := range 3 {
		name := fmt.Sprint("n", i)
		c.namespaces[name] = g.labels()
		c.namespaces[name]["kubernetes.io/metadata.name"] = name
	}
	for i := range 4 + g.IntN(5) {
		c.pods = append(c.pods, g.pod(i))
	}
	for i := range g.IntN(6) {
		c.policies = append(c.policies, g.policy(i))
	}
	return c
}

// inventory is the cluster as the engine gets it.
func (c *refCluster) inventory(t testing.TB) *inventory.Inventory {
	t.Helper()
	var objects []*inventory.Object
	for _, name := range []string{"n0", "n1", "n2"} {
		if labels, has := c.namespaces[name]; has {
			objects = append(objects, objectOf(t, &corev1.Namespace{
				TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
			}))
		}
	}
	for _, p := range c.pods {
		objects = append(objects, objectOf(t, p.object()))
	}
	for _, p := range c.policies {
		objects = append(objects, objectOf(t, p))
	}
	for _, p := range c.admins {
		objects = append(objects, p.object(t))
	}
	return inventoryOf(objects...)
}

func (p *refPod) object() *corev1.Pod {
	pod := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: p.name, Labels: p.labels},
		Spec: corev1.PodSpec{
			HostNetwork: p.hostNetwork, NodeName: p.node, Containers: []corev1.Container{{Name: "main"}, {Name: "side", Ports: p.ports}},
		},
	}
	for _, ip := range p.ips {
		pod.Status.PodIPs = append(pod.Status.PodIPs, corev1.PodIP{IP: ip.String()})
	}
	return pod
}

// objectOf turns an API object into what an inventory holds.
func objectOf(t testing.TB, typed any) *inventory.Object {
	t.Helper()
	text, err := json.Marshal(typed)
	if err != nil {
		t.Fatal(err)
	}
	var content map[string]any
	if err := json.Unmarshal(text, &content); err != nil {
		t.Fatal(err)
	}
	return contentOf(content)
}

func contentOf(content map[string]any) *inventory.Object {
	meta := inventory.Map(content, "metadata")
	return &inventory.Object{Content: content, Ref: finding.Ref{
		APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"),
		Namespace: inventory.String(meta, "namespace"), Name: inventory.String(meta, "name"),
	}}
}

func inventoryOf(objects ...*inventory.Object) *inventory.Inventory {
	return inventory.New(inventory.Source{Kind: "cluster"}, time.Time{}, "v1.37.2", objects, nil)
}
