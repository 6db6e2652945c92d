package network

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/internal/inventorytest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/change"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

const diffWorkloads = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, namespace: shop}
spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c}]}}}
---
`

const diffPolicy = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 5432}]}]}
---
`

func inventoryOf(t testing.TB, text string) *inventory.Inventory {
	t.Helper()
	objects := inventorytest.Objects(t, "case.yaml", text)
	return inventory.New(inventory.Source{Kind: "files", Names: []string{"case.yaml"}}, time.Time{}, "", objects, nil)
}

func diffOf(t testing.TB, before, after *inventory.Inventory) *answer.Document {
	t.Helper()
	m := network.New(after)
	return DiffOf(HeaderOf("NetworkDiff", after, m), change.Compare(network.New(before), m))
}

func TestDiff(t *testing.T) {
	one := inventoryOf(t, diffWorkloads)
	for _, c := range []struct{ name, after, want string }{
		{"same", diffWorkloads, "Network: 0 connections gained, 0 lost No connection was gained or lost."},
		{"closed", diffWorkloads + diffPolicy,
			"Network: 0 connections gained, 4 lost CHANGE FROM TO PORTS BECAUSE " +
				"lost shop/web shop/db TCP 1-5431,5433-65535; UDP 1-65535; SCTP 1-65535 NetworkPolicy shop/db isolates ingress and no rule allows it " +
				"lost all addresses outside shop/db all NetworkPolicy shop/db isolates ingress and no rule allows it " +
				"lost shop/db itself (other pods of it) all NetworkPolicy shop/db isolates ingress and no rule allows it"},
		{"a new workload", diffWorkloads + strings.ReplaceAll(diffWorkloads, "web", "new"),
			"Network: 9 connections gained, 0 lost"},
		{"no effect", diffWorkloads + strings.Replace(diffPolicy, "app: db", "app: nobody", 1),
			"Network: 0 connections gained, 0 lost No connection was gained or lost. · 1 network policy changed"},
	} {
		got := answertest.Render(t, "table", diffOf(t, one, inventoryOf(t, c.after)), report.Options{Width: 200})
		if got = strings.Join(strings.Fields(got), " "); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}

// renamed gives the objects of an inventory names that formats may stumble over.
func renamed(inv *inventory.Inventory, s string) *inventory.Inventory {
	var objects []*inventory.Object
	for _, o := range inv.All() {
		other := *o
		other.Name, other.Namespace = o.Name+s, o.Namespace+s
		objects = append(objects, &other)
	}
	source := inventory.Source{Kind: "files", Names: []string{s}}
	return inventory.New(source, inv.Taken, "", objects, []inventory.Gap{{Kind: "Pod", File: s, Reason: "it is broken: " + s}})
}

func TestDiffHostileNames(t *testing.T) {
	before, after := inventoryOf(t, diffWorkloads), inventoryOf(t, diffWorkloads+diffPolicy+strings.ReplaceAll(diffWorkloads, "web", "new"))
	for i, s := range answertest.Hostile() {
		t.Run(fmt.Sprint(i), func(t *testing.T) { answertest.Check(t, "diff", diffOf(t, renamed(before, s), renamed(after, s))) })
	}
}
