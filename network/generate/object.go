package generate

import (
	"fmt"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

const apiVersion = "networking.k8s.io/v1"

// Inventory is the policy as an object of an inventory.
func (p *Policy) Inventory() *inventory.Object {
	return &inventory.Object{
		Ref:     finding.Ref{APIVersion: apiVersion, Kind: "NetworkPolicy", Namespace: p.Namespace, Name: p.Name},
		Content: p.Object(),
	}
}

// Object is the policy as JSON decodes it.
func (p *Policy) Object() map[string]any {
	spec := map[string]any{"podSelector": p.Selector.object()}
	var types []any
	for _, d := range p.Directions {
		types = append(types, PolicyType(d))
		if len(p.Rules) > 0 {
			peers := map[network.Direction]string{network.Ingress: "from", network.Egress: "to"}[d]
			var rules []any
			for i := range p.Rules {
				rules = append(rules, p.Rules[i].object(peers))
			}
			spec[d.String()] = rules
		}
	}
	spec["policyTypes"] = types
	meta := map[string]any{"name": p.Name, "namespace": p.Namespace, "labels": anyMap(p.Labels), "annotations": anyMap(p.Annotations)}
	return map[string]any{"apiVersion": apiVersion, "kind": "NetworkPolicy", "metadata": meta, "spec": spec}
}

// PolicyType is how a policy calls a direction.
func PolicyType(d network.Direction) string {
	return map[network.Direction]string{network.Ingress: "Ingress", network.Egress: "Egress"}[d]
}

func (r *Rule) object(peersField string) map[string]any {
	var peers, ports []any
	for _, p := range r.Peers {
		peers = append(peers, p.object())
	}
	for _, p := range r.Ports {
		one := map[string]any{"protocol": p.Protocol.String(), "port": int64(p.First)}
		if p.Last > p.First {
			one["endPort"] = int64(p.Last)
		}
		ports = append(ports, one)
	}
	return map[string]any{peersField: peers, "ports": ports}
}

// NamespaceName is the label by which policies name a namespace; the API server keeps it on each.
const NamespaceName = "kubernetes.io/metadata.name"

func (p *Peer) object() map[string]any {
	if p.Block.IsValid() {
		return map[string]any{"ipBlock": map[string]any{"cidr": p.Block.String()}}
	}
	out := map[string]any{}
	switch p.Namespace {
	case "":
	case Everywhere:
		out["namespaceSelector"] = map[string]any{}
	default:
		out["namespaceSelector"] = map[string]any{"matchLabels": map[string]any{NamespaceName: p.Namespace}}
	}
	if p.Namespace == "" || !p.Selector.All() {
		out["podSelector"] = p.Selector.object()
	}
	return out
}

func (s Selector) object() map[string]any {
	out := map[string]any{}
	if len(s.Labels) > 0 {
		out["matchLabels"] = anyMap(s.Labels)
	}
	var absent []any
	for _, k := range s.Absent {
		absent = append(absent, map[string]any{"key": k, "operator": "DoesNotExist"})
	}
	if len(absent) > 0 {
		out["matchExpressions"] = absent
	}
	return out
}

func anyMap(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// String is how people write a port: "TCP 80", "UDP 8000-8010".
func (p Port) String() string {
	if p.Last > p.First {
		return fmt.Sprintf("%s %d-%d", p.Protocol, p.First, p.Last)
	}
	return fmt.Sprintf("%s %d", p.Protocol, p.First)
}
