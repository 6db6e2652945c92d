package namespaces

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// network says where pods are not isolated. Denying by default breaks what nobody has allowed, so that it is a plan of its
// own, made from what was seen.
func (p *planner) network() {
	policy := schema.GroupKind{Group: "networking.k8s.io", Kind: "NetworkPolicy"}
	denied := map[string]map[string]bool{}
	for _, o := range p.inv.Of(policy.Group, policy.Kind) {
		spec := inventory.Map(o.Content, "spec")
		if selector := inventory.Map(spec, "podSelector"); len(inventory.Map(selector, "matchLabels")) > 0 || len(inventory.List(selector, "matchExpressions")) > 0 {
			continue
		}
		if denied[o.Namespace] == nil {
			denied[o.Namespace] = map[string]bool{}
		}
		for _, d := range directions(spec) {
			denied[o.Namespace][d] = true
		}
	}
	var open []string
	for _, ns := range p.list {
		if ns.System == "" && len(p.workloads[ns.Name]) > 0 && len(denied[ns.Name]) < 2 && p.gap(ns.Name, policy) == "" {
			open = append(open, ns.Name)
		}
	}
	if len(open) > 0 {
		p.decide(finding.Ref{}, "Which connections do these namespaces need? Their pods are not isolated in both directions: "+someOf(open),
			"plimsoll harden network --flows FILE writes policies that deny the rest, together with what was seen and declared; to deny "+
				"without these breaks what runs")
	}
}

// directions are what a policy isolates pods in: as its types say, else ingress, and egress where it has such rules.
func directions(spec map[string]any) []string {
	var out []string
	for _, item := range inventory.List(spec, "policyTypes") {
		if name, ok := item.(string); ok {
			out = append(out, strings.ToLower(name))
		}
	}
	if len(out) == 0 {
		out = append(out, "ingress")
		if len(inventory.List(spec, "egress")) > 0 {
			out = append(out, "egress")
		}
	}
	return out
}
