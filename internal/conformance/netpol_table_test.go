package conformance

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/network"
)

// A connTable says which ports are let through between workloads, and between workloads and IPv4 addresses. Tables
// of the same connections are equal in text, however the connections were written.
type connTable struct {
	pairs map[[2]string]network.Ports
	in    map[string][]blockPorts // what addresses can send to a workload
	out   map[string][]blockPorts
}

// blockPorts are ports for the IPv4 addresses from first to last.
type blockPorts struct {
	first, last uint64
	ports       network.Ports
}

func newConnTable() *connTable {
	return &connTable{map[[2]string]network.Ports{}, map[string][]blockPorts{}, map[string][]blockPorts{}}
}

func (c *connTable) add(from, to string, ports network.Ports) {
	if !ports.None() {
		c.pairs[[2]string{from, to}] = c.pairs[[2]string{from, to}].Union(ports)
	}
}

// addNamed adds ports between ends that are named as "shop/cart[Deployment]" or "10.0.0.0-10.0.0.255[External]".
func (c *connTable) addNamed(from, to string, ports network.Ports) {
	fromBlock, fromOutside := parseBlock(strings.TrimSuffix(from, "[External]"))
	toBlock, toOutside := parseBlock(strings.TrimSuffix(to, "[External]"))
	switch {
	case fromOutside:
		c.addOutside(c.in, to, []network.AddressRange{fromBlock}, ports)
	case toOutside:
		c.addOutside(c.out, from, []network.AddressRange{toBlock}, ports)
	default:
		c.add(from, to, ports)
	}
}

// addAll adds what another table has.
func (c *connTable) addAll(other *connTable) {
	for pair, ports := range other.pairs {
		c.add(pair[0], pair[1], ports)
	}
	for workload, blocks := range other.in {
		c.in[workload] = append(c.in[workload], blocks...)
	}
	for workload, blocks := range other.out {
		c.out[workload] = append(c.out[workload], blocks...)
	}
}

// addOutside adds ports of a workload and some addresses; IPv6 ones are left out, since the cases have none.
func (c *connTable) addOutside(side map[string][]blockPorts, workload string, addresses []network.AddressRange, ports network.Ports) {
	for _, a := range addresses {
		if a.First.Is4() && !ports.None() {
			side[workload] = append(side[workload], blockPorts{number(a.First), number(a.Last), ports})
		}
	}
}

func number(a netip.Addr) uint64 {
	b := a.As4()
	return uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])
}

// addr is the address of a number; one past the last is the last.
func addr(n uint64) netip.Addr {
	n = min(n, math.MaxUint32)
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// merged are the same blocks as few disjoint ones, in order.
func merged(blocks []blockPorts) []blockPorts { return minusBlocks(blocks, nil) }

// minusBlocks are blocks without what others have: few disjoint ones, in order.
func minusBlocks(blocks, others []blockPorts) []blockPorts {
	cuts := map[uint64]bool{}
	for _, b := range slices.Concat(blocks, others) {
		cuts[b.first], cuts[b.last+1] = true, true
	}
	order := slices.Sorted(maps.Keys(cuts))
	var out []blockPorts
	for i := range len(order) - 1 {
		piece := blockPorts{first: order[i], last: order[i+1] - 1}
		piece.ports = portsAt(blocks, piece.first).Subtract(portsAt(others, piece.first))
		switch n := len(out); {
		case piece.ports.None():
		case n > 0 && out[n-1].last+1 == piece.first && out[n-1].ports.Equal(piece.ports):
			out[n-1].last = piece.last
		default:
			out = append(out, piece)
		}
	}
	return out
}

func portsAt(blocks []blockPorts, address uint64) network.Ports {
	var out network.Ports
	for _, b := range blocks {
		if b.first <= address && address <= b.last {
			out = out.Union(b.ports)
		}
	}
	return out
}

// within is what a table says of some ports.
func (c *connTable) within(ports network.Ports) *connTable {
	rest := newConnTable()
	left := network.AllPorts().Subtract(ports)
	for pair := range c.pairs {
		rest.pairs[pair] = left
	}
	for workload := range c.in {
		rest.in[workload] = []blockPorts{{0, math.MaxUint32, left}}
	}
	for workload := range c.out {
		rest.out[workload] = []blockPorts{{0, math.MaxUint32, left}}
	}
	return c.minus(rest)
}

// minus is what another table lacks.
func (c *connTable) minus(other *connTable) *connTable {
	out := newConnTable()
	for pair, ports := range c.pairs {
		out.add(pair[0], pair[1], ports.Subtract(other.pairs[pair]))
	}
	for workload, blocks := range c.in {
		if left := minusBlocks(blocks, other.in[workload]); len(left) > 0 {
			out.in[workload] = left
		}
	}
	for workload, blocks := range c.out {
		if left := minusBlocks(blocks, other.out[workload]); len(left) > 0 {
			out.out[workload] = left
		}
	}
	return out
}

// lines are the connections in a canonical text, sorted.
func (c *connTable) lines() []string {
	var out []string
	for pair, ports := range c.pairs {
		out = append(out, pair[0]+" => "+pair[1]+" : "+ports.String())
	}
	for workload, blocks := range c.in {
		for _, b := range merged(blocks) {
			out = append(out, fmt.Sprintf("%s-%s => %s : %s", addr(b.first), addr(b.last), workload, b.ports))
		}
	}
	for workload, blocks := range c.out {
		for _, b := range merged(blocks) {
			out = append(out, fmt.Sprintf("%s => %s-%s : %s", workload, addr(b.first), addr(b.last), b.ports))
		}
	}
	slices.Sort(out)
	return out
}

// compareLines says some of what differs between two sorted lists; "" when they are equal.
func compareLines(want, got []string) string {
	var out []string
	for _, w := range want {
		if _, found := slices.BinarySearch(got, w); !found {
			out = append(out, "\n    - "+w)
		}
	}
	for _, g := range got {
		if _, found := slices.BinarySearch(want, g); !found {
			out = append(out, "\n    + "+g)
		}
	}
	if n := len(out); n > 12 {
		out = append(out[:12], fmt.Sprintf("\n    … %d more", n-12))
	}
	return strings.Join(out, "")
}

// A mapTable is what a Map says, as two tables: what is allowed, and what is not known.
type mapTable struct{ allowed, unknown *connTable }

// tableOf asks a Map about some ports of all pairs of peers that are called differently. Peers with the same name count as
// one; a name of "" leaves a peer out.
func tableOf(m *network.Map, asked network.Ports, name func(*network.Peer) string) mapTable {
	t := mapTable{newConnTable(), newConnTable()}
	names := map[*network.Peer]string{}
	for _, p := range m.Peers() {
		if !p.External() {
			names[p] = name(p)
		}
	}
	for _, from := range m.Peers() {
		for _, to := range m.Peers() {
			if from.External() && to.External() || !from.External() && names[from] == "" || !to.External() && names[to] == "" ||
				names[from] == names[to] {
				continue
			}
			c := m.Allowed(from, to)
			t.allowed.addPeers(from, to, names, c.Allowed.Intersect(asked))
			t.unknown.addPeers(from, to, names, c.Unknown.Intersect(asked))
		}
	}
	return t
}

func (c *connTable) addPeers(from, to *network.Peer, names map[*network.Peer]string, ports network.Ports) {
	switch {
	case from.External():
		c.addOutside(c.in, names[to], from.Addresses, ports)
	case to.External():
		c.addOutside(c.out, names[from], to.Addresses, ports)
	default:
		c.add(names[from], names[to], ports)
	}
}

// lines are those of what is allowed, and then of what is not known, marked with "?".
func (t mapTable) lines() []string {
	out := t.allowed.lines()
	for _, l := range t.unknown.lines() {
		out = append(out, "? "+l)
	}
	slices.Sort(out)
	return out
}

// parsePorts reads "All Connections", "TCP 80,443-445,UDP 53", "SCTP 1-9002,TCP 1-65535", or what ncaPorts does.
func parsePorts(t *testing.T, s string) network.Ports {
	t.Helper()
	switch strings.ToLower(s) {
	case "all connections":
		return network.AllPorts()
	case "no connections":
		return network.Ports{}
	}
	if strings.HasPrefix(s, "{") {
		return ncaPorts(t, s)
	}
	var out network.Ports
	protocol := network.TCP
	for _, field := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' }) {
		if p, err := network.ParseProtocol(field); err == nil {
			protocol = p
			if strings.HasSuffix(s, field) { // a protocol without ports: all of them
				out = out.Union(network.PortRange(protocol, network.Range{First: 1, Last: math.MaxUint16}))
			}
			continue
		}
		first, last, isRange := strings.Cut(field, "-")
		if !isRange {
			last = first
		}
		out = out.Union(network.PortRange(protocol, network.Range{First: port(t, first), Last: port(t, last)}))
	}
	return out
}

func port(t *testing.T, s string) uint16 {
	t.Helper()
	var n uint16
	if _, err := fmt.Sscanf(s, "%d", &n); err != nil {
		t.Fatalf("read port %q: %v", s, err)
	}
	return n
}

// parseBlock reads "10.0.0.0-10.0.0.255".
func parseBlock(s string) (network.AddressRange, bool) {
	first, last, _ := strings.Cut(s, "-")
	a, err := netip.ParseAddr(first)
	b, err2 := netip.ParseAddr(cmp.Or(last, first))
	return network.AddressRange{First: a, Last: b}, err == nil && err2 == nil
}
