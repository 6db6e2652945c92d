package network

import (
	"net/netip"
	"slices"
)

// An AddressRange is the addresses from First to Last, both included, of one family.
type AddressRange struct{ First, Last netip.Addr }

// Prefixes are the fewest CIDR blocks that hold exactly the range, in order.
func (r AddressRange) Prefixes() []netip.Prefix {
	var out []netip.Prefix
	for at := r.First; at.IsValid() && at.Compare(r.Last) <= 0; {
		bits := at.BitLen()
		for bits > 0 {
			wider := netip.PrefixFrom(at, bits-1)
			if wider.Masked().Addr() != at || lastOf(wider).Compare(r.Last) > 0 {
				break
			}
			bits--
		}
		p := netip.PrefixFrom(at, bits)
		out = append(out, p)
		at = lastOf(p).Next() // invalid after the last address of the family
	}
	return out
}

// prefixesOf are the fewest blocks of several ranges.
func prefixesOf(ranges []AddressRange) []netip.Prefix {
	var out []netip.Prefix
	for _, r := range ranges {
		out = append(out, r.Prefixes()...)
	}
	return out
}

// lastOf is the highest address of a block.
func lastOf(p netip.Prefix) netip.Addr {
	bytes := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}

// RangeOf is the addresses of a block, whatever bits it has beyond its length.
func RangeOf(p netip.Prefix) AddressRange { return AddressRange{p.Masked().Addr(), lastOf(p)} }

// Intersect are the addresses that two ranges have in common; ok says that there are any.
func (r AddressRange) Intersect(other AddressRange) (both AddressRange, ok bool) {
	both = r
	if both.First.Less(other.First) {
		both.First = other.First
	}
	if other.Last.Less(both.Last) {
		both.Last = other.Last
	}
	return both, both.First.Compare(both.Last) <= 0 && both.First.BitLen() == both.Last.BitLen()
}

// The functions below work on ranges of both families; in order, all of IPv4 stand before all of IPv6.

// JoinRanges sorts ranges in place and joins those that overlap or touch.
func JoinRanges(ranges []AddressRange) []AddressRange {
	if len(ranges) < 2 {
		return ranges
	}
	slices.SortFunc(ranges, func(a, b AddressRange) int { return a.First.Compare(b.First) })
	out := ranges[:1]
	for _, r := range ranges[1:] {
		last := &out[len(out)-1]
		next := last.Last.Next() // invalid after the last address of the family
		switch {
		case last.Last.BitLen() != r.First.BitLen() || next.IsValid() && r.First.Compare(next) > 0:
			out = append(out, r)
		case r.Last.Compare(last.Last) > 0:
			last.Last = r.Last
		}
	}
	return out
}

// IntersectRanges are the addresses that are in both lists; each is sorted and disjoint.
func IntersectRanges(a, b []AddressRange) []AddressRange {
	var out []AddressRange
	for i, k := 0, 0; i < len(a) && k < len(b); {
		if both, ok := a[i].Intersect(b[k]); ok {
			out = append(out, both)
		}
		if a[i].Last.Compare(b[k].Last) < 0 {
			i++
		} else {
			k++
		}
	}
	return out
}

// SubtractRanges are the addresses of a that are not in b; each is sorted and disjoint.
func SubtractRanges(a, b []AddressRange) []AddressRange {
	var out []AddressRange
	k := 0
	for _, r := range a {
		for k < len(b) && b[k].Last.Compare(r.First) < 0 {
			k++
		}
		next, rest := r.First, true
		for i := k; i < len(b) && b[i].First.Compare(r.Last) <= 0; i++ {
			if next.Compare(b[i].First) < 0 {
				out = append(out, AddressRange{next, b[i].First.Prev()})
			}
			if next = b[i].Last.Next(); !next.IsValid() || next.Compare(r.Last) > 0 {
				rest = false
				break
			}
		}
		if rest {
			out = append(out, AddressRange{next, r.Last})
		}
	}
	return out
}

// HasAddress says whether an address is in sorted, disjoint ranges.
func HasAddress(ranges []AddressRange, a netip.Addr) bool {
	i, found := slices.BinarySearchFunc(ranges, a, func(r AddressRange, a netip.Addr) int { return r.First.Compare(a) })
	return found || i > 0 && ranges[i-1].First.BitLen() == a.BitLen() && ranges[i-1].Last.Compare(a) >= 0
}
