package network

import (
	"fmt"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/exposure"
	"github.com/plimsoll-io/plimsoll/network/service"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

const exposureSample = `
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: edge, labels: {role: edge}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: nginx, namespace: edge}, spec: {template: {metadata: {labels: {app: nginx}}, spec: {containers: [{name: c, image: registry.k8s.io/ingress-nginx/controller:v1.12.0, ports: [{containerPort: 443}]}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: nginx, namespace: edge}, spec: {type: LoadBalancer, selector: {app: nginx}, ports: [{port: 443}]}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent, namespace: edge}, spec: {template: {metadata: {labels: {app: agent}}, spec: {hostNetwork: true, containers: [{name: c, image: agent, ports: [{containerPort: 9100}]}]}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: web, ports: [{name: http, containerPort: 8080}]}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, namespace: shop}, spec: {ingressClassName: nginx, rules: [{host: shop.example, http: {paths: [{backend: {service: {name: web, port: {number: 80}}}}, {backend: {service: {name: gone, port: {number: 80}}}}]}}]}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: api, namespace: shop}, spec: {template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c, image: api}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: api, namespace: shop}, spec: {type: NodePort, externalTrafficPolicy: Local, selector: {app: api}, ports: [{port: 80, nodePort: 30080, targetPort: 8443}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: partners, namespace: shop}, spec: {type: LoadBalancer, loadBalancerSourceRanges: [198.51.100.0/24], selector: {app: api}, ports: [{port: 443, targetPort: 8443}]}}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: shop}, spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, image: db}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: db, namespace: shop}, spec: {type: LoadBalancer, selector: {app: db}, ports: [{port: 5432}]}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: mail, namespace: shop}, spec: {template: {metadata: {labels: {app: mail}}, spec: {containers: [{name: c, image: mail}]}}}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: shop}, spec: {podSelector: {}, policyTypes: [Ingress, Egress], egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [{port: 53}, {port: 53, protocol: UDP}]}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web, namespace: shop}, spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {role: edge}}}], ports: [{port: http}]}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: api, namespace: shop}, spec: {podSelector: {matchLabels: {app: api}}, ingress: [{from: [{ipBlock: {cidr: 198.51.100.0/24}}]}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: db, namespace: shop}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: api}}}, {podSelector: {}, namespaceSelector: {matchLabels: {team: data}}}], ports: [{port: 5432}]}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: mail, namespace: shop}, spec: {podSelector: {matchLabels: {app: mail}}, ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 25}]}]}}
`

func exposureOf(inv *inventory.Inventory, namespace string) *answer.Document {
	m := network.New(inv)
	e := exposure.New(inv, m, service.New(inv, m))
	return ExposureOf(HeaderOf("Exposure", inv, m, service.Reads, exposure.Reads), e, namespace)
}

func TestExposureGolden(t *testing.T) {
	d := exposureOf(inventoryOf(t, exposureSample), "")
	answertest.Check(t, "exposure", d)
	out := map[string]string{
		"exposure.md": answertest.Render(t, "markdown", d, report.Options{}), "exposure.csv": answertest.Render(t, "csv", d, report.Options{}),
		"exposure.json":     answertest.Render(t, "json", d, report.Options{}),
		"exposure-edge.txt": answertest.Render(t, "table", exposureOf(inventoryOf(t, exposureSample), "edge"), report.Options{Width: 120}),
	}
	for _, width := range []int{40, 80, 160} {
		out[fmt.Sprintf("exposure-%d.txt", width)] = answertest.Render(t, "table", d, report.Options{Width: width})
	}
	for name, got := range out {
		answertest.Golden(t, name, got, *update)
	}
}

// Names of every kind stand where the answer shows them, and no format stumbles.
func TestExposureHostile(t *testing.T) {
	answertest.Check(t, "empty", exposureOf(inventory.New(inventory.Source{Kind: "files", Names: []string{"x"}}, time.Time{}, "", nil, nil), ""))
	for _, name := range answertest.Hostile() {
		object := func(apiVersion, kind, called string, content map[string]any) *inventory.Object {
			content["apiVersion"], content["kind"] = apiVersion, kind
			return &inventory.Object{Ref: finding.Ref{APIVersion: apiVersion, Kind: kind, Namespace: "a" + name, Name: called + name}, Content: content}
		}
		labels := map[string]any{"app" + name: name}
		pod := map[string]any{"metadata": map[string]any{"labels": labels}, "spec": map[string]any{"containers": []any{map[string]any{"image": name, "ports": []any{map[string]any{"containerPort": int64(80), "name": name}}}}}}
		port := []any{map[string]any{"port": int64(80), "name": name}}
		backend := map[string]any{"service": map[string]any{"name": "s" + name, "port": map[string]any{"name": name}}}
		inv := inventory.New(inventory.Source{Kind: "files", Names: []string{name}}, time.Time{}, name, []*inventory.Object{
			object("v1", "Pod", "p", pod),
			object("v1", "Service", "s", map[string]any{"spec": map[string]any{"type": "LoadBalancer", "selector": labels, "ports": port}}),
			object("networking.k8s.io/v1", "Ingress", "i", map[string]any{"spec": map[string]any{"ingressClassName": name, "defaultBackend": backend,
				"rules": []any{map[string]any{"host": name, "http": map[string]any{"paths": []any{map[string]any{"backend": map[string]any{"service": map[string]any{"name": name}}},
					map[string]any{"backend": map[string]any{"resource": map[string]any{"kind": name, "name": name}}}}}}}}}),
			object("gateway.networking.k8s.io/v1", "HTTPRoute", "r", map[string]any{"spec": map[string]any{"hostnames": []any{name},
				"parentRefs": []any{map[string]any{"name": name}}, "rules": []any{map[string]any{"backendRefs": []any{map[string]any{"name": "s" + name, "port": int64(80)}}}}}}),
			object("networking.k8s.io/v1", "NetworkPolicy", "n", map[string]any{"spec": map[string]any{"podSelector": map[string]any{}, "ingress": []any{
				map[string]any{"from": []any{map[string]any{"podSelector": map[string]any{"matchLabels": labels}, "namespaceSelector": map[string]any{"matchLabels": labels}}}}}}}),
		}, []inventory.Gap{{Kind: "Ingress", Group: "networking.k8s.io", Reason: name}})
		answertest.Check(t, fmt.Sprintf("%.20q", name), exposureOf(inv, ""))
	}
}
