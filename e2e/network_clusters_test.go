package e2e

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

// A netCluster is a random cluster of pods and NetworkPolicies.
type netCluster struct {
	namespaces map[string]map[string]string
	pods       []*corev1.Pod
	policies   []*networkingv1.NetworkPolicy
}

// A netGenerator makes them. With full labels every pod and namespace has every key that selectors ask for; else some
// are missing, and the operator NotIn is not used: see TestCyclonusNotIn.
type netGenerator struct {
	*rand.Rand
	full bool
	ipv6 bool
}

var (
	labelKeys   = []string{"app", "tier", "env"}
	labelValues = []string{"a", "b", "c"}
	netPorts    = []int32{1, 53, 80, 81, 443, 8080, 65535}
	protocols   = []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}
	outside     = map[bool][]string{false: {"192.0.2.7", "192.0.2.200", "8.8.8.8", "10.0.0.200"}, true: {"2001:db8::ff", "fd00::1", "2001:db8:1::1"}}
	netBlocks   = map[bool][]string{
		false: {"0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/28", "10.0.0.4/30", "10.0.0.5/32", "192.0.2.0/24", "192.0.2.128/25"},
		true:  {"::/0", "2001:db8::/32", "2001:db8::/64", "2001:db8::4/126", "fd00::/8"},
	}
)

func pick[T any](g netGenerator, of []T) T { return of[g.IntN(len(of))] }

func (g netGenerator) labels() map[string]string {
	out := map[string]string{}
	for _, k := range labelKeys {
		if g.full || g.IntN(3) > 0 {
			out[k] = pick(g, labelValues)
		}
	}
	return out
}

func (g netGenerator) selector(keys ...string) metav1.LabelSelector {
	var s metav1.LabelSelector
	if g.IntN(4) == 0 {
		return s
	}
	if g.IntN(2) == 0 {
		s.MatchLabels = map[string]string{pick(g, keys): pick(g, labelValues)}
	}
	for g.IntN(3) == 0 {
		operators := []metav1.LabelSelectorOperator{metav1.LabelSelectorOpIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist, metav1.LabelSelectorOpNotIn}
		if !g.full {
			operators = operators[:3]
		}
		e := metav1.LabelSelectorRequirement{Key: pick(g, keys), Operator: pick(g, operators)}
		if e.Operator == metav1.LabelSelectorOpIn || e.Operator == metav1.LabelSelectorOpNotIn {
			for range 1 + g.IntN(2) {
				e.Values = append(e.Values, pick(g, labelValues))
			}
		}
		s.MatchExpressions = append(s.MatchExpressions, e)
	}
	return s
}

func (g netGenerator) peers() []networkingv1.NetworkPolicyPeer {
	var out []networkingv1.NetworkPolicyPeer
	for range g.IntN(4) {
		var p networkingv1.NetworkPolicyPeer
		switch kind := g.IntN(4); kind {
		case 0:
			block := &networkingv1.IPBlock{CIDR: pick(g, netBlocks[g.ipv6])}
			whole := netip.MustParsePrefix(block.CIDR)
			for range g.IntN(3) {
				if part := netip.MustParsePrefix(pick(g, netBlocks[g.ipv6])); part.Bits() > whole.Bits() && whole.Contains(part.Addr()) {
					block.Except = append(block.Except, part.String())
				}
			}
			p.IPBlock = block
		default:
			if kind != 1 {
				s := g.selector(labelKeys...)
				p.PodSelector = &s
			}
			if kind != 2 {
				s := g.selector(labelKeys...)
				if g.IntN(3) == 0 {
					s = metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: pick(g, []string{"n0", "n1", "n2"})}}
				}
				p.NamespaceSelector = &s
			}
		}
		out = append(out, p)
	}
	return out
}

func (g netGenerator) ports() []networkingv1.NetworkPolicyPort {
	var out []networkingv1.NetworkPolicyPort
	for range g.IntN(4) {
		var p networkingv1.NetworkPolicyPort
		if g.IntN(2) == 0 {
			protocol := pick(g, protocols)
			p.Protocol = &protocol
		}
		switch g.IntN(4) {
		case 0:
			port := intstr.FromString(pick(g, []string{"http", "dns", "absent"}))
			p.Port = &port
		case 1, 2:
			port := intstr.FromInt32(pick(g, netPorts))
			p.Port = &port
			if end := pick(g, netPorts); end >= port.IntVal && g.IntN(2) == 0 {
				p.EndPort = &end
			}
		}
		out = append(out, p)
	}
	return out
}

func (g netGenerator) cluster() *netCluster {
	c := &netCluster{namespaces: map[string]map[string]string{}}
	for i := range 3 {
		name := fmt.Sprint("n", i)
		c.namespaces[name] = g.labels()
		c.namespaces[name][corev1.LabelMetadataName] = name
	}
	for i := range 4 + g.IntN(4) {
		c.pods = append(c.pods, g.pod(i))
	}
	for i := range 1 + g.IntN(5) {
		c.policies = append(c.policies, g.policy(i))
	}
	return c
}

func (g netGenerator) pod(i int) *corev1.Pod {
	p := &corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}}
	p.Namespace, p.Name, p.Labels = fmt.Sprint("n", g.IntN(3)), fmt.Sprint("pod-", i), g.labels()
	p.Status.PodIP = fmt.Sprintf("10.0.0.%d", i)
	if g.ipv6 {
		p.Status.PodIP = fmt.Sprintf("2001:db8::%x", i)
	}
	numbers := g.Perm(len(netPorts))
	for j, name := range []string{"http", "dns"} {
		if g.IntN(2) == 0 {
			port := corev1.ContainerPort{Name: name, ContainerPort: netPorts[numbers[j]], Protocol: pick(g, protocols)}
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: name, Ports: []corev1.ContainerPort{port}})
		}
	}
	return p
}

func (g netGenerator) policy(i int) *networkingv1.NetworkPolicy {
	p := &networkingv1.NetworkPolicy{TypeMeta: metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"}}
	p.Namespace, p.Name, p.Spec.PodSelector = fmt.Sprint("n", g.IntN(3)), fmt.Sprint("policy-", i), g.selector(labelKeys...)
	for range g.IntN(3) {
		p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: g.peers(), Ports: g.ports()})
	}
	for range g.IntN(3) {
		p.Spec.Egress = append(p.Spec.Egress, networkingv1.NetworkPolicyEgressRule{To: g.peers(), Ports: g.ports()})
	}
	p.Spec.PolicyTypes = pick(g, [][]networkingv1.PolicyType{nil, {"Ingress"}, {"Egress"}, {"Ingress", "Egress"}})
	return p
}

// inventory is the cluster as the engine reads it.
func (c *netCluster) inventory(t *testing.T) *inventory.Inventory {
	t.Helper()
	var objects []*inventory.Object
	add := func(typed any) {
		text, err := json.Marshal(typed)
		if err != nil {
			t.Fatal(err)
		}
		var content map[string]any
		if err := json.Unmarshal(text, &content); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, &inventory.Object{Content: content, Ref: finding.Ref{
			APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"),
			Namespace: inventory.String(content, "metadata", "namespace"), Name: inventory.String(content, "metadata", "name"),
		}})
	}
	for name, labels := range c.namespaces {
		add(&corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})
	}
	for _, p := range c.pods {
		add(p)
	}
	for _, p := range c.policies {
		add(p)
	}
	return inventory.New(inventory.Source{Kind: "cluster"}, time.Time{}, "", objects, nil)
}
