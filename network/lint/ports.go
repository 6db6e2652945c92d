package lint

import (
	"fmt"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// ports finds ports that the receiving pods do not have: names that mean nothing, and numbers of another protocol.
func (c *checker) ports(p *policy) {
	for _, d := range directions() {
		for _, r := range p.rules[d] {
			if len(r.Ports) == 0 || r.Doubt != "" {
				continue
			}
			receivers, complete := c.receivers(p, d, r)
			if len(receivers) == 0 || !complete {
				continue
			}
			seen := map[finding.Path]bool{}
			for _, port := range r.Ports {
				if port.Name != "" && port.Broken == "" && !seen[port.Path] {
					seen[port.Path] = true
					c.portName(p, d, r, port, receivers)
				}
			}
		}
	}
	if p.isNetworkPolicy() {
		c.protocols(p)
	}
}

// receivers are the pods whose ports a rule is about; complete says that there can be no others.
func (c *checker) receivers(p *policy, d network.Direction, r network.RuleReading) (list []*network.Peer, complete bool) {
	add := func(s network.Pods) bool {
		if s.Broken() || c.unseen(s) != "" {
			return false
		}
		list = append(append(list, collect(s.Sure())...), collect(s.Maybe())...)
		return true
	}
	if d == network.Ingress {
		return list, add(p.Selects)
	}
	if r.Everyone {
		return nil, false
	}
	for _, item := range r.Peers {
		if item.Broken != "" || !item.Block && !add(item.Pods) {
			return nil, false
		}
	}
	return list, true
}

func (c *checker) portName(p *policy, d network.Direction, r network.RuleReading, port network.PortReading, receivers []*network.Peer) {
	for _, q := range r.Ports { // a name without a protocol is one for each
		if q.Path != port.Path {
			continue
		}
		for _, peer := range receivers {
			if !peer.NamedPort(q.Protocol, port.Name).None() {
				return
			}
		}
	}
	whose := "the pods that the policy selects have"
	if d == network.Egress {
		whose = "the pods that the rule names have"
	}
	var because []finding.Reason
	for _, peer := range receivers {
		for _, protocol := range []network.Protocol{network.TCP, network.UDP, network.SCTP} {
			if other := peer.NamedPort(protocol, port.Name); !other.None() && len(because) == 0 {
				because = append(because, proves("other-protocol", fmt.Sprintf("in %s the name stands for %s", peer, other), peer.Object))
			}
		}
	}
	message := fmt.Sprintf("None of %s a port that is named %q", whose, port.Name)
	if p.isNetworkPolicy() {
		message += " for " + port.Protocol.String()
	}
	c.found(NoSuchPort, p.Object, port.Path, message, because...)
}

// protocols finds single ports of ingress rules that all pods which declare them declare for another protocol.
func (c *checker) protocols(p *policy) {
	var allowed network.Ports
	for _, r := range p.rules[network.Ingress] {
		for _, port := range r.Ports {
			allowed = allowed.Union(port.Ports)
		}
	}
	var declared map[uint16][3]bool
	for _, r := range p.rules[network.Ingress] {
		for _, port := range r.Ports {
			n, single := singlePort(port)
			if !single {
				continue
			}
			if declared == nil {
				declared = declaredBy(p.Selects)
			}
			by, any := declared[n]
			if !any || by[port.Protocol] {
				continue
			}
			for q := range network.Protocol(len(by)) {
				if by[q] && !allowed.Has(q, n) {
					c.found(OtherProtocol, p.Object, port.Path,
						fmt.Sprintf("The rule allows %s %d, and the pods declare %d for %s only", port.Protocol, n, n, q))
					break
				}
			}
		}
	}
}

func singlePort(p network.PortReading) (uint16, bool) {
	if p.Broken != "" || p.Name != "" {
		return 0, false
	}
	ranges := p.Ports.Of(p.Protocol)
	if len(ranges) != 1 || ranges[0].First != ranges[0].Last {
		return 0, false
	}
	return ranges[0].First, true
}

// declaredBy are the ports that containers of the selected pods declare, with the protocols.
func declaredBy(s network.Pods) map[uint16][3]bool {
	out := map[uint16][3]bool{}
	for _, peers := range []func(func(*network.Peer) bool){s.Sure(), s.Maybe()} {
		for peer := range peers {
			spec, _ := peer.Object.PodSpec()
			if len(peer.Pods) > 0 {
				spec = inventory.Map(peer.Pods[0].Content, "spec")
			}
			for _, field := range []string{"containers", "initContainers"} {
				for _, container := range inventory.Maps(spec[field]) {
					declare(out, container)
				}
			}
		}
	}
	return out
}

func declare(out map[uint16][3]bool, container map[string]any) {
	for _, port := range inventory.Maps(container["ports"]) {
		protocol := network.TCP
		if name, _ := port["protocol"].(string); name != "" {
			var err error
			if protocol, err = network.ParseProtocol(name); err != nil {
				continue
			}
		}
		var n uint16
		switch v := port["containerPort"].(type) {
		case int64:
			n = uint16(v) //nolint:gosec // a port that is too high only hides a hint
		case float64:
			n = uint16(v)
		}
		by := out[n]
		by[protocol] = true
		out[n] = by
	}
}
