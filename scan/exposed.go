package scan

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/exposure"
)

// exposedWorkloads finds the workloads that are reachable from outside: behind a NodePort or LoadBalancer Service, one
// with external IPs, or one that an Ingress or a route leads to. What policies surely deny is not reachable. Ports of hosts
// are left out: controls judge them by themselves.
func exposedWorkloads(facts *control.Facts) map[finding.Ref]finding.Reason {
	exposed := map[finding.Ref]finding.Reason{}
	if !anyWayIn(facts) {
		return exposed
	}
	e, known := facts.Exposure(), map[finding.Ref]bool{}
	for _, p := range facts.Network().Peers() {
		if p.External() {
			break
		}
		known[p.Object.Ref] = true
		for _, d := range e.Doors(p) {
			if d.Answer == network.Denied || d.Way.Kind == exposure.HostPort || d.Way.Kind == exposure.HostNetwork {
				continue
			}
			if _, has := exposed[p.Object.Ref]; !has {
				exposed[p.Object.Ref] = exposedBy(wayName(d.Way), d.Way.Object.Ref, d.Answer == network.Allowed)
			}
		}
	}
	exposeOthers(facts, e, known, exposed)
	return exposed
}

// anyWayIn says whether it is worth while to look: a model of the network costs more than to find that there is no way.
func anyWayIn(facts *control.Facts) bool {
	for _, gk := range facts.Kinds() {
		switch {
		case gk.Kind == "Ingress", gk.Kind == "Route" && gk.Group == "route.openshift.io", gk.Group == "gateway.networking.k8s.io":
			return true
		}
	}
	return slices.ContainsFunc(facts.Of("", "Service"), func(s *inventory.Object) bool {
		kind := inventory.String(s.Content, "spec", "type")
		return kind == "LoadBalancer" || kind == "NodePort" || len(inventory.List(s.Content, "spec", "externalIPs")) > 0
	})
}

func wayName(w *exposure.Way) string {
	switch w.Kind {
	case exposure.LoadBalancer, exposure.NodePort:
		return w.Kind.String() + " Service"
	}
	return w.Object.Kind
}

// exposeOthers finds workloads of which the network knows nothing: custom resources with a pod template.
func exposeOthers(facts *control.Facts, e *exposure.Exposure, known map[finding.Ref]bool, exposed map[finding.Ref]finding.Reason) {
	if len(facts.Settings.PodTemplates) == 0 {
		return
	}
	byNamespace := map[string][]control.Workload{}
	for _, w := range facts.Workloads() {
		if !known[w.Object.Ref] {
			byNamespace[w.Object.Namespace] = append(byNamespace[w.Object.Namespace], w)
		}
	}
	for _, way := range e.Ways() {
		for _, s := range way.Services {
			selector := inventory.Strings(inventory.Map(s.Object.Content, "spec", "selector"))
			for _, w := range byNamespace[s.Object.Namespace] {
				if _, has := exposed[w.Object.Ref]; !has && len(selector) > 0 && subset(selector, inventory.Map(w.Meta, "labels")) {
					exposed[w.Object.Ref] = exposedBy(wayName(way), way.Object.Ref, true)
				}
			}
		}
	}
}

func subset(selector map[string]string, labels map[string]any) bool {
	for k, v := range selector {
		if have, _ := labels[k].(string); have != v {
			return false
		}
	}
	return true
}
