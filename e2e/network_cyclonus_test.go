package e2e

import (
	"flag"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/plimsoll-io/plimsoll/network"
)

var (
	netSeed = flag.Uint64("net-seed", 1, "seed of the random NetworkPolicies")
	netSets = flag.Int("net-sets", 4000, "how many sets of NetworkPolicies cyclonus judges too")
)

// TestCyclonus asks cyclonus, which judges one packet at a time, about random sets of NetworkPolicies: it has to agree
// on each pair of pods and addresses, each protocol, and each port at a border.
//
// Cyclonus knows one address of a pod, no host network, and not that a pod always reaches itself: those are left to the
// reference in package network.
func TestCyclonus(t *testing.T) {
	asked, allowed, differ := 0, 0, 0
	for i := range *netSets {
		g := netGenerator{Rand: rand.New(rand.NewPCG(*netSeed, uint64(i))), full: i%2 == 0, ipv6: i%5 == 0}
		c := g.cluster()
		s := secondOpinion{t: t, c: c, ours: network.New(c.inventory(t)), theirs: matcher.BuildNetworkPolicies(i%3 == 0, c.defaulted())}
		s.compare(outside[g.ipv6])
		asked, allowed, differ = asked+s.asked, allowed+s.allowed, differ+s.differ
		if t.Failed() {
			t.Fatalf("set %d of seed %d", i, *netSeed)
		}
	}
	t.Logf("seed %d: %d sets, %d questions, %d allowed, %d disagreements", *netSeed, *netSets, asked, allowed, differ)
}

// defaulted are the policies with policyTypes, which the API server fills in.
func (c *netCluster) defaulted() []*networkingv1.NetworkPolicy {
	var out []*networkingv1.NetworkPolicy
	for _, p := range c.policies {
		p = p.DeepCopy()
		if len(p.Spec.PolicyTypes) == 0 {
			p.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
			if len(p.Spec.Egress) > 0 {
				p.Spec.PolicyTypes = append(p.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
			}
		}
		out = append(out, p)
	}
	return out
}

type secondOpinion struct {
	t      *testing.T
	c      *netCluster
	ours   *network.Map
	theirs *matcher.Policy

	asked, allowed, differ int
}

// An end is a pod or an address outside, as each side knows it.
type end struct {
	pod    *corev1.Pod
	ours   *network.Peer
	theirs *matcher.TrafficPeer
}

func (s *secondOpinion) compare(addresses []string) {
	var ends []end
	for _, p := range s.c.pods {
		ends = append(ends, end{p, s.ours.Workload(p.Namespace, "Pod", p.Name)[0], &matcher.TrafficPeer{
			IP: p.Status.PodIP, Internal: &matcher.InternalPeer{PodLabels: p.Labels, NamespaceLabels: s.c.namespaces[p.Namespace], Namespace: p.Namespace}}})
	}
	for _, a := range addresses {
		ends = append(ends, end{nil, s.ours.Address(netip.MustParseAddr(a)), &matcher.TrafficPeer{IP: a}})
	}
	for _, src := range ends {
		for _, dst := range ends {
			if src.pod != dst.pod { // neither a pod and itself nor two addresses
				s.pair(src, dst)
			}
		}
	}
}

func (s *secondOpinion) pair(src, dst end) {
	got := s.ours.Allowed(src.ours, dst.ours)
	for i, protocol := range protocols {
		for _, border := range netPorts {
			for _, port := range []int32{border - 1, border, border + 1} {
				if port < 1 || port > 65535 {
					continue
				}
				s.asked++
				want := s.theirs.IsTrafficAllowed(&matcher.Traffic{Source: src.theirs, Destination: dst.theirs,
					ResolvedPort: int(port), ResolvedPortName: nameOf(dst.pod, protocol, port), Protocol: protocol}).IsAllowed()
				if want {
					s.allowed++
				}
				if have := got.Port(network.Protocol(i), uint16(port)); (have == network.Allowed) != want || have == network.Unknown {
					s.differ++
					s.t.Errorf("%s to %s on %s %d: %s, and cyclonus says %v", src.ours, dst.ours, protocol, port, have, want)
				}
			}
		}
	}
}

// nameOf is what a pod calls one of its ports.
func nameOf(p *corev1.Pod, protocol corev1.Protocol, port int32) string {
	if p != nil {
		for _, c := range p.Spec.Containers {
			if own := c.Ports[0]; own.ContainerPort == port && own.Protocol == protocol {
				return own.Name
			}
		}
	}
	return ""
}

// TestCyclonusNotIn holds the one known difference. Cyclonus says that NotIn does not select an object that lacks the
// label; Kubernetes' own selectors, which network plugins use, say that it does, and so do we.
func TestCyclonusNotIn(t *testing.T) {
	notIn := metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"a"}}}}
	upstream, err := metav1.LabelSelectorAsSelector(&notIn)
	if err != nil {
		t.Fatal(err)
	}
	if !upstream.Matches(labels.Set{}) {
		t.Error("Kubernetes' selectors have changed")
	}
	g := netGenerator{Rand: rand.New(rand.NewPCG(1, 1))}
	c := &netCluster{namespaces: map[string]map[string]string{"n0": {}, "n1": {}, "n2": {}}, pods: []*corev1.Pod{g.pod(0), g.pod(1)}}
	policy := g.policy(0)
	for _, p := range c.pods {
		p.Namespace, p.Labels = policy.Namespace, nil
	}
	policy.Spec = networkingv1.NetworkPolicySpec{PodSelector: notIn, PolicyTypes: []networkingv1.PolicyType{"Ingress"}}
	c.policies = []*networkingv1.NetworkPolicy{policy}
	s := secondOpinion{t: t, c: c, ours: network.New(c.inventory(t)), theirs: matcher.BuildNetworkPolicies(false, c.policies)}
	src, dst := s.ours.Workload(policy.Namespace, "Pod", "pod-0")[0], s.ours.Workload(policy.Namespace, "Pod", "pod-1")[0]
	if got := s.ours.Allowed(src, dst); !got.Allowed.None() || !got.Unknown.None() {
		t.Errorf("NotIn does not select a pod without the label: %v", got)
	}
	if targets := s.theirs.TargetsApplyingToPod(true, policy.Namespace, nil); len(targets) > 0 {
		t.Error("cyclonus agrees now: drop the exception from the generator")
	}
}
