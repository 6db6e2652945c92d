package network_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/network"
)

func ranges(text string) []network.AddressRange {
	var out []network.AddressRange
	for _, word := range strings.Fields(text) {
		first, last, _ := strings.Cut(word, "-")
		out = append(out, network.AddressRange{First: netip.MustParseAddr(first), Last: netip.MustParseAddr(last)})
	}
	return out
}

func rangesText(list []network.AddressRange) string {
	var out []string
	for _, r := range list {
		out = append(out, fmt.Sprintf("%s-%s", r.First, r.Last))
	}
	return strings.Join(out, " ")
}

func TestRanges(t *testing.T) {
	const all4, all6 = "0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
	for _, c := range []struct{ a, b, join, both, rest string }{
		{"", "", "", "", ""},
		{"1.0.0.0-1.0.0.9", "1.0.0.10-1.0.0.12", "1.0.0.0-1.0.0.12", "", "1.0.0.0-1.0.0.9"},
		{"1.0.0.0-1.0.0.9", "1.0.0.3-1.0.0.5", "1.0.0.0-1.0.0.9", "1.0.0.3-1.0.0.5", "1.0.0.0-1.0.0.2 1.0.0.6-1.0.0.9"},
		{"1.0.0.0-1.0.0.9", "1.0.0.5-1.0.0.20", "1.0.0.0-1.0.0.20", "1.0.0.5-1.0.0.9", "1.0.0.0-1.0.0.4"},
		{all4, all6, all4 + " " + all6, "", all4},
		{all4 + " " + all6, "::5-::9", all4 + " " + all6, "::5-::9", all4 + " ::-::4 ::a-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"255.255.255.250-255.255.255.255 ::-::1", all4, all4 + " ::-::1", "255.255.255.250-255.255.255.255", "::-::1"},
	} {
		a, b := ranges(c.a), ranges(c.b)
		if got := rangesText(network.JoinRanges(slices.Concat(b, a))); got != c.join {
			t.Errorf("join %q, %q: %s", c.a, c.b, got)
		}
		if got := rangesText(network.IntersectRanges(a, b)); got != c.both {
			t.Errorf("intersect %q, %q: %s", c.a, c.b, got)
		}
		if got := rangesText(network.SubtractRanges(a, b)); got != c.rest {
			t.Errorf("subtract %q, %q: %s", c.a, c.b, got)
		}
	}
	list := ranges("1.0.0.0-1.0.0.9 ::-::5")
	for address, want := range map[string]bool{"1.0.0.0": true, "1.0.0.9": true, "1.0.0.10": false, "0.0.0.1": false, "::": true, "::5": true, "::6": false} {
		if network.HasAddress(list, netip.MustParseAddr(address)) != want {
			t.Errorf("%s: want %v", address, want)
		}
	}
}
