package lint

import (
	"net/netip"
	"slices"

	"github.com/plimsoll-io/plimsoll/network"
)

// both are the addresses that are in both lists; each is sorted and disjoint.
func both(a, b []network.AddressRange) []network.AddressRange {
	var out []network.AddressRange
	for i, k := 0, 0; i < len(a) && k < len(b); {
		first, last := later(a[i].First, b[k].First), earlier(a[i].Last, b[k].Last)
		if first.Compare(last) <= 0 {
			out = append(out, network.AddressRange{First: first, Last: last})
		}
		if a[i].Last.Compare(b[k].Last) < 0 {
			i++
		} else {
			k++
		}
	}
	return out
}

// without are the addresses of a that are not in b.
func without(a, b []network.AddressRange) []network.AddressRange {
	var out []network.AddressRange
	k := 0
	for _, r := range a {
		for k < len(b) && b[k].Last.Compare(r.First) < 0 {
			k++
		}
		next, rest := r.First, true
		for i := k; i < len(b) && b[i].First.Compare(r.Last) <= 0; i++ {
			if next.Compare(b[i].First) < 0 {
				out = append(out, network.AddressRange{First: next, Last: b[i].First.Prev()})
			}
			if next = b[i].Last.Next(); !next.IsValid() || next.Compare(r.Last) > 0 {
				rest = false
				break
			}
		}
		if rest {
			out = append(out, network.AddressRange{First: next, Last: r.Last})
		}
	}
	return out
}

func later(a, b netip.Addr) netip.Addr {
	if a.Compare(b) > 0 {
		return a
	}
	return b
}

func earlier(a, b netip.Addr) netip.Addr {
	if a.Compare(b) < 0 {
		return a
	}
	return b
}

// whole says which families of addresses several blocks mean all of, together.
func whole(blocks ...[]network.AddressRange) (v4, v6 bool) {
	rest := []network.AddressRange{all4(), all6()}
	for _, b := range blocks {
		rest = without(rest, b)
	}
	v4, v6 = true, true
	for _, r := range rest {
		if r.First.Is4() {
			v4 = false
		} else {
			v6 = false
		}
	}
	return v4, v6
}

// has says whether an address is among ranges.
func has(ranges []network.AddressRange, a netip.Addr) bool {
	i, found := slices.BinarySearchFunc(ranges, a, func(r network.AddressRange, a netip.Addr) int { return r.First.Compare(a) })
	return found || i > 0 && ranges[i-1].First.Is4() == a.Is4() && ranges[i-1].Last.Compare(a) >= 0
}

func all4() network.AddressRange {
	return network.AddressRange{First: netip.IPv4Unspecified(), Last: netip.AddrFrom4([4]byte{255, 255, 255, 255})}
}

func all6() network.AddressRange {
	return network.AddressRange{First: netip.IPv6Unspecified(), Last: netip.AddrFrom16([16]byte(slices.Repeat([]byte{255}, 16)))}
}
