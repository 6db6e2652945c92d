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
	p.Port = network.PortNumber(m["port"])
	p.NodePort = network.PortNumber(m["nodePort"])
	switch target := m["targetPort"].(type) {
	case string:
		p.TargetName = target
	case nil:
		p.Target = p.Port
	default:
		if p.Target = network.PortNumber(target); p.Target == 0 {
			p.Target = p.Port // the API server reads 0 as absent
		}
	}
	return p, p.Port != 0
}

func appendAddress(list []netip.Addr, v any) []netip.Addr {
	text, _ := v.(string)
	if a, err := netip.ParseAddr(text); err == nil {
		list = append(list, a.Unmap().WithZone(""))
	}
	return list
}
