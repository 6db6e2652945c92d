package flow

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// A collector puts flows together. It belongs to one goroutine.
type collector struct {
	options    CollectOptions
	peers      peerTable
	stats      map[connectionKey]*stats
	services   []Service // by number, from 1
	serviceIDs map[Service]int32
	level      int // of widths
	overflow   int64
	unoriented int64
}

// A connectionKey is what makes connections different. The service counts only where the port is not known without it.
type connectionKey struct {
	source, destination int32
	service             int32 // number in services; 0 for none
	port                uint16
	protocol            uint8 // index in protocols
}

// protocols are in the order of their names.
var protocols = []Protocol{ICMP, ICMPv6, SCTP, TCP, UDP}

func protocolIndex(p Protocol) uint8 { return uint8(slices.Index(protocols, p)) }

// service returns the number of a service, -1 when there are too many.
func (c *collector) service(s Service) int32 {
	if s == (Service{}) {
		return 0
	}
	id, ok := c.serviceIDs[s]
	if !ok && len(c.services) >= c.options.MaxEnds {
		return -1
	}
	if !ok {
		c.services = append(c.services, s)
		id = int32(len(c.services))
		c.serviceIDs[s] = id
	}
	return id
}

// stats are what is counted of a connection. Times are in nanoseconds since 1970.
type stats struct {
	service                        Service
	first, last                    int64
	verdicts                       [3]Ends // forwarded, denied, unknown
	flows, byPorts, replies, bytes int64
}

func newCollector(options CollectOptions) *collector {
	return &collector{options: options, peers: newPeerTable(options.MaxEnds), stats: map[connectionKey]*stats{},
		serviceIDs: map[Service]int32{}}
}

// Consume counts a flow.
func (c *collector) Consume(f *Flow) {
	if f.Orientation == NotOriented {
		c.unoriented++
		return
	}
	key := connectionKey{port: f.Port, protocol: protocolIndex(f.Protocol)}
	if f.Port == 0 {
		key.service = c.service(f.Service)
	}
	key.source, key.destination = c.peers.id(&f.Source, c.level), c.peers.id(&f.Destination, c.level)
	c.count(key, f)
	c.widen()
}

// count counts a flow of a connection.
func (c *collector) count(key connectionKey, f *Flow) {
	s := c.stat(key)
	if s == nil {
		c.overflow++
		return
	}
	if s.service == (Service{}) {
		s.service = f.Service
	} else if f.Service != (Service{}) && f.Service != s.service {
		s.service = lesser(s.service, f.Service)
	}
	s.span(nanos(f.First), nanos(f.Last))
	s.flows++
	if f.Orientation == ByPorts {
		s.byPorts++
	}
	if f.Reply {
		s.replies++
	}
	s.bytes = sum(s.bytes, f.Bytes)
	n := s.verdicts[verdictIndex(f.Verdict)].at(f.Reporter)
	*n = sum(*n, f.Count)
}

func verdictIndex(v Verdict) int {
	switch v {
	case Forwarded:
		return 0
	case Denied:
		return 1
	}
	return 2
}

// lesser chooses one of two services in a way that does not depend on their order.
func lesser(a, b Service) Service {
	if a.compare(b) <= 0 {
		return a
	}
	return b
}

func (s Service) compare(o Service) int {
	return cmp.Or(cmp.Compare(s.Namespace, o.Namespace), cmp.Compare(s.Name, o.Name), cmp.Compare(s.Port, o.Port),
		cmp.Compare(s.PortName, o.PortName))
}

// stat returns what is counted of a connection, nil if there are too many.
func (c *collector) stat(key connectionKey) *stats {
	if key.source < 0 || key.destination < 0 || key.service < 0 {
		return nil
	}
	s := c.stats[key]
	if s == nil && len(c.stats) < c.options.MaxConnections {
		s = &stats{first: math.MaxInt64, last: math.MinInt64}
		c.stats[key] = s
	}
	return s
}

func (s *stats) span(first, last int64) {
	if first == 0 && last == 0 {
		return
	}
	s.first, s.last = min(s.first, first), max(s.last, last)
}

// nanos is 0 for no time, and for times that are too far away.
func nanos(t time.Time) int64 {
	if y := t.Year(); y < 1700 || y > 2200 {
		return 0
	}
	return t.UnixNano()
}

func unixNano(n int64) time.Time {
	if n == math.MaxInt64 || n == math.MinInt64 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// join adds what another collector has.
func (c *collector) join(o *collector) {
	c.overflow += o.overflow
	c.unoriented += o.unoriented
	c.level = max(c.level, o.level)
	ids := make([]int32, len(o.peers.keys))
	for i := range o.peers.keys {
		ids[i] = c.peers.id(&o.peers.peers[i], c.level)
	}
	for key, s := range o.stats {
		key.source, key.destination = ids[key.source], ids[key.destination]
		if key.service > 0 {
			key.service = c.service(o.services[key.service-1])
		}
		c.merge(key, s)
	}
	c.rebuild()
	c.widen()
}

func (c *collector) merge(key connectionKey, o *stats) {
	s := c.stat(key)
	switch {
	case s == nil:
		c.overflow += o.flows
		return
	case s.flows == 0:
		*s = *o
		return
	}
	switch {
	case s.service == (Service{}):
		s.service = o.service
	case o.service != (Service{}):
		s.service = lesser(s.service, o.service)
	}
	s.first, s.last = min(s.first, o.first), max(s.last, o.last)
	for i := range s.verdicts {
		s.verdicts[i].add(o.verdicts[i])
	}
	s.flows += o.flows
	s.byPorts += o.byPorts
	s.replies += o.replies
	s.bytes = sum(s.bytes, o.bytes)
}

// widths are how many bits of addresses outside are kept, IPv4 and IPv6.
var widths = [...][2]int{{32, 128}, {24, 56}, {16, 40}, {8, 24}, {0, 0}}

// widen puts addresses outside together until there are few enough. How far depends on what addresses there are, and not on
// their order.
func (c *collector) widen() {
	for c.peers.outside > c.options.MaxOutside && c.level < len(widths)-1 {
		c.level++
		c.rebuild()
	}
}

// rebuild gives everything its place at the present level.
func (c *collector) rebuild() {
	if c.level == 0 {
		return
	}
	old, counted := c.peers, c.stats
	c.peers, c.stats = newPeerTable(old.most), make(map[connectionKey]*stats, len(counted))
	ids := make([]int32, len(old.keys))
	for i := range old.keys {
		ids[i] = c.peers.id(&old.peers[i], c.level)
	}
	for key, s := range counted {
		key.source, key.destination = ids[key.source], ids[key.destination]
		c.merge(key, s)
	}
}
