package need

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// waysIn notes what the outside is let in to.
func (d *declarer) waysIn() {
	for _, s := range d.services.All() {
		d.published(s)
	}
	for _, group := range []string{"networking.k8s.io", "extensions"} {
		for _, o := range d.inv.Of(group, "Ingress") {
			d.ingress(o)
		}
	}
	for _, kind := range []string{"HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"} {
		for _, o := range d.inv.Of("gateway.networking.k8s.io", kind) {
			d.gatewayRoute(o)
		}
	}
	for _, o := range d.inv.Of("route.openshift.io", "Route") {
		d.openShiftRoute(o)
	}
}

// published notes Services that can be reached at addresses outside of the cluster's own.
func (d *declarer) published(s *service.Service) {
	var because Evidence
	switch {
	case s.Type == service.LoadBalancer || s.Type == service.NodePort:
		because = Evidence{Object: s.Object, Path: "spec.type", What: "Service of type " + s.Type}
	case len(s.External) > 0 && s.Type != service.ExternalName:
		because = Evidence{Object: s.Object, Path: "spec.externalIPs", What: "external addresses of the Service"}
	default:
		return
	}
	from := End{Kind: Outside}
	if s.Type == service.LoadBalancer {
		for _, item := range inventory.List(s.Object.Content, "spec", "loadBalancerSourceRanges") {
			text, _ := item.(string)
			if p, err := netip.ParsePrefix(strings.TrimSpace(text)); err == nil {
				from.Addresses = append(from.Addresses, p.Masked())
			}
		}
		from.Addresses = disjoint(from.Addresses)
	}
	for _, p := range s.Ports {
		d.toPort(from, s, p, dial{endpoints: true}, because)
	}
}

// forwarders are the ends that forward requests for an object: pods when it is known which, else a gateway with a name.
func (d *declarer) forwarders(o *inventory.Object, names ...string) []End {
	if d.options.Forwarders != nil {
		if peers := d.options.Forwarders(o); len(peers) > 0 {
			return endsOf(peers)
		}
	}
	return []End{{Kind: Gateway, Names: names}}
}

// ingress notes the backends of an Ingress, in the form of today and in that of the beta versions.
func (d *declarer) ingress(o *inventory.Object) {
	spec := inventory.Map(o.Content, "spec")
	class := inventory.String(spec, "ingressClassName")
	if class == "" {
		class = o.Annotations()["kubernetes.io/ingress.class"]
	}
	var names []string
	if class != "" {
		names = []string{"ingress class " + class}
	}
	from := d.forwarders(o, names...)
	backend := func(m map[string]any, path finding.Path) {
		name, port := inventory.String(m, "service", "name"), any(nil)
		if p := inventory.Map(m, "service", "port"); p != nil {
			if port = p["number"]; port == nil {
				port = p["name"]
			}
		}
		if name == "" {
			name, port = inventory.String(m, "serviceName"), m["servicePort"]
		}
		if name != "" {
			d.backend(from, o, path, o.Namespace, name, port, "backend of "+o.String())
		}
	}
	for _, field := range []string{"defaultBackend", "backend"} {
		backend(inventory.Map(spec, field), specPath(field))
	}
	for i, item := range inventory.List(spec, "rules") {
		rule, _ := item.(map[string]any)
		for j, item := range inventory.List(rule, "http", "paths") {
			path, _ := item.(map[string]any)
			backend(inventory.Map(path, "backend"), specPath("rules").Index(i).Field("http").Field("paths").Index(j).Field("backend"))
		}
	}
}

// backend notes that requests are forwarded to a port of a Service: by number, by name, or nil for all that it has.
func (d *declarer) backend(from []End, o *inventory.Object, path finding.Path, namespace, name string, port any, what string) {
	s := d.services.Get(namespace, name)
	if s == nil {
		d.unknown(Unresolved{From: o.String(), To: "Service " + namespace + "/" + name, Port: portOf(port),
			Reason: "there is no such Service in what was read"})
		return
	}
	var ports []service.Port
	text, isName := port.(string)
	switch {
	case port == nil:
		ports = s.Ports
	case isName:
		if n, ok := portNumber(text); ok {
			ports = tcpFirst(withNumber(s, n, ""))
		} else if p := s.ForName(text); p != nil {
			ports = []service.Port{*p}
		}
	default:
		ports = tcpFirst(withNumber(s, portOf(port), ""))
		if len(ports) == 0 && s.Type == service.ExternalName {
			ports = []service.Port{{Port: portOf(port)}}
		}
	}
	if len(ports) == 0 {
		d.unknown(Unresolved{From: o.String(), To: s.Object.String(), Port: portOf(port), Reason: "the Service has no such port"})
	}
	for _, p := range ports {
		for _, end := range from {
			d.toPort(end, s, p, dial{endpoints: true}, Evidence{Object: o, Path: path, What: what})
		}
	}
}

// tcpFirst leaves UDP out where a number means both: requests are forwarded over TCP.
func tcpFirst(ports []service.Port) []service.Port {
	for _, p := range ports {
		if p.Protocol == network.TCP {
			return []service.Port{p}
		}
	}
	return ports
}

// gatewayRoute notes the backends of a route of the Gateway API.
func (d *declarer) gatewayRoute(o *inventory.Object) {
	var from []End
	for _, parent := range inventory.Maps(inventory.List(o.Content, "spec", "parentRefs")) {
		if kind := inventory.String(parent, "kind"); kind != "" && kind != "Gateway" {
			continue // a mesh: whoever calls the Service
		}
		namespace := inventory.String(parent, "namespace")
		if namespace == "" {
			namespace = o.Namespace
		}
		name := namespace + "/" + inventory.String(parent, "name")
		about := o
		if g := d.inv.Get("gateway.networking.k8s.io", "Gateway", namespace, inventory.String(parent, "name")); g != nil {
			about = g
		}
		from = append(from, d.forwarders(about, "Gateway "+name)...)
	}
	if len(from) == 0 {
		return
	}
	for i, item := range inventory.List(o.Content, "spec", "rules") {
		rule, _ := item.(map[string]any)
		path := specPath("rules").Index(i)
		d.backendRefs(from, o, rule, path)
		for j, item := range inventory.List(rule, "filters") {
			filter, _ := item.(map[string]any)
			if ref := inventory.Map(filter, "requestMirror", "backendRef"); ref != nil {
				d.backendRef(from, o, ref, path.Field("filters").Index(j).Field("requestMirror").Field("backendRef"))
			}
		}
	}
}

func (d *declarer) backendRefs(from []End, o *inventory.Object, rule map[string]any, path finding.Path) {
	for i, item := range inventory.List(rule, "backendRefs") {
		if ref, ok := item.(map[string]any); ok {
			d.backendRef(from, o, ref, path.Field("backendRefs").Index(i))
		}
	}
}

// backendRef notes one backend of a route. Those of other namespaces have to be granted there.
func (d *declarer) backendRef(from []End, o *inventory.Object, ref map[string]any, path finding.Path) {
	if kind := inventory.String(ref, "kind"); kind != "" && kind != "Service" || inventory.String(ref, "group") != "" {
		return
	}
	namespace, name := inventory.String(ref, "namespace"), inventory.String(ref, "name")
	if namespace == "" {
		namespace = o.Namespace
	}
	if namespace != o.Namespace && !d.granted(o, namespace, name) {
		d.unknown(Unresolved{From: o.String(), To: "Service " + namespace + "/" + name, Port: portOf(ref["port"]),
			Reason: "no ReferenceGrant in what was read lets the route lead to another namespace"})
		return
	}
	if ref["port"] == nil {
		return // the API server refuses it for Services
	}
	d.backend(from, o, path, namespace, name, ref["port"], "backend of "+o.String())
}

// granted says whether a ReferenceGrant lets a route lead to a Service of another namespace.
func (d *declarer) granted(o *inventory.Object, namespace, name string) bool {
	for _, grant := range d.inv.Of("gateway.networking.k8s.io", "ReferenceGrant") {
		if grant.Namespace != namespace {
			continue
		}
		from := slices.ContainsFunc(inventory.Maps(inventory.List(grant.Content, "spec", "from")), func(m map[string]any) bool {
			return inventory.String(m, "group") == "gateway.networking.k8s.io" && inventory.String(m, "kind") == o.Kind &&
				inventory.String(m, "namespace") == o.Namespace
		})
		to := slices.ContainsFunc(inventory.Maps(inventory.List(grant.Content, "spec", "to")), func(m map[string]any) bool {
			only := inventory.String(m, "name")
			return inventory.String(m, "group") == "" && inventory.String(m, "kind") == "Service" && (only == "" || only == name)
		})
		if from && to {
			return true
		}
	}
	return false
}

// openShiftRoute notes the backends of a Route of OpenShift. Its port is one of the endpoints, not of the Service.
func (d *declarer) openShiftRoute(o *inventory.Object) {
	from := d.forwarders(o, "the router of OpenShift")
	port := inventory.Map(o.Content, "spec", "port")["targetPort"]
	to := func(ref map[string]any, path finding.Path) {
		kind, name := inventory.String(ref, "kind"), inventory.String(ref, "name")
		if name == "" || kind != "" && kind != "Service" {
			return
		}
		n := portOf(port)
		if text, ok := port.(string); ok {
			n, _ = portNumber(text)
		}
		s := d.services.Get(o.Namespace, name)
		if s == nil || n == 0 {
			d.backend(from, o, path, o.Namespace, name, port, "backend of "+o.String())
			return
		}
		for _, p := range s.Ports {
			if slices.ContainsFunc(s.Backends, func(b service.Backend) bool { return slices.Contains(s.Targets(b, p), n) }) {
				for _, end := range from {
					d.toPort(end, s, p, dial{endpoints: true}, Evidence{Object: o, Path: path, What: "backend of " + o.String()})
				}
				return
			}
		}
		d.backend(from, o, path, o.Namespace, name, port, "backend of "+o.String())
	}
	to(inventory.Map(o.Content, "spec", "to"), specPath("to"))
	for i, item := range inventory.List(o.Content, "spec", "alternateBackends") {
		ref, _ := item.(map[string]any)
		to(ref, specPath("alternateBackends").Index(i))
	}
}

// specPath is a path below the spec of an object.
func specPath(fields ...string) finding.Path {
	p := finding.Path("spec")
	for _, f := range fields {
		p = p.Field(f)
	}
	return p
}
