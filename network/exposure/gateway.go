package exposure

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

const gatewayGroup = "gateway.networking.k8s.io"

// A routeKind is a kind of route of the Gateway API.
type routeKind struct {
	kind     string
	protocol network.Protocol
	// listeners are the protocols of listeners that it can be attached to.
	listeners []string
}

func routeKinds() []routeKind {
	return []routeKind{
		{"HTTPRoute", network.TCP, []string{"HTTP", "HTTPS"}},
		{"GRPCRoute", network.TCP, []string{"HTTP", "HTTPS"}},
		{"TLSRoute", network.TCP, []string{"TLS"}},
		{"TCPRoute", network.TCP, []string{"TCP", "TLS"}},
		{"UDPRoute", network.UDP, []string{"UDP"}},
	}
}

// findGateways finds what routes of the Gateway API lead to, from each Gateway that they are attached to.
func (f *finder) findGateways() {
	for _, kind := range routeKinds() {
		for _, o := range f.inv.Of(gatewayGroup, kind.kind) {
			done := map[[2]string]*Way{}
			for _, parent := range inventory.Maps(inventory.List(o.Content, "spec", "parentRefs")) {
				f.parent(o, kind, parent, done)
			}
		}
	}
}

// parent makes the way of a route through one Gateway. A route may name several listeners of it: done holds those ways.
func (f *finder) parent(o *inventory.Object, kind routeKind, parent map[string]any, done map[[2]string]*Way) {
	group, isSet := parent["group"].(string)
	if !isSet {
		group = gatewayGroup
	}
	what := inventory.String(parent, "kind")
	if group != gatewayGroup || what != "" && what != "Gateway" && !strings.HasSuffix(what, "ListenerSet") {
		return // a mesh: it routes between workloads
	}
	namespace := inventory.String(parent, "namespace")
	if namespace == "" {
		namespace = o.Namespace
	}
	name := inventory.String(parent, "name")
	w := &Way{Kind: Gateway, Object: o, Zone: Internet, Hosts: texts(inventory.List(o.Content, "spec", "hostnames"))}
	if what == "" || what == "Gateway" {
		w.Gateway = f.inv.Get(gatewayGroup, "Gateway", namespace, name)
	}
	s := unknownSender("it is not known which controller serves it")
	attached := yes
	switch {
	case w.Gateway != nil:
		var why string
		attached, why = f.attached(o, kind, parent, w.Gateway)
		switch attached {
		case no:
			w.refuse("%s", why)
		case maybe:
			w.Doubts = append(w.Doubts, why)
		}
		s = f.gatewaySender(w)
	case what != "" && what != "Gateway":
		w.Doubts = append(w.Doubts, what+" "+namespace+"/"+name+" is not understood here")
	default:
		w.Doubts = append(w.Doubts, "the Gateway "+namespace+"/"+name+" was not read")
	}
	at := [2]string{namespace, name}
	if old := done[at]; old != nil {
		if len(old.Doors) > 0 || attached == no {
			return
		}
		f.ways = slices.DeleteFunc(f.ways, func(x *Way) bool { return x == old })
	}
	done[at] = w
	f.narrow(w, s)
	if attached != no {
		f.through(w, s, func(like Door) { f.routeBackends(w, o, kind, like) })
	}
	f.add(w)
}

func texts(list []any) []string {
	var out []string
	for _, v := range list {
		if s, ok := v.(string); ok && s != "" {
			out = append(out, s)
		}
	}
	return out
}

// gatewaySender is who serves a Gateway: pods that are labelled with its name, or those of its controller.
func (f *finder) gatewaySender(w *Way) sender {
	g := w.Gateway
	class := inventory.String(g.Content, "spec", "gatewayClassName")
	controller := ""
	if c := f.inv.Get(gatewayGroup, "GatewayClass", "", class); c != nil {
		controller = inventory.String(c.Content, "spec", "controllerName")
	}
	annotations := inventory.Strings(inventory.Map(g.Content, "spec", "infrastructure", "annotations"))
	switch why := internalAnnotation(annotations); {
	case why != "":
		w.Zone, w.ZoneWhy = Private, why
	case strings.HasPrefix(class, "gke-l7-rilb"):
		w.Zone, w.ZoneWhy = Private, "the class "+class
	case inventory.String(inventory.Map(g.Content, "metadata", "annotations"), "networking.istio.io/service-type") == "ClusterIP":
		w.Zone, w.ZoneWhy = Private, "the annotation networking.istio.io/service-type"
	default:
		w.Zone, w.ZoneWhy = gatewayAddresses(g)
	}
	if peers := f.controllers.gateways[[2]string{g.Namespace, g.Name}]; len(peers) > 0 {
		return f.controllers.pods(peers)
	}
	return f.controllers.of(controller, class)
}

func gatewayAddresses(g *inventory.Object) (Zone, string) {
	var list []any
	for _, m := range inventory.Maps(inventory.List(g.Content, "status", "addresses")) {
		list = append(list, map[string]any{"ip": m["value"]})
	}
	return addressZone(list)
}

// routeBackends makes the doors to what a route names.
func (f *finder) routeBackends(w *Way, o *inventory.Object, kind routeKind, like Door) {
	one := func(ref map[string]any) {
		group, what := inventory.String(ref, "group"), inventory.String(ref, "kind")
		name, namespace := inventory.String(ref, "name"), inventory.String(ref, "namespace")
		if namespace == "" {
			namespace = o.Namespace
		}
		switch {
		case name == "":
			return
		case group != "" || what != "" && what != "Service":
			w.refuse("%s %s/%s is no Service: where it leads is not known", what, namespace, name)
			return
		}
		b := backend{name: name, port: ""}
		if n := network.PortNumber(ref["port"]); n != 0 {
			b.port = n
		}
		if namespace != o.Namespace {
			switch permitted, why := f.granted(o, namespace, name); permitted {
			case no:
				w.refuse("%s", why)
				return
			case maybe:
				w.refuse("%s", why)
				if !slices.Contains(w.Doubts, why) {
					w.Doubts = append(w.Doubts, why)
				}
			}
		}
		f.backendIn(w, namespace, kind.protocol, b, like)
	}
	for _, rule := range inventory.Maps(inventory.List(o.Content, "spec", "rules")) {
		mirrors(rule, one)
		for _, ref := range inventory.Maps(inventory.List(rule, "backendRefs")) {
			one(ref)
			mirrors(ref, one)
		}
	}
}

// mirrors are the Services that get a copy of requests.
func mirrors(m map[string]any, yield func(map[string]any)) {
	for _, filter := range inventory.Maps(inventory.List(m, "filters")) {
		if ref := inventory.Map(filter, "requestMirror", "backendRef"); ref != nil {
			yield(ref)
		}
	}
}

// granted says whether a ReferenceGrant of a namespace permits a route to name a Service there.
func (f *finder) granted(o *inventory.Object, namespace, name string) (t tri, why string) {
	for _, g := range f.inv.Of(gatewayGroup, "ReferenceGrant") {
		if g.Namespace != namespace {
			continue
		}
		from := slices.ContainsFunc(inventory.Maps(inventory.List(g.Content, "spec", "from")), func(m map[string]any) bool {
			return inventory.String(m, "group") == gatewayGroup && inventory.String(m, "kind") == o.Kind &&
				inventory.String(m, "namespace") == o.Namespace
		})
		to := slices.ContainsFunc(inventory.Maps(inventory.List(g.Content, "spec", "to")), func(m map[string]any) bool {
			only := inventory.String(m, "name")
			return inventory.String(m, "group") == "" && inventory.String(m, "kind") == "Service" && (only == "" || only == name)
		})
		if from && to {
			return yes, ""
		}
	}
	if gap, missing := f.inv.Incomplete(schema.GroupKind{Group: gatewayGroup, Kind: "ReferenceGrant"}); missing {
		return maybe, "ReferenceGrants may be missing: " + gap.Reason
	}
	return no, "no ReferenceGrant lets it name the Service " + namespace + "/" + name
}
