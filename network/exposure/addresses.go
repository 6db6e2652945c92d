package exposure

import (
	"net/netip"
	"slices"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// special are the addresses that the internet does not route to anybody else.
func special() []netip.Prefix {
	var out []netip.Prefix
	for _, text := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3",
		"::/127", "fc00::/7", "fe80::/10", "ff00::/8",
	} {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

// Public says whether addresses are among some that the internet routes.
func Public(ranges []network.AddressRange) bool {
	blocks := special()
	return slices.ContainsFunc(ranges, func(r network.AddressRange) bool { return anyPublic(r, blocks) })
}

func anyPublic(r network.AddressRange, blocks []netip.Prefix) bool {
	for a := r.First; a.IsValid() && a.Compare(r.Last) <= 0; {
		i := slices.IndexFunc(blocks, func(p netip.Prefix) bool { return p.Contains(a) })
		if i < 0 {
			return true
		}
		a = network.RangeOf(blocks[i]).Last.Next()
	}
	return false
}

func publicBlock(p netip.Prefix) bool { return Public([]network.AddressRange{network.RangeOf(p)}) }

func publicAddress(a netip.Addr) bool {
	return a.IsValid() && anyPublic(network.AddressRange{First: a, Last: a}, special())
}

// within are the parts of ranges that blocks hold; all of them where there are no blocks.
func within(ranges []network.AddressRange, blocks []netip.Prefix) []network.AddressRange {
	if len(blocks) == 0 {
		return ranges
	}
	var out []network.AddressRange
	for _, b := range blocks {
		own := network.RangeOf(b)
		for _, r := range ranges {
			if both, ok := r.Intersect(own); ok {
				out = append(out, both)
			}
		}
	}
	return network.JoinRanges(out)
}

// nodeZone is from where nodes can be reached, as far as their addresses tell.
func nodeZone(inv *inventory.Inventory) Zone {
	for _, o := range inv.Of("", "Node") {
		for _, m := range inventory.Maps(inventory.List(o.Content, "status", "addresses")) {
			a, err := netip.ParseAddr(inventory.String(m, "address"))
			if err == nil && inventory.String(m, "type") == "ExternalIP" && publicAddress(a.Unmap().WithZone("")) {
				return Internet
			}
		}
	}
	return Nodes
}
