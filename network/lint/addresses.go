package lint

import (
	"net/netip"

	"github.com/plimsoll-io/plimsoll/network"
)

// whole says which families of addresses several blocks mean all of, together.
func whole(blocks ...[]network.AddressRange) (v4, v6 bool) {
	rest := []network.AddressRange{network.RangeOf(netip.MustParsePrefix("0.0.0.0/0")), network.RangeOf(netip.MustParsePrefix("::/0"))}
	for _, b := range blocks {
		rest = network.SubtractRanges(rest, b)
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
