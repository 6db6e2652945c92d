package change_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/internal/inventorytest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/change"
)

func mapOf(t testing.TB, text string) *network.Map {
	t.Helper()
	objects := inventorytest.Objects(t, "case.yaml", text)
	return network.New(inventory.New(inventory.Source{}, time.Time{}, "", objects, nil))
}

// A generator makes random clusters of few labels, so that policies often meet.
type generator struct{ *rand.Rand }

func (g generator) pick(list ...string) string { return list[g.IntN(len(list))] }

func (g generator) chance(percent int) bool { return g.IntN(100) < percent }

func (g generator) workload(ns, name string) string {
	labels := fmt.Sprintf("{app: %s, tier: %s}", g.pick("a", "b"), g.pick("x", "y"))
	if g.chance(20) {
		return fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: %s, labels: %s}\nspec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}\n---\n", name, ns, labels)
	}
	host := ""
	if g.chance(10) {
		host = "hostNetwork: true, "
	}
	return fmt.Sprintf("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: %s, namespace: %s}\nspec: {template: {metadata: {labels: %s}, spec: {%scontainers: [{name: c}]}}}\n---\n", name, ns, labels, host)
}

func (g generator) selector() string {
	return g.pick("{}", "{matchLabels: {app: a}}", "{matchLabels: {app: b}}", "{matchLabels: {tier: x}}", "{matchExpressions: [{key: app, operator: NotIn, values: [a]}]}")
}

func (g generator) peer() string {
	return g.pick("podSelector: "+g.selector(), "namespaceSelector: {}", "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: n1}}, podSelector: "+g.selector(),
		"ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}", "ipBlock: {cidr: 0.0.0.0/0}", "ipBlock: {cidr: 10.0.0.0/9}", "namespaceSelector: {matchLabels: {team: unknown}}")
}

func (g generator) rule(field string) string {
	if g.chance(15) {
		return "{}"
	}
	var peers []string
	for range 1 + g.IntN(2) {
		peers = append(peers, "{"+g.peer()+"}")
	}
	ports := g.pick("", ", ports: [{port: 80}]", ", ports: [{port: 8000, endPort: 9000}, {port: 53, protocol: UDP}]", ", ports: [{port: http}]")
	return "{" + field + ": [" + strings.Join(peers, ", ") + "]" + ports + "}"
}

func (g generator) policy(ns, name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: %s, namespace: %s}\nspec:\n  podSelector: %s\n  policyTypes: [%s]\n",
		name, ns, g.selector(), g.pick("Ingress", "Egress", "Ingress, Egress"))
	for _, side := range [][2]string{{"ingress", "from"}, {"egress", "to"}} {
		fmt.Fprintf(&b, "  %s: [", side[0])
		for range g.IntN(3) {
			b.WriteString(g.rule(side[1]) + ", ")
		}
		b.WriteString("]\n")
	}
	return b.String() + "---\n"
}

// cluster makes the objects of a cluster by name, so that another can share most of them.
func (g generator) cluster() map[string]string {
	out := map[string]string{}
	for _, ns := range []string{"n1", "n2"} {
		out[ns] = fmt.Sprintf("apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n---\n", ns)
		for i := range 3 + g.IntN(3) {
			name := fmt.Sprintf("w%d", i)
			out[ns+"/w/"+name] = g.workload(ns, name)
		}
		for i := range g.IntN(4) {
			name := fmt.Sprintf("p%d", i)
			out[ns+"/p/"+name] = g.policy(ns, name)
		}
	}
	return out
}

func (g generator) mutate(c map[string]string) map[string]string {
	other, out := g.cluster(), map[string]string{}
	for k, v := range c {
		if strings.Contains(k, "/") && g.chance(15) {
			continue
		}
		if strings.Contains(k, "/w/") && g.chance(75) || !g.chance(25) || other[k] == "" {
			out[k] = v
		} else {
			out[k] = other[k]
		}
	}
	for k, v := range other {
		if out[k] == "" && g.chance(15) {
			out[k] = v
		}
	}
	return out
}

func text(c map[string]string) string {
	var keys []string
	for k := range c {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(c[k])
	}
	return b.String()
}

// probes are addresses on both sides of every border of the blocks that policies name.
func probes() []netip.Addr {
	var out []netip.Addr
	for _, a := range []string{"9.255.255.255", "10.0.0.0", "10.1.0.7", "10.2.0.0", "10.127.255.255", "10.128.0.0", "11.0.0.0", "fd00::1"} {
		out = append(out, netip.MustParseAddr(a))
	}
	return out
}

// An end of the reference: a workload by name, or an address.
type refEnd struct {
	name  string
	peers [2][]*network.Peer
}

func refEnds(maps [2]*network.Map) []refEnd {
	at := map[string]*refEnd{}
	for i, m := range maps {
		for _, p := range m.Peers() {
			if !p.External() {
				name := p.Object.String()
				if at[name] == nil {
					at[name] = &refEnd{name: name}
				}
				at[name].peers[i] = append(at[name].peers[i], p)
			}
		}
	}
	var out []refEnd
	for _, e := range at {
		out = append(out, *e)
	}
	for _, a := range probes() {
		out = append(out, refEnd{a.String(), [2][]*network.Peer{{maps[0].Address(a)}, {maps[1].Address(a)}}})
	}
	return out
}

// answers is what the reference says of one port before or after: "allowed" when some pods can.
func answers(m *network.Map, from, to []*network.Peer, p network.Protocol, port uint16) network.Answer {
	best := network.Denied
	for _, a := range from {
		for _, b := range to {
			best = max(best, m.Allowed(a, b).Port(p, port))
		}
	}
	return best
}

func said(d *change.Diff, from, to string) change.Delta {
	names := func(e change.End) (string, func(string) bool) {
		if o := e.Object(); o != nil {
			return o.String(), func(s string) bool { return s == o.String() }
		}
		return "", func(s string) bool {
			a, err := netip.ParseAddr(s)
			return err == nil && slices.ContainsFunc(e.Addresses, func(r network.AddressRange) bool {
				return a.BitLen() == r.First.BitLen() && r.First.Compare(a) <= 0 && a.Compare(r.Last) <= 0
			})
		}
	}
	has := func(list []change.End, s string) bool {
		return slices.ContainsFunc(list, func(e change.End) bool { _, is := names(e); return is(s) })
	}
	var out change.Delta
	for _, c := range d.Changes {
		if c.Self != (from == to) || !has(c.From, from) || !has(c.To, to) {
			continue
		}
		out.Gained, out.Lost = out.Gained.Union(c.Gained), out.Lost.Union(c.Lost)
		out.MayGain, out.MayLose = out.MayGain.Union(c.MayGain), out.MayLose.Union(c.MayLose)
	}
	return out
}

// TestAgainstPairs compares with asking both maps about each pair and port.
func TestAgainstPairs(t *testing.T) {
	asked, changed := 0, 0
	for seed := range uint64(150) {
		g := generator{rand.New(rand.NewPCG(seed, 4))}
		one := g.cluster()
		maps := [2]*network.Map{mapOf(t, text(one)), mapOf(t, text(g.mutate(one)))}
		d := change.Compare(maps[0], maps[1])
		ends := refEnds(maps)
		for _, from := range ends {
			for _, to := range ends {
				got := said(d, from.name, to.name)
				for _, port := range []struct {
					network.Protocol
					uint16
				}{{network.TCP, 80}, {network.TCP, 8080}, {network.UDP, 53}, {network.SCTP, 7}} {
					before := answers(maps[0], from.peers[0], to.peers[0], port.Protocol, port.uint16)
					after := answers(maps[1], from.peers[1], to.peers[1], port.Protocol, port.uint16)
					want := [4]bool{
						before == network.Denied && after == network.Allowed, before == network.Allowed && after == network.Denied,
						before == network.Denied && after == network.Unknown || before == network.Unknown && after == network.Allowed,
						before == network.Allowed && after == network.Unknown || before == network.Unknown && after == network.Denied,
					}
					has := [4]bool{}
					for i, set := range []network.Ports{got.Gained, got.Lost, got.MayGain, got.MayLose} {
						has[i] = set.Has(port.Protocol, port.uint16)
					}
					asked++
					if before != after {
						changed++
					}
					if want != has {
						t.Fatalf("seed %d: %s -> %s %v %d: before %v, after %v, said %v", seed, from.name, to.name, port.Protocol, port.uint16, before, after, has)
					}
				}
			}
		}
	}
	t.Logf("%d questions, %d of them changed", asked, changed)
}

// TestSameIsNoChange holds that other words for the same are no change.
func TestSameIsNoChange(t *testing.T) {
	for seed := range uint64(50) {
		g := generator{rand.New(rand.NewPCG(seed, 5))}
		c := g.cluster()
		if d := change.Compare(mapOf(t, text(c)), mapOf(t, text(c)+"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: z, namespace: n1}\nspec: {podSelector: {matchLabels: {app: nobody}}}\n")); len(d.Changes)+len(d.Added)+len(d.Removed) > 0 {
			t.Fatalf("seed %d: %+v", seed, d)
		}
	}
}

func TestReasons(t *testing.T) {
	const workloads = `
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
	const policy = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 5432}]}]}
`
	closed := strings.Replace(policy, "5432", "5433", 1)
	d := change.Compare(mapOf(t, workloads+policy), mapOf(t, workloads+closed))
	if len(d.Changes) != 1 {
		t.Fatalf("%d changes: %+v", len(d.Changes), d.Changes)
	}
	c := d.Changes[0]
	got := fmt.Sprintf("+%s -%s %s", c.Gained, c.Lost, strings.Join(c.Because, "; "))
	const want = "+TCP 5433 -TCP 5432 NetworkPolicy shop/db allows it (ingress, spec.ingress[0]); " +
		"NetworkPolicy shop/db isolates ingress and no rule allows it"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// BenchmarkCompare compares two clusters that differ in one policy.
func BenchmarkCompare(b *testing.B) {
	var all strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&all, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: w%d, namespace: n%d}\nspec: {template: {metadata: {labels: {app: w%d}}, spec: {containers: [{name: c}]}}}\n---\n", i, i/10, i)
		fmt.Fprintf(&all, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: w%d, namespace: n%d}\nspec: {podSelector: {matchLabels: {app: w%d}}, ingress: [{from: [{podSelector: {matchLabels: {app: w%d}}}], ports: [{port: 80}]}]}\n---\n", i, i/10, i, i/10*10)
	}
	one := mapOf(b, all.String())
	two := mapOf(b, strings.Replace(all.String(), "port: 80", "port: 81", 1))
	b.ResetTimer()
	for range b.N {
		if d := change.Compare(one, two); len(d.Changes) == 0 {
			b.Fatal("no change")
		}
	}
}
