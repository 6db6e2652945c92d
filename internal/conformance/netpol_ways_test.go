package conformance

import (
	"math"
	"strconv"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// A controllerCase is the objects of a case with a pod that stands for the ingress controller: of a namespace of its own,
// without labels.
type controllerCase struct {
	m    *network.Map
	pod  *network.Peer
	ways map[*network.Peer]network.Ports // what Ingresses and Routes lead to
}

func withController(inv *inventory.Inventory) controllerCase {
	guests := newGuests(inv, []string{ingressController})
	whole := guests.join(inv)
	c := controllerCase{m: network.New(whole), ways: map[*network.Peer]network.Ports{}}
	key := guests.of[ingressController][0]
	c.pod = c.m.Workload(key.namespace, "Pod", key.name)[0]
	services := service.New(whole, c.m)
	for _, o := range inv.Of("networking.k8s.io", "Ingress") {
		for _, b := range ingressBackends(o) {
			if s := services.Get(o.Namespace, inventory.String(b, "name")); s != nil {
				c.lead(s, portOf(s, inventory.Map(b, "port")))
			}
		}
	}
	for _, o := range inv.Of("route.openshift.io", "Route") {
		to := append([]any{inventory.Map(o.Content, "spec", "to")}, inventory.List(o.Content, "spec", "alternateBackends")...)
		for _, b := range inventory.Maps(to) {
			if s := services.Get(o.Namespace, inventory.String(b, "name")); s != nil {
				c.leadRoute(s, inventory.Map(o.Content, "spec", "port")["targetPort"])
			}
		}
	}
	return c
}

// ingressBackends are the Services that an Ingress leads to.
func ingressBackends(o *inventory.Object) []map[string]any {
	out := []map[string]any{inventory.Map(o.Content, "spec", "defaultBackend", "service")}
	for _, rule := range inventory.Maps(inventory.Map(o.Content, "spec")["rules"]) {
		for _, p := range inventory.Maps(inventory.Map(rule, "http")["paths"]) {
			out = append(out, inventory.Map(p, "backend", "service"))
		}
	}
	return out
}

func portOf(s *service.Service, port map[string]any) *service.Port {
	if name := inventory.String(port, "name"); name != "" {
		return s.ForName(name)
	}
	n, _ := port["number"].(int64)
	return s.ForPort(network.TCP, uint16(n&math.MaxUint16))
}

// lead adds a port of a Service.
func (c controllerCase) lead(s *service.Service, p *service.Port) {
	if p == nil {
		return
	}
	for _, b := range s.Backends {
		for _, target := range s.Targets(b, *p) {
			c.ways[b.Peer] = c.ways[b.Peer].Union(network.OnePort(p.Protocol, target))
		}
	}
}

// leadRoute adds what a Route leads to: the port of the Service that has this name, or this port of the pods; every port
// of the Service when the Route names none.
func (c controllerCase) leadRoute(s *service.Service, target any) {
	text, _ := target.(string)
	if n, isNumber := target.(int64); isNumber {
		text = strconv.FormatInt(n, 10)
	}
	for _, p := range s.Ports {
		if text == "" || text == p.Name || text == p.TargetName || text == strconv.Itoa(int(p.Target)) {
			c.lead(s, &p)
		}
	}
}

// to is what the controller can send to a peer.
func (c controllerCase) to(p *network.Peer) network.Connection {
	allowed := c.m.Allowed(c.pod, p)
	return network.Connection{Allowed: allowed.Allowed.Intersect(c.ways[p]), Unknown: allowed.Unknown.Intersect(c.ways[p])}
}

// table is what the controller can send to whom.
func (c controllerCase) table(asked network.Ports) mapTable {
	out := mapTable{newConnTable(), newConnTable()}
	for p := range c.ways {
		conn := c.to(p)
		out.allowed.add(ingressController, analyzerName(p), conn.Allowed.Intersect(asked))
		out.unknown.add(ingressController, analyzerName(p), conn.Unknown.Intersect(asked))
	}
	return out
}
