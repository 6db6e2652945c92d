package network

import "github.com/plimsoll-io/plimsoll/inventory"

// A Guard is what decides about a peer in one direction, whatever is at the other end.
type Guard struct {
	// Policies surely select the peer in this direction: NetworkPolicies first, then those of the whole cluster.
	Policies []*inventory.Object
	// Isolated says that one of them is a NetworkPolicy, so that what none allows is denied.
	Isolated bool
	// Unsure says that there are policies that may select it, or that are not understood.
	Unsure bool
}

// Open says that surely no policy selects the peer.
func (g Guard) Open() bool { return len(g.Policies) == 0 && !g.Unsure }

// Guard says which policies select a peer of this Map in a direction. For pods on the host network and addresses that are
// none.
func (m *Map) Guard(d Direction, p *Peer) Guard {
	s := m.reach().sides[d]
	group := s.groups[s.groupOf[p.class]]
	g := Guard{Unsure: len(group.foreign) > 0}
	for _, x := range group.policies {
		if !x.sure || x.object == nil {
			g.Unsure = true
			continue
		}
		g.Policies, g.Isolated = append(g.Policies, x.object), true
	}
	for _, x := range group.admins {
		if !x.sure {
			g.Unsure = true
			continue
		}
		g.Policies = append(g.Policies, x.object)
	}
	return g
}
