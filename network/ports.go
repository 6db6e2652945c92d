package network

import (
	"fmt"
	"slices"
	"strings"
)

// A Protocol is one that NetworkPolicies know.
type Protocol uint8

// The protocols.
const (
	TCP Protocol = iota
	UDP
	SCTP
	protocols = 3
)

func (p Protocol) String() string {
	if p < protocols {
		return [...]string{"TCP", "UDP", "SCTP"}[p]
	}
	return fmt.Sprintf("protocol(%d)", uint8(p))
}

// ParseProtocol reads the name of a protocol as the API server takes it: in capitals.
func ParseProtocol(name string) (Protocol, error) {
	for p := range Protocol(protocols) {
		if p.String() == name {
			return p, nil
		}
	}
	return 0, fmt.Errorf("read protocol %q: it is none of TCP, UDP and SCTP", name)
}

// maxPort is the highest port; 1 is the lowest.
const maxPort = 65535

// A Range is the ports from First to Last, both included.
type Range struct{ First, Last uint16 }

// Ports is a set of ports of each protocol. The zero Ports is empty. It is never changed after it was made.
type Ports struct {
	ranges [protocols][]Range // sorted, with a port or more between two of them
}

// AllPorts are all ports of all protocols.
func AllPorts() Ports {
	var p Ports
	for i := range p.ranges {
		p.ranges[i] = []Range{{1, maxPort}}
	}
	return p
}

// OnePort is a single port.
func OnePort(protocol Protocol, port uint16) Ports { return PortRange(protocol, Range{port, port}) }

// PortRange is one range of a protocol.
func PortRange(protocol Protocol, r Range) Ports {
	var p Ports
	if r.First <= r.Last && protocol < protocols {
		p.ranges[protocol] = []Range{r}
	}
	return p
}

// Of are the ranges of a protocol: sorted, disjoint, and not touching. Do not change them.
func (p Ports) Of(protocol Protocol) []Range {
	if protocol >= protocols {
		return nil
	}
	return p.ranges[protocol]
}

// None says that the set is empty.
func (p Ports) None() bool {
	return len(p.ranges[TCP]) == 0 && len(p.ranges[UDP]) == 0 && len(p.ranges[SCTP]) == 0
}

// All says that the set holds every port of every protocol.
func (p Ports) All() bool {
	for _, ranges := range p.ranges {
		if len(ranges) != 1 || ranges[0] != (Range{1, maxPort}) {
			return false
		}
	}
	return true
}

// Has says whether the set holds a port.
func (p Ports) Has(protocol Protocol, port uint16) bool {
	ranges := p.Of(protocol)
	i, found := slices.BinarySearchFunc(ranges, port, func(r Range, port uint16) int { return int(r.First) - int(port) })
	return found || i > 0 && ranges[i-1].Last >= port
}

// Equal says whether two sets hold the same ports.
func (p Ports) Equal(q Ports) bool {
	for i := range p.ranges {
		if !slices.Equal(p.ranges[i], q.ranges[i]) {
			return false
		}
	}
	return true
}

// Union holds the ports of both.
func (p Ports) Union(q Ports) Ports {
	for i := range p.ranges {
		switch {
		case len(q.ranges[i]) == 0:
		case len(p.ranges[i]) == 0:
			p.ranges[i] = q.ranges[i]
		default:
			p.ranges[i] = normalRanges(slices.Concat(p.ranges[i], q.ranges[i]))
		}
	}
	return p
}

// Intersect holds the ports that are in both.
func (p Ports) Intersect(q Ports) Ports {
	var out Ports
	for i := range p.ranges {
		a, b := p.ranges[i], q.ranges[i]
		for len(a) > 0 && len(b) > 0 {
			if first, last := max(a[0].First, b[0].First), min(a[0].Last, b[0].Last); first <= last {
				out.ranges[i] = append(out.ranges[i], Range{first, last})
			}
			if a[0].Last < b[0].Last {
				a = a[1:]
			} else {
				b = b[1:]
			}
		}
	}
	return out
}

// Subtract holds the ports of p that are not in q.
func (p Ports) Subtract(q Ports) Ports { return p.Intersect(q.complement()) }

func (p Ports) complement() Ports {
	var out Ports
	for i, ranges := range p.ranges {
		next := 1
		for _, r := range ranges {
			if next < int(r.First) {
				out.ranges[i] = append(out.ranges[i], Range{uint16(next), r.First - 1})
			}
			next = int(r.Last) + 1
		}
		if next <= maxPort {
			out.ranges[i] = append(out.ranges[i], Range{uint16(next), maxPort})
		}
	}
	return out
}

// normalRanges sorts ranges in place and joins those that overlap or touch.
func normalRanges(ranges []Range) []Range {
	if len(ranges) < 2 {
		return ranges
	}
	slices.SortFunc(ranges, func(a, b Range) int { return int(a.First) - int(b.First) })
	out := ranges[:1]
	for _, r := range ranges[1:] {
		last := &out[len(out)-1]
		if int(r.First) <= int(last.Last)+1 {
			last.Last = max(last.Last, r.Last)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// String is how people write it: "TCP 80,8080-8090; UDP 53", "all" or "none".
func (p Ports) String() string {
	if p.All() {
		return "all"
	}
	var b strings.Builder
	for i, ranges := range p.ranges {
		if len(ranges) == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(Protocol(i).String())
		for j, r := range ranges {
			b.WriteByte(" ,"[min(j, 1)])
			if r.First == r.Last {
				fmt.Fprint(&b, r.First)
			} else {
				fmt.Fprintf(&b, "%d-%d", r.First, r.Last)
			}
		}
	}
	if b.Len() == 0 {
		return "none"
	}
	return b.String()
}
