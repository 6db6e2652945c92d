package network

import (
	"fmt"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// readAdminPort reads an item of ports or protocols. A name without a protocol is one port for each protocol.
func readAdminPort(item any) []rulePort {
	broken := func(format string, args ...any) []rulePort {
		return []rulePort{{ports: AllPorts(), broken: fmt.Sprintf(format, args...)}}
	}
	m, isMap := item.(map[string]any)
	if !isMap || len(m) != 1 {
		return broken("a port has to have exactly one field")
	}
	for _, field := range []string{"namedPort", "destinationNamedPort"} {
		if raw, has := m[field]; has {
			name, _ := raw.(string)
			if !isPortName(name) {
				return broken("%q is not the name of a port", name)
			}
			return []rulePort{{name: name, proto: TCP}, {name: name, proto: UDP}, {name: name, proto: SCTP}}
		}
	}
	for i, field := range []string{"tcp", "udp", "sctp"} {
		if raw, has := m[field]; has {
			own, isMap := raw.(map[string]any)
			if !isMap {
				return broken("%s is no object", field)
			}
			return destination(Protocol(i), own["destinationPort"])
		}
	}
	for _, field := range []string{"portNumber", "portRange"} {
		own, has := m[field].(map[string]any)
		if !has {
			continue
		}
		proto := TCP
		if raw := own["protocol"]; raw != nil {
			var err error
			if proto, err = ParseProtocol(inventory.String(own, "protocol")); err != nil {
				return broken("%v", err)
			}
		}
		if field == "portNumber" {
			return numbers(proto, own["port"], own["port"])
		}
		return numbers(proto, own["start"], own["end"])
	}
	return broken("a port is none of the kinds that are known here")
}

// destination reads the destinationPort of a protocol; none are all its ports.
func destination(proto Protocol, raw any) []rulePort {
	whole := rulePort{proto: proto, ports: PortRange(proto, Range{1, maxPort})}
	if raw == nil {
		return []rulePort{whole}
	}
	m, _ := raw.(map[string]any)
	number, ports := m["number"], inventory.Map(m, "range")
	if (number == nil) == (ports == nil) {
		whole.broken = "exactly one of number and range has to be set"
		return []rulePort{whole}
	}
	if number != nil {
		return numbers(proto, number, number)
	}
	return numbers(proto, ports["start"], ports["end"])
}

func numbers(proto Protocol, from, to any) []rulePort {
	out := rulePort{proto: proto, ports: PortRange(proto, Range{1, maxPort})}
	first, err := portNumber(from)
	last, err2 := portNumber(to)
	switch {
	case err != nil:
		out.broken = err.Error()
	case err2 != nil:
		out.broken = err2.Error()
	case last < first:
		out.broken = fmt.Sprintf("the range of ports ends at %d, before its start %d", last, first)
	default:
		out.ports = PortRange(proto, Range{first, last})
	}
	return []rulePort{out}
}
