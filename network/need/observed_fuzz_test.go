package need_test

import (
	"math"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/flow"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// A picker makes odd collections of bytes: each byte chooses one of a few values.
type picker struct{ data []byte }

func (p *picker) next() int {
	if len(p.data) == 0 {
		return 0
	}
	b := p.data[0]
	p.data = p.data[1:]
	return int(b)
}

func pick[T any](p *picker, list ...T) T { return list[p.next()%len(list)] }

func (p *picker) peer() flow.Peer {
	var out flow.Peer
	what := p.next()
	if what&1 > 0 {
		out.Namespace = pick(p, "shop", "other", "kube-system", "nowhere", "\x00", "default")
	}
	if what&2 > 0 {
		out.Pod = pick(p, "db-0", "web-7d4f9bbbcd-x2x4z", "nightly-29384760-44444", "-", "--", "x-", "-44444", "db-99999999999999999999", "solo")
	}
	if what&4 > 0 {
		out.Workload = flow.Workload{
			Kind: pick(p, "", "Deployment", "deploy", "ReplicaSet", "Job", "Rollout", "Pod", "Service", "\xff"),
			Name: pick(p, "web", "cart", "db", "twin", "roll", "old", "-", "coredns", "web-7d4f9bbbcd", "nightly-29384760", "legacy", ""),
		}
	}
	if what&8 > 0 {
		out.PodPrefix = pick(p, "web-7d4f9bbbcd-", "db-", "-", "", "s", "w")
		out.ServiceAccount = pick(p, "", "cart", "jobs", "unheard")
	}
	if what&16 > 0 {
		out.Address = pick(p, netip.MustParsePrefix("10.244.1.5/32"), netip.MustParsePrefix("10.96.0.7/32"), netip.MustParsePrefix("192.0.2.10/32"),
			netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("::/0"), netip.MustParsePrefix("127.0.0.1/32"),
			netip.MustParsePrefix("10.96.0.1/32"), netip.MustParsePrefix("203.0.113.200/32"), netip.MustParsePrefix("224.0.0.1/32"),
			netip.MustParsePrefix("0.0.0.0/32"), netip.MustParsePrefix("10.244.2.99/32"), netip.MustParsePrefix("10.77.0.1/32"))
	}
	if what&32 > 0 {
		out.Names = pick(p, []string{"cart"}, []string{"cart.shop.svc"}, []string{"."}, []string{""}, []string{"a.example", "b.example"}, []string{"n1"})
		out.NetworkSet = pick(p, "", "", "partners", "unheard")
	}
	if what&64 > 0 {
		out.Identity = pick(p, flow.World, flow.Private, flow.Host, flow.RemoteNode, flow.APIServer, flow.Health, flow.Ingress, flow.Unmanaged, flow.Init, "odd")
	}
	if what&128 > 0 {
		out.Labels = pick(p, []flow.Label{{Key: "app", Value: "web"}}, []flow.Label{{}}, []flow.Label{{Key: "k8s-app", Value: "kube-dns"}})
	}
	return out
}

func (p *picker) collection() *flow.Collection {
	c := &flow.Collection{Widened4: pick(p, 0, 24, 0), Overflow: int64(pick(p, 0, 0, 7))}
	if p.next()%4 > 0 {
		c.Summary = &flow.Summary{Broken: int64(pick(p, 0, 3)), Shapes: map[flow.Shape]int64{pick(p, flow.Hubble, flow.ZTunnel, "odd"): 1}}
	}
	for len(p.data) > 0 && len(c.Connections) < 50 {
		count := func() flow.Ends {
			return flow.Ends{Source: pick(p, int64(0), 1, math.MaxInt64), Destination: pick(p, int64(0), 2), Unsaid: pick(p, int64(0), 0, math.MaxInt64)}
		}
		c.Connections = append(c.Connections, flow.Connection{
			Source: p.peer(), Destination: p.peer(), Protocol: pick(p, flow.TCP, flow.UDP, flow.ICMP, "odd", ""), Port: pick(p, uint16(0), 53, 80, 443, 6443, 65535),
			Service: flow.Service{
				Namespace: pick(p, "", "shop", "default"), Name: pick(p, "", "", "cart", "db", "legacy", "mail", "alias", "kubernetes", "nobody", "unheard"),
				Port: pick(p, uint16(0), 80, 443, 5432), PortName: pick(p, "", "web", "odd"),
			},
			First: pick(p, time.Time{}, time.Unix(1, 0)), Last: pick(p, time.Time{}, time.Unix(9, 0)),
			Forwarded: count(), Denied: count(), NoVerdict: count(), Flows: pick(p, int64(0), 1, math.MaxInt64), Replies: int64(p.next() % 2),
		})
	}
	return c
}

// FuzzObserved gives Observed connections of any shape: it names peers of the Map only, and the order does not count.
func FuzzObserved(f *testing.F) {
	archive, err := txtar.ParseFile("testdata/observed/ends.txtar")
	if err != nil {
		f.Fatal(err)
	}
	worlds := []*world{readWorld(f, "cluster", string(archive.Files[0].Data)), readWorld(f, "files", string(archive.Files[0].Data)), readWorld(f, "files", small)}
	for i := range 8 {
		seed := make([]byte, 200)
		for j := range seed {
			seed[j] = byte(j*(2*i+1) + i*37)
		}
		f.Add(uint8(i), seed)
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		w := worlds[int(which)%len(worlds)]
		c := (&picker{data}).collection()
		got := w.observe(c)
		for _, list := range [][]need.Need{got.List, got.Denied} {
			for _, n := range list {
				checkNeed(t, w, n)
			}
		}
		for _, u := range got.Unresolved {
			if u.Reason == "" || u.Flows < 0 {
				t.Fatalf("%+v", u)
			}
		}
		other := *c
		other.Connections = slices.Clone(c.Connections)
		slices.Reverse(other.Connections)
		if again := w.observe(&other); !reflect.DeepEqual(got.List, again.List) || !reflect.DeepEqual(got.Unresolved, again.Unresolved) || got.Beyond != again.Beyond {
			t.Fatalf("the order of connections counts:\n%s\n%s", w.describe(got), w.describe(again))
		}
	})
}

func checkNeed(t *testing.T, w *world, n need.Need) {
	t.Helper()
	if len(n.Evidence) == 0 || n.Port == 0 || n.From.Kind != need.Workload && n.To.Kind != need.Workload {
		t.Fatalf("%+v", n)
	}
	for _, e := range n.Evidence {
		if e.Flows <= 0 || e.What == "" {
			t.Fatalf("%+v", n)
		}
	}
	for _, e := range []need.End{n.From, n.To} {
		if (e.Object == nil) != (len(e.Peers) == 0) {
			t.Fatalf("%+v", e)
		}
		for _, p := range e.Peers {
			if p.Object != e.Object || !slices.Contains(w.network.Peers(), p) {
				t.Fatalf("%s is no peer of %s", p, e)
			}
		}
		if !slices.IsSortedFunc(e.Addresses, netip.Prefix.Compare) {
			t.Fatalf("%+v", e)
		}
	}
}

// Objects of odd shapes never make Observed fail.
func TestOddObjects(*testing.T) {
	odd := []any{nil, "x", int64(7), 1.5, true, []any{nil, "10.0.0.1", map[string]any{"ip": 7, "port": "x", "address": nil}}, map[string]any{"a": []any{1}}}
	var objects []*inventory.Object
	for i, value := range odd {
		for _, kind := range [][3]string{
			{"v1", "Node", ""}, {"v1", "Pod", "shop"}, {"v1", "Service", "shop"}, {"v1", "Endpoints", "default"}, {"discovery.k8s.io/v1", "EndpointSlice", "default"},
			{"batch/v1", "CronJob", "shop"}, {"batch/v1", "Job", "shop"}, {"apps/v1", "Deployment", "shop"}, {"crd.projectcalico.org/v1", "GlobalNetworkSet", ""},
		} {
			o := &inventory.Object{Content: map[string]any{
				"apiVersion": kind[0], "kind": kind[1], "spec": value, "status": value, "subsets": value, "endpoints": value, "ports": value,
				"metadata": map[string]any{"labels": value, "ownerReferences": value},
			}}
			o.APIVersion, o.Kind, o.Namespace, o.Name = kind[0], kind[1], kind[2], []string{"kubernetes", "web", "partners", "a", "b", "", "c"}[i]
			objects = append(objects, o)
		}
	}
	inv := inventory.New(inventory.Source{Kind: "cluster"}, time.Time{}, "", objects, nil)
	m := network.New(inv)
	w := &world{inv, m, service.New(inv, m)}
	data := make([]byte, 2000)
	for i := range data {
		data[i] = byte(i * 31 >> 2)
	}
	w.observe((&picker{data}).collection())
}
