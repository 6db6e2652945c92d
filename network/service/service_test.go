package service_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/internal/inventorytest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/service"
)

const shop = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  template:
    metadata: {labels: {app: cart, tier: back}}
    spec:
      initContainers:
      - {name: mesh, restartPolicy: Always, ports: [{name: metrics, containerPort: 15090}]}
      - {name: setup, ports: [{name: http, containerPort: 1}]}
      containers:
      - {name: cart, ports: [{name: http, containerPort: 8080}, {name: dns, containerPort: 5353, protocol: UDP}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db-0, namespace: shop, labels: {app: db}}
spec: {containers: [{name: db, ports: [{name: pg, containerPort: 5432}]}]}
status: {podIP: 10.0.0.9}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart, tier: back}
  clusterIP: 10.96.0.7
  clusterIPs: [10.96.0.7, "fd00::7"]
  ports:
  - {name: web, port: 80, targetPort: http}
  - {name: metrics, port: 9090, targetPort: metrics}
  - {name: same, port: 8081}
  - {name: zero, port: 8082, targetPort: 0}
  - {name: dns, port: 53, protocol: UDP, targetPort: dns}
  - {name: none, port: 7, targetPort: nobody}
  - {name: bad, port: 700000}
  - {name: worse, port: 7, protocol: icmp}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 5000, targetPort: pg}]}
---
apiVersion: v1
kind: Service
metadata: {name: public, namespace: shop}
spec: {type: LoadBalancer, selector: {app: cart}, externalIPs: [192.0.2.1, junk], ports: [{port: 443, targetPort: 8443, nodePort: 30443}]}
status: {loadBalancer: {ingress: [{ip: 198.51.100.4}, {hostname: lb.example.com}]}}
---
apiVersion: v1
kind: Service
metadata: {name: old, namespace: shop}
spec: {type: ExternalName, externalName: Db.Example.COM.}
---
apiVersion: v1
kind: Service
metadata: {name: manual, namespace: shop}
spec: {ports: [{port: 3306}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: manual, namespace: shop}
subsets: [{addresses: [{ip: 203.0.113.5}, {ip: 10.0.0.9}], ports: [{port: 3306}]}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: manual-x, namespace: shop, labels: {kubernetes.io/service-name: manual}}
endpoints: [{addresses: [203.0.113.5, 10.0.0.9]}]
ports: [{port: 3306}]
---
apiVersion: v1
kind: Service
metadata: {name: odd, namespace: shop}
spec: {selector: {app: 7}, ports: {a: b}, clusterIP: 12}
---
apiVersion: v1
kind: Service
metadata: {name: none, namespace: shop}
spec: {selector: {app: nobody}}
`

func read(t *testing.T, text string) (*network.Map, *service.Services) {
	t.Helper()
	objects := inventorytest.Objects(t, "shop.yaml", text)
	inv := inventory.New(inventory.Source{}, time.Time{}, "", objects, nil)
	m := network.New(inv)
	return m, service.New(inv, m)
}

func describe(s *service.Service) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", s.Object.Name, s.Type)
	if s.Headless {
		b.WriteString(" headless")
	}
	if s.Host != "" {
		b.WriteString(" " + s.Host)
	}
	for _, a := range s.External {
		fmt.Fprintf(&b, " at %s", a)
	}
	for _, back := range s.Backends {
		fmt.Fprintf(&b, " -> %s", back.Peer)
		for _, p := range s.Ports {
			fmt.Fprintf(&b, " %s/%d:%v", p.Protocol, p.Port, s.Targets(back, p))
		}
	}
	for _, a := range s.Outside {
		fmt.Fprintf(&b, " -> %s", a)
	}
	return b.String()
}

func TestServices(t *testing.T) {
	_, services := read(t, shop)
	want := []string{
		"cart ClusterIP -> Deployment shop/cart TCP/80:[8080] TCP/9090:[15090] TCP/8081:[8081] TCP/8082:[8082] UDP/53:[5353] TCP/7:[]",
		"db ClusterIP headless -> Pod shop/db-0 TCP/5000:[5000 5432]",
		"manual ClusterIP -> Pod shop/db-0 TCP/3306:[3306] -> 203.0.113.5:3306",
		"none ClusterIP",
		"odd ClusterIP",
		"old ExternalName db.example.com",
		"public LoadBalancer at 192.0.2.1 at 198.51.100.4 -> Deployment shop/cart TCP/443:[8443]",
	}
	for i, s := range services.All() {
		if got := describe(s); i >= len(want) || got != want[i] {
			t.Errorf("service %d:\ngot  %s\nwant %v", i, got, want[min(i, len(want)-1)])
		}
	}
}

func TestNames(t *testing.T) {
	_, services := read(t, shop)
	for host, want := range map[string]string{
		"cart": "cart", "CART.shop": "cart", "cart.shop.svc": "cart", "cart.shop.svc.cluster.local.": "cart", "cart.shop.svc.corp.example": "cart",
		"db-0.db": "db", "db-0.db.shop": "db", "db-0.db.shop.svc.cluster.local": "db", "x.cart": "", "x.cart.shop": "", "cart.other": "",
		"svc": "", "a.svc": "", "": "", "www.example.com": "",
	} {
		got := ""
		if s := services.Named(host, "shop"); s != nil {
			got = s.Object.Name
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", host, got, want)
		}
	}
	if services.Named("cart", "other") != nil {
		t.Error("a short name of another namespace was found")
	}
}

func TestAddresses(t *testing.T) {
	_, services := read(t, shop)
	for address, want := range map[string]string{"10.96.0.7": "cart", "fd00::7": "cart", "::ffff:10.96.0.7": "cart", "198.51.100.4": "public", "10.0.0.9": ""} {
		got := ""
		for _, s := range services.At(netip.MustParseAddr(address)) {
			got += s.Object.Name
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
}

func TestPortsOfAService(t *testing.T) {
	_, services := read(t, shop)
	cart := services.Get("shop", "cart")
	if p := cart.ForPort(network.TCP, 80); p == nil || p.Name != "web" {
		t.Errorf("port 80: %v", p)
	}
	if p := cart.ForPort(network.UDP, 80); p != nil {
		t.Errorf("UDP 80: %v", p)
	}
	if p := cart.ForName("metrics"); p == nil || p.Port != 9090 {
		t.Errorf("metrics: %v", p)
	}
	if p := services.Get("shop", "db").ForName("anything"); p == nil || p.Port != 5000 {
		t.Errorf("the only port, without a name: %v", p)
	}
	if p := cart.ForTarget(cart.Backends[0], network.TCP, 8080); len(p) != 1 || p[0].Port != 80 {
		t.Errorf("to 8080: %v", p)
	}
}

// A Service that selects one of two pods which no policy tells apart leads to a part of their peer.
func TestPartOfAPeer(t *testing.T) {
	const pod = `
apiVersion: v1
kind: Pod
metadata: {name: %s, namespace: a, labels: {version: "%d"}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, controller: true, uid: u}]}
spec: {containers: [{name: c, ports: [{name: http, containerPort: %d}]}]}
`
	text := `
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web, namespace: a, uid: u}
spec: {template: {metadata: {labels: {app: web}}}}
---
apiVersion: v1
kind: Service
metadata: {name: first, namespace: a}
spec: {selector: {version: "1"}, ports: [{port: 80, targetPort: http}]}
---` + fmt.Sprintf(pod, "w1", 1, 8001) + "---" + fmt.Sprintf(pod, "w2", 2, 8002)
	_, services := read(t, text)
	first := services.Get("a", "first")
	if len(first.Backends) != 1 || !first.Backends[0].Some {
		t.Fatalf("backends: %+v", first.Backends)
	}
	if got := first.Targets(first.Backends[0], first.Ports[0]); len(got) != 1 || got[0] != 8001 {
		t.Errorf("targets: %v", got)
	}
}
