package conformance

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/exposure"
	"github.com/plimsoll-io/plimsoll/network/service"
)

const ingressController = "{ingress-controller}"

// fromController is what an ingress controller of unknown place and labels can send to whom.
func fromController(inv *inventory.Inventory, asked network.Ports) *connTable {
	m := network.New(inv)
	out := newConnTable()
	for _, f := range exposure.New(inv, m, service.New(inv, m)).FromControllers() {
		out.add(ingressController, analyzerName(f.To), f.Plain.Intersect(asked))
	}
	return out
}

// A controllerCase is the objects of a case with a pod that stands for the ingress controller: of a namespace of its own,
// without labels.
type controllerCase struct {
	m   *network.Map
	pod *network.Peer
	// ways are the ports that Ingresses and Routes lead to, whatever policies say.
	ways map[*network.Peer]network.Ports
}

func withController(inv *inventory.Inventory) controllerCase {
	const name = "guest"
	objects := slices.Concat(inv.All(), []*inventory.Object{guestObject("Namespace", "", name, nil), guestObject("Pod", name, name, nil)})
	inv = inventory.New(inv.Source, inv.Taken, inv.Version, objects, inv.Gaps)
	c := controllerCase{m: network.New(inv), ways: map[*network.Peer]network.Ports{}}
	c.pod = c.m.Workload(name, "Pod", name)[0]
	for _, way := range exposure.New(inv, c.m, service.New(inv, c.m)).Ways() {
		for _, door := range way.Doors {
			if way.Kind.Proxied() && door.Target != 0 && door.Doubt == "" {
				c.ways[door.Peer] = c.ways[door.Peer].Union(network.OnePort(door.Protocol, door.Target))
			}
		}
	}
	return c
}

func guestObject(kind, namespace, name string, labels map[string]string) *inventory.Object {
	all := map[string]any{}
	for k, v := range labels {
		all[k] = v
	}
	metadata := map[string]any{"name": name, "labels": all}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	return &inventory.Object{
		Ref:     finding.Ref{Kind: kind, Namespace: namespace, Name: name},
		Content: map[string]any{"apiVersion": "v1", "kind": kind, "metadata": metadata},
	}
}
