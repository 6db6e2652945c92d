package network_test

import (
	"testing"

	"github.com/plimsoll-io/plimsoll/network"
)

func TestGuard(t *testing.T) {
	m := askAll(t, parseObjects(t, []byte(`{kind: Namespace, apiVersion: v1, metadata: {name: a}}
---
{kind: Pod, apiVersion: v1, metadata: {namespace: a, name: web, labels: {app: web}}, spec: {}}
---
{kind: Pod, apiVersion: v1, metadata: {namespace: a, name: db, labels: {app: db}}, spec: {}}
---
{kind: Pod, apiVersion: v1, metadata: {namespace: a, name: host, labels: {app: db}}, spec: {hostNetwork: true}}
---
{kind: Pod, apiVersion: v1, metadata: {namespace: b, name: own, labels: {app: db}}, spec: {}}
---
{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {namespace: a, name: in}, spec: {podSelector: {matchLabels: {app: db}}}}
---
{kind: CiliumNetworkPolicy, apiVersion: cilium.io/v2, metadata: {namespace: b, name: x}, spec: {endpointSelector: {}}}
`)))
	for _, c := range []struct {
		namespace, name        string
		in, out                int
		isolated, unsure, open bool // of ingress
	}{
		{"a", "web", 0, 0, false, false, true},
		{"a", "db", 1, 0, true, false, false},
		{"a", "host", 0, 0, false, false, true},
		{"b", "own", 0, 0, false, true, false},
	} {
		p := m.Workload(c.namespace, "", c.name)[0]
		in, out := m.Guard(network.Ingress, p), m.Guard(network.Egress, p)
		if len(in.Policies) != c.in || len(out.Policies) != c.out || in.Isolated != c.isolated || in.Unsure != c.unsure || in.Open() != c.open {
			t.Errorf("%s/%s: %+v %+v", c.namespace, c.name, in, out)
		}
	}
}
