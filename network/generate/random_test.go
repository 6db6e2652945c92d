package generate_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/generate"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// A world makes random clusters, small and with labels that often cannot tell workloads apart.
type world struct {
	*rand.Rand
	objects []*inventory.Object
	owners  []*inventory.Object // what makes pods, or pods by themselves
	pods    int
	// resolvers says that the pods of the cluster's DNS are there.
	resolvers bool
}

func (g *world) one(of ...string) string { return of[g.IntN(len(of))] }
func (g *world) chance(percent int) bool { return g.IntN(100) < percent }

func object(content map[string]any) *inventory.Object {
	meta := inventory.Map(content, "metadata")
	return &inventory.Object{Content: content, Ref: finding.Ref{
		APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"),
		Namespace: inventory.String(meta, "namespace"), Name: inventory.String(meta, "name"),
	}}
}

type m = map[string]any

func (g *world) labels() m {
	out := m{}
	for _, k := range []string{"app", "app.kubernetes.io/component", "env"} {
		if g.chance(60) {
			out[k] = g.one("a", "b", "c")
		}
	}
	if g.chance(15) {
		out["version"] = g.one("v1", "v2")
	}
	if g.chance(5) {
		out["app"] = "not a label's value!"
	}
	return out
}

func (g *world) some(labels m) m {
	out := m{}
	for _, k := range []string{"app", "app.kubernetes.io/component", "env", "version"} {
		if v, has := labels[k]; has && g.chance(60) {
			out[k] = v
		}
	}
	return out
}

func (g *world) workload(i int) {
	ns, name, labels := g.one("n0", "n1", "n2"), fmt.Sprint("w", i/2), g.labels() // some have the same name
	spec := m{"containers": []any{m{"name": "main"}}}
	if g.chance(12) {
		spec["hostNetwork"] = true
	}
	kind := g.one("Deployment", "StatefulSet", "Pod", "Kafka")
	if kind == "Deployment" || kind == "StatefulSet" {
		o := object(m{"apiVersion": "apps/v1", "kind": kind, "metadata": m{"namespace": ns, "name": name}, "spec": m{
			"selector": m{"matchLabels": g.some(labels)}, "template": m{"metadata": m{"labels": labels}, "spec": spec},
		}})
		g.objects, g.owners = append(g.objects, o), append(g.owners, o)
		for range g.IntN(3) {
			g.pod(ns, kind, name, labels, spec, 20)
		}
		return
	}
	if kind == "Kafka" {
		for range 2 {
			g.owners = append(g.owners, g.pod(ns, kind, name, labels, spec, 20))
		}
		return
	}
	g.owners = append(g.owners, g.pod(ns, "", "", labels, spec, 0))
}

// pod adds a pod of an owner; some have other labels than its template.
func (g *world) pod(ns, kind, owner string, labels, spec m, odd int) *inventory.Object {
	g.pods++
	meta := m{"namespace": ns, "name": fmt.Sprint("pod-", g.pods)}
	own := m{"pod-template-hash": fmt.Sprint(g.pods)}
	for k, v := range labels {
		own[k] = v
	}
	if g.chance(odd) {
		own[g.one("env", "extra")] = "odd"
	}
	meta["labels"] = own
	if kind != "" {
		meta["ownerReferences"] = []any{m{"apiVersion": "apps/v1", "kind": kind, "name": owner, "controller": true}}
	}
	node, ip := "node-a", fmt.Sprintf("10.0.0.%d", g.pods)
	if spec["hostNetwork"] == true {
		node, ip = "node-h", fmt.Sprintf("192.0.2.%d", 1+g.IntN(3))
	}
	full := m{"nodeName": node}
	for k, v := range spec {
		full[k] = v
	}
	ips := []any{m{"ip": ip}, m{"ip": "fd00::" + ip[strings.LastIndex(ip, ".")+1:]}}
	o := object(m{"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": full, "status": m{"podIPs": ips}})
	g.objects = append(g.objects, o)
	return o
}

func (g *world) dns() {
	g.resolvers = true
	labels := m{"k8s-app": "kube-dns"}
	o := object(m{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": m{"namespace": "kube-system", "name": "coredns"}, "spec": m{
		"selector": m{"matchLabels": labels}, "template": m{"metadata": m{"labels": labels}, "spec": m{}},
	}})
	g.owners = append(g.owners, o)
	meta := m{"namespace": "kube-system", "name": "kube-dns"}
	g.objects = append(g.objects, o, object(m{"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": m{
		"selector": labels, "ports": []any{m{"name": "dns", "protocol": "UDP", "port": int64(53), "targetPort": int64(1053)}},
	}}))
}

func (g *world) policy(i int) {
	spec := m{"podSelector": m{"matchLabels": g.some(g.labels())}, "policyTypes": []any{g.one("Ingress", "Egress")}}
	if g.chance(50) {
		spec["ingress"] = []any{m{"from": []any{m{"podSelector": m{"matchLabels": g.some(g.labels())}}}}}
	}
	g.objects = append(g.objects, object(m{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
		"metadata": m{"namespace": g.one("n0", "n1", "n2"), "name": []string{"default-deny", "w0-ingress", "own"}[i]}, "spec": spec}))
}

func randomWorld(seed uint64) *world {
	g := &world{Rand: rand.New(rand.NewPCG(seed, 7))}
	for _, ns := range []string{"n0", "n1", "n2", "kube-system"} {
		g.objects = append(g.objects, object(m{"apiVersion": "v1", "kind": "Namespace", "metadata": m{"name": ns}}))
	}
	if g.chance(50) {
		g.dns()
	}
	for i := range 2 + g.IntN(7) {
		g.workload(i)
	}
	if g.chance(40) {
		for i := range g.IntN(4) {
			g.policy(i)
		}
	}
	return g
}

// A wish is a need that can be made again for another Map.
type wish struct {
	from, to any // *inventory.Object, or need.End
	need     need.Need
}

func (g *world) wishes() []wish {
	var out []wish
	for range g.IntN(14) {
		w := wish{need: need.Need{Protocol: network.Protocol(g.IntN(3)), Port: []uint16{53, 80, 81, 82, 1053, 8080}[g.IntN(6)]}}
		w.from, w.to = g.owners[g.IntN(len(g.owners))], g.owners[g.IntN(len(g.owners))]
		if g.chance(35) {
			w.to = g.elsewhere(true)
		} else if g.chance(25) {
			w.from = g.elsewhere(false)
		}
		seen := time.Date(2026, 1, 1+g.IntN(20), 0, 0, 0, 0, time.UTC)
		w.need.Evidence = []need.Evidence{{Flows: int64(1 + g.IntN(50)), First: seen, Last: seen.Add(time.Hour), What: "flows of hubble"}}
		if g.chance(20) {
			w.need.Evidence = []need.Evidence{{Object: g.owners[0], Path: finding.Path("spec").Index(g.IntN(9)), What: "an argument"}}
		}
		out = append(out, w)
	}
	return out
}

func (g *world) elsewhere(to bool) need.End {
	e := need.End{Kind: need.Outside, Addresses: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(g.IntN(8))}), 32)}}
	switch g.IntN(9) {
	case 0:
		e.Addresses = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/25"), netip.MustParsePrefix("2001:db8::/64")}
	case 1:
		e = need.End{Kind: need.Node, Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.9/32")}}
	case 2:
		e = need.End{Kind: need.APIServer}
		if g.chance(50) {
			e.Addresses = []netip.Prefix{netip.MustParsePrefix("192.0.2.77/32")}
		}
	case 3:
		if !to {
			e = need.End{Kind: need.Gateway}
		}
	case 4:
		if to && !g.resolvers {
			e = need.End{Kind: need.DNS}
		}
	case 5:
		e = need.End{Kind: need.Outside, Names: []string{"api.example.com"}}
	case 6:
		if g.chance(30) {
			e = need.End{Kind: need.Outside}
		}
	}
	return e
}

// needs are wishes for a Map.
func needsOf(wishes []wish, of *network.Map) *need.Needs {
	out := &need.Needs{}
	for _, w := range wishes {
		n := w.need
		n.From, n.To = endOf(w.from, of), endOf(w.to, of)
		out.List = append(out.List, n)
	}
	return out
}

func endOf(of any, in *network.Map) need.End {
	o, isObject := of.(*inventory.Object)
	if !isObject {
		return of.(need.End)
	}
	e := need.End{Kind: need.Workload, Object: o, Peers: in.Workload(o.Namespace, o.Kind, o.Name)}
	if !slices.ContainsFunc(e.Peers, func(p *network.Peer) bool { return !p.HostNetwork }) {
		e.Kind = need.Node
	}
	return e
}

func (g *world) options() generate.Options {
	o := generate.Options{NoDNS: g.chance(20), AllNamespaces: g.chance(20)}
	if g.chance(20) {
		o.Directions = []network.Direction{network.Direction(g.IntN(2))}
	}
	if g.chance(20) {
		o.Namespaces = []string{"n0", g.one("n1", "kube-system")}
	}
	if g.chance(25) {
		o.Style = generate.PerNamespace
	}
	if g.chance(50) {
		o.Existing = generate.Replace
	}
	if g.chance(30) {
		o.APIServer = []netip.Prefix{netip.MustParsePrefix("192.0.2.64/28")}
	}
	if g.chance(30) {
		o.IngressController = "n2"
	}
	if g.chance(20) {
		o.Nodes = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	}
	if g.chance(20) {
		o.MaxBlocks = 1
	}
	return o
}

// a planned world is what a test looks at.
type planned struct {
	inv      *inventory.Inventory
	before   *network.Map
	needs    *need.Needs
	options  generate.Options
	plan     *generate.Plan
	proposed *inventory.Inventory
	after    *network.Map
}

func planOf(g *world, wishes []wish, options generate.Options) *planned {
	p := &planned{inv: inventory.New(inventory.Source{Kind: "cluster"}, time.Time{}, "v1.37.2", g.objects, nil), options: options}
	p.before = network.New(p.inv).AssumeEnforced()
	p.needs = needsOf(wishes, p.before)
	p.plan = generate.Policies(p.before, service.New(p.inv, p.before), p.needs, options)
	p.proposed = p.plan.Proposed(p.inv)
	p.after = network.New(p.proposed).AssumeEnforced()
	return p
}

// text is everything of a plan.
func text(p *generate.Plan) string {
	var b strings.Builder
	for _, policy := range p.Policies {
		fmt.Fprintln(&b, policy.Object(), policy.Comments, policy.For)
		for _, r := range policy.Rules {
			fmt.Fprintf(&b, "  %v\n", r.Reasons)
		}
	}
	for _, n := range p.Notes {
		fmt.Fprintln(&b, n)
	}
	fmt.Fprintln(&b, p.Namespaces, p.Opened, len(p.Unopened), p.Flows)
	return b.String()
}
