package network

import (
	"fmt"
	"strings"

	"github.com/plimsoll-io/plimsoll/network"
)

// hints is how many policies are told of that nearly allow it.
const hints = 3

// mend says what would have to change on a side that surely denies something of what was asked about.
func (e *explainer) mend(v network.Verdict, s network.Side, name string) []string {
	out := []string{}
	denied := v.Asked.Subtract(s.Allowed).Subtract(s.Unknown)
	if denied.None() || v.Rule != "" || len(s.Policies) == 0 {
		return out
	}
	if !s.Allowed.None() && v.Asked.All() {
		return out // nobody asked for all of the ports
	}
	subject, other := v.To, v.From
	if s.Direction == network.Egress {
		subject, other = v.From, v.To
	}
	if text := byAdmin(s, denied); text != "" {
		return append(out, text)
	}
	if !other.External() {
		name = other.String()
	}
	near := e.nearly(s, subject, other, name, denied)
	if out = append(out, near...); len(out) > 0 {
		return out
	}
	preposition := "from"
	if s.Direction == network.Egress {
		preposition = "to"
	}
	return append(out, fmt.Sprintf("a NetworkPolicy of the namespace %s that selects %s needs an %s rule %s %s%s",
		subject.Namespace(), subject.Object.Name, strings.ToLower(s.Direction.String()), preposition, name, portHint(denied)))
}

func portHint(p network.Ports) string {
	if p.All() {
		return ""
	}
	return " for " + p.String()
}

// byAdmin names the rule of a policy of the whole cluster that denies it, if one does.
func byAdmin(s network.Side, denied network.Ports) string {
	for _, p := range s.Policies {
		if p.Tier == network.NetworkPolicyTier || !p.Sure {
			continue
		}
		for _, r := range p.Rules {
			if r.Action == network.Deny && !r.Allowed.Intersect(denied).None() {
				if p.Tier == network.AdminTier {
					return fmt.Sprintf("%s of %s denies it before any NetworkPolicy is asked: a rule before it has to allow it, or pass", r.Path, p.Name)
				}
				return fmt.Sprintf("%s of %s denies what no NetworkPolicy decides: a NetworkPolicy, or a rule before it, has to allow it", r.Path, p.Name)
			}
		}
	}
	return ""
}

// nearly finds NetworkPolicies that would allow it if one thing were different: rules that name other ports, and policies
// that select nothing at all, since their author may have meant the subject.
func (e *explainer) nearly(s network.Side, subject, other *network.Peer, name string, denied network.Ports) []string {
	var out []string
	for _, p := range s.Policies {
		for _, r := range p.Rules {
			if r.Why == otherPorts && r.Allowed.None() && len(out) < hints {
				out = append(out, fmt.Sprintf("%s of %s means %s, but names other ports than %s", r.Path, p.Name, name, denied))
			}
		}
	}
	if e.readings == nil {
		e.readings = e.m.Readings()
	}
	for i := range e.readings {
		r := &e.readings[i]
		if len(out) >= hints {
			break
		}
		if r.Tier != network.NetworkPolicyTier || r.Object.Namespace != subject.Namespace() || selectsSome(r) {
			continue
		}
		if path := wouldAllow(r, s.Direction, subject, other, denied); path != "" {
			out = append(out, fmt.Sprintf("%s of %s would allow it, but that policy selects no pod: it is for %s", path, r.Object, r.Selects))
		}
	}
	return out
}

// selectsSome says that a policy is for some peer, or may be.
func selectsSome(r *network.Reading) bool {
	for range r.Selects.Sure() {
		return true
	}
	for range r.Selects.Maybe() {
		return true
	}
	return false
}

// otherPorts is what a RuleAnswer says of a rule that means the peer and not the ports.
const otherPorts = "it names other ports"

// wouldAllow is the first rule of a policy that means the other peer and one of the ports, if the policy selected the
// subject.
func wouldAllow(r *network.Reading, d network.Direction, subject, other *network.Peer, ports network.Ports) string {
	for _, rule := range r.Rules(d) {
		means := rule.Everyone
		for _, p := range rule.Peers {
			means = means || p.Broken == "" && peerMeans(p, other)
		}
		if !means {
			continue
		}
		to := subject
		if d == network.Egress {
			to = other
		}
		named := len(rule.Ports) == 0
		for _, p := range rule.Ports {
			allowed := p.Ports
			if p.Name != "" && !to.External() {
				allowed = to.NamedPort(p.Protocol, p.Name)
			}
			named = named || !allowed.Intersect(ports).None()
		}
		if named {
			return string(rule.Path)
		}
	}
	return ""
}

func peerMeans(p network.PeerReading, other *network.Peer) bool {
	if !p.Block {
		for peer := range p.Pods.Sure() {
			if peer == other {
				return true
			}
		}
		return false
	}
	for _, r := range p.Addresses {
		for _, x := range other.Addresses {
			if r.First.BitLen() == x.First.BitLen() && !x.First.Less(r.First) && !r.Last.Less(x.Last) {
				return true
			}
		}
	}
	return false
}
