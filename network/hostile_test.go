package network_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// askAll calls everything that a Map answers.
func askAll(t testing.TB, inv *inventory.Inventory) *network.Map {
	t.Helper()
	m := network.New(inv)
	m.Warnings()
	for _, row := range m.Matrix() {
		for _, c := range row {
			if c.Allowed.None() && c.Unknown.None() || c.Len() == 0 {
				t.Fatalf("a cell is empty: %v", c)
			}
		}
	}
	peers := m.Peers()
	for i, src := range peers {
		if i > 30 {
			break
		}
		for j, dst := range peers {
			if j > 30 {
				break
			}
			got, v := m.Allowed(src, dst), m.Explain(src, dst, network.AllPorts())
			if !got.Allowed.Equal(v.Allowed) || !got.Unknown.Equal(v.Unknown) {
				t.Fatalf("%s to %s: Allowed says %v and Explain %v", src, dst, got, v.Connection)
			}
			if row := inRow(m, src, dst); src != dst && (!got.Allowed.Equal(row.Allowed) || !got.Unknown.Equal(row.Unknown)) {
				t.Fatalf("%s to %s: Allowed says %v and Row %v", src, dst, got, row)
			}
		}
	}
	return m
}

// TestLargePolicies holds that policies of 100,000 rules are judged in bounded memory and time.
func TestLargePolicies(t *testing.T) {
	rules := func(make func(i int) map[string]any) []any {
		return many(100_000, make)
	}
	block := func(cidr string, except ...any) map[string]any {
		return map[string]any{"ipBlock": map[string]any{"cidr": cidr, "except": except}}
	}
	port := func(i int) []any { return []any{map[string]any{"port": int64(i%65535 + 1)}} }
	tests := map[string][]any{
		"ports": rules(func(i int) map[string]any { return map[string]any{"ports": port(i)} }),
		"blocks": rules(func(i int) map[string]any {
			return map[string]any{"from": []any{block(fmt.Sprintf("10.%d.%d.%d/32", i>>16, i>>8&255, i&255))}, "ports": port(i * 7)}
		}),
		"selectors": rules(func(i int) map[string]any {
			return map[string]any{"from": []any{map[string]any{"namespaceSelector": map[string]any{}, "podSelector": map[string]any{"matchLabels": map[string]any{"app": fmt.Sprint("a", i)}}}}, "ports": port(i)}
		}),
		"excepts": rules(func(i int) map[string]any {
			return map[string]any{"from": []any{block("0.0.0.0/0", fmt.Sprintf("10.%d.%d.%d/32", i>>16, i>>8&255, i&255))}}
		}),
		"broken": rules(func(i int) map[string]any {
			return map[string]any{"from": []any{block("10.0.0.0/40"), map[string]any{}}, "ports": []any{map[string]any{"port": int64(-i)}}}
		}),
		"names": rules(func(i int) map[string]any {
			return map[string]any{"ports": []any{map[string]any{"port": fmt.Sprint("p", i)}}}
		}),
	}
	for name, list := range tests {
		t.Run(name, func(t *testing.T) {
			inv := inventoryOf(podOf("shop", "web", "app", "a7"), podOf("shop", "db", "app", "a9"),
				policyOf("shop", "large", map[string]any{"podSelector": map[string]any{}, "ingress": list}))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			m := network.New(inv)
			n := 0
			for _, c := range m.Classes() {
				if n++; n > 20 {
					break
				}
				m.Row(c)
			}
			m.Explain(m.Peers()[0], m.Peers()[1], network.OnePort(network.TCP, 8))
			m.Explain(m.Address(netip.MustParseAddr("192.0.2.1")), m.Peers()[1], network.OnePort(network.TCP, 8))
			runtime.ReadMemStats(&after)
			if total := (after.TotalAlloc - before.TotalAlloc) >> 20; total > 2048 {
				t.Errorf("%d MiB were allocated", total)
			}
			t.Logf("%v, %d MiB, %d classes", time.Since(start).Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20, len(m.Classes()))
			if n := len(m.Warnings()); n > 21 {
				t.Errorf("%d warnings of one policy", n)
			}
		})
	}
}

// TestManyBlocks holds that 50,000 different blocks in 1,000 policies are told apart exactly, in bounded memory and time.
func TestManyBlocks(t *testing.T) {
	const policies, each = 1000, 50
	cidr := func(i int) string { return fmt.Sprintf("%d.%d.%d.0/24", 20+i>>16, i>>8&255, i&255) }
	tests := map[string]struct {
		block func(i int) map[string]any
		// inside and outside are what the pod of a policy can send into one of its own blocks, and into none.
		inside, outside func(port uint16) network.Answer
	}{
		"disjoint": {
			func(i int) map[string]any { return map[string]any{"cidr": cidr(i)} },
			func(port uint16) network.Answer { return answerOf(port == 1) }, func(uint16) network.Answer { return network.Denied },
		},
		"except": {
			func(i int) map[string]any { return map[string]any{"cidr": "0.0.0.0/0", "except": []any{cidr(i)}} },
			func(port uint16) network.Answer { return answerOf(port > 1) }, func(uint16) network.Answer { return network.Allowed },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var objects []*inventory.Object
			for p := range policies {
				ns, labels := fmt.Sprint("ns", p%200), map[string]any{"matchLabels": map[string]any{"app": fmt.Sprint("a", p)}}
				rules := many(each, func(i int) map[string]any {
					return map[string]any{"to": []any{map[string]any{"ipBlock": test.block(p*each + i)}}, "ports": []any{map[string]any{"port": int64(i + 1)}}}
				})
				objects = append(objects, podOf(ns, fmt.Sprint("pod", p), "app", fmt.Sprint("a", p)),
					policyOf(ns, fmt.Sprint("p", p), map[string]any{"policyTypes": []any{"Egress"}, "podSelector": labels, "egress": rules}))
			}
			inv := inventoryOf(objects...)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			m := network.New(inv)
			for _, p := range []int{0, 7, policies - 1} {
				pod := m.Workload(fmt.Sprint("ns", p%200), "Pod", fmt.Sprint("pod", p))[0]
				m.Row(m.ClassOf(pod))
				first, other := netip.MustParsePrefix(cidr(p*each)).Addr(), netip.MustParseAddr("250.0.0.1")
				for port := uint16(1); port <= 3; port++ {
					if got := m.Allowed(pod, m.Address(first)).Port(network.TCP, port); got != test.inside(port) {
						t.Errorf("%s to %s on %d is %s", pod, first, port, got)
					}
					if got := m.Allowed(pod, m.Address(other)).Port(network.TCP, port); got != test.outside(port) {
						t.Errorf("%s to %s on %d is %s", pod, other, port, got)
					}
				}
			}
			runtime.ReadMemStats(&after)
			total := (after.TotalAlloc - before.TotalAlloc) >> 20
			if total > 2048 {
				t.Errorf("%d MiB were allocated", total)
			}
			t.Logf("%v, %d MiB, %d classes", time.Since(start).Round(time.Millisecond), total, len(m.Classes()))
		})
	}
}

func answerOf(allowed bool) network.Answer {
	if allowed {
		return network.Allowed
	}
	return network.Denied
}

func many(n int, make func(i int) map[string]any) []any {
	var out []any
	for i := range n {
		out = append(out, make(i))
	}
	return out
}

func podOf(namespace, name string, labels ...string) *inventory.Object {
	own := map[string]any{}
	for i := 0; i+1 < len(labels); i += 2 {
		own[labels[i]] = labels[i+1]
	}
	return contentOf(map[string]any{"apiVersion": "v1", "kind": "Pod", "spec": map[string]any{},
		"metadata": map[string]any{"namespace": namespace, "name": name, "labels": own}})
}

func policyOf(namespace, name string, spec any) *inventory.Object {
	return contentOf(map[string]any{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": spec,
		"metadata": map[string]any{"namespace": namespace, "name": name}})
}

// TestBadPolicies holds that each mistake is told with its path, and that what it may mean is unknown and nothing else.
func TestBadPolicies(t *testing.T) {
	spec := func(text string) any {
		var out any
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return out
	}
	tests := []struct{ name, spec, fact, path, connection string }{
		{"host bits", `{"ingress":[{"from":[{"ipBlock":{"cidr":"192.0.2.7/24"}}]}]}`, network.HostBits, "spec.ingress[0].from[0].ipBlock.cidr", "none | none"},
		{"no block", `{"ingress":[{"from":[{"ipBlock":{"cidr":"192.0.2.7"}}]}]}`, network.Refused, "spec.ingress[0].from[0].ipBlock", "none | all"},
		{"except outside", `{"ingress":[{"from":[{"ipBlock":{"cidr":"192.0.2.0/24","except":["10.0.0.0/8"]}}]}]}`, network.Refused,
			"spec.ingress[0].from[0].ipBlock.except[0]", "none | none"},
		{"endPort below port", `{"ingress":[{"ports":[{"port":80},{"port":90,"endPort":89}]}]}`, network.Refused, "spec.ingress[0].ports[1]", "TCP 80 | TCP 1-79,81-65535"},
		{"port 0", `{"ingress":[{"ports":[{"port":0,"protocol":"UDP"}]}]}`, network.Refused, "spec.ingress[0].ports[0]", "none | UDP 1-65535"},
		{"port too high", `{"ingress":[{"ports":[{"port":70000}]}]}`, network.Refused, "spec.ingress[0].ports[0]", "none | TCP 1-65535"},
		{"endPort too high", `{"ingress":[{"ports":[{"port":7,"endPort":70000}]}]}`, network.Refused, "spec.ingress[0].ports[0]", "none | TCP 1-65535"},
		{"endPort of a name", `{"ingress":[{"ports":[{"port":"http","endPort":80}]}]}`, network.Refused, "spec.ingress[0].ports[0]", "none | TCP 1-65535"},
		{"endPort alone", `{"ingress":[{"ports":[{"endPort":80}]}]}`, network.Refused, "spec.ingress[0].ports[0]", "none | TCP 1-65535"},
		{"number as text", `{"ingress":[{"ports":[{"port":"80"}]}]}`, network.Refused, "spec.ingress[0].ports[0]", "none | TCP 1-65535"},
		{"protocol", `{"ingress":[{"ports":[{"port":80,"protocol":"tcp"}]}]}`, network.Refused, "spec.ingress[0].ports[0]", "none | all"},
		{"name that no pod has", `{"ingress":[{"ports":[{"port":"metrics"}]}]}`, network.NoPort, "spec.ingress[0].ports[0]", "none | none"},
		{"operator", `{"ingress":[{"from":[{"podSelector":{"matchExpressions":[{"key":"app","operator":"Equals","values":["web"]}]}}]}]}`, network.Refused,
			"spec.ingress[0].from[0].podSelector", "none | all"},
		{"no values", `{"ingress":[{"from":[{"podSelector":{"matchExpressions":[{"key":"app","operator":"In"}]}}]}]}`, network.Refused,
			"spec.ingress[0].from[0].podSelector", "none | all"},
		{"selector of the policy", `{"podSelector":{"matchLabels":[]},"ingress":[{"ports":[{"port":80}]}]}`, network.Refused, "spec.podSelector",
			"TCP 80 | TCP 1-79,81-65535; UDP 1-65535; SCTP 1-65535"},
		{"empty peer", `{"ingress":[{"from":[{}]}]}`, network.Refused, "spec.ingress[0].from[0]", "none | all"},
		{"block and selector", `{"ingress":[{"from":[{"ipBlock":{"cidr":"::/0"},"podSelector":{}}]}]}`, network.Refused, "spec.ingress[0].from[0]", "none | all"},
		{"type", `{"policyTypes":["ingress"],"ingress":[{"ports":[{"port":80}]}]}`, network.Refused, "spec.policyTypes[0]", "none | all"},
		{"rules without their type", `{"policyTypes":["Egress"],"ingress":[{}]}`, network.NoEffect, "spec.ingress", "none | none"},
		{"spec", `"deny"`, network.Refused, "spec", "none | all"},
		{"rules", `{"ingress":{"from":[]}}`, network.Refused, "spec.ingress", "none | all"},
		{"rule", `{"ingress":[7]}`, network.Refused, "spec.ingress[0]", "none | all"},
		{"peers", `{"ingress":[{"from":{}}]}`, network.Refused, "spec.ingress[0].from", "none | all"},
		{"ports", `{"ingress":[{"ports":{}}]}`, network.Refused, "spec.ingress[0].ports", "none | all"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			other := policyOf("shop", "other", spec(`{"podSelector":{"matchLabels":{"app":"other"}}}`))
			web := podOf("shop", "web", "app", "web")
			web.Content["status"] = map[string]any{"podIP": "10.0.0.1"}
			m := askAll(t, inventoryOf(web, podOf("shop", "db", "app", "db"), podOf("shop", "other", "app", "other"), policyOf("shop", "bad", spec(test.spec)), other))
			warnings := m.Warnings()
			if len(warnings) != 1 || warnings[0].Fact != test.fact || string(warnings[0].Path) != test.path || warnings[0].Object.Name != "bad" {
				t.Errorf("warnings are %+v, want %s at %s", warnings, test.fact, test.path)
			}
			got := m.Allowed(m.Workload("shop", "", "web")[0], m.Workload("shop", "", "db")[0])
			if text := got.Allowed.String() + " | " + got.Unknown.String(); text != test.connection {
				t.Errorf("web to db: %s, want %s", text, test.connection)
			}
		})
	}
}

// FuzzObjects holds that objects of any shape give answers that agree with each other, and no panic.
func FuzzObjects(f *testing.F) {
	f.Add(`[{"kind":"Pod","metadata":{"name":"web","namespace":"shop","labels":{"app":"web"}},"spec":{"hostNetwork":true,"containers":[{"ports":[{"name":"http","containerPort":80}]}]},"status":{"podIP":"10.0.0.1"}},
{"kind":"Pod","metadata":{"name":"db","namespace":"shop"},"spec":{"nodeName":"n"},"status":{"podIPs":[{"ip":"fd00::1"},{"ip":"x"}]}},
{"kind":"NetworkPolicy","metadata":{"name":"p","namespace":"shop"},"spec":{"podSelector":{},"policyTypes":["Ingress","Egress"],"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}}],"ports":[{"port":"http"},{"port":1,"endPort":9}]}]}}]`)
	f.Add(`[{"kind":"Namespace","metadata":{"name":"shop","labels":{"a":null,"b":7}}},{"kind":"Namespace","metadata":{"name":"shop","labels":[]}},
{"kind":"Deployment","metadata":{"name":"web","namespace":"shop"},"spec":{"template":{"metadata":{"labels":"x"},"spec":{"containers":[null,7,{"ports":[null,{"name":"http","containerPort":"80"}]}]}}}},
{"kind":"NetworkPolicy","metadata":{"name":"p","namespace":"shop"},"spec":{"ingress":[null,7,{"from":[null,{"podSelector":null,"namespaceSelector":{"matchLabels":{"b":"7"}}}],"ports":[null]}]}},
{"kind":"NetworkPolicy","metadata":{"name":"p","namespace":"shop"},"spec":7}]`)
	f.Add(`[{"kind":"Pod","metadata":{"name":"a","namespace":"x"}},{"kind":"CiliumNetworkPolicy","metadata":{"name":"c","namespace":"x"},"spec":{"endpointSelector":{"matchLabels":{"k8s:app":"a"}}}},
{"kind":"EgressFirewall","metadata":{"name":"e","namespace":"x"}},{"kind":"GlobalNetworkPolicy","metadata":{"name":"g"}},{"kind":"Job","metadata":{"name":"j","namespace":"x"},"status":{"conditions":[{"type":"Complete","status":"True"}]},"spec":{"template":{"spec":{}}}}]`)
	f.Add(`[{"kind":"Pod","metadata":{"name":"a","namespace":"x"}},{"kind":"Pod","metadata":{"name":"b","namespace":"x"},"status":{"podIP":"10.0.0.1"}},
{"kind":"AdminNetworkPolicy","metadata":{"name":"n"},"spec":{"priority":1,"subject":{"namespaces":{}},"egress":[
{"action":"Deny","to":[{"networks":["10.0.0.0/8","x"]},{"nodes":{}},{"domainNames":["a.b"]}],"ports":[{"portNumber":{"port":80}},{"namedPort":"http"}]},
{"action":"Pass","to":[{"networks":["0.0.0.0/0"]}]},{"action":7,"to":[{"pods":{"podSelector":{}}}]},7]}},
{"kind":"ClusterNetworkPolicy","metadata":{"name":"c"},"spec":{"priority":1,"tier":"Admin","subject":{"pods":{"podSelector":{}}},"ingress":[
{"action":"Accept","from":[{"namespaces":{}}],"protocols":[{"tcp":{"destinationPort":{"range":{"start":9,"end":7}}}},{"udp":{}}]}],"egress":{}}},
{"kind":"ClusterNetworkPolicy","metadata":{"name":"d"},"spec":7}]`)
	f.Add(`[{"kind":"Pod","metadata":{"name":"a","namespace":"x"}},{"kind":"NetworkPolicy","metadata":{"name":"p","namespace":"x"},"spec":{}},
{"kind":"Node","metadata":{"name":"n","annotations":{"k3s.io/node-args":"[\"server\",\"--disable-network-policy\"]"}},"status":{"nodeInfo":{"kubeletVersion":"v1.30.0+k3s1"},"conditions":[7]}},
{"kind":"DaemonSet","metadata":{"name":"d","namespace":"x"},"spec":{"template":{"spec":{"containers":[{"name":"cilium-agent","image":"cilium/cilium:v1","args":["--enable-policy=always"]},7]}}},"status":{"desiredNumberScheduled":1,"numberReady":0}},
{"kind":"ConfigMap","metadata":{"name":"cilium-config","namespace":"x"},"data":{"enable-policy":7}},{"kind":"FQDNNetworkPolicy","metadata":{"name":"f","namespace":"x"}}]`)
	groups := map[string]string{"DaemonSet": "apps/v1", "FQDNNetworkPolicy": "networking.gke.io/v1alpha1", "NetworkPolicy": "networking.k8s.io/v1", "Deployment": "apps/v1", "Job": "batch/v1", "CiliumNetworkPolicy": "cilium.io/v2",
		"AdminNetworkPolicy": "policy.networking.k8s.io/v1alpha1", "ClusterNetworkPolicy": "policy.networking.k8s.io/v1alpha2", "EgressFirewall": "k8s.ovn.org/v1", "GlobalNetworkPolicy": "projectcalico.org/v3"}
	f.Fuzz(func(t *testing.T, text string) {
		var contents []map[string]any
		if json.Unmarshal([]byte(text), &contents) != nil || len(contents) > 12 {
			return
		}
		var objects []*inventory.Object
		for _, c := range contents {
			if c == nil {
				continue
			}
			kind, _ := c["kind"].(string)
			c["apiVersion"] = "v1"
			if group := groups[kind]; group != "" {
				c["apiVersion"] = group
			}
			objects = append(objects, contentOf(c))
		}
		m := askAll(t, inventoryOf(objects...))
		for _, addr := range []string{"10.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0", "::"} {
			if p := m.Address(netip.MustParseAddr(addr)); p == nil || !p.External() || strings.TrimSpace(p.String()) == "" {
				t.Errorf("%s belongs to %v", addr, p)
			}
		}
	})
}
