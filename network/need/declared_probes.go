package need

import (
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// probes notes what the kubelet asks of the pods of a workload: probes, and hooks that are requests.
func (d *declarer) probes(w *sender) {
	if len(w.pods) == 0 {
		return
	}
	for i := range w.specs {
		for _, c := range w.specs[i].containers() {
			for _, probe := range []struct{ field, what string }{
				{"startupProbe", "startup probe"}, {"readinessProbe", "readiness probe"}, {"livenessProbe", "liveness probe"},
			} {
				d.handler(w, &w.specs[i], &c, probe.what, probe.field)
			}
			d.handler(w, &w.specs[i], &c, "hook after the start", "lifecycle", "postStart")
			d.handler(w, &w.specs[i], &c, "hook before the end", "lifecycle", "preStop")
		}
	}
}

// handler notes one request of the kubelet.
func (d *declarer) handler(w *sender, s *podSpec, c *container, what string, fields ...string) {
	handler := inventory.Map(c.content, fields...)
	for _, kind := range []string{"httpGet", "tcpSocket", "grpc"} {
		action, ok := handler[kind].(map[string]any)
		if !ok || inventory.String(action, "host") != "" { // another host than the pod
			continue
		}
		path := c.path
		for _, f := range fields {
			path = path.Field(f)
		}
		port := network.PortNumber(action["port"])
		if name, ok := action["port"].(string); ok {
			if port = c.named(name, network.TCP); port == 0 {
				if port, ok = portNumber(name); !ok {
					d.unknown(Unresolved{From: "the node of the pod", To: w.object.String(), Protocol: "TCP",
						Reason: "the " + what + " asks for a port by a name that the container does not have"})
				}
			}
		}
		to := End{Kind: Workload, Object: w.object, Peers: w.pods}
		d.need(ownNode(), to, network.TCP, port, nil, Evidence{
			Object: s.object, Path: path.Field(kind).Field("port"), What: what + " of container " + nameOr(c.name, "without a name"),
		})
	}
}
