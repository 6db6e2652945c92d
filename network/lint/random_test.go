package lint_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/lint"
)

var (
	seed = flag.Uint64("seed", 1, "of the random clusters")
	runs = flag.Int("runs", 400, "random clusters")
)

// A maker makes random clusters in which rules often cover each other.
type maker struct{ *rand.Rand }

func (g maker) one(of ...string) string { return of[g.IntN(len(of))] }

type object = map[string]any

func (g maker) labels() object {
	out := object{}
	for _, k := range []string{"app", "tier"} {
		if g.IntN(4) > 0 {
			out[k] = g.one("a", "b")
		}
	}
	return out
}

func (g maker) selector() object {
	switch g.IntN(4) {
	case 0:
		return object{}
	case 1:
		return object{"matchLabels": object{g.one("app", "tier"): g.one("a", "b")}}
	case 2:
		return object{"matchLabels": object{"app": g.one("a", "b"), "tier": g.one("a", "b")}}
	}
	e := object{"key": g.one("app", "tier"), "operator": g.one("In", "NotIn", "Exists", "DoesNotExist")}
	if op := e["operator"]; op == "In" || op == "NotIn" {
		e["values"] = []any{g.one("a", "b"), g.one("a", "b", "c")}
	}
	return object{"matchExpressions": []any{e}}
}

func (g maker) namespaces() object {
	if g.IntN(2) == 0 {
		return object{"matchLabels": object{"kubernetes.io/metadata.name": g.one("n0", "n1")}}
	}
	return g.selector()
}

var nets = []string{"0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.0.0.0/30", "10.0.0.2/31", "192.0.2.0/24", "::/0", "fd00::/8"}

func (g maker) peer() object {
	switch g.IntN(4) {
	case 0:
		b := object{"cidr": g.one(nets...)}
		if b["cidr"] == "10.0.0.0/8" && g.IntN(2) == 0 {
			b["except"] = []any{g.one("10.0.0.0/30", "10.128.0.0/9")}
		}
		return object{"ipBlock": b}
	case 1:
		return object{"namespaceSelector": g.namespaces()}
	case 2:
		return object{"namespaceSelector": g.namespaces(), "podSelector": g.selector()}
	}
	return object{"podSelector": g.selector()}
}

func (g maker) ports() []any {
	var out []any
	for range g.IntN(3) {
		p := object{"protocol": g.one("TCP", "TCP", "UDP")}
		switch g.IntN(3) {
		case 0:
			p["port"] = g.one("http", "dns")
		case 1:
			p["port"] = []int{53, 80, 8080}[g.IntN(3)]
			if g.IntN(2) == 0 {
				p["endPort"] = 8080
			}
		}
		out = append(out, p)
	}
	return out
}

func (g maker) rules(peers string) []any {
	var out []any
	for range g.IntN(4) {
		r := object{"ports": g.ports()}
		var list []any
		for range g.IntN(4) {
			list = append(list, g.peer())
		}
		r[peers] = list
		out = append(out, r)
	}
	return out
}

func (g maker) policy(i int) object {
	spec := object{"podSelector": g.selector()}
	if g.IntN(3) > 0 {
		spec["policyTypes"] = [][]any{{"Ingress"}, {"Egress"}, {"Ingress", "Egress"}}[g.IntN(3)]
	}
	if rules := g.rules("from"); len(rules) > 0 {
		spec["ingress"] = rules
	}
	if rules := g.rules("to"); len(rules) > 0 {
		spec["egress"] = rules
	}
	return object{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
		"metadata": object{"name": fmt.Sprint("p", i), "namespace": g.one("n0", "n0", "n1")}, "spec": spec}
}

func (g maker) admin(i int) object {
	peers := func() []any {
		var out []any
		for range 1 + g.IntN(2) {
			if g.IntN(2) == 0 {
				out = append(out, object{"namespaces": g.namespaces()})
			} else {
				out = append(out, object{"pods": object{"namespaceSelector": g.namespaces(), "podSelector": g.selector()}})
			}
		}
		return out
	}
	spec := object{"priority": g.IntN(3), "subject": object{"pods": object{"namespaceSelector": g.namespaces(), "podSelector": g.selector()}}}
	for _, d := range [][2]string{{"ingress", "from"}, {"egress", "to"}} {
		var rules []any
		for range g.IntN(3) {
			r := object{"action": g.one("Allow", "Deny", "Pass"), d[1]: peers()}
			if g.IntN(2) == 0 {
				r["ports"] = []any{object{"portNumber": object{"protocol": "TCP", "port": 80}}}
			}
			rules = append(rules, r)
		}
		spec[d[0]] = rules
	}
	return object{"apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy", "metadata": object{"name": fmt.Sprint("a", i)}, "spec": spec}
}

func (g maker) cluster() []object {
	var out []object
	for _, name := range []string{"n0", "n1"} {
		out = append(out, object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": name, "labels": g.labels()}})
	}
	for i := range 5 {
		out = append(out, object{"apiVersion": "v1", "kind": "Pod",
			"metadata": object{"name": fmt.Sprint("pod", i), "namespace": g.one("n0", "n1"), "labels": g.labels()},
			"spec": object{"containers": []any{object{"name": "main", "ports": []any{
				object{"name": "http", "containerPort": []int{80, 8080}[g.IntN(2)]}, object{"name": "dns", "containerPort": 53, "protocol": "UDP"}}}}},
			"status": object{"podIPs": []any{object{"ip": fmt.Sprint("10.0.0.", i+1)}, object{"ip": fmt.Sprint("fd00::", i+1)}}}})
	}
	for i := range 1 + g.IntN(5) {
		out = append(out, g.policy(i))
	}
	for i := range g.IntN(3) {
		out = append(out, g.admin(i))
	}
	return out
}

// inventoryOf reads objects as JSON would bring them.
func inventoryOf(t testing.TB, list []object) *inventory.Inventory {
	t.Helper()
	var objects []*inventory.Object
	for _, o := range list {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		var content map[string]any
		if err := json.Unmarshal(text, &content); err != nil {
			t.Fatal(err)
		}
		meta := inventory.Map(content, "metadata")
		objects = append(objects, &inventory.Object{Content: content, Ref: finding.Ref{APIVersion: inventory.String(content, "apiVersion"),
			Kind: inventory.String(content, "kind"), Namespace: inventory.String(meta, "namespace"), Name: inventory.String(meta, "name")}})
	}
	return inventory.New(inventory.Source{Kind: "cluster"}, time.Time{}, "", objects, nil)
}

// answers are the connections between all pods and some addresses on both sides of each border.
func answers(t *testing.T, list []object) map[string]network.Connection {
	m := network.New(inventoryOf(t, list)).AssumeEnforced()
	peers := map[string]*network.Peer{}
	for _, p := range m.Peers() {
		if !p.External() {
			peers[p.String()] = p
		}
	}
	for _, text := range []string{"1.1.1.1", "10.0.0.0", "10.0.0.3", "10.0.0.9", "10.127.0.1", "10.128.0.1", "192.0.2.7", "2001:db8::1", "fd00::9"} {
		peers[text] = m.Address(netip.MustParseAddr(text))
	}
	out := map[string]network.Connection{}
	for from, src := range peers {
		for to, dst := range peers {
			out[from+" to "+to] = m.Allowed(src, dst)
		}
	}
	return out
}

// TestShadowed takes everything away that is reported as superfluous, all at once: no connection changes.
func TestShadowed(t *testing.T) {
	count := map[lint.Kind]int{}
	for i := range *runs {
		g := maker{rand.New(rand.NewPCG(*seed, uint64(i)))}
		before := g.cluster()
		var problems []lint.Problem
		for _, p := range checkAll(inventoryOf(t, before)).Problems {
			if slices.Contains([]lint.Kind{lint.ShadowedPolicy, lint.ShadowedRule, lint.NeverAsked, lint.SelectsNothing}, p.Kind) {
				count[p.Kind]++
				problems = append(problems, p)
			}
		}
		same(t, fmt.Sprint("cluster ", i), before, without(before, problems))

		// Peers are another matter: what covers a peer may be part of a rule that goes as a whole.
		problems = nil
		for _, p := range checkAll(inventoryOf(t, before)).Problems {
			if p.Kind == lint.RepeatedPeer || p.Kind == lint.NoSuchPeer {
				count[p.Kind]++
				problems = append(problems, p)
			}
		}
		same(t, fmt.Sprint("peers of cluster ", i), before, without(before, problems))
	}
	t.Log(count)
	for _, k := range []lint.Kind{lint.ShadowedPolicy, lint.ShadowedRule, lint.NeverAsked, lint.SelectsNothing, lint.RepeatedPeer, lint.NoSuchPeer} {
		if count[k] == 0 {
			t.Errorf("%s: nothing was tried", k)
		}
	}
}

func same(t *testing.T, name string, before, after []object) {
	t.Helper()
	was, is := answers(t, before), answers(t, after)
	for pair, a := range was {
		if b := is[pair]; !a.Allowed.Equal(b.Allowed) || !a.Unknown.Equal(b.Unknown) {
			t.Fatalf("%s: %s was %s (unknown %s), is %s (unknown %s)", name, pair, a.Allowed, a.Unknown, b.Allowed, b.Unknown)
		}
	}
}

// without takes what the problems point at away from a copy: an object, a rule or a peer. A rule that loses its last peer
// goes too, for without peers it would mean everyone.
func without(list []object, problems []lint.Problem) []object {
	var out []object
	for _, o := range list {
		meta := o["metadata"].(object)
		namespace, _ := meta["namespace"].(string)
		ref := finding.Ref{APIVersion: o["apiVersion"].(string), Kind: o["kind"].(string), Namespace: namespace, Name: meta["name"].(string)}
		gone, paths := false, map[finding.Path]bool{}
		for _, p := range problems {
			if p.Object == ref {
				gone = gone || p.Path == "" || p.Kind == lint.SelectsNothing
				paths[p.Path] = true
			}
		}
		switch {
		case gone:
		case len(paths) == 0:
			out = append(out, o)
		default:
			out = append(out, object{"apiVersion": o["apiVersion"], "kind": o["kind"], "metadata": meta, "spec": specWithout(o["spec"].(object), paths)})
		}
	}
	return out
}

func specWithout(spec object, paths map[finding.Path]bool) object {
	out := object{}
	for k, v := range spec {
		out[k] = v
	}
	types := []any{"Ingress"} // that the last egress rule goes must not change what the policy isolates
	if rules, _ := spec["egress"].([]any); len(rules) > 0 {
		types = append(types, "Egress")
	}
	if spec["policyTypes"] == nil && spec["subject"] == nil {
		out["policyTypes"] = types
	}
	for d, field := range map[string]string{"ingress": "from", "egress": "to"} {
		rules, _ := spec[d].([]any)
		var kept []any
		for i, r := range rules {
			at := finding.Path("spec").Field(d).Index(i)
			if paths[at] {
				continue
			}
			rule := object{"ports": r.(object)["ports"]}
			if a := r.(object)["action"]; a != nil {
				rule["action"] = a
			}
			peers, _ := r.(object)[field].([]any)
			var left []any
			for j, p := range peers {
				if !paths[at.Field(field).Index(j)] {
					left = append(left, p)
				}
			}
			if rule[field] = left; len(peers) == 0 || len(left) > 0 {
				kept = append(kept, rule)
			}
		}
		out[d] = kept
	}
	return out
}
