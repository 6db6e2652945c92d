package network

import (
	"fmt"
	"testing"

	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

// unclear has pods of one workload that differ, the host network, and a policy that is not understood.
const unclear = shopWithIngress + "---\n" + diffPolicy + `
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: queue, namespace: jobs}, spec: {template: {metadata: {labels: {app: queue}}, spec: {containers: [{name: c}]}}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: queue-0, namespace: jobs, labels: {app: queue, role: leader},
  ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: queue, controller: true}]}, spec: {nodeName: n1, containers: [{name: c}]}, status: {phase: Running, podIP: 10.0.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {name: queue-1, namespace: jobs, labels: {app: queue, role: follower},
  ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: queue, controller: true}]}, spec: {nodeName: n1, containers: [{name: c}]}, status: {phase: Running, podIP: 10.0.0.2}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: leader, namespace: jobs},
  spec: {podSelector: {matchLabels: {role: leader}}, ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 6379}]}]}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent, namespace: jobs}, spec: {template: {spec: {hostNetwork: true, containers: [{name: c}]}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: api, namespace: edge}, spec: {template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c}]}}}}
---
{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: api, namespace: edge}, spec: {endpointSelector: {matchLabels: {app: api}}}}
---
{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: no-metrics}, spec: {priority: 5, subject: {namespaces: {}},
  ingress: [{name: metrics, action: Deny, from: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: edge}}}], ports: [{portNumber: {protocol: TCP, port: 9100}}]}]}}
`

// TestConnectivityGolden holds what people read at three widths to files.
func TestConnectivityGolden(t *testing.T) {
	inv := inventoryOf(t, unclear)
	m := network.New(inv)
	docs := map[string]*answer.Document{
		"connectivity": withWays(inv, ByWorkload), "connectivity-namespace": withWays(inv, ByNamespace), "connectivity-class": withWays(inv, ByClass),
	}
	for name, ends := range map[string][4]string{
		"explain-admin": {"edge", "api", "shop", "web"}, "explain-split": {"shop", "web", "jobs", "queue"}, "explain-unknown": {"shop", "web", "edge", "api"},
	} {
		a := Asking{From: ends[0] + "/" + ends[1], To: ends[2] + "/" + ends[3]}
		for _, p := range m.Workload(ends[0], "", ends[1]) {
			for _, q := range m.Workload(ends[2], "", ends[3]) {
				a.Questions = append(a.Questions, Question{From: p, To: q, Ports: network.PortRange(network.TCP, network.Range{First: 6379, Last: 9100})})
			}
		}
		docs[name], _ = Explain(HeaderOf("Explanation", inv, m), m, a)
	}
	for name, d := range docs {
		answertest.Check(t, name, d)
		answertest.Golden(t, name+".csv", answertest.Render(t, "csv", d, report.Options{}), *update)
		for _, width := range []int{40, 80, 160} {
			answertest.Golden(t, fmt.Sprintf("%s-%d.txt", name, width), answertest.Render(t, "table", d, report.Options{Width: width}), *update)
		}
	}
	g := withWays(inv, ByWorkload)
	answertest.Golden(t, "connectivity.mmd", answertest.Render(t, "mermaid", g, report.Options{}), *update)
}
