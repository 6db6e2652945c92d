package need_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/network/flow"
)

const small = `
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c}]}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: cart, namespace: shop}, spec: {template: {metadata: {labels: {app: cart}}, spec: {containers: [{name: c}]}}}}
---
`

// What files say of addresses that no pod of theirs can have, and of DNS whose pods they do not have.
func TestEndsOfFiles(t *testing.T) {
	w := readWorld(t, "files", small)
	got := w.describe(w.observe(collect(t, `source,destination,port,protocol
shop/web,10.1.2.3,5432,TCP
shop/web,100.64.1.1,5432,TCP
shop/web,fd00::1,5432,TCP
shop/web,203.0.113.5,443,TCP
shop/web,kube-system/coredns,53,UDP
shop/web,openshift-dns/DaemonSet/dns-default,5353,UDP
shop/web,kube-system/other,53,UDP
shop/old-7d4,shop/cart,8080,TCP
`)))
	const want = `need Deployment shop/web -> dns the cluster's DNS (kube-system/coredns) UDP 53, 1 flows of csv
need Deployment shop/web -> dns the cluster's DNS (openshift-dns/DaemonSet/dns-default) UDP 5353, 1 flows of csv
need Deployment shop/web -> outside 203.0.113.5 TCP 443, 1 flows of csv
unresolved Deployment shop/web -> 10.1.2.3 TCP 5432: 10.1.2.3 may be a pod's: what was read has no addresses of pods
unresolved Deployment shop/web -> 100.64.1.1 TCP 5432: 100.64.1.1 may be a pod's: what was read has no addresses of pods
unresolved Deployment shop/web -> fd00::1 TCP 5432: fd00::1 may be a pod's: what was read has no addresses of pods
unresolved Deployment shop/web -> kube-system/other UDP 53: kube-system/other is not in what was read
unresolved shop/old-7d4 -> Deployment shop/cart TCP 8080: shop/old-7d4 is not in what was read
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestCannotKnow(t *testing.T) {
	objects := small + `
{apiVersion: batch/v1, kind: CronJob, metadata: {name: early, namespace: shop}, spec: {schedule: "0 3 * * *", timeZone: Europe/Zurich, jobTemplate: {spec: {template: {metadata: {labels: {app: a}}, spec: {containers: []}}}}}, status: {lastScheduleTime: "2026-03-01T02:00:00Z"}}
---
{apiVersion: batch/v1, kind: CronJob, metadata: {name: silent, namespace: shop}, spec: {schedule: "*/5 * * * *", jobTemplate: {spec: {template: {metadata: {labels: {app: b}}, spec: {containers: []}}}}}, status: {lastScheduleTime: "2026-03-02T09:20:00Z"}}
---
{apiVersion: batch/v1, kind: CronJob, metadata: {name: odd, namespace: shop}, spec: {schedule: 7, suspend: true}, status: {lastScheduleTime: x}}
---
{apiVersion: batch/v1, kind: Job, metadata: {name: done, namespace: shop}, spec: {template: {spec: {containers: []}}}, status: {conditions: [{type: Complete, status: "True"}]}}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: idle, namespace: shop}, spec: {replicas: 0, template: {metadata: {labels: {app: idle}}, spec: {containers: []}}}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: host, namespace: shop}, spec: {template: {metadata: {labels: {app: host}}, spec: {hostNetwork: true, containers: []}}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: here, namespace: shop, labels: {app: here}}, spec: {containers: []}, status: {podIP: 10.1.0.1}}
`
	w := readWorld(t, "cluster", objects)
	c := collect(t, `source,destination,port,protocol,time
shop/web,shop/web,8080,TCP,2026-03-02T09:15:00Z
shop/web,10.1.0.1,8080,TCP,2026-03-02T09:15:00Z
shop/web,10.9.9.9,8080,TCP,2026-03-02T12:45:00Z
shop/web,shop/cart,x,TCP,2026-03-02T12:45:00Z
shop/old,shop/older,80,TCP,
`)
	c.Overflow, c.Unoriented, c.Widened4, c.Widened6 = 3, 1, 24, 56
	c.Summary.Lost = 4
	c.Summary.Gaps = []flow.Gap{{After: c.Summary.First, Before: c.Summary.Last}}
	c.Summary.Incomplete = []flow.Incomplete{{File: "a", Reason: "it ends early"}, {File: "b", Reason: "b"}, {File: "c", Reason: "c"}, {File: "d", Reason: "d"}}
	c.Summary.Shapes = map[flow.Shape]int64{flow.GKEPolicy: 1, flow.EnvoyText: 1}
	n := w.observe(c)
	want := []string{
		"What did not happen in the 3.5 hours from 2026-03-02 09:15 to 2026-03-02 12:45 UTC",
		"What happened in the 3.5 hours from 2026-03-02 09:15 to 2026-03-02 12:45 UTC: the logs have no flow there",
		"When 1 flow without a time took place",
		"What the rest of a says: it ends early",
		"What the rest of b says: b",
		"What the rest of c says: c",
		"What 1 log more would say that could not be read to the end",
		"What the logs hold in 1 broken record, first in flows line 5: port is no whole number",
		"What was lost on the way to the logs, as they say: 4 flows",
		"Connections that no network policy allowed or denied, which GKE's settings may leave out of its log",
		"Connections between pods that are not in the mesh, and whatever is not TCP: Istio's logs do not have them, nor queries of DNS",
		"Which connections 3 flows were of: there are more than are kept",
		"Which end opened the connections of 1 flow, left out here",
		"Which addresses outside were meant: there are so many that they were put together as networks (/24, and /56 of IPv6)",
		"What 3 CronJobs need, which have no flow: shop/early (0 3 * * * Europe/Zurich, last ran 2026-03-01 02:00, before that), " +
			"shop/odd (suspended), shop/silent (*/5 * * * *, although it ran 2026-03-02 09:20)",
		"What the workload shop/idle needs, which has no flow and no pods: scaled to zero",
		"What the Job shop/done needs, which has ended",
		"What the workload shop/cart needs, which has no flow",
		"Whether addresses of pods belonged to the same pods when the logs were written: some ends are known by address only",
		"Whether private addresses that nothing in what was read has are outside of the cluster, as is taken for granted: 10.9.9.9",
	}
	if !slices.Equal(n.CannotKnow, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(n.CannotKnow, "\n"), strings.Join(want, "\n"))
	}
	if !n.Incomplete || n.First.IsZero() || !n.Last.Equal(c.Summary.Last) {
		t.Errorf("incomplete %v, from %v to %v", n.Incomplete, n.First, n.Last)
	}
}

// Addresses outside that were put together are wider than what was seen, and say so.
func TestWidened(t *testing.T) {
	w := readWorld(t, "cluster", small)
	c := collect(t, "source,destination,port\nshop/web,203.0.113.0/24,443\nshop/web,198.51.100.0/25,443\nshop/web,2001:db8::/56,443\n")
	c.Widened4, c.Widened6 = 24, 56
	const want = `need Deployment shop/web -> outside 198.51.100.0/25 TCP 443, 1 flows of csv
need Deployment shop/web -> outside 2001:db8::/56 (wider) TCP 443, 1 flows of csv
need Deployment shop/web -> outside 203.0.113.0/24 (wider) TCP 443, 1 flows of csv
`
	if got := w.describe(w.observe(c)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A log of a great many ends that nobody knows is told within bounds.
func TestManyUnresolved(t *testing.T) {
	w := readWorld(t, "cluster", small)
	c := &flow.Collection{Summary: &flow.Summary{}}
	for i := range 21_000 {
		c.Connections = append(c.Connections, flow.Connection{
			Source:      flow.Peer{Namespace: "shop", Workload: flow.Workload{Name: fmt.Sprintf("old%d", i)}},
			Destination: flow.Peer{Namespace: "shop", Workload: flow.Workload{Name: "cart"}},
			Protocol:    flow.TCP, Port: 80, Flows: 1, Forwarded: flow.Ends{Unsaid: 1},
		})
	}
	n := w.observe(c)
	if len(n.Unresolved) != 20_000 || !n.Incomplete {
		t.Errorf("%d are named, incomplete %v", len(n.Unresolved), n.Incomplete)
	}
	if !strings.HasPrefix(n.CannotKnow[0], "The flows have no times") || !strings.HasPrefix(n.CannotKnow[1], "Which connections 1000 flows were of") {
		t.Errorf("%q", n.CannotKnow)
	}
}
