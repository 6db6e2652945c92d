package flow

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"
)

// A Connection is all flows of one source, destination, port and protocol. What differs between flows of the same ends (the
// addresses and names of a workload's pods, labels that not all of them have) is left out of its peers.
type Connection struct {
	Source      Peer     `json:"source"`
	Destination Peer     `json:"destination"`
	Protocol    Protocol `json:"protocol"`
	Port        uint16   `json:"port,omitempty"`
	Service     Service  `json:"service,omitzero"`
	// First and Last are when it was observed; zero when no log had a time.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// Forwarded, Denied and NoVerdict count what became of the flows, at each end.
	Forwarded Ends `json:"forwarded,omitzero"`
	Denied    Ends `json:"denied,omitzero"`
	NoVerdict Ends `json:"noVerdict,omitzero"`
	// Flows is how many were read. ByPorts of them only show by their ports which end is the source.
	Flows   int64 `json:"flows"`
	ByPorts int64 `json:"byPorts,omitempty"`
	// Replies is how many flows were of answers: the connection did come about.
	Replies int64 `json:"replies,omitempty"`
	Bytes   int64 `json:"bytes,omitempty"`
}

// Ends counts at which end something was observed. Logs of both ends have everything twice.
type Ends struct {
	Source      int64 `json:"source,omitempty"`
	Destination int64 `json:"destination,omitempty"`
	Unsaid      int64 `json:"unsaid,omitempty"`
}

// Any says whether there is any.
func (e Ends) Any() bool { return e.Source > 0 || e.Destination > 0 || e.Unsaid > 0 }

// Count does not count twice what both ends have seen.
func (e Ends) Count() int64 { return sum(max(e.Source, e.Destination), e.Unsaid) }

func (e *Ends) at(r Reporter) *int64 {
	switch r {
	case AtSource:
		return &e.Source
	case AtDestination:
		return &e.Destination
	}
	return &e.Unsaid
}

func (e *Ends) add(o Ends) {
	e.Source, e.Destination, e.Unsaid = sum(e.Source, o.Source), sum(e.Destination, o.Destination), sum(e.Unsaid, o.Unsaid)
}

// sum stops at the largest number: logs may hold absurd ones.
func sum(a, b int64) int64 {
	if c := a + b; c >= a {
		return c
	}
	return 1<<63 - 1
}

// Verdict is what became of the connection as a whole: forwarded when it was, and neither end has only ever denied it; denied
// when an end has; else unknown. An answer shows that it was forwarded.
func (c *Connection) Verdict() Verdict {
	switch {
	case c.Replies > 0 && !c.Denied.Any():
		return Forwarded
	case c.Denied.Source > 0 && c.Forwarded.Source == 0, c.Denied.Destination > 0 && c.Forwarded.Destination == 0,
		c.Denied.Unsaid > 0 && c.Forwarded.Unsaid == 0:
		return Denied
	case c.Forwarded.Any():
		return Forwarded
	}
	return VerdictUnknown
}

// Count is how many connections, requests or packets there were, as the log counts.
func (c *Connection) Count() int64 {
	all := c.Forwarded
	all.add(c.Denied)
	all.add(c.NoVerdict)
	return all.Count()
}

// CollectOptions say how to collect.
type CollectOptions struct {
	Options
	// MaxConnections is how many different connections are kept, 300,000 if 0, and MaxEnds how many different ends, 100,000
	// if 0. Flows of more are counted in Overflow.
	MaxConnections, MaxEnds int
	// MaxOutside is how many addresses that are in no namespace are kept apart; 20,000 if 0. If there are more they are put
	// together as networks, as small as it takes.
	MaxOutside int
}

const (
	defaultConnections = 300_000
	defaultEnds        = 100_000
	defaultOutside     = 20_000
)

// A Collection is what was observed.
type Collection struct {
	// Connections are in a fixed order.
	Connections []Connection
	Summary     *Summary
	// Overflow is how many flows were of more connections than are kept. Which ones those are depends on the order of reading.
	Overflow int64
	// Unoriented is how many flows are not in Connections because nothing shows which of their ends is the source.
	Unoriented int64
	// Widened says that addresses outside were put together: as networks of so many bits. 0 means that they were not.
	Widened4, Widened6 int
}

// Collect reads logs and puts their flows together. Its memory is bounded by the number of different connections, however
// many flows there are. The error is that of ctx.
func Collect(ctx context.Context, inputs []Input, options CollectOptions) (*Collection, error) {
	if options.MaxConnections <= 0 {
		options.MaxConnections = defaultConnections
	}
	if options.MaxEnds <= 0 {
		options.MaxEnds = defaultEnds
	}
	if options.MaxOutside <= 0 {
		options.MaxOutside = defaultOutside
	}
	var collectors []*collector
	summary, err := Read(ctx, inputs, options.Options, func() Consumer {
		collectors = append(collectors, newCollector(options))
		return collectors[len(collectors)-1]
	})
	all := collectors[0]
	for _, c := range collectors[1:] {
		all.join(c)
		*c = collector{}
	}
	out := &Collection{Summary: summary, Overflow: all.overflow, Unoriented: all.unoriented}
	if all.level > 0 {
		out.Widened4, out.Widened6 = widths[all.level][0], widths[all.level][1]
	}
	out.Connections = all.connections()
	return out, err
}

// connections are in order of what they are.
func (c *collector) connections() []Connection {
	keys := slices.Collect(maps.Keys(c.stats))
	rank := ranks(c.peers.keys)
	slices.SortFunc(keys, func(a, b connectionKey) int {
		return cmp.Or(cmp.Compare(rank[a.source], rank[b.source]), cmp.Compare(rank[a.destination], rank[b.destination]),
			cmp.Compare(a.protocol, b.protocol), cmp.Compare(a.port, b.port), c.compareServices(a.service, b.service))
	})
	out := make([]Connection, len(keys))
	for i, key := range keys {
		s := c.stats[key]
		out[i] = Connection{
			Source: c.peers.peers[key.source], Destination: c.peers.peers[key.destination],
			Protocol: protocols[key.protocol], Port: key.port, Service: s.service, First: unixNano(s.first), Last: unixNano(s.last),
			Forwarded: s.verdicts[0], Denied: s.verdicts[1], NoVerdict: s.verdicts[2],
			Flows: s.flows, ByPorts: s.byPorts, Replies: s.replies, Bytes: s.bytes,
		}
	}
	return out
}

func (c *collector) compareServices(a, b int32) int {
	if a == b || a == 0 || b == 0 {
		return cmp.Compare(a, b)
	}
	return c.services[a-1].compare(c.services[b-1])
}

// ranks are the places of the ends in their order.
func ranks(keys []peerKey) []int {
	order := make([]int, len(keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return comparePeers(keys[a], keys[b]) })
	rank := make([]int, len(keys))
	for place, i := range order {
		rank[i] = place
	}
	return rank
}
