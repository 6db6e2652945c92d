package network

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A Reading is how a Map reads one policy: for those who judge policies rather than connections.
type Reading struct {
	Object *inventory.Object
	Tier   Tier
	// Priority is that of a policy of the whole cluster: the lowest is asked first.
	Priority int
	// Doubt is why it is not known whether the policy is in force, without a final dot; "" when it is.
	Doubt string
	// Selects are the pods that the policy is for.
	Selects Pods

	policy  *policy
	actions [directions][]Action
}

// A RuleReading is how a Map reads a rule.
type RuleReading struct {
	Path   finding.Path // "spec.ingress[0]"
	Action Action
	// Doubt is why what the rule means is not known, beyond its peers and ports; "" when it is.
	Doubt string
	// Everyone says that the rule names no peers, and so means all pods and all addresses.
	Everyone bool
	Peers    []PeerReading
	Ports    []PortReading // none: all
}

// A PeerReading is how a Map reads one item of from or to: addresses or pods.
type PeerReading struct {
	Path   finding.Path // "spec.ingress[0].from[1]"
	Broken string       // why it cannot be read; "" when it can
	Block  bool         // it means Addresses; else Pods
	// Addresses are sorted and disjoint, IPv4 before IPv6.
	Addresses []AddressRange
	Pods      Pods
}

// A PortReading is how a Map reads one item of ports.
type PortReading struct {
	Path     finding.Path // "spec.ingress[0].ports[0]"
	Broken   string       // why it cannot be read; "" when it can
	Protocol Protocol
	Name     string // of a port of the receiving pods; else the item means Ports
	Ports    Ports
}

// Readings are the policies that count: NetworkPolicies by namespace and name, then those of the whole cluster in the order
// in which they are asked.
func (m *Map) Readings() []Reading {
	out := make([]Reading, 0, len(m.policies)+len(m.admins))
	for _, p := range m.policies {
		if p.object == nil {
			continue
		}
		out = append(out, Reading{
			Object: p.object, Tier: NetworkPolicyTier, Doubt: p.doubt, policy: p.policy,
			Selects: Pods{m: m, namespace: m.names.index[p.object.Namespace], pods: p.pods},
		})
	}
	for _, p := range m.admins {
		out = append(out, Reading{
			Object: p.object, Tier: p.tier, Priority: p.priority, Doubt: p.doubt, policy: &p.policy, actions: p.actions,
			Selects: Pods{m: m, namespace: -1, namespaces: p.namespaces, pods: p.pods},
		})
	}
	return out
}

// Isolates says whether the policy cuts the pods that it selects off in a direction but for its rules. Policies of the whole
// cluster never do.
func (r *Reading) Isolates(d Direction) Answer {
	if r.Tier != NetworkPolicyTier {
		return Denied
	}
	return answerOf(r.policy.isolates[d])
}

func answerOf(t tri) Answer { return [...]Answer{no: Denied, maybe: Unknown, yes: Allowed}[t] }

// Rules are the rules of a direction in order; none where the policy does not isolate it, so that they have no effect.
func (r *Reading) Rules(d Direction) []RuleReading {
	if r.Tier == NetworkPolicyTier && r.policy.isolates[d] == no {
		return nil
	}
	out := make([]RuleReading, len(r.policy.rules[d]))
	for i := range out {
		rule := &r.policy.rules[d][i]
		out[i] = RuleReading{Path: r.policy.rulePath(d, rule), Doubt: rule.doubt, Everyone: rule.anyone}
		if r.Tier != NetworkPolicyTier {
			out[i].Action = r.actions[d][i]
		}
		for j := range rule.peers {
			out[i].Peers = append(out[i].Peers, r.peer(d, rule, &rule.peers[j]))
		}
		for _, p := range rule.ports {
			path := out[i].Path.Field("ports").Index(p.index)
			out[i].Ports = append(out[i].Ports, PortReading{Path: path, Broken: p.broken, Protocol: p.proto, Name: p.name, Ports: p.ports})
		}
	}
	return out
}

func (r *Reading) peer(d Direction, rule *rule, p *rulePeer) PeerReading {
	out := PeerReading{Path: r.policy.peerPath(d, rule, p), Broken: p.broken}
	switch {
	case p.broken != "":
	case p.block != nil:
		out.Block, out.Addresses = true, slices.Concat(p.block[ipv4], p.block[ipv6])
	default:
		out.Pods = Pods{m: r.Selects.m, namespace: -1, namespaces: p.namespaces, pods: p.pods}
		if !p.everywhere {
			out.Pods.namespace = r.Selects.namespace
		}
	}
	return out
}

// NamedPort are the ports that a name stands for in the pods of a peer, or may.
func (p *Peer) NamedPort(protocol Protocol, name string) Ports {
	_, upper := p.resolve(namedPort{protocol, name})
	return upper
}
