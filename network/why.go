package network

import "slices"

// Why says why it is not known of some ports whether src can send to dst on them: in sentences without a final dot, each
// once, those of the sender's side first; none when everything is known. They are those of Explain, asked for the ports
// that are unknown. It costs what the policies that select the two peers say, not how many policies there are.
func (m *Map) Why(src, dst *Peer) []string {
	unknown := m.Allowed(src, dst).Unknown
	if unknown.None() {
		return nil
	}
	v := m.explain(src, dst, unknown, m.reach().selecting)
	out := v.Egress.Because
	for _, text := range v.Ingress.Because {
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// Judge is Explain for those who ask about many pairs: it costs what the policies that select the two peers say, after
// the first call has found out which do.
func (m *Map) Judge(src, dst *Peer, asked Ports) Verdict {
	return m.explain(src, dst, asked, m.reach().selecting)
}

// selecting are the policies that select a peer in a direction, or may, and maybe others.
func (r *reach) selecting(d Direction, p *Peer) ([]*compiled, []*adminPolicy) {
	g := r.sides[d].groups[r.sides[d].groupOf[p.class]]
	policies := make([]*compiled, len(g.policies))
	for i, s := range g.policies {
		policies[i] = s.compiled
	}
	admins := make([]*adminPolicy, len(g.admins))
	for i, s := range g.admins {
		admins[i] = s.adminPolicy
	}
	return policies, admins
}
