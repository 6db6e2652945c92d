package scan

import (
	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// exposedWorkloads finds the workloads whose pods are reachable from outside: behind a NodePort or LoadBalancer
// Service, one with external IPs, or one that an Ingress or HTTPRoute names. What policies then block is the
// network room's business; here exposure only raises a severity.
func exposedWorkloads(facts *control.Facts) map[finding.Ref]finding.Reason {
	outside := exposedServices(facts)
	exposed := map[finding.Ref]finding.Reason{}
	if len(outside) == 0 {
		return exposed
	}
	byNamespace := map[string][]control.Workload{}
	for _, w := range facts.Workloads() {
		byNamespace[w.Object.Namespace] = append(byNamespace[w.Object.Namespace], w)
	}
	for _, e := range outside {
		selector := inventory.Strings(inventory.Map(e.service.Content, "spec", "selector"))
		if len(selector) == 0 {
			continue
		}
		for _, w := range byNamespace[e.service.Namespace] {
			if _, known := exposed[w.Object.Ref]; !known && subset(selector, inventory.Map(w.Meta, "labels")) {
				exposed[w.Object.Ref] = e.reason
			}
		}
	}
	return exposed
}

type exposedService struct {
	service *inventory.Object
	reason  finding.Reason
}

func exposedServices(facts *control.Facts) []exposedService {
	var out []exposedService
	for _, s := range facts.Of("", "Service") {
		kind := inventory.String(s.Content, "spec", "type")
		if kind == "LoadBalancer" || kind == "NodePort" || len(inventory.List(s.Content, "spec", "externalIPs")) > 0 {
			how := "Service"
			if kind != "" {
				how = kind + " Service"
			}
			out = append(out, exposedService{s, exposure(how, s.Ref)})
		}
	}
	for _, ingress := range facts.Of("networking.k8s.io", "Ingress") {
		for _, name := range ingressBackends(ingress) {
			if s := facts.Get("", "Service", ingress.Namespace, name); s != nil {
				out = append(out, exposedService{s, exposure("Ingress", ingress.Ref)})
			}
		}
	}
	for _, route := range facts.Of("gateway.networking.k8s.io", "HTTPRoute") {
		for _, s := range routeBackends(facts, route) {
			out = append(out, exposedService{s, exposure("HTTPRoute", route.Ref)})
		}
	}
	return out
}

func ingressBackends(ingress *inventory.Object) []string {
	names := []string{inventory.String(ingress.Content, "spec", "defaultBackend", "service", "name")}
	for _, rule := range inventory.Maps(inventory.List(ingress.Content, "spec", "rules")) {
		for _, path := range inventory.Maps(inventory.List(rule, "http", "paths")) {
			names = append(names, inventory.String(path, "backend", "service", "name"))
		}
	}
	return names
}

func routeBackends(facts *control.Facts, route *inventory.Object) []*inventory.Object {
	var out []*inventory.Object
	for _, rule := range inventory.Maps(inventory.List(route.Content, "spec", "rules")) {
		for _, ref := range inventory.Maps(inventory.List(rule, "backendRefs")) {
			namespace := inventory.String(ref, "namespace")
			if namespace == "" {
				namespace = route.Namespace
			}
			if s := facts.Get("", "Service", namespace, inventory.String(ref, "name")); s != nil {
				out = append(out, s)
			}
		}
	}
	return out
}

func subset(selector map[string]string, labels map[string]any) bool {
	for k, v := range selector {
		if have, _ := labels[k].(string); have != v {
			return false
		}
	}
	return true
}
