package need

import (
	"strconv"

	"github.com/plimsoll-io/plimsoll/network/flow"
)

// maxUnresolved bounds how many connections are named that could not be found; the rest is counted with the last.
const maxUnresolved = 20_000

// missed notes a connection of which an end was not found.
func (o *observer) missed(c *flow.Connection, from End, noFrom *missing, to []target, noTo *missing) {
	u := Unresolved{}
	reason := func(no *missing) {
		if no == nil {
			return
		}
		u.Gone = u.Gone || no.gone
		if u.Reason == "" {
			u.Reason = no.reason
		} else if u.Reason != no.reason {
			u.Reason += "; " + no.reason
		}
	}
	reason(noFrom)
	reason(noTo)
	if noFrom == nil {
		u.Source = &from
	}
	if noTo == nil && len(to) == 1 {
		u.Destination = &to[0].end
	}
	o.unresolve(c, u)
}

func (o *observer) unresolve(c *flow.Connection, u Unresolved) {
	if c.Verdict() == flow.Denied {
		o.deniedUnresolved = add(o.deniedUnresolved, c.Count())
		return
	}
	u.From, u.To, u.Protocol, u.Port = endText(&c.Source), endText(&c.Destination), string(c.Protocol), c.Port
	if c.Port == 0 && c.Service.Name != "" {
		u.To, u.Port = c.Service.Namespace+"/Service/"+c.Service.Name, c.Service.Port
	}
	if u.Source != nil {
		u.From = u.Source.String()
	}
	if u.Destination != nil {
		u.To = u.Destination.String()
	}
	key := unresolvedKey{u.From, u.To, u.Reason, c.Protocol, u.Port}
	have := o.unresolved[key]
	if have == nil {
		if len(o.unresolved) >= maxUnresolved {
			o.more = add(o.more, c.Count())
			return
		}
		have = &u
		o.unresolved[key] = have
	}
	have.Flows = add(have.Flows, c.Count())
	have.Last = later(have.Last, c.Last)
}

// endText is how an end is called that was not found.
func endText(p *flow.Peer) string {
	s := p.String()
	if p.Namespace != "" && s == p.Namespace+"/" && p.Address.IsValid() {
		return s + p.Address.Addr().String() + "/" + strconv.Itoa(p.Address.Bits())
	}
	return s
}
