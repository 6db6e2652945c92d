package exposure

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// findIngresses finds what Ingresses lead to.
func (f *finder) findIngresses() {
	for _, o := range append(slices.Clone(f.inv.Of("networking.k8s.io", "Ingress")), f.inv.Of("extensions", "Ingress")...) {
		w := &Way{Kind: Ingress, Object: o, Zone: Internet}
		class, controller := f.ingressClass(o)
		if why := internalIngress(o, class, controller); why != "" {
			w.Zone, w.ZoneWhy = Private, why
		}
		s := f.controllers.of(controller, class)
		f.narrow(w, s)
		f.through(w, s, func(like Door) {
			for _, b := range ingressBackends(w, o) {
				f.backend(w, o, b, like)
			}
		})
		f.add(w)
	}
}

// narrow gives a way the zone of its sender, where that is smaller.
func (f *finder) narrow(w *Way, s sender) {
	if s.zone < w.Zone {
		w.Zone, w.ZoneWhy = s.zone, "only who reaches the addresses of the nodes can ask the controller"
		if s.zone == Private {
			w.ZoneWhy = "only the private network can ask the controller"
		}
	}
}

// ingressClass is the name of the class of an Ingress, and of its controller; both may be "".
func (f *finder) ingressClass(o *inventory.Object) (class, controller string) {
	class = o.Annotations()["kubernetes.io/ingress.class"]
	if name := inventory.String(o.Content, "spec", "ingressClassName"); name != "" {
		class = name
	}
	for _, c := range f.inv.Of("networking.k8s.io", "IngressClass") {
		isDefault := c.Annotations()["ingressclass.kubernetes.io/is-default-class"] == "true"
		if c.Name == class || class == "" && isDefault {
			return c.Name, inventory.String(c.Content, "spec", "controller")
		}
	}
	return class, ""
}

// internalIngress is why only a private network can ask the load balancer of an Ingress; "" when that is not so.
func internalIngress(o *inventory.Object, class, controller string) string {
	have := o.Annotations()
	const scheme, azure = "alb.ingress.kubernetes.io/scheme", "appgw.ingress.kubernetes.io/use-private-ip"
	isALB := strings.HasPrefix(controller, "ingress.k8s.aws/") || controller == "" && class == "alb"
	switch {
	case isALB && have[scheme] == "internal":
		return "the annotation " + scheme
	case strings.EqualFold(have[azure], "true"):
		return "the annotation " + azure
	case class == "gce-internal":
		return "the class gce-internal"
	}
	if zone, why := addressZone(inventory.List(o.Content, "status", "loadBalancer", "ingress")); zone == Private {
		return why
	}
	return ""
}

// A backend is a Service and a port of it, by number or name.
type backend struct {
	name   string
	port   any // nil: every port
	target bool
}

// ingressBackends are the Services that an Ingress names. Hosts and what cannot be followed it notes in the way.
func ingressBackends(w *Way, o *inventory.Object) []backend {
	var out []backend
	seen, hosts := map[backend]bool{}, map[string]bool{}
	add := func(m map[string]any) {
		switch b := readBackend(m); {
		case b.name != "":
			if !seen[b] {
				seen[b] = true
				out = append(out, b)
			}
		case inventory.Map(m, "resource") != nil:
			to := inventory.Map(m, "resource")
			w.refuse("%s %s is no Service: where it leads is not known", inventory.String(to, "kind"), inventory.String(to, "name"))
		}
	}
	spec := inventory.Map(o.Content, "spec")
	for _, field := range []string{"defaultBackend", "backend"} {
		if m := inventory.Map(spec, field); m != nil {
			add(m)
		}
	}
	for _, rule := range inventory.Maps(inventory.List(spec, "rules")) {
		if host := inventory.String(rule, "host"); host != "" && !hosts[host] {
			hosts[host] = true
			w.Hosts = append(w.Hosts, host)
		}
		for _, path := range inventory.Maps(inventory.List(rule, "http", "paths")) {
			add(inventory.Map(path, "backend"))
		}
	}
	return out
}

// readBackend reads a backend of networking.k8s.io/v1, or of the versions before it.
func readBackend(m map[string]any) backend {
	if s := inventory.Map(m, "service"); s != nil {
		b := backend{name: inventory.String(s, "name")}
		if name := inventory.String(s, "port", "name"); name != "" {
			b.port = name
		} else if n := network.PortNumber(inventory.Map(s, "port")["number"]); n != 0 {
			b.port = n
		} else {
			b.port = ""
		}
		return b
	}
	b := backend{name: inventory.String(m, "serviceName"), port: ""}
	if text, ok := m["servicePort"].(string); ok {
		b.port = text
	} else if n := network.PortNumber(m["servicePort"]); n != 0 {
		b.port = n
	}
	return b
}

func (w *Way) refuse(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(w.Refused, text) && len(w.Refused) < 20 {
		w.Refused = append(w.Refused, text)
	}
}

// backend makes the doors to a backend in the namespace of an object.
func (f *finder) backend(w *Way, o *inventory.Object, b backend, like Door) {
	f.backendIn(w, o.Namespace, network.TCP, b, like)
}

func (f *finder) backendIn(w *Way, namespace string, protocol network.Protocol, b backend, like Door) {
	s := f.services.Get(namespace, b.name)
	if s == nil {
		if gap, missing := f.inv.Incomplete(schema.GroupKind{Kind: "Service"}); missing {
			w.refuse("the Service %s/%s was not read: %s", namespace, b.name, gap.Reason)
		} else {
			w.refuse("there is no Service %s/%s", namespace, b.name)
		}
		return
	}
	if s.Type == service.ExternalName {
		w.refuse("the Service %s/%s stands for %s", namespace, b.name, s.Host)
		return
	}
	ports := backendPorts(s, protocol, b)
	if len(ports) == 0 && w.Kind == Ingress {
		ports = targetPorts(s, protocol, b)
		like.Doubt = fmt.Sprintf("%v is no port of the Service, but a target port: ingress-nginx takes it, others do not", b.port)
	}
	if len(ports) == 0 {
		w.refuse("the Service %s/%s has no port %v", namespace, b.name, b.port)
		return
	}
	if !slices.Contains(w.Services, s) {
		w.Services = append(w.Services, s)
	}
	for _, x := range s.Backends {
		for _, p := range ports {
			d := like
			d.Port = p.Port
			f.toPort(w, s, x, p, d)
		}
	}
}

// backendPorts are the ports of a Service that a backend means.
func backendPorts(s *service.Service, protocol network.Protocol, b backend) []service.Port {
	var out []service.Port
	for _, p := range s.Ports {
		switch port := b.port.(type) {
		case nil:
			out = append(out, p)
		case uint16:
			if p.Protocol == protocol && (!b.target && p.Port == port || b.target && targets(s, p, port)) {
				out = append(out, p)
			}
		case string:
			if port != "" && p.Name == port || port == "" && len(s.Ports) == 1 {
				out = append(out, p)
			}
		}
	}
	return out
}

// targetPorts are the ports of a Service whose target an Ingress names in place of the port: against the API, but the most
// common controller takes it.
//
// Source: https://github.com/kubernetes/ingress-nginx, the function serviceEndpoints of its controller.
func targetPorts(s *service.Service, protocol network.Protocol, b backend) []service.Port {
	var out []service.Port
	for _, p := range s.Ports {
		number, _ := b.port.(uint16)
		name, _ := b.port.(string)
		if p.Protocol == protocol && (number != 0 && p.TargetName == "" && p.Target == number || name != "" && p.TargetName == name) {
			out = append(out, p)
		}
	}
	return out
}

// targets says whether a port leads to a port of some pods.
func targets(s *service.Service, p service.Port, target uint16) bool {
	return slices.ContainsFunc(s.Backends, func(b service.Backend) bool { return slices.Contains(s.Targets(b, p), target) })
}
