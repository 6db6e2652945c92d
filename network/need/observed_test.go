package need_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/flow"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// observe reads objects and a flow log.
func observe(t testing.TB, objects, log string) *need.Needs {
	t.Helper()
	c, err := flow.Collect(context.Background(), []flow.Input{flow.FromReader("flows", strings.NewReader(log))}, flow.CollectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return resolve(t, objects, "cluster", c)
}

func resolve(t testing.TB, objects, source string, c *flow.Collection) *need.Needs {
	t.Helper()
	list, gaps := manifest.ReadBytes("objects.yaml", []byte(objects), manifest.Options{})
	if len(gaps) > 0 {
		t.Fatal(gaps)
	}
	inv := inventory.New(inventory.Source{Kind: source}, time.Time{}, "", list, nil)
	m := network.New(inv)
	return need.Observed(c, inv, m, service.New(inv, m))
}

// describe writes needs as lines.
func describe(n *need.Needs) string {
	var b strings.Builder
	list := func(word string, needs []need.Need) {
		for _, n := range needs {
			fmt.Fprintf(&b, "%s %s -> %s %s %d", word, n.From, n.To, n.Protocol, n.Port)
			if n.Service != nil {
				fmt.Fprintf(&b, " as %s", n.Service.Object.Name)
			}
			for _, e := range n.Evidence {
				fmt.Fprintf(&b, " [%d %s]", e.Flows, e.What)
			}
			b.WriteByte('\n')
		}
	}
	list("need", n.List)
	list("denied", n.Denied)
	for _, u := range n.Unresolved {
		gone := ""
		if u.Gone {
			gone = " (gone)"
		}
		fmt.Fprintf(&b, "unresolved %s -> %s %s %d: %s%s\n", u.From, u.To, u.Protocol, u.Port, u.Reason, gone)
	}
	if n.Beyond > 0 {
		fmt.Fprintf(&b, "beyond %d\n", n.Beyond)
	}
	return b.String()
}

const shop = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec: {template: {metadata: {labels: {app: cart}}, spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {selector: {app: cart}, clusterIP: 10.96.0.7, ports: [{port: 80, targetPort: http}]}
`

func TestObservedFirst(t *testing.T) {
	got := describe(observe(t, shop, `source,destination,port
shop/web,cart.shop.svc.cluster.local,80
shop/web-7d4f9bbbcd-x2x4z,10.96.0.7,80
shop/ReplicaSet/web-7d4f9bbbcd,shop/cart,8080
shop/web,203.0.113.5,443
shop/old-7d4,shop/cart,8080
`))
	t.Log(got)
}
