package main

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/network"
)

func parseAddress(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(text)
	return a.Unmap().WithZone(""), err == nil
}

// looksLikePort says whether an argument is a port rather than a path.
func looksLikePort(text string) bool {
	_, err := parsePort(text)
	return err == nil
}

// parsePort reads "8080", "8080/UDP" and "udp/8080"; TCP where no protocol is named.
func parsePort(text string) (network.Ports, error) {
	number, protocol, both := strings.Cut(text, "/")
	if both && strings.Trim(number, "0123456789") != "" {
		number, protocol = protocol, number
	}
	p := network.TCP
	if both {
		var err error
		if p, err = network.ParseProtocol(strings.ToUpper(protocol)); err != nil {
			return network.Ports{}, fmt.Errorf("%q is no port: %w", text, err)
		}
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n == 0 {
		return network.Ports{}, fmt.Errorf("%q is no port: use 8080, 8080/UDP or udp/8080", text)
	}
	return network.OnePort(p, uint16(n)), nil
}
