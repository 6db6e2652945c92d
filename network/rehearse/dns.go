package rehearse

import (
	"fmt"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/need"
)

// dnsPods are where the pods of the cluster's DNS are by custom, with the labels that they have.
func dnsPods() map[string]map[string]string {
	return map[string]map[string]string{
		"kube-system":   {"k8s-app": "kube-dns"},
		"openshift-dns": {"dns.operator.openshift.io/daemonset-dns": "default"},
	}
}

// dns judges the egress of peers to the cluster's DNS, whose pods the inventory does not have: what rules say of pods with
// the usual labels. Policies of the whole cluster make it unknown.
func (s *stage) dns(n *need.Need, peers []*network.Peer) outcome {
	worst := outcome{answer: network.Allowed}
	for _, p := range peers {
		if answer := s.dnsOf(n, p); answer < worst.answer {
			worst = outcome{answer: answer, from: p}
		}
	}
	if worst.answer == network.Unknown {
		worst.why = fmt.Sprintf("policies isolate the egress of %s, and the pods of the cluster's DNS are not in what was read", worst.from)
	}
	return worst
}

func (s *stage) dnsOf(n *need.Need, p *network.Peer) network.Answer {
	g := s.Guard(network.Egress, p)
	best := network.Denied
	if g.Unsure || !g.Isolated {
		best = network.Unknown
	}
	for _, o := range g.Policies {
		r := s.reading(o)
		if r == nil || r.Tier != network.NetworkPolicyTier {
			return network.Unknown
		}
		for _, rule := range r.Rules(network.Egress) {
			best = max(best, dnsRule(n, &rule))
		}
	}
	return best
}

// reading is how a policy is read.
func (s *stage) reading(o *inventory.Object) *network.Reading {
	if s.readings == nil {
		s.readings = map[*inventory.Object]*network.Reading{}
		list := s.Readings()
		for i := range list {
			s.readings[list[i].Object] = &list[i]
		}
	}
	return s.readings[o]
}

// rulePorts says whether a rule is for the port of a need.
func rulePorts(n *need.Need, rule *network.RuleReading) network.Answer {
	if len(rule.Ports) == 0 {
		return network.Allowed
	}
	ports := network.Denied
	for i := range rule.Ports {
		p := &rule.Ports[i]
		switch {
		case p.Broken != "", p.Name != "" && p.Protocol == n.Protocol:
			ports = max(ports, network.Unknown)
		case p.Ports.Has(n.Protocol, n.Port):
			ports = network.Allowed
		}
	}
	return ports
}

// dnsRule says whether a rule allows DNS.
func dnsRule(n *need.Need, rule *network.RuleReading) network.Answer {
	if rule.Doubt != "" {
		return network.Unknown
	}
	ports := rulePorts(n, rule)
	if ports == network.Denied || rule.Everyone {
		return ports
	}
	means := network.Denied
	for i := range rule.Peers {
		p := &rule.Peers[i]
		switch {
		case p.Broken != "":
			means = max(means, network.Unknown)
		case p.Block:
			means = max(means, network.Unknown) // the block may hold their addresses
		default:
			for ns, labels := range dnsPods() {
				means = max(means, p.Pods.Matches(ns, labels))
			}
		}
	}
	return min(ports, means)
}
