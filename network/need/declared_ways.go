package need

import (
	"cmp"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/exposure"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// waysIn notes what the outside is let in to: by Services with addresses of their own, Ingresses and routes.
func (d *declarer) waysIn() {
	for _, w := range exposure.New(d.inv, d.network, d.services).Ways() {
		switch {
		case w.Kind == exposure.HostPort || w.Kind == exposure.HostNetwork: // those do not say who uses them
		case w.Kind == exposure.NodePort && inventory.String(w.Object.Content, "spec", "type") == service.LoadBalancer:
			// Its node ports are for the load balancer.
		default:
			d.way(w)
		}
	}
}

func (d *declarer) way(w *exposure.Way) {
	path, what := declaration(w)
	because := Evidence{Object: w.Object, Path: path, What: what}
	for _, door := range w.Doors {
		if w.Kind.Proxied() && !isEndpoint(door) {
			continue
		}
		for _, from := range d.senders(w, door) {
			for _, to := range endsOf([]*network.Peer{door.Peer}) {
				d.need(from, to, door.Protocol, door.Target, door.Service, because)
			}
		}
	}
	for _, reason := range w.Refused {
		d.unknown(Unresolved{From: w.Object.String(), To: "a backend", Reason: reason})
	}
	for _, s := range w.Services {
		if len(s.Backends) == 0 && len(s.Outside) == 0 {
			d.unknown(Unresolved{From: w.Object.String(), To: s.Object.String(), Reason: "the Service selects no pods in what was read"})
		}
	}
}

// isEndpoint says that a door is at a port of the pods that endpoints tell, which is what controllers connect to: the port of
// a headless Service alone is none.
func isEndpoint(door *exposure.Door) bool {
	s := door.Service
	if s == nil || !s.Headless {
		return true
	}
	for _, b := range s.Backends {
		for _, p := range s.Ports {
			if b.Peer == door.Peer && p.Port == door.Port && slices.Contains(dial{endpoints: true}.targets(s, b, p), door.Target) {
				return true
			}
		}
	}
	return false
}

// declaration is where an object declares a way, and what that is.
func declaration(w *exposure.Way) (path finding.Path, what string) {
	switch w.Kind {
	case exposure.LoadBalancer, exposure.NodePort:
		return "spec.type", "Service of type " + w.Kind.String()
	case exposure.ExternalIP:
		return "spec.externalIPs", "external addresses of the Service"
	}
	return "spec", "backend of " + w.Object.String()
}

// senders are the ends that policies see before a door.
func (d *declarer) senders(w *exposure.Way, door *exposure.Door) []End {
	switch door.Sender {
	case exposure.Controller:
		return endsOf(door.Senders)
	case exposure.SomePods:
		return []End{{Kind: Gateway, Names: gatewayNames(w)}}
	}
	return []End{{Kind: Outside, Addresses: disjoint(slices.Clone(w.Sources))}}
}

// gatewayNames say who forwards requests, as far as it is known.
func gatewayNames(w *exposure.Way) []string {
	switch {
	case w.Kind == exposure.OpenShiftRoute:
		return []string{"the router of OpenShift"}
	case w.Gateway != nil:
		return []string{"Gateway " + w.Gateway.Namespace + "/" + w.Gateway.Name}
	case w.Kind == exposure.Gateway:
		if refs := inventory.Maps(inventory.List(w.Object.Content, "spec", "parentRefs")); len(refs) == 1 {
			namespace := cmp.Or(inventory.String(refs[0], "namespace"), w.Object.Namespace)
			return []string{"Gateway " + namespace + "/" + inventory.String(refs[0], "name")}
		}
	case w.Kind == exposure.Ingress:
		class := inventory.String(w.Object.Content, "spec", "ingressClassName")
		if class == "" {
			class = w.Object.Annotations()["kubernetes.io/ingress.class"]
		}
		if class != "" {
			return []string{"ingress class " + class}
		}
	}
	return nil
}
