package need

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/flow"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// Observed are the connections that flow logs have seen, between the peers of a Map, sorted by their ends. Those that were
// let through are needed, and so are those of which a log does not say; those that were denied are kept apart.
func Observed(c *flow.Collection, inv *inventory.Inventory, m *network.Map, services *service.Services) *Needs {
	f := newFinder(inv, m, services)
	f.wide = c.Widened4 > 0 || c.Widened6 > 0 || slices.ContainsFunc(c.Connections, everywhere)
	f.widened4, f.widened6 = c.Widened4, c.Widened6
	f.listen(c)
	o := observer{
		finder: f, what: sources(c.Summary), needs: map[seenKey]*seen{}, denied: map[seenKey]*seen{},
		unresolved: map[unresolvedKey]*Unresolved{}, ends: map[string]int{}, single: map[*network.Peer]int{},
		active: map[*inventory.Object]bool{},
	}
	for i := range c.Connections {
		o.observe(&c.Connections[i])
	}
	out := &Needs{List: o.list(o.needs, false), Denied: o.list(o.denied, true), Beyond: o.beyond}
	for _, u := range o.unresolved {
		out.Unresolved = append(out.Unresolved, *u)
	}
	slices.SortFunc(out.Unresolved, func(a, b Unresolved) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Protocol, b.Protocol),
			cmp.Compare(a.Port, b.Port), cmp.Compare(a.Reason, b.Reason))
	})
	out.Incomplete = c.Overflow > 0 || o.more > 0
	if c.Summary != nil {
		out.First, out.Last = c.Summary.First, c.Summary.Last
		out.Incomplete = out.Incomplete || c.Summary.Broken > 0 || len(c.Summary.Incomplete) > 0
	}
	out.CannotKnow = o.cannotKnow(c)
	return out
}

// everywhere says that addresses were put together as far as it goes: as networks of no bits.
func everywhere(c flow.Connection) bool {
	return c.Source.Address.IsValid() && c.Source.Address.Bits() == 0 || c.Destination.Address.IsValid() && c.Destination.Address.Bits() == 0
}

// sources says what the flows are of: "flows of hubble and calico".
func sources(s *flow.Summary) string {
	if s == nil || len(s.Shapes) == 0 {
		return "flows"
	}
	var names []string
	for shape := range s.Shapes {
		names = append(names, string(shape))
	}
	slices.Sort(names)
	return "flows of " + strings.Join(names, ", ")
}

// An observer puts connections together that are the same for policies.
type observer struct {
	*finder
	what       string
	needs      map[seenKey]*seen
	denied     map[seenKey]*seen
	unresolved map[unresolvedKey]*Unresolved
	ends       map[string]int // numbers of ends, by key and peers
	byNumber   []End
	single     map[*network.Peer]int
	active     map[*inventory.Object]bool // what has a flow
	beyond     int64
	// deniedUnresolved are flows that were denied and of which an end was not found, more those that are not named.
	deniedUnresolved, more int64
}

type seenKey struct {
	from, to int
	protocol network.Protocol
	port     uint16
}

type unresolvedKey struct {
	from, to, reason string
	protocol         flow.Protocol
	port             uint16
}

// seen is what was seen of a need. Logs of both ends have everything twice, and Ends counts it once.
type seen struct {
	service     *service.Service
	counts      [3]flow.Ends // forwarded, denied, without verdict
	first, last time.Time
}

// flowProtocol is the protocol of a flow as policies know it; false for those that they do not.
func flowProtocol(p flow.Protocol) (network.Protocol, bool) {
	if !p.HasPorts() {
		return 0, false
	}
	out, err := network.ParseProtocol(string(p))
	return out, err == nil
}

func (o *observer) observe(c *flow.Connection) {
	protocol, ports := flowProtocol(c.Protocol)
	from, noFrom := o.find(&c.Source)
	o.active[from.Object] = true
	var to []target
	var noTo *missing
	if ports {
		to, noTo = o.targets(c, protocol)
	} else if e, no := o.find(&c.Destination); no == nil {
		to = []target{{end: e}}
	} else {
		noTo = no
	}
	for i := range to {
		o.active[to[i].end.Object] = true
	}
	if noFrom != nil && noFrom.within || noTo != nil && noTo.within {
		o.beyond = add(o.beyond, c.Count())
		return
	}
	if noFrom != nil || noTo != nil {
		o.missed(c, from, noFrom, to, noTo)
		return
	}
	o.place(c, &from, to)
	for _, t := range to {
		switch {
		case from.Kind != Workload && t.end.Kind != Workload:
			o.beyond = add(o.beyond, c.Count())
		case !ports:
			o.unresolve(c, Unresolved{Reason: "policies cannot name " + string(c.Protocol), Source: &from, Destination: &t.end})
		default:
			o.add(c, from, t, protocol)
		}
	}
}

// place says which node is meant: a node that nobody but the receiver's own agent has seen is the receiver's.
func (o *observer) place(c *flow.Connection, from *End, to []target) {
	if seenAt(c, flow.AtDestination) && c.Source.Identity == flow.Host && from.Kind == Node && from.Object == nil {
		from.SameNode, from.Addresses, from.Wider = true, nil, false
	}
	if !seenAt(c, flow.AtSource) {
		return
	}
	for i := range to {
		if e := &to[i].end; c.Destination.Identity == flow.Host && e.Kind == Node && e.Object == nil {
			e.SameNode = true
		}
	}
}

// seenAt says that a connection was seen at one end only.
func seenAt(c *flow.Connection, end flow.Reporter) bool {
	all := flow.Ends{}
	for _, e := range []flow.Ends{c.Forwarded, c.Denied, c.NoVerdict} {
		all.Source, all.Destination, all.Unsaid = add(all.Source, e.Source), add(all.Destination, e.Destination), add(all.Unsaid, e.Unsaid)
	}
	if end == flow.AtSource {
		return all.Source > 0 && all.Destination == 0 && all.Unsaid == 0
	}
	return all.Destination > 0 && all.Source == 0 && all.Unsaid == 0
}

// add stops at the largest number: logs may hold absurd ones.
func add(a, b int64) int64 {
	if c := a + b; c >= a {
		return c
	}
	return 1<<63 - 1
}

// add notes a connection.
func (o *observer) add(c *flow.Connection, from End, to target, protocol network.Protocol) {
	key := seenKey{o.number(from), o.number(to.end), protocol, to.port}
	into := o.needs
	if c.Verdict() == flow.Denied {
		into = o.denied
	}
	s := into[key]
	if s == nil {
		s = &seen{}
		into[key] = s
	}
	for i, e := range []flow.Ends{c.Forwarded, c.Denied, c.NoVerdict} {
		n := &s.counts[i]
		n.Source, n.Destination, n.Unsaid = add(n.Source, e.Source), add(n.Destination, e.Destination), add(n.Unsaid, e.Unsaid)
	}
	if to.service != nil && (s.service == nil || to.service.Object.Compare(s.service.Object.Ref) < 0) {
		s.service = to.service
	}
	s.first, s.last = earlier(s.first, c.First), later(s.last, c.Last)
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if a.IsZero() || b.After(a) {
		return b
	}
	return a
}

// number is that of an end. Ends of one workload with different peers are different.
func (o *observer) number(e End) int {
	one := len(e.Peers) == 1 && e.Object != nil // as most are: no key has to be written
	if one {
		if n, known := o.single[e.Peers[0]]; known {
			return n
		}
	}
	key := o.text(e)
	n, known := o.ends[key]
	if !known {
		n = len(o.byNumber)
		o.ends[key] = n
		o.byNumber = append(o.byNumber, e)
	}
	if one {
		o.single[e.Peers[0]] = n
	}
	if have := &o.byNumber[n]; len(e.Names) > 0 && !slices.Equal(have.Names, e.Names) {
		have.Names = join(have.Names, e.Names)
	}
	return n
}

func (o *observer) text(e End) string {
	var b strings.Builder
	b.WriteString(e.Key())
	if e.Wider {
		b.WriteString(" wider")
	}
	for _, p := range e.Peers {
		b.WriteByte(' ')
		b.WriteString(strconv.Itoa(o.order[p]))
	}
	return b.String()
}

// maxEndNames bounds the names of one end: a network may have any number.
const maxEndNames = 20

func join(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), maxEndNames)]
}

// list are the needs in order. What was denied in between is evidence of denied ones only.
func (o *observer) list(seen map[seenKey]*seen, denied bool) []Need {
	rank := make([]int, len(o.byNumber))
	keys := slices.SortedFunc(maps.Keys(o.ends), strings.Compare)
	for place, key := range keys {
		rank[o.ends[key]] = place
	}
	out := make([]Need, 0, len(seen))
	order := slices.SortedFunc(maps.Keys(seen), func(a, b seenKey) int {
		return cmp.Or(cmp.Compare(rank[a.from], rank[b.from]), cmp.Compare(rank[a.to], rank[b.to]),
			cmp.Compare(a.protocol, b.protocol), cmp.Compare(a.port, b.port))
	})
	for _, key := range order {
		s := seen[key]
		out = append(out, Need{
			From: o.byNumber[key.from], To: o.byNumber[key.to], Protocol: key.protocol, Port: key.port, Service: s.service,
			Evidence: s.evidence(o.what, denied),
		})
	}
	return out
}

// evidence says what was seen, by verdict.
func (s *seen) evidence(what string, denied bool) []Evidence {
	var out []Evidence
	for i, remark := range []string{"", ", denied", ", without a verdict"} {
		if s.counts[i].Any() && (denied || i != 1) {
			out = append(out, Evidence{Flows: s.counts[i].Count(), First: s.first, Last: s.last, What: what + remark})
		}
	}
	if len(out) == 0 { // a log that counts nothing
		out = append(out, Evidence{Flows: 1, First: s.first, Last: s.last, What: what})
	}
	return out
}
