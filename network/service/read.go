package service

import (
	"net/netip"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// read reads a Service by itself. Parts of odd shapes are left out: the API server would not take them.
func read(o *inventory.Object) *Service {
	spec := inventory.Map(o.Content, "spec")
	s := &Service{Object: o, Type: inventory.String(spec, "type")}
	if s.Type == "" {
		s.Type = ClusterIP
	}
	if s.Type == ExternalName {
		s.Host = strings.ToLower(strings.TrimSuffix(inventory.String(spec, "externalName"), "."))
		return s
	}
	s.Headless = inventory.String(spec, "clusterIP") == "None"
	s.Selects = len(inventory.Map(spec, "selector")) > 0
	for _, text := range append([]any{spec["clusterIP"]}, inventory.List(spec, "clusterIPs")...) {
		s.cluster = appendAddress(s.cluster, text)
	}
	for _, text := range inventory.List(spec, "externalIPs") {
		s.External = appendAddress(s.External, text)
	}
	for _, item := range inventory.Maps(inventory.List(o.Content, "status", "loadBalancer", "ingress")) {
		s.External = appendAddress(s.External, item["ip"])
	}
	for _, item := range inventory.Maps(inventory.List(spec, "ports")) {
		if p, ok := readPort(item); ok {
			s.Ports = append(s.Ports, p)
		}
	}
	return s
}

func readPort(m map[string]any) (Port, bool) {
	p := Port{Name: inventory.String(m, "name")}
	if name := inventory.String(m, "protocol"); name != "" {
		var err error
		if p.Protocol, err = network.ParseProtocol(name); err != nil {
			return Port{}, false
		}
	}
	p.Port = number(m["port"])
	p.NodePort = number(m["nodePort"])
	switch target := m["targetPort"].(type) {
	case string:
		p.TargetName = target
	case nil:
		p.Target = p.Port
	default:
		if p.Target = number(target); p.Target == 0 {
			p.Target = p.Port // the API server reads 0 as absent
		}
	}
	return p, p.Port != 0
}

// number is a port's number; 0 for what is none.
func number(v any) uint16 {
	switch n := v.(type) {
	case int64:
		if n > 0 && n <= 65535 {
			return uint16(n)
		}
	case float64:
		if n > 0 && n <= 65535 && n == float64(uint16(n)) {
			return uint16(n)
		}
	}
	return 0
}

func appendAddress(list []netip.Addr, v any) []netip.Addr {
	text, _ := v.(string)
	if a, err := netip.ParseAddr(text); err == nil {
		list = append(list, a.Unmap().WithZone(""))
	}
	return list
}

// namedPorts are the ports of a protocol that containers give a name to. Init containers count where they keep running.
func namedPorts(spec map[string]any, protocol network.Protocol, name string) []uint16 {
	var out []uint16
	find := func(field string, sidecars bool) {
		for _, c := range inventory.Maps(inventory.List(spec, field)) {
			if sidecars && inventory.String(c, "restartPolicy") != "Always" {
				continue
			}
			for _, m := range inventory.Maps(inventory.List(c, "ports")) {
				p := inventory.String(m, "protocol")
				if p == "" {
					p = network.TCP.String()
				}
				if n := number(m["containerPort"]); n != 0 && p == protocol.String() && inventory.String(m, "name") == name {
					out = append(out, n)
				}
			}
		}
	}
	find("containers", false)
	find("initContainers", true)
	return out
}
