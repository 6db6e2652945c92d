package network_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-io/plimsoll/network"
)

// A change is one that must move answers in a known way only.
type change struct {
	name string
	// apply changes the cluster; false when there is nothing to change.
	apply func(g generator, c *refCluster) bool
	// grows says that ports may become allowed; else nothing may change.
	grows bool
}

func changes() []change {
	return []change{
		{"add an allowing rule", addRule, true},
		{"add a policy that selects nothing", func(g generator, c *refCluster) bool {
			p := g.policy(90)
			p.Spec.PodSelector = metav1.LabelSelector{MatchLabels: map[string]string{"app": "nobody"}}
			c.policies = append(c.policies, p)
			return true
		}, false},
		{"split the rules of a policy over two", splitPolicy, false},
		{"rename labels", renameLabels, false},
		{"shuffle", func(g generator, c *refCluster) bool {
			g.Shuffle(len(c.pods), func(i, j int) { c.pods[i], c.pods[j] = c.pods[j], c.pods[i] })
			g.Shuffle(len(c.policies), func(i, j int) { c.policies[i], c.policies[j] = c.policies[j], c.policies[i] })
			return true
		}, false},
		{"add a pod", func(g generator, c *refCluster) bool {
			c.pods = append(c.pods, g.pod(60))
			return true
		}, false},
		{"say the same twice", func(_ generator, c *refCluster) bool {
			for _, p := range slices.Clone(c.policies) {
				c.policies = append(c.policies, p.DeepCopy())
			}
			return true
		}, false},
	}
}

func addRule(g generator, c *refCluster) bool {
	if len(c.policies) == 0 {
		return false
	}
	p := c.policies[g.IntN(len(c.policies))]
	p.Spec.PolicyTypes = typesOf(p)
	p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: g.peers(), Ports: g.ports()})
	p.Spec.Egress = append(p.Spec.Egress, networkingv1.NetworkPolicyEgressRule{To: g.peers(), Ports: g.ports()})
	return true
}

func typesOf(p *networkingv1.NetworkPolicy) []networkingv1.PolicyType {
	var out []networkingv1.PolicyType
	for _, t := range []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress} {
		if hasType(p, t) {
			out = append(out, t)
		}
	}
	return out
}

func splitPolicy(g generator, c *refCluster) bool {
	if len(c.policies) == 0 {
		return false
	}
	p := c.policies[g.IntN(len(c.policies))]
	p.Spec.PolicyTypes = typesOf(p)
	rest := p.DeepCopy()
	rest.Name = "rest"
	in, out := g.IntN(len(p.Spec.Ingress)+1), g.IntN(len(p.Spec.Egress)+1)
	p.Spec.Ingress, rest.Spec.Ingress = p.Spec.Ingress[:in], rest.Spec.Ingress[in:]
	p.Spec.Egress, rest.Spec.Egress = p.Spec.Egress[:out], rest.Spec.Egress[out:]
	c.policies = append(c.policies, rest)
	return true
}

// renameLabels gives the label app, and its value a, other names everywhere.
func renameLabels(_ generator, c *refCluster) bool {
	rename := func(labels map[string]string) map[string]string {
		out := map[string]string{}
		for k, v := range labels {
			out[newKey(k)] = newValue(v)
		}
		return out
	}
	selector := func(s *metav1.LabelSelector) {
		if s == nil {
			return
		}
		s.MatchLabels = rename(s.MatchLabels)
		for i := range s.MatchExpressions {
			e := &s.MatchExpressions[i]
			e.Key = newKey(e.Key)
			for j, v := range e.Values {
				e.Values[j] = newValue(v)
			}
		}
	}
	peers := func(list []networkingv1.NetworkPolicyPeer) {
		for _, p := range list {
			selector(p.PodSelector)
			selector(p.NamespaceSelector)
		}
	}
	for name, labels := range c.namespaces {
		c.namespaces[name] = rename(labels)
	}
	for _, p := range c.pods {
		p.labels = rename(p.labels)
	}
	for _, p := range c.policies {
		selector(&p.Spec.PodSelector)
		for _, r := range p.Spec.Ingress {
			peers(r.From)
		}
		for _, r := range p.Spec.Egress {
			peers(r.To)
		}
	}
	return true
}

func newKey(k string) string {
	if k == "app" {
		return "zz/application"
	}
	return k
}

func newValue(v string) string {
	if v == "a" {
		return "other"
	}
	return v
}

// answers are the connections of all pairs of pods, by name.
func (c *refCluster) answers(t *testing.T) map[string]network.Connection {
	out := map[string]network.Connection{}
	m := network.New(c.inventory(t))
	for _, src := range m.Peers() {
		for _, dst := range m.Peers() {
			if !src.External() && !dst.External() {
				out[src.String()+" to "+dst.String()] = m.Allowed(src, dst)
			}
		}
	}
	return out
}

func TestMetamorphic(t *testing.T) {
	for _, change := range changes() {
		t.Run(change.name, func(t *testing.T) {
			made := 0
			for i := range *runs / 4 {
				g := generator{rand.New(rand.NewPCG(*seed+2000, uint64(i)))}
				c := g.cluster()
				before := c.answers(t)
				if !change.apply(g, c) {
					continue
				}
				made++
				after := c.answers(t)
				for pair, was := range before {
					is := after[pair]
					if lost := was.Allowed.Subtract(is.Allowed); !lost.None() {
						t.Errorf("cluster %d: %s loses %s", i, pair, lost)
					}
					if won := is.Allowed.Subtract(was.Allowed); !won.None() && !change.grows {
						t.Errorf("cluster %d: %s wins %s", i, pair, won)
					}
				}
			}
			if made == 0 {
				t.Error("nothing was tried")
			}
		})
	}
}

// TestPorts holds sets of ports to sets of single ports.
func TestPorts(t *testing.T) {
	r := rand.New(rand.NewPCG(*seed, 7))
	edges := []uint16{1, 2, 3, 79, 80, 81, 65533, 65534, 65535}
	for range 3000 {
		var sets [2]network.Ports
		var has [2]map[string]bool
		for i := range sets {
			has[i] = map[string]bool{}
			for range r.IntN(5) {
				a, b := edges[r.IntN(len(edges))], edges[r.IntN(len(edges))]
				proto := network.Protocol(r.IntN(3))
				sets[i] = sets[i].Union(network.PortRange(proto, network.Range{First: min(a, b), Last: max(a, b)}))
				for _, e := range edges {
					if e >= min(a, b) && e <= max(a, b) {
						has[i][fmt.Sprint(proto, e)] = true
					}
				}
			}
		}
		for p := range network.Protocol(3) {
			for _, e := range edges {
				a, b := has[0][fmt.Sprint(p, e)], has[1][fmt.Sprint(p, e)]
				got := []bool{sets[0].Has(p, e), sets[0].Union(sets[1]).Has(p, e), sets[0].Intersect(sets[1]).Has(p, e), sets[0].Subtract(sets[1]).Has(p, e)}
				if want := []bool{a, a || b, a && b, a && !b}; !slices.Equal(got, want) {
					t.Fatalf("%s and %s at %s %d: %v, want %v", sets[0], sets[1], p, e, got, want)
				}
			}
		}
	}
}
