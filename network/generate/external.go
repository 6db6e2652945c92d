package generate

import (
	"net/netip"
	"slices"

	"github.com/plimsoll-io/plimsoll/network"
)

// clean is a block as policies take it: without bits beyond its length, and IPv4 as such.
func clean(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

// exactly are the fewest blocks that hold the same addresses, sorted.
func exactly(blocks []netip.Prefix) []netip.Prefix {
	ranges := make([]network.AddressRange, 0, len(blocks))
	for _, b := range blocks {
		ranges = append(ranges, network.AddressRange{First: b.Addr(), Last: last(b)})
	}
	slices.SortFunc(ranges, func(a, b network.AddressRange) int { return a.First.Compare(b.First) })
	joined := ranges[:0]
	for _, r := range ranges {
		n := len(joined) - 1
		if n >= 0 && joined[n].Last.BitLen() == r.First.BitLen() && (r.First.Compare(joined[n].Last) <= 0 || joined[n].Last.Next() == r.First) {
			if joined[n].Last.Compare(r.Last) < 0 {
				joined[n].Last = r.Last
			}
			continue
		}
		joined = append(joined, r)
	}
	var out []netip.Prefix
	for _, r := range joined {
		out = append(out, r.Prefixes()...)
	}
	return out
}

// last is the last address of a block.
func last(p netip.Prefix) netip.Addr {
	bytes := p.Masked().Addr().AsSlice()
	for i := range bytes {
		if host := 8*(i+1) - p.Bits(); host > 0 {
			bytes[i] |= byte(1<<min(host, 8) - 1)
		}
	}
	a, _ := netip.AddrFromSlice(bytes)
	return a
}

// widen joins sorted blocks that are near each other until there are at most so many of each family, nearest first.
func widen(blocks []netip.Prefix, most int) []netip.Prefix {
	split := 0
	for split < len(blocks) && blocks[split].Addr().Is4() {
		split++
	}
	return append(widenFamily(blocks[:split:split], most), widenFamily(blocks[split:], most)...)
}

func widenFamily(blocks []netip.Prefix, most int) []netip.Prefix {
	for len(blocks) > max(most, 1) {
		near := 0
		for i := range blocks[1:] {
			near = max(near, together(blocks[i], blocks[i+1]))
		}
		var out []netip.Prefix
		for _, b := range blocks {
			if n := len(out) - 1; n >= 0 && together(out[n], b) >= near {
				out[n] = netip.PrefixFrom(b.Addr(), min(near, out[n].Bits())).Masked()
				continue
			}
			out = append(out, b)
		}
		blocks = out
	}
	return blocks
}

// together is the length of the smallest block that holds two.
func together(a, b netip.Prefix) int {
	x, y := a.Addr().AsSlice(), b.Addr().AsSlice()
	n := min(a.Bits(), b.Bits())
	for i := range n {
		if (x[i/8]^y[i/8])>>(7-i%8)&1 != 0 {
			return i
		}
	}
	return n
}
