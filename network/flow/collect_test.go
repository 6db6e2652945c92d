package flow_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/plimsoll-io/plimsoll/network/flow"
)

var comparer = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })

func collect(t *testing.T, options flow.CollectOptions, logs ...string) *flow.Collection {
	t.Helper()
	var inputs []flow.Input
	for i, log := range logs {
		inputs = append(inputs, flow.FromReader(fmt.Sprintf("log-%d", i), strings.NewReader(log)))
	}
	c, err := flow.Collect(t.Context(), inputs, options)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Flows of the same ends are one connection, with what they have in common.
func TestCollect(t *testing.T) {
	const hubble = `{"flow":{"time":"2026-03-02T09:15:%02dZ","verdict":%q,"IP":{"source":"10.1.2.%d","destination":"10.1.4.9"},` +
		`"l4":{"TCP":{"source_port":40000,"destination_port":80}},"source":{"namespace":"shop","pod_name":"web-%d",` +
		`"labels":["k8s:app=web","k8s:pod=%d"],"workloads":[{"name":"web","kind":"Deployment"}]},` +
		`"destination":{"namespace":"shop","pod_name":"db-0","workloads":[{"name":"db","kind":"StatefulSet"}]},` +
		`"Type":"L3_L4","is_reply":false,"traffic_direction":%q}}` + "\n"
	var log strings.Builder
	for i := range 10 {
		fmt.Fprintf(&log, hubble, i, "FORWARDED", i%2, i%2, i%2, "EGRESS")
		fmt.Fprintf(&log, hubble, i+20, "FORWARDED", i%2, i%2, i%2, "INGRESS")
	}
	fmt.Fprintf(&log, hubble, 50, "DROPPED", 1, 1, 1, "INGRESS")
	c := collect(t, flow.CollectOptions{}, log.String())
	if len(c.Connections) != 1 {
		t.Fatalf("%+v", c.Connections)
	}
	got := c.Connections[0]
	want := flow.Connection{
		Source: flow.Peer{Namespace: "shop", Workload: flow.Workload{Kind: "Deployment", Name: "web"},
			Labels: []flow.Label{{Key: "app", Value: "web"}}},
		Destination: flow.Peer{Namespace: "shop", Pod: "db-0", Workload: flow.Workload{Kind: "StatefulSet", Name: "db"},
			Address: netip.MustParsePrefix("10.1.4.9/32")},
		Protocol: flow.TCP, Port: 80, Flows: 21,
		First: time.Date(2026, 3, 2, 9, 15, 0, 0, time.UTC), Last: time.Date(2026, 3, 2, 9, 15, 50, 0, time.UTC),
		Forwarded: flow.Ends{Source: 10, Destination: 10}, Denied: flow.Ends{},
	}
	want.NoVerdict = flow.Ends{Destination: 1} // dropped, nobody knows why
	if diff := cmp.Diff(want, got, comparer); diff != "" {
		t.Error(diff)
	}
	if got.Verdict() != flow.Forwarded || got.Count() != 11 {
		t.Error(got.Verdict(), got.Count())
	}
}

func TestVerdict(t *testing.T) {
	tests := map[string]struct {
		c    flow.Connection
		want flow.Verdict
	}{
		"nothing":                      {flow.Connection{}, flow.VerdictUnknown},
		"no verdict":                   {flow.Connection{NoVerdict: flow.Ends{Source: 3}}, flow.VerdictUnknown},
		"both ends":                    {flow.Connection{Forwarded: flow.Ends{Source: 1, Destination: 1}}, flow.Forwarded},
		"left, and never let in":       {flow.Connection{Forwarded: flow.Ends{Source: 1}, Denied: flow.Ends{Destination: 1}}, flow.Denied},
		"let in later":                 {flow.Connection{Forwarded: flow.Ends{Destination: 1}, Denied: flow.Ends{Destination: 1}}, flow.Forwarded},
		"denied somewhere":             {flow.Connection{Denied: flow.Ends{Unsaid: 1}}, flow.Denied},
		"answered":                     {flow.Connection{NoVerdict: flow.Ends{Source: 1}, Replies: 1}, flow.Forwarded},
		"answered, then never let out": {flow.Connection{Denied: flow.Ends{Source: 1}, Replies: 1}, flow.Denied},
	}
	for name, test := range tests {
		if got := test.c.Verdict(); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// Many addresses outside become networks, as small as it takes, whatever the order; ends in the cluster stay apart.
func TestWiden(t *testing.T) {
	var rows []string
	for i := range 5000 {
		rows = append(rows, fmt.Sprintf("203.%d.%d.%d,shop/web,443,TCP,2026-01-01T00:00:00Z,1", i%3, i%200, i%251))
		rows = append(rows, fmt.Sprintf("shop/w%d,shop/web,443,TCP,2026-01-01T00:00:00Z,1", i%50))
		rows = append(rows, fmt.Sprintf("2001:db8:%x::%x,shop/web,443,TCP,2026-01-01T00:00:00Z,1", i%7, i))
	}
	var first *flow.Collection
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(1, seed))
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		c := collect(t, flow.CollectOptions{MaxOutside: 100, Options: flow.Options{Workers: int(seed) + 1}}, strings.Join(rows, "\n"))
		if c.Widened4 != 16 || c.Widened6 != 40 || len(c.Connections) != 50+3+1 {
			t.Fatal(c.Widened4, c.Widened6, len(c.Connections))
		}
		var flows int64
		for _, connection := range c.Connections {
			flows += connection.Flows
		}
		if flows != int64(len(rows)) || c.Overflow != 0 {
			t.Error(flows, c.Overflow)
		}
		if first == nil {
			first = c
		} else if diff := cmp.Diff(first, c, comparer, cmpopts.IgnoreFields(flow.Summary{}, "FirstBroken")); diff != "" {
			t.Error(diff)
		}
	}
}

// More connections, ends or services than are kept are counted.
func TestOverflow(t *testing.T) {
	var log strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&log, "shop/w%d,shop/web,443\nshop/w0,shop/service/s%d,443\n", i%1000, i%1000)
	}
	for _, options := range []flow.CollectOptions{{MaxConnections: 100}, {MaxEnds: 100}} {
		c := collect(t, options, log.String())
		var flows int64
		for _, connection := range c.Connections {
			flows += connection.Flows
		}
		if len(c.Connections) > 200 || len(c.Connections) < 100 || flows+c.Overflow != 6000 {
			t.Error(len(c.Connections), flows, c.Overflow)
		}
	}
}

// What nothing orients is counted and left out.
func TestUnoriented(t *testing.T) {
	packet := strings.Replace(line(1), `,"is_reply":false`, "", 1)
	c := collect(t, flow.CollectOptions{}, packet+"\n"+strings.Replace(packet, ":80}", ":40000}", 1))
	if len(c.Connections) != 1 || c.Connections[0].ByPorts != 1 || c.Unoriented != 1 {
		t.Errorf("%+v", c)
	}
}
