package network_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/network"
)

// TestStrangersAreSound holds what is said of pods that a selector means to those of them that exist.
func TestStrangersAreSound(t *testing.T) {
	compared, known := 0, 0
	for i := range *runs / 3 {
		g := generator{rand.New(rand.NewPCG(*seed+2000, uint64(i)))}
		c := g.cluster()
		if g.chance(50) {
			g.admins(c)
		}
		m := network.New(g.hide(t, c).inv)
		for _, p := range m.Peers() {
			if p.External() {
				break
			}
			for _, d := range []network.Direction{network.Ingress, network.Egress} {
				checkOutside(t, m, d, p)
				list, complete := m.Strangers(d, p)
				if !complete {
					t.Fatal("some are left out")
				}
				for _, s := range list {
					bounds(t, fmt.Sprintf("plain %s", s.Pods), s.Any, s.Plain)
					for q := range s.Pods.Sure() {
						v := m.Explain(q, p, network.AllPorts())
						side := v.Ingress
						if d == network.Egress {
							v = m.Explain(p, q, network.AllPorts())
							side = v.Egress
						}
						if v.Rule != "" {
							continue // they are one pod, have no family of addresses in common, or share a node
						}
						compared++
						if s.Any.Unknown.None() {
							known++
						}
						bounds(t, fmt.Sprintf("cluster %d: %s of %s, %s of %s", i, d, p, q, s.Pods), s.Any, side.Connection)
					}
				}
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	if known == 0 || known == compared {
		t.Errorf("%d of %d are known: the clusters test little", known, compared)
	}
}

// bounds says that a connection is within what is said of all like it.
func bounds(t *testing.T, what string, all, one network.Connection) {
	t.Helper()
	if !all.Allowed.Subtract(one.Allowed).None() {
		t.Errorf("%s: %s is allowed for all, and only %s for one", what, all.Allowed, one.Allowed)
	}
	if over := one.Allowed.Union(one.Unknown).Subtract(all.Allowed.Union(all.Unknown)); !over.None() {
		t.Errorf("%s: %s is denied for all, and not for one", what, over)
	}
}

// checkOutside holds Outside to Allowed.
func checkOutside(t *testing.T, m *network.Map, d network.Direction, p *network.Peer) {
	t.Helper()
	got := map[*network.Peer]network.Connection{}
	for _, o := range m.Outside(d, p) {
		for a := range o.Peers {
			if _, twice := got[a]; twice {
				t.Errorf("%s: %s is there twice", p, a)
			}
			got[a] = o.Connection
		}
	}
	for _, a := range m.Peers() {
		if !a.External() {
			continue
		}
		want := m.Allowed(a, p)
		if d == network.Egress {
			want = m.Allowed(p, a)
		}
		if !want.Allowed.Equal(got[a].Allowed) || !want.Unknown.Equal(got[a].Unknown) {
			t.Errorf("%s %s %s: %v, want %v", d, p, a, got[a], want)
		}
	}
}

func TestStrangers(t *testing.T) {
	const objects = `{kind: Namespace, apiVersion: v1, metadata: {name: a, labels: {x: z}}}
---
{kind: Namespace, apiVersion: v1, metadata: {name: b}}
---
{kind: Pod, apiVersion: v1, metadata: {namespace: a, name: web, labels: {app: web}}, spec: {}, status: {podIP: 10.0.0.1}}
---
`
	const head = `{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {namespace: a, name: p}, spec: {podSelector: {}, `
	for _, c := range []struct{ policy, want string }{
		{"", "all pods in every namespace: all | all"},
		{head + `ingress: []}}`, "all pods in every namespace: none | none"},
		{head + `ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 80}]}]}}`, "all pods in every namespace: TCP 80 | TCP 80"},
		{head + `ingress: [{from: [{podSelector: {matchLabels: {a: b}}}]}]}}`,
			"all pods in every namespace: none ?all | none; pods with a=b in the namespace a: all | all"},
		{head + `ingress: [{from: [{podSelector: {matchExpressions: [{key: app, operator: Exists}]}}], ports: [{port: 1}]},
			{from: [{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [x]}]}}], ports: [{port: 2}]}]}}`,
			"all pods in every namespace: none ?TCP 1-2 | none; pods with app in the namespace a: TCP 1 ?TCP 2 | TCP 1-2; " +
				"pods with app not in (x) in the namespace a: TCP 2 ?TCP 1 | TCP 2"},
		{head + `ingress: [{from: [{podSelector: {matchLabels: {a: b}}}], ports: [{port: 1}]}, {from: [{podSelector: {matchLabels: {a: c}}}], ports: [{port: 2}]}]}}`,
			"all pods in every namespace: none ?TCP 1-2 | none; pods with a=b in the namespace a: TCP 1 | TCP 1; pods with a=c in the namespace a: TCP 2 | TCP 2"},
		{head + `ingress: [{from: [{namespaceSelector: {matchLabels: {x: z}}}], ports: [{port: 1}]}, {from: [{podSelector: {}}], ports: [{port: 2}]}]}}`,
			"all pods in every namespace: none ?TCP 1-2 | none; all pods in namespaces with x=z: TCP 1 ?TCP 2 | TCP 1; all pods in the namespace a: TCP 1-2 | TCP 1-2"},
		{head + `ingress: [{from: [{namespaceSelector: {matchLabels: {x: z}}}], ports: [{port: 1}]},
			{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: a}}}], ports: [{port: 2}]}]}}`,
			"all pods in every namespace: none ?TCP 1-2 | none; all pods in namespaces with x=z: TCP 1 ?TCP 2 | TCP 1; all pods in the namespace a: TCP 1-2 | TCP 1-2"},
		{head + `ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 1}]}, {from: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 2}]}]}}`,
			"all pods in every namespace: TCP 2 ?TCP 1 | TCP 2 ?TCP 1"},
		{head + `policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}], ports: [{port: web, protocol: UDP}]}]}}`,
			"all pods in every namespace: all | all"},
		{`{kind: AdminNetworkPolicy, apiVersion: policy.networking.k8s.io/v1alpha1, metadata: {name: x}, spec: {priority: 1, subject: {namespaces: {}},
			ingress: [{action: Deny, from: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {role: spy}}}}], ports: [{portNumber: {port: 80, protocol: TCP}}]}]}}`,
			"all pods in every namespace: TCP 1-79,81-65535; UDP 1-65535; SCTP 1-65535 ?TCP 80 | all; " +
				"pods with role=spy in every namespace: TCP 1-79,81-65535; UDP 1-65535; SCTP 1-65535 | TCP 1-79,81-65535; UDP 1-65535; SCTP 1-65535"},
	} {
		m := askAll(t, parseObjects(t, []byte(objects+c.policy+"\n")))
		list, _ := m.Strangers(network.Ingress, m.Workload("a", "", "web")[0])
		if got := describeStrangers(list); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.policy, got, c.want)
		}
	}
}

func describeStrangers(list []network.Stranger) string {
	var parts []string
	text := func(c network.Connection) string {
		if c.Unknown.None() {
			return c.Allowed.String()
		}
		return c.Allowed.String() + " ?" + c.Unknown.String()
	}
	for _, s := range list {
		parts = append(parts, fmt.Sprintf("%s: %s | %s", s.Pods, text(s.Any), text(s.Plain)))
	}
	return strings.Join(parts, "; ")
}

// A namespace that is not known has its name, and a port's name may stand for every number.
func TestStrangersOfNames(t *testing.T) {
	m := askAll(t, parseObjects(t, []byte(`{kind: Pod, apiVersion: v1, metadata: {namespace: a, name: web}, spec: {}}
---
{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, metadata: {namespace: a, name: p}, spec: {podSelector: {}, policyTypes: [Egress], egress: [
  {to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: new}}}], ports: [{port: 53, protocol: UDP}]},
  {to: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: Exists}]}}], ports: [{port: web}]}]}}
`)))
	list, _ := m.Strangers(network.Egress, m.Workload("a", "", "web")[0])
	want := "all pods in every namespace: none ?TCP 1-65535; UDP 53 | none ?TCP 1-65535; " +
		"all pods in namespaces with kubernetes.io/metadata.name=new: UDP 53 ?TCP 1-65535 | UDP 53 ?TCP 1-65535; " +
		"all pods in namespaces with kubernetes.io/metadata.name: none ?TCP 1-65535; UDP 53 | none ?TCP 1-65535"
	if got := describeStrangers(list); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
