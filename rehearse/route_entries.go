package rehearse

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// An entry is a host and path that an Ingress or HTTPRoute leads to a Service.
type entry struct {
	object *inventory.Object
	at     finding.Path
	// to is the Service and its port as the object names them, "Service shop/cart port 80".
	to   string
	port uint16
	tls  bool
	// broken is why it leads nowhere, "" when it leads somewhere.
	broken string
}

// A location is a host and a path: "" is every host. Match is how the path is compared, "Exact" or another type, with whatever
// else a route asks of requests.
type location struct{ kind, host, path, match string }

func (p location) String() string { return cmp.Or(p.host, "any host") + p.path }

// entriesOf are the entries of Ingresses and HTTPRoutes, by location, in reading order.
func entriesOf(inv *inventory.Inventory, services *service.Services) map[location][]entry {
	out := map[location][]entry{}
	for _, group := range [...]string{"networking.k8s.io", "extensions"} {
		for _, o := range inv.Of(group, "Ingress") {
			ingressEntries(out, o, services)
		}
	}
	for _, kind := range [...]string{"HTTPRoute", "GRPCRoute"} {
		for _, o := range inv.Of(gatewayGroup, kind) {
			routeEntries(out, o, services)
		}
	}
	return out
}

const gatewayGroup = "gateway.networking.k8s.io"

func ingressEntries(out map[location][]entry, o *inventory.Object, services *service.Services) {
	secured := map[string]bool{}
	for _, tls := range inventory.Maps(inventory.List(o.Content, "spec", "tls")) {
		hosts := inventory.List(tls, "hosts")
		if len(hosts) == 0 {
			secured[""] = true
		}
		for _, h := range hosts {
			if host, is := h.(string); is {
				secured[host] = true
			}
		}
	}
	add := func(p location, backend map[string]any, at finding.Path) {
		e := entry{object: o, at: at, tls: secured[p.host] || secured[""]}
		if resource := inventory.Map(backend, "resource"); resource != nil {
			e.to = inventory.String(resource, "kind") + " " + inventory.String(resource, "name")
		} else {
			port := inventory.Map(backend, "service", "port")
			name := cmp.Or(inventory.String(backend, "service", "name"), inventory.String(backend, "serviceName"))
			number, label := network.PortNumber(port["number"]), inventory.String(port, "name")
			if old, there := backend["servicePort"]; there {
				number = network.PortNumber(old)
				label, _ = old.(string)
			}
			e.lead(services, o.Namespace, name, number, label)
		}
		out[p] = append(out[p], e)
	}
	spec := finding.Path("spec")
	if backend := inventory.Map(o.Content, "spec", "defaultBackend"); backend != nil {
		add(location{kind: "Ingress"}, backend, spec.Field("defaultBackend"))
	}
	for i, rule := range inventory.Maps(inventory.List(o.Content, "spec", "rules")) {
		for j, path := range inventory.Maps(inventory.List(rule, "http", "paths")) {
			match := cmp.Or(inventory.String(path, "pathType"), "ImplementationSpecific")
			p := location{"Ingress", inventory.String(rule, "host"), cmp.Or(inventory.String(path, "path"), "/"), match}
			add(p, inventory.Map(path, "backend"), spec.Field("rules").Index(i).Field("http").Field("paths").Index(j))
		}
	}
}

func routeEntries(out map[location][]entry, o *inventory.Object, services *service.Services) {
	hosts := []string{}
	for _, h := range inventory.List(o.Content, "spec", "hostnames") {
		if host, is := h.(string); is {
			hosts = append(hosts, host)
		}
	}
	if len(hosts) == 0 {
		hosts = []string{""}
	}
	for i, rule := range inventory.Maps(inventory.List(o.Content, "spec", "rules")) {
		matches := inventory.Maps(inventory.List(rule, "matches"))
		if len(matches) == 0 {
			matches = []map[string]any{{}}
		}
		for _, match := range matches {
			p := location{kind: o.Kind, path: "/", match: "PathPrefix"}
			if path := inventory.Map(match, "path"); path != nil {
				p.path, p.match = cmp.Or(inventory.String(path, "value"), "/"), cmp.Or(inventory.String(path, "type"), "PathPrefix")
			}
			if other := len(match) - min(1, len(inventory.Map(match, "path"))); other > 0 {
				p.match += fmt.Sprint(" ", match) // fmt sorts the keys of maps
			}
			for _, host := range hosts {
				p.host = host
				for _, backend := range inventory.Maps(inventory.List(rule, "backendRefs")) {
					if weight, there := number(backend["weight"]); there && weight == 0 {
						continue
					}
					e := entry{object: o, at: finding.Path("spec").Field("rules").Index(i)}
					if kind := cmp.Or(inventory.String(backend, "kind"), "Service"); kind != "Service" {
						e.to = kind + " " + inventory.String(backend, "name")
					} else {
						namespace := cmp.Or(inventory.String(backend, "namespace"), o.Namespace)
						e.lead(services, namespace, inventory.String(backend, "name"), network.PortNumber(backend["port"]), "")
					}
					out[p] = append(out[p], e)
				}
			}
		}
	}
}

// lead finds out where a reference to a Service leads.
func (e *entry) lead(services *service.Services, namespace, name string, number uint16, label string) {
	e.port, e.to = number, "Service "+namespace+"/"+name
	s := services.Get(namespace, name)
	if s != nil && label != "" {
		if p := s.ForName(label); p != nil {
			e.port = p.Port
		}
	}
	switch {
	case s == nil:
		e.broken = e.to + " does not exist"
	case s.Type == service.ExternalName:
	case label != "" && !slices.ContainsFunc(s.Ports, func(p service.Port) bool { return p.Name == label }):
		e.broken = e.to + " has no port " + label
	case label == "" && number != 0 && s.ForPort(network.TCP, number) == nil:
		e.broken = fmt.Sprintf("%s has no port %d", e.to, number)
	case s.Selects && len(s.Backends) == 0:
		e.broken = e.to + " selects no pod"
	}
}
