package exposure

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// findRoutes finds what OpenShift Routes lead to.
func (f *finder) findRoutes() {
	for _, o := range f.inv.Of("route.openshift.io", "Route") {
		w := &Way{Kind: OpenShiftRoute, Object: o, Zone: Internet}
		spec := inventory.Map(o.Content, "spec")
		if host := inventory.String(spec, "host"); host != "" {
			w.Hosts = []string{host}
		}
		s := f.controllers.of("openshift.io/", "")
		f.narrow(w, s)
		targets := append([]map[string]any{inventory.Map(spec, "to")}, inventory.Maps(inventory.List(spec, "alternateBackends"))...)
		f.through(w, s, func(like Door) {
			var done []string
			for _, to := range targets {
				name, kind := inventory.String(to, "name"), inventory.String(to, "kind")
				if name == "" || kind != "" && kind != "Service" || slices.Contains(done, name) {
					continue
				}
				done = append(done, name)
				f.backend(w, o, routeBackend(spec, name), like)
			}
		})
		f.add(w)
	}
}

// routeBackend is the port of a Route: a number is that of the pods, a name that of a port of the Service; without one all
// ports of the Service are served.
func routeBackend(spec map[string]any, name string) backend {
	b := backend{name: name}
	switch port := inventory.Map(spec, "port")["targetPort"].(type) {
	case string:
		if port != "" {
			b.port = port
		}
	default:
		if n := network.PortNumber(port); n != 0 {
			b.port, b.target = n, true
		}
	}
	return b
}
