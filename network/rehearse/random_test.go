package rehearse_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/rehearse"
)

type m = map[string]any
type l = []any

func object(apiVersion, kind, namespace, name string, content m) *inventory.Object {
	content["apiVersion"], content["kind"] = apiVersion, kind
	meta, _ := content["metadata"].(m)
	if meta == nil {
		meta = m{}
		content["metadata"] = meta
	}
	meta["name"], meta["namespace"] = name, namespace
	return &inventory.Object{Ref: finding.Ref{APIVersion: apiVersion, Kind: kind, Namespace: namespace, Name: name}, Content: content}
}

// randomCluster has workloads with few labels, some of them with pods that differ.
func randomCluster(r *rand.Rand) []*inventory.Object {
	var out []*inventory.Object
	for ns := range 3 {
		namespace := fmt.Sprintf("n%d", ns)
		out = append(out, object("v1", "Namespace", "", namespace, m{"metadata": m{"labels": m{"team": fmt.Sprint(ns % 2)}}}))
		for i := range 4 {
			labels := m{"app": fmt.Sprint(r.IntN(4))}
			spec := m{"containers": l{m{"name": "c", "ports": l{m{"name": "http", "containerPort": int64(80 + r.IntN(2))}}}}}
			name := fmt.Sprintf("w%d", i)
			if i > 0 {
				out = append(out, object("apps/v1", "Deployment", namespace, name, m{"spec": m{"template": m{"metadata": m{"labels": labels}, "spec": spec}}}))
				continue
			}
			out = append(out, object("apps/v1", "StatefulSet", namespace, name, m{"spec": m{"template": m{"metadata": m{"labels": labels}, "spec": spec}}}))
			for pod := range 2 {
				out = append(out, object("v1", "Pod", namespace, fmt.Sprintf("%s-%d", name, pod), m{
					"metadata": m{
						"labels":          m{"app": labels["app"], "shard": fmt.Sprint(pod)},
						"ownerReferences": l{m{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name, "controller": true}},
					},
					"spec": spec, "status": m{"podIP": fmt.Sprintf("10.0.%d.%d", ns, pod)},
				}))
			}
		}
	}
	return out
}

func randomSelector(r *rand.Rand) m {
	switch r.IntN(4) {
	case 0:
		return m{}
	case 1:
		return m{"matchLabels": m{"shard": fmt.Sprint(r.IntN(2))}}
	}
	return m{"matchLabels": m{"app": fmt.Sprint(r.IntN(4))}}
}

func randomPeer(r *rand.Rand) m {
	switch r.IntN(5) {
	case 0:
		return m{"ipBlock": m{"cidr": []string{"0.0.0.0/0", "203.0.113.0/24", "203.0.113.0/25"}[r.IntN(3)]}}
	case 1:
		return m{"namespaceSelector": m{"matchLabels": m{"team": fmt.Sprint(r.IntN(2))}}, "podSelector": randomSelector(r)}
	case 2:
		return m{"namespaceSelector": m{}}
	}
	return m{"podSelector": randomSelector(r)}
}

func randomRule(r *rand.Rand, peers string) m {
	rule := m{}
	if r.IntN(5) > 0 {
		rule[peers] = l{randomPeer(r), randomPeer(r)}
	}
	switch r.IntN(3) {
	case 0:
		rule["ports"] = l{m{"port": int64(80 + r.IntN(2))}}
	case 1:
		rule["ports"] = l{m{"port": "http"}}
	}
	return rule
}

func randomPolicy(r *rand.Rand, i int) *inventory.Object {
	spec := m{"podSelector": randomSelector(r)}
	types, in, out := l{}, l{}, l{}
	if r.IntN(3) > 0 {
		types = append(types, "Ingress")
		for range r.IntN(3) {
			in = append(in, randomRule(r, "from"))
		}
		spec["ingress"] = in
	}
	if r.IntN(3) > 0 || len(types) == 0 {
		types = append(types, "Egress")
		for range r.IntN(3) {
			out = append(out, randomRule(r, "to"))
		}
		spec["egress"] = out
	}
	spec["policyTypes"] = types
	return object("networking.k8s.io/v1", "NetworkPolicy", fmt.Sprintf("n%d", r.IntN(3)), fmt.Sprintf("p%d", i), m{"spec": spec})
}

var ports = []uint16{80, 81, 443}

// allowed are needs for all that a Map allows for sure.
func allowed(m *network.Map) *need.Needs {
	end := func(p *network.Peer) need.End {
		if p.External() {
			var e need.End
			for _, r := range p.Addresses {
				e.Addresses = append(e.Addresses, r.Prefixes()...)
			}
			e.Kind = need.Outside
			return e
		}
		return need.End{Kind: need.Workload, Object: p.Object, Peers: []*network.Peer{p}}
	}
	n := &need.Needs{}
	for _, from := range m.Peers() {
		for _, to := range m.Peers() {
			for _, port := range ports {
				if m.Allowed(from, to).Port(network.TCP, port) == network.Allowed {
					n.List = append(n.List, need.Need{
						From: end(from), To: end(to), Protocol: network.TCP, Port: port, Evidence: []need.Evidence{{Flows: 1, What: "flows"}},
					})
				}
			}
		}
	}
	return n
}

// What a Map allows, it keeps.
func TestWhatIsAllowedIsSafe(t *testing.T) {
	total := 0
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 1))
		objects := randomCluster(r)
		for i := range 1 + r.IntN(6) {
			objects = append(objects, randomPolicy(r, i))
		}
		here := network.New(inventoryOf(objects))
		needs := allowed(here)
		total += len(needs.List)
		again := network.New(inventoryOf(objects))
		for _, other := range []*network.Map{here, again} {
			got := rehearse.Rehearse(needs, here, other)
			if got.Verdict() != rehearse.Safe || got.Kept != len(needs.List) {
				t.Fatalf("seed %d: %s, kept %d of %d\n%s", seed, got.Verdict(), got.Kept, len(needs.List), describe(got))
			}
		}
	}
	t.Logf("%d needs", total)
}

// Without one of its rules a policy breaks exactly the needs that the other Map denies, and it is to blame.
func TestARuleLessBreaksWhatNeedsIt(t *testing.T) {
	broken, kept := 0, 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		objects := randomCluster(r)
		first := len(objects)
		for i := range 1 + r.IntN(6) {
			objects = append(objects, randomPolicy(r, i))
		}
		here := network.New(inventoryOf(objects))
		at := first + r.IntN(len(objects)-first)
		less := withoutRule(r, objects[at])
		if less == nil {
			continue
		}
		proposed := network.New(inventoryOf(objects[:at], []*inventory.Object{less}, objects[at+1:]))
		needs := allowed(here)
		got := rehearse.Rehearse(needs, here, proposed)
		want := map[string]bool{}
		unknown := 0
		for _, n := range needs.List {
			switch worst(proposed, n) {
			case network.Denied:
				want[text(n)] = true
			case network.Unknown:
				unknown++
			}
		}
		for _, b := range got.Breaks {
			if !want[text(b.Need)] {
				t.Fatalf("seed %d: %s does not break", seed, text(b.Need))
			}
			delete(want, text(b.Need))
			if b.Before || !slices.ContainsFunc(b.Changes, func(x rehearse.Blame) bool { return x.Policy == less.Ref && x.Act == rehearse.Changed }) {
				t.Fatalf("seed %d: %s: %+v is to blame, and not %s (before %v)", seed, text(b.Need), b.Changes, less, b.Before)
			}
		}
		if len(want) > 0 || len(got.Unknown) != unknown {
			t.Fatalf("seed %d: %d breaks are missing, %d unknown", seed, len(want), len(got.Unknown))
		}
		broken, kept = broken+len(got.Breaks), kept+got.Kept
	}
	if broken < 1000 || kept < 1000 {
		t.Errorf("too few were tried: %d broken, %d kept", broken, kept)
	}
}

func text(n need.Need) string {
	out := fmt.Sprintf("%v %v %d", n.From.Key(), n.To.Key(), n.Port)
	for _, p := range slices.Concat(n.From.Peers, n.To.Peers) {
		for _, pod := range p.Pods {
			out += " " + pod.Name
		}
	}
	return out
}

// worst asks the Map itself, for all peers that are meant.
func worst(m *network.Map, n need.Need) network.Answer {
	find := func(e need.End) []*network.Peer {
		if e.Object == nil {
			var out []*network.Peer
			for _, p := range m.Peers() {
				if p.External() && slices.ContainsFunc(p.Addresses, func(r network.AddressRange) bool {
					return slices.ContainsFunc(r.Prefixes(), func(x netip.Prefix) bool {
						return slices.ContainsFunc(e.Addresses, x.Overlaps)
					})
				}) {
					out = append(out, p)
				}
			}
			return out
		}
		var out []*network.Peer
		for _, p := range m.Workload(e.Object.Namespace, e.Object.Kind, e.Object.Name) {
			same := len(p.Pods) == 0
			for _, pod := range e.Peers[0].Pods {
				same = same || slices.Contains(p.Pods, pod)
			}
			if same {
				out = append(out, p)
			}
		}
		return out
	}
	answer := network.Allowed
	for _, from := range find(n.From) {
		for _, to := range find(n.To) {
			answer = min(answer, m.Allowed(from, to).Port(n.Protocol, n.Port))
		}
	}
	return answer
}

// withoutRule is a policy with one rule less; nil when it has none.
func withoutRule(r *rand.Rand, o *inventory.Object) *inventory.Object {
	spec := inventory.Map(o.Content, "spec")
	for _, field := range []string{"ingress", "egress"} {
		rules := inventory.List(spec, field)
		if len(rules) == 0 {
			continue
		}
		at := r.IntN(len(rules))
		copied := m{}
		for k, v := range spec {
			copied[k] = v
		}
		copied[field] = slices.Concat(rules[:at], rules[at+1:])
		return object(o.APIVersion, o.Kind, o.Namespace, o.Name, m{"spec": copied})
	}
	return nil
}
