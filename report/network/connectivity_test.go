package network

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/exposure"
	"github.com/plimsoll-io/plimsoll/network/service"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

// randomCluster makes a small cluster with everything that makes answers differ: workloads whose pods differ, single pods,
// the host network, blocks of addresses, policies of the whole cluster, and one that is not understood.
func randomCluster(r *rand.Rand) string {
	var b strings.Builder
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	for _, ns := range []string{"a", "b", "c"} {
		fmt.Fprintf(&b, "{apiVersion: v1, kind: Namespace, metadata: {name: %s, labels: {team: %s}}}\n---\n", ns, pick("x", "y"))
	}
	for i := range 3 + r.IntN(6) {
		ns, host := pick("a", "b", "c"), ""
		if r.IntN(8) == 0 {
			host = ", hostNetwork: true"
		}
		spec := fmt.Sprintf("{containers: [{name: c, ports: [{name: http, containerPort: %s}]}]%s}", pick("8080", "9090"), host)
		if r.IntN(5) == 0 {
			fmt.Fprintf(&b, "{apiVersion: v1, kind: Pod, metadata: {name: p%d, namespace: %s, labels: {app: %s}}, spec: %s}\n---\n", i, ns, pick("web", "db"), spec)
			continue
		}
		fmt.Fprintf(&b, "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d%d, namespace: %s}, spec: {template: {metadata: {labels: {app: %s}}, spec: %s}}}\n---\n",
			i, ns, pick("web", "db"), spec)
		for j := range r.IntN(3) { // pods that may differ from each other
			fmt.Fprintf(&b, "{apiVersion: v1, kind: Pod, metadata: {name: d%d-%d, namespace: %s, labels: {app: %s}, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: d%d, controller: true}]},"+
				" spec: %s, status: {phase: Running, podIP: 10.0.%d.%d}}\n---\n", i, j, ns, pick("web", "db"), i, spec, i, j+1)
		}
	}
	for i := range r.IntN(7) {
		rule := func(way string) string {
			peer := pick("{podSelector: {matchLabels: {app: web}}}", "{namespaceSelector: {matchLabels: {team: x}}}", "{namespaceSelector: {}}",
				"{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.64/26]}}", "{ipBlock: {cidr: 0.0.0.0/0}}", "{ipBlock: {cidr: 'fd00::/8'}}")
			return fmt.Sprintf("{%s: [%s], ports: [{port: %s}]}", way, peer, pick("8080", "http", "1000, endPort: 2000"))
		}
		fmt.Fprintf(&b, "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: n%d, namespace: %s}, spec: {podSelector: {matchLabels: {%s}},"+
			" policyTypes: [%s], ingress: [%s], egress: [%s]}}\n---\n", i, pick("a", "b", "c"), pick("", "app: web", "app: db"),
			pick("Ingress", "Egress", "Ingress, Egress"), rule("from"), rule("to"))
	}
	if r.IntN(4) == 0 {
		b.WriteString("{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: c, namespace: a}, spec: {endpointSelector: {matchLabels: {app: db}}}}\n---\n")
	}
	if r.IntN(3) == 0 {
		b.WriteString("{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: adm}, spec: {priority: 5, subject: {namespaces: {}}," +
			" ingress: [{action: Deny, from: [{namespaces: {matchLabels: {team: y}}}], ports: [{portNumber: {protocol: TCP, port: 8080}}]}]}}\n---\n")
	}
	return b.String()
}

// clusters calls a function with many clusters.
func clusters(t *testing.T, check func(t *testing.T, inv *inventory.Inventory, m *network.Map)) {
	for seed := range uint64(150) {
		text := randomCluster(rand.New(rand.NewPCG(seed, 3)))
		inv := inventoryOf(t, text)
		if check(t, inv, network.New(inv)); t.Failed() {
			t.Fatalf("seed %d:\n%s", seed, text)
		}
	}
}

type pairsBody struct {
	Within, Items, Unknown []Pair
	Summary                *Summary
}

// readBody is the JSON of an answer.
func readBody[T any](t *testing.T, d *answer.Document) T {
	t.Helper()
	var body T
	if err := json.Unmarshal([]byte(answertest.Render(t, "json", d, report.Options{})), &body); err != nil {
		t.Fatal(err)
	}
	return body
}

func connectivityOf(inv *inventory.Inventory, m *network.Map, by string) *answer.Document {
	return ConnectivityOf(HeaderOf("Connectivity", inv, m), m, ConnectivityOptions{By: by, Ports: network.AllPorts()})
}

// portsIn are the ports of a pair.
func portsIn(all bool, list []PortRange) network.Ports {
	if all {
		return network.AllPorts()
	}
	var out network.Ports
	for _, p := range list {
		proto, _ := network.ParseProtocol(p.Protocol)
		out = out.Union(network.PortRange(proto, network.Range{First: p.Port, Last: max(p.Port, p.EndPort)}))
	}
	return out
}

// union is what some peers can send to others, pair by pair; partly says that it differs.
func union(m *network.Map, from, to []*network.Peer) (c network.Connection, partly bool) {
	first := true
	for _, p := range from {
		for _, q := range to {
			one := m.Allowed(p, q)
			partly = partly || !first && !sameConnection(one, c)
			c, first = eitherOf(c, one), false
		}
	}
	return c, partly
}

// TestPairs holds the answer by workload to asking for every pair, addresses block by block.
func TestPairs(t *testing.T) {
	clusters(t, func(t *testing.T, inv *inventory.Inventory, m *network.Map) {
		body := readBody[pairsBody](t, connectivityOf(inv, m, ByWorkload))
		pairs := map[[2]End]Pair{}
		unknown := map[[2]End]Pair{}
		for _, p := range slices.Concat(body.Items, body.Within) {
			if _, twice := pairs[[2]End{p.From, p.To}]; twice {
				t.Errorf("twice: %v", p)
			}
			pairs[[2]End{p.From, p.To}] = p
		}
		for _, p := range body.Unknown {
			unknown[[2]End{p.From, p.To}] = p
			if p.Reason == "" {
				t.Errorf("no reason: %v", p)
			}
		}
		at := func(list map[[2]End]Pair, from, to End) network.Ports {
			p := list[[2]End{from, to}]
			return portsIn(p.All, p.Ports)
		}
		workloads := workloadsOf(m)
		for _, from := range workloads {
			for _, to := range workloads {
				want, partly := union(m, from.peers, to.peers)
				if from.object == to.object && single(from.object) {
					continue
				}
				a, b := workloadEnd(from.object), workloadEnd(to.object)
				if !at(pairs, a, b).Equal(want.Allowed) || !at(unknown, a, b).Equal(want.Unknown) {
					t.Errorf("%v → %v: %v, unknown %v; want %v", a, b, at(pairs, a, b), at(unknown, a, b), want)
				}
				if p, listed := pairs[[2]End{a, b}]; listed && p.Partly != partly {
					t.Errorf("%v → %v: partly %v", a, b, p.Partly)
				}
			}
			for _, addr := range probes {
				peer := []*network.Peer{m.Address(addr)}
				out, _ := union(m, from.peers, peer)
				in, _ := union(m, peer, from.peers)
				for _, list := range []struct {
					of      map[[2]End]Pair
					out, in network.Ports
				}{{pairs, out.Allowed, in.Allowed}, {unknown, out.Unknown, in.Unknown}} {
					var gotOut, gotIn network.Ports
					for key, p := range list.of {
						if key[0] == workloadEnd(from.object) && contains(key[1].CIDR, addr) {
							gotOut = gotOut.Union(portsIn(p.All, p.Ports))
						}
						if key[1] == workloadEnd(from.object) && contains(key[0].CIDR, addr) {
							gotIn = gotIn.Union(portsIn(p.All, p.Ports))
						}
					}
					if !gotOut.Equal(list.out) || !gotIn.Equal(list.in) {
						t.Errorf("%s and %s: %v %v, want %v %v", from.object, addr, gotOut, gotIn, list.out, list.in)
					}
				}
			}
		}
		checkSummary(t, m, body.Summary)
	})
}

var probes = []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.70"), netip.MustParseAddr("8.8.8.8"),
	netip.MustParseAddr("fd00::1"), netip.MustParseAddr("2001:db8::1")}

func contains(cidr string, a netip.Addr) bool {
	p, err := netip.ParsePrefix(cidr)
	return err == nil && p.Contains(a)
}

func checkSummary(t *testing.T, m *network.Map, got *Summary) {
	t.Helper()
	var allowed, all, unknown int
	workloads := workloadsOf(m)
	for _, from := range workloads {
		for _, to := range workloads {
			if from.object == to.object {
				continue
			}
			some := func(of func(network.Connection) bool) int {
				for _, p := range from.peers {
					for _, q := range to.peers {
						if of(m.Allowed(p, q)) {
							return 1
						}
					}
				}
				return 0
			}
			allowed += some(func(c network.Connection) bool { return !c.Allowed.None() })
			all += some(func(c network.Connection) bool { return c.Allowed.All() })
			unknown += some(func(c network.Connection) bool { return !c.Unknown.None() })
		}
	}
	if got.Allowed != allowed || got.AllPorts != all || got.Unknown != unknown || got.Workloads != len(workloads) {
		t.Errorf("summary %+v, want %d allowed, %d on all ports, %d unknown", *got, allowed, all, unknown)
	}
}

// TestClassPairs holds the answer by class to asking for every pair of peers.
func TestClassPairs(t *testing.T) {
	type body struct {
		Classes        []ClassMembers
		Items, Unknown []ClassPair
	}
	clusters(t, func(t *testing.T, inv *inventory.Inventory, m *network.Map) {
		got := readBody[body](t, connectivityOf(inv, m, ByClass))
		if len(got.Classes) != len(m.Classes()) {
			t.Fatalf("%d classes, want %d", len(got.Classes), len(m.Classes()))
		}
		collect := func(list []ClassPair) map[[2]int]network.Ports {
			out := map[[2]int]network.Ports{}
			for _, p := range list {
				for _, from := range ids(t, p.From) {
					for _, to := range ids(t, p.To) {
						out[[2]int{from, to}] = out[[2]int{from, to}].Union(portsIn(p.All, p.Ports))
					}
				}
			}
			return out
		}
		allowed, unknown := collect(got.Items), collect(got.Unknown)
		for _, a := range m.Classes() {
			for _, b := range m.Classes() {
				if a.External() && b.External() || a == b && (len(a.Peers) > 1 || single(a.Peers[0].Object)) {
					continue
				}
				want := m.Allowed(a.Peers[0], b.Peers[len(b.Peers)-1])
				if key := [2]int{a.ID, b.ID}; !allowed[key].Equal(want.Allowed) || !unknown[key].Equal(want.Unknown) {
					t.Errorf("%v → %v: %v and unknown %v, want %v", a.Peers, b.Peers, allowed[key], unknown[key], want)
				}
			}
		}
	})
}

func ids(t *testing.T, s ClassSet) []int {
	t.Helper()
	var out []int
	for part := range strings.SplitSeq(s.Classes, ",") {
		first, last := 0, 0
		if n, err := fmt.Sscanf(part, "%d-%d", &first, &last); n == 1 {
			last = first
		} else if err != nil {
			t.Fatalf("%q: %v", s.Classes, err)
		}
		for id := first; id <= last; id++ {
			out = append(out, id)
		}
	}
	return out
}

// TestNamespacePairs holds the answer by namespace to asking for every pair.
func TestNamespacePairs(t *testing.T) {
	clusters(t, func(t *testing.T, inv *inventory.Inventory, m *network.Map) {
		body := readBody[pairsBody](t, connectivityOf(inv, m, ByNamespace))
		got := map[[2]string]Pair{}
		for _, p := range body.Items {
			got[[2]string{p.From.Namespace, p.To.Namespace}] = p
		}
		for _, a := range []string{"a", "b", "c"} {
			for _, b := range []string{"a", "b", "c"} {
				var want network.Connection
				for _, p := range m.In(a) {
					for _, q := range m.In(b) {
						if p != q {
							want = eitherOf(want, m.Allowed(p, q))
						}
					}
				}
				p := got[[2]string{a, b}]
				if !portsIn(p.All, p.Ports).Equal(want.Allowed) {
					t.Errorf("%s → %s: %+v, want %v", a, b, p, want.Allowed)
				}
			}
		}
	})
}

// TestFilters holds a part of the answer to the same part of all of it.
func TestFilters(t *testing.T) {
	clusters(t, func(t *testing.T, inv *inventory.Inventory, m *network.Map) {
		w := workloadsOf(m)[0]
		name, ports := workloadEnd(w.object), network.OnePort(network.TCP, 8080)
		all := readBody[pairsBody](t, connectivityOf(inv, m, ByWorkload)).Items
		part := func(o ConnectivityOptions) []Pair {
			o.By = ByWorkload
			if o.Ports.None() {
				o.Ports = network.AllPorts()
			}
			return readBody[pairsBody](t, ConnectivityOf(HeaderOf("Connectivity", inv, m), m, o)).Items
		}
		for what, c := range map[string]struct {
			got  []Pair
			want func(Pair) bool
		}{
			"from": {part(ConnectivityOptions{From: &Ends{Peers: w.peers}}), func(p Pair) bool { return p.From == name }},
			"to":   {part(ConnectivityOptions{To: &Ends{Peers: w.peers}}), func(p Pair) bool { return p.To == name }},
			"in": {part(ConnectivityOptions{Namespace: "a"}), func(p Pair) bool {
				return strings.HasPrefix(p.From.Workload, "a/") || strings.HasPrefix(p.To.Workload, "a/")
			}},
			"port": {part(ConnectivityOptions{Ports: ports}), func(p Pair) bool {
				return p.To.CIDR == "" && p.From.CIDR == "" && portsIn(p.All, p.Ports).Has(network.TCP, 8080)
			}},
		} {
			got, want := map[[2]End]bool{}, map[[2]End]bool{}
			for _, p := range c.got {
				if what != "port" || p.To.CIDR == "" && p.From.CIDR == "" { // blocks merge differently on one port
					got[[2]End{p.From, p.To}] = true
				}
			}
			for _, p := range all {
				if c.want(p) {
					want[[2]End{p.From, p.To}] = true
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: %v, want %v", what, got, want)
			}
		}
		if got := part(ConnectivityOptions{Limit: 2}); len(got) != min(2, len(all)) {
			t.Errorf("limit: %v", got)
		}
	})
}

const shopWithIngress = diffWorkloads + `
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, namespace: shop},
 spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}}
`

func withWays(inv *inventory.Inventory, by string) *answer.Document {
	m := network.New(inv)
	return ConnectivityOf(HeaderOf("Connectivity", inv, m), m, ConnectivityOptions{By: by, Ports: network.AllPorts(),
		Controllers: exposure.New(inv, m, service.New(inv, m)).FromControllers()})
}

func TestIngressController(t *testing.T) {
	for _, by := range []string{ByWorkload, ByNamespace} {
		n := 0
		for _, p := range readBody[pairsBody](t, withWays(inventoryOf(t, shopWithIngress), by)).Items {
			if p.From.IngressController {
				n++
				if ports := portsIn(p.All, p.Ports); !ports.Equal(network.OnePort(network.TCP, 8080)) || p.To.Workload+p.To.Namespace == "" {
					t.Errorf("%s: %+v", by, p)
				}
			}
		}
		if n != 1 {
			t.Errorf("%s: %d pairs of the ingress controller", by, n)
		}
	}
}

func TestConnectivityHostileNames(t *testing.T) {
	inv := inventoryOf(t, shopWithIngress+"---\n"+diffPolicy)
	for i, s := range answertest.Hostile() {
		other := renamed(inv, s)
		for _, by := range []string{ByWorkload, ByClass, ByNamespace} {
			answertest.Check(t, fmt.Sprint(i, " ", by), withWays(other, by))
		}
		m := network.New(other)
		var asking Asking
		for _, p := range m.Peers() {
			if !p.External() {
				asking.Questions = append(asking.Questions, Question{From: m.Peers()[0], To: p, Ports: network.AllPorts()})
			}
		}
		asking.From, asking.To = s, s
		doc, _ := Explain(HeaderOf("Explanation", other, m), m, asking)
		answertest.Check(t, fmt.Sprint(i, " explain"), doc)
	}
}
