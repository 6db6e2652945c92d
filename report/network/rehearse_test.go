package network

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	flowlog "github.com/plimsoll-io/plimsoll/network/flow"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/rehearse"
	"github.com/plimsoll-io/plimsoll/network/service"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

const rehearsed = diffWorkloads + `
{apiVersion: v1, kind: Service, metadata: {name: db, namespace: shop}, spec: {selector: {app: db}, ports: [{port: 5432}]}}
---
{apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly, namespace: shop}, spec: {schedule: "0 3 * * *", jobTemplate: {spec: {template: {metadata: {labels: {app: nightly}}, spec: {containers: [{name: c}]}}}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: api, namespace: edge}, spec: {template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c}]}}}}
---
`

const proposedSet = diffPolicy + `
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web, namespace: shop}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}, {to: [{podSelector: {matchLabels: {app: cache}}}]}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: nobody, namespace: shop}, spec: {podSelector: {matchLabels: {app: nobody}}, ingress: [{}]}}
---
{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: api, namespace: edge}, spec: {endpointSelector: {matchLabels: {app: api}}}}
`

const observed = `source,destination,port,protocol,time,count,verdict
shop/web,db.shop.svc,5432,TCP,2026-03-02T09:15:04Z,812,
edge/api,shop/db,5432,TCP,2026-03-02T09:20:04Z,41,
shop/web,203.0.113.5,443,TCP,2026-03-02T09:15:04Z,3,
shop/web,203.0.113.6,443,TCP,2026-03-02T09:18:04Z,2,
shop/web,203.0.113.7,443,TCP,2026-03-02T09:17:04Z,2,
shop/web,edge/api,8080,TCP,2026-03-02T09:16:04Z,9,
shop/old-7d4,edge/api,8080,TCP,2026-03-02T09:16:04Z,9,
shop/db,edge/api,8080,TCP,2026-03-02T09:16:04Z,9,
shop/db,edge/api,,ICMP,2026-03-02T09:16:04Z,9,
shop/db,edge/api,9090,TCP,2026-03-02T10:16:04Z,9,deny
192.0.2.1,198.51.100.1,9090,TCP,2026-03-02T10:16:04Z,9,
`

// rehearsalFor plays a log. Names get an ending that formats may stumble over.
func rehearsalFor(t testing.TB, log, ending string) *answer.Document {
	t.Helper()
	c, err := flowlog.Collect(context.Background(), []flowlog.Input{flowlog.FromReader("flows.csv", strings.NewReader(log))}, flowlog.CollectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	inv, proposed := inventoryOf(t, rehearsed), inventoryOf(t, rehearsed+proposedSet)
	if ending != "" {
		inv, proposed = renamed(inv, ending), renamed(proposed, ending)
		for i := range c.Connections {
			for _, p := range []*flowlog.Peer{&c.Connections[i].Source, &c.Connections[i].Destination} {
				if p.Namespace != "" {
					p.Namespace, p.Workload.Name = p.Namespace+ending, p.Workload.Name+ending
				}
			}
			if s := &c.Connections[i].Service; s.Name != "" {
				s.Name, s.Namespace = s.Name+ending, s.Namespace+ending
			}
		}
		c.Summary.Incomplete = []flowlog.Incomplete{{File: ending, Reason: ending}}
	}
	m := network.New(inv)
	needs := need.Observed(c, inv, m, service.New(inv, m))
	after := network.New(inventoryOfObjects(inv, proposed))
	return RehearsalOf(HeaderOf("Rehearsal", proposed, after), needs, rehearse.Rehearse(needs, m, after), c.Summary.Flows)
}

// inventoryOfObjects are the objects of one inventory and the policies of another.
func inventoryOfObjects(inv, set *inventory.Inventory) *inventory.Inventory {
	objects := append([]*inventory.Object{}, inv.All()...)
	for _, o := range set.All() {
		if strings.HasSuffix(o.Kind, "Policy") {
			objects = append(objects, o)
		}
	}
	return inventory.New(inv.Source, inv.Taken, "", objects, inv.Gaps)
}

func TestRehearsalGolden(t *testing.T) {
	d := rehearsalFor(t, observed, "")
	answertest.Check(t, "rehearse", d)
	safe := rehearsalFor(t, "shop/web,shop/db,5432\n", "")
	out := map[string]string{
		"rehearse.json": answertest.Render(t, "json", d, report.Options{}), "rehearse.csv": answertest.Render(t, "csv", d, report.Options{}),
		"rehearse.md": answertest.Render(t, "markdown", d, report.Options{}), "rehearse-safe.txt": answertest.Render(t, "table", safe, report.Options{}),
	}
	for _, width := range []int{40, 80, 160} {
		out[fmt.Sprintf("rehearse-%d.txt", width)] = answertest.Render(t, "table", d, report.Options{Width: width})
	}
	for name, got := range out {
		answertest.Golden(t, name, got, *update)
	}
}

func TestRehearsalHostileNames(t *testing.T) {
	for i, s := range answertest.Hostile() {
		t.Run(fmt.Sprint(i), func(t *testing.T) { answertest.Check(t, "rehearse", rehearsalFor(t, observed, s)) })
	}
}
