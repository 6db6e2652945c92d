package network

import (
	"fmt"
	"net/netip"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// complain reports something about a part of the object that is being read; path is below that part.
type complain func(path finding.Path, fact, format string, args ...any)

// readPeer reads an item of from or to.
func readPeer(item any, warn complain) rulePeer {
	broken := func(path finding.Path, reason string) rulePeer {
		warn(path, Refused, "The API server refuses this object: %s", reason)
		return rulePeer{broken: reason}
	}
	m, isMap := item.(map[string]any)
	if item != nil && !isMap {
		return broken("", "the peer is no object")
	}
	block, namespaces, pods := m["ipBlock"], m["namespaceSelector"], m["podSelector"]
	switch {
	case block == nil && namespaces == nil && pods == nil:
		return broken("", "the peer names neither pods nor addresses")
	case block != nil && (namespaces != nil || pods != nil):
		return broken("", "the peer names addresses and pods at once")
	case block != nil:
		set, err := readBlock(block, warn)
		if err != nil {
			return broken("ipBlock", err.Error())
		}
		return rulePeer{block: set}
	}
	out := rulePeer{everywhere: namespaces != nil}
	var err error
	if out.namespaces, err = parseStrictSelector(namespaces); err != nil {
		warn("namespaceSelector", Refused, "The API server refuses this object: %v", err)
	}
	if out.pods, err = parseStrictSelector(pods); err != nil {
		warn("podSelector", Refused, "The API server refuses this object: %v", err)
	}
	return out
}

// readBlock reads an ipBlock: the addresses of cidr that are in none of except.
func readBlock(raw any, warn complain) (*addressSet, error) {
	m, isMap := raw.(map[string]any)
	if !isMap {
		return nil, fmt.Errorf("ipBlock is no object")
	}
	cidr, err := readCIDR(inventory.String(m, "cidr"), "ipBlock.cidr", warn)
	if err != nil {
		return nil, err
	}
	list, err := listIn(m, "except")
	if err != nil {
		return nil, err
	}
	var except []AddressRange
	for i, item := range list {
		text, _ := item.(string)
		path := finding.Path("ipBlock.except").Index(i)
		e, err := readCIDR(text, path, warn)
		if err != nil {
			return nil, err
		}
		if e.Bits() <= cidr.Bits() || !cidr.Contains(e.Addr()) {
			warn(path, Refused, "The API server refuses this object: %s is not a part of %s", e, cidr)
		}
		if e.Addr().Is4() == cidr.Addr().Is4() {
			except = append(except, RangeOf(e))
		}
	}
	set := &addressSet{}
	f := familyOf(cidr.Addr())
	set[f] = SubtractRanges([]AddressRange{RangeOf(cidr)}, JoinRanges(except))
	return set, nil
}

// readCIDR reads a block of addresses. Bits beyond its length do not count, as in the API server; it is warned of them.
func readCIDR(text string, path finding.Path, warn complain) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, fmt.Errorf("%q is no block of addresses such as 192.0.2.0/24 or 2001:db8::/64", text)
	}
	if p.Addr().Is4In6() {
		return p, fmt.Errorf("%q is an IPv4 address written as IPv6, which network plugins read differently", text)
	}
	if p != p.Masked() {
		warn(path, HostBits, "%s has bits beyond its length; it is read as %s", text, p.Masked())
	}
	return p.Masked(), nil
}
