package rehearse

import (
	"fmt"
	"iter"

	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/need"
)

// An outcome is what becomes of a need on a stage.
type outcome struct {
	answer network.Answer
	// from and to are the first two peers that are to blame, or in doubt; nil for an end that is no peer.
	from, to *network.Peer
	why      string // it is unknown, where the Map does not say it
	some     bool   // it is so for some of the peers only
}

// outcome judges a need.
func (s *stage) outcome(n *need.Need) outcome {
	from, to := s.cast(&n.From), s.cast(&n.To)
	switch {
	case len(from.peers) == 0 && n.From.Object != nil, len(to.peers) == 0 && n.To.Object != nil:
		return outcome{answer: network.Unknown, why: "an end of it is not among the workloads that were read"}
	case n.From.SameNode:
		return outcome{answer: network.Allowed} // a pod's own node always reaches it, whatever policies say
	case len(from.peers) == 0:
		return s.oneEnd(n, network.Ingress, to.peers)
	case len(to.peers) == 0:
		return s.oneEnd(n, network.Egress, from.peers)
	}
	return s.play(from, to, n)
}

// oneEnd judges a need of which only one end is a peer of the Map.
func (s *stage) oneEnd(n *need.Need, d network.Direction, peers []*network.Peer) outcome {
	open := true
	for _, p := range peers {
		open = open && s.Guard(d, p).Open()
	}
	switch {
	case open:
		return outcome{answer: network.Allowed}
	case n.To.Kind == need.DNS && d == network.Egress:
		return s.dns(n, peers)
	}
	other := n.From
	if d == network.Egress {
		other = n.To
	}
	return outcome{
		answer: network.Unknown,
		why:    fmt.Sprintf("policies select %s, and it is not known which pods or addresses are meant: %s", peers[0], other),
	}
}

// A poll is the answers for all pairs of peers.
type poll struct {
	first [3]outcome // by answer
	count [3]int
}

func (p *poll) add(answer network.Answer, from, to *network.Peer) {
	if p.count[answer] == 0 {
		p.first[answer] = outcome{answer: answer, from: from, to: to}
	}
	p.count[answer]++
}

// many is from how many addresses on a peer is asked about all of them at once.
const many = 16

// poll asks about all pairs.
func (s *stage) poll(from, to cast, n *need.Need) *poll {
	p := &poll{}
	for _, a := range from.peers {
		if len(to.peers) > many && to.peers[0].External() {
			for b, answer := range s.outward(network.Egress, a, to.peers, n) {
				p.add(answer, a, b)
			}
			continue
		}
		for _, b := range to.peers {
			if len(from.peers) > many && a.External() {
				continue
			}
			p.add(s.ask(a, b).Port(n.Protocol, n.Port), a, b)
		}
	}
	if len(from.peers) > many && from.peers[0].External() {
		for _, b := range to.peers {
			for a, answer := range s.outward(network.Ingress, b, from.peers, n) {
				p.add(answer, a, b)
			}
		}
	}
	return p
}

// outward is what becomes of a port between a peer and many addresses outside.
func (s *stage) outward(d network.Direction, p *network.Peer, outside []*network.Peer, n *need.Need) iter.Seq2[*network.Peer, network.Answer] {
	return func(yield func(*network.Peer, network.Answer) bool) {
		answers := map[*network.Peer]network.Answer{}
		for _, o := range s.Outside(d, p) {
			if answer := o.Port(n.Protocol, n.Port); answer != network.Denied {
				for address := range o.Peers {
					answers[address] = answer
				}
			}
		}
		for _, address := range outside {
			if !yield(address, answers[address]) {
				return
			}
		}
	}
}

// play judges a need between peers: with each of those that are meant, or with any of those that may be.
func (s *stage) play(from, to cast, n *need.Need) outcome {
	p := s.poll(from, to, n)
	first, count := p.first, p.count
	denied := first[network.Denied]
	switch {
	case count[network.Denied] == 0 && count[network.Unknown] > 0:
		return first[network.Unknown]
	case count[network.Denied] == 0:
		return first[network.Allowed]
	case from.own && n.To.Kind == need.Workload:
		return doubtful(denied, fmt.Sprintf(
			"only a pod's own node is let in, where the kubelet's probes come from: it is not known whether it was the node of %s", denied.to))
	case n.To.SameNode:
		return doubtful(denied, "it goes to the pod's own node, and network plugins differ in whether policies keep pods from that")
	case from.all && to.all, count[network.Allowed]+count[network.Unknown] == 0:
		denied.some = count[network.Allowed]+count[network.Unknown] > 0
		return denied
	case n.To.Kind == need.Workload:
		return doubtful(denied, fmt.Sprintf("it depends on the address that it came from: %s is denied", denied.from))
	}
	return doubtful(denied, fmt.Sprintf("it depends on the address that it went to: %s is denied", denied.to))
}

// doubtful is a denial that may not be meant.
func doubtful(denied outcome, why string) outcome {
	return outcome{answer: network.Unknown, from: denied.from, to: denied.to, why: why}
}
