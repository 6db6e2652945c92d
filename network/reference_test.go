package network_test

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The reference decides one packet between two pods, or a pod and an address, straight from the text of
// k8s.io/api/networking/v1. It knows everything and shares nothing with the engine: no sets, no classes, no selectors.

type refPod struct {
	namespace   string
	name        string
	labels      map[string]string
	ips         []netip.Addr // one for each family that it has
	node        string
	hostNetwork bool
	ports       []corev1.ContainerPort
}

type refCluster struct {
	namespaces map[string]map[string]string
	pods       []*refPod
	policies   []*networkingv1.NetworkPolicy
	admins     []*refAdmin // in the order in which they are asked
}

// A refEnd is one end of a connection over one family of addresses.
type refEnd struct {
	pod *refPod // nil for an address outside of the cluster
	ip  netip.Addr
}

// reaches says whether a packet may pass in some family that both have.
func (c *refCluster) reaches(src, dst *refPod, protocol corev1.Protocol, port int32) bool {
	if src == dst {
		return true
	}
	for _, a := range src.ips {
		for _, b := range dst.ips {
			if a.Is4() == b.Is4() && c.passes(refEnd{src, a}, refEnd{dst, b}, protocol, port) {
				return true
			}
		}
	}
	return false
}

func (c *refCluster) passes(src, dst refEnd, protocol corev1.Protocol, port int32) bool {
	return c.leaves(src, dst, protocol, port) && c.enters(src, dst, protocol, port)
}

func (c *refCluster) leaves(src, dst refEnd, protocol corev1.Protocol, port int32) bool {
	if src.pod == nil || src.pod.hostNetwork {
		return true
	}
	isolated, allowed := false, false
	for _, p := range c.policies {
		if p.Namespace != src.pod.namespace || !selects(&p.Spec.PodSelector, src.pod.labels) || !hasType(p, networkingv1.PolicyTypeEgress) {
			continue
		}
		isolated = true
		for _, rule := range p.Spec.Egress {
			if c.anyPeer(p.Namespace, rule.To, dst) && anyPort(rule.Ports, dst.pod, protocol, port) {
				allowed = true
			}
		}
	}
	return c.tiers("egress", src.pod, dst, dst.pod, protocol, port, isolated, allowed)
}

func (c *refCluster) enters(src, dst refEnd, protocol corev1.Protocol, port int32) bool {
	if dst.pod == nil || dst.pod.hostNetwork {
		return true
	}
	if src.pod != nil && src.pod.hostNetwork && src.pod.node == dst.pod.node {
		return true // from the pod's local node
	}
	isolated, allowed := false, false
	for _, p := range c.policies {
		if p.Namespace != dst.pod.namespace || !selects(&p.Spec.PodSelector, dst.pod.labels) || !hasType(p, networkingv1.PolicyTypeIngress) {
			continue
		}
		isolated = true
		for _, rule := range p.Spec.Ingress {
			if c.anyPeer(p.Namespace, rule.From, src) && anyPort(rule.Ports, dst.pod, protocol, port) {
				allowed = true
			}
		}
	}
	return c.tiers("ingress", dst.pod, src, dst.pod, protocol, port, isolated, allowed)
}

func hasType(p *networkingv1.NetworkPolicy, want networkingv1.PolicyType) bool {
	if len(p.Spec.PolicyTypes) > 0 {
		return slices.Contains(p.Spec.PolicyTypes, want)
	}
	return want == networkingv1.PolicyTypeIngress || len(p.Spec.Egress) > 0
}

func (c *refCluster) anyPeer(namespace string, peers []networkingv1.NetworkPolicyPeer, end refEnd) bool {
	if len(peers) == 0 {
		return true
	}
	for _, peer := range peers {
		if peer.IPBlock != nil {
			if inBlock(peer.IPBlock, end.ip) {
				return true
			}
			continue
		}
		if end.pod == nil || end.pod.hostNetwork {
			continue
		}
		if peer.NamespaceSelector == nil && end.pod.namespace != namespace {
			continue
		}
		if peer.NamespaceSelector != nil && !selects(peer.NamespaceSelector, c.namespaces[end.pod.namespace]) {
			continue
		}
		if peer.PodSelector == nil || selects(peer.PodSelector, end.pod.labels) {
			return true
		}
	}
	return false
}

func inBlock(b *networkingv1.IPBlock, ip netip.Addr) bool {
	if !netip.MustParsePrefix(b.CIDR).Contains(ip) {
		return false
	}
	for _, e := range b.Except {
		if netip.MustParsePrefix(e).Contains(ip) {
			return false
		}
	}
	return true
}

func anyPort(ports []networkingv1.NetworkPolicyPort, dst *refPod, protocol corev1.Protocol, port int32) bool {
	if len(ports) == 0 {
		return true
	}
	for _, p := range ports {
		want := corev1.ProtocolTCP
		if p.Protocol != nil {
			want = *p.Protocol
		}
		switch {
		case want != protocol:
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String:
			if dst == nil || dst.hostNetwork {
				continue
			}
			for _, own := range dst.ports {
				if own.Name == p.Port.StrVal && own.ContainerPort == port && (own.Protocol == protocol || own.Protocol == "" && protocol == corev1.ProtocolTCP) {
					return true
				}
			}
		case p.EndPort != nil:
			if port >= p.Port.IntVal && port <= *p.EndPort {
				return true
			}
		case port == p.Port.IntVal:
			return true
		}
	}
	return false
}

func selects(s *metav1.LabelSelector, labels map[string]string) bool {
	for k, v := range s.MatchLabels {
		if got, has := labels[k]; !has || got != v {
			return false
		}
	}
	for _, e := range s.MatchExpressions {
		got, has := labels[e.Key]
		switch e.Operator {
		case metav1.LabelSelectorOpIn:
			if !has || !slices.Contains(e.Values, got) {
				return false
			}
		case metav1.LabelSelectorOpNotIn:
			if has && slices.Contains(e.Values, got) {
				return false
			}
		case metav1.LabelSelectorOpExists:
			if !has {
				return false
			}
		case metav1.LabelSelectorOpDoesNotExist:
			if has {
				return false
			}
		}
	}
	return true
}
