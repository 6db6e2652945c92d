package network_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// TestPlugins runs the files in testdata/plugin: named clusters, each followed by the plugin that they show, and by what a
// policy is worth then: what addresses outside may send to a pod.
func TestPlugins(t *testing.T) {
	runCases(t, "testdata/plugin/*.txtar", func(m *network.Map) string {
		p := m.Plugin()
		text := describePlugin(p)
		src, dst := m.Address(netip.MustParseAddr("192.0.2.1")), m.Workload("shop", "Pod", "db")[0]
		got := m.Allowed(src, dst)
		text += fmt.Sprintf("allowed: %s\nunknown: %s\n", got.Allowed, got.Unknown)
		for _, why := range m.Why(src, dst) {
			text += "  because " + why + "\n"
		}
		if sure := m.AssumeEnforced().Allowed(src, dst); !sure.Unknown.None() || !sure.Allowed.Equal(got.Allowed) && !p.Strict && p.NetworkPolicies == network.Enforced &&
			p.AdminPolicies == network.Enforced && p.ClusterPolicies == network.Enforced {
			text += fmt.Sprintf("when enforced: %v\n", sure)
		}
		return text
	})
}

func describePlugin(p network.Plugin) string {
	var b strings.Builder
	fmt.Fprintf(&b, "plugin %q: NetworkPolicies %s, admin %s, cluster %s", p.Name, p.NetworkPolicies, p.AdminPolicies, p.ClusterPolicies)
	if p.Strict {
		b.WriteString(", strict")
	}
	if p.Assumed {
		b.WriteString(", assumed")
	}
	b.WriteByte('\n')
	for _, why := range p.Because {
		fmt.Fprintf(&b, "  because %s\n", why)
	}
	for _, o := range p.Objects {
		fmt.Fprintf(&b, "  see %s\n", o)
	}
	return b.String()
}

// TestNoPlugin holds that files are not asked for a plugin, and that a cluster is.
func TestNoPlugin(t *testing.T) {
	node := contentOf(map[string]any{"apiVersion": "v1", "kind": "Node", "metadata": map[string]any{"name": "n1"}})
	for kind, want := range map[string]network.Enforcement{"files": network.Enforced, "cluster": network.EnforcementUnknown, "mixed": network.EnforcementUnknown} {
		inv := inventory.New(inventory.Source{Kind: kind}, time.Time{}, "", []*inventory.Object{podOf("shop", "db"), node, policyOf("shop", "deny", map[string]any{})}, nil)
		m := network.New(inv)
		p := m.Plugin()
		if p.NetworkPolicies != want || p.Assumed != (kind == "files") || len(p.Because) != 1 || (p.Doubt() == "") != (kind == "files") {
			t.Errorf("%s: %+v", kind, p)
		}
		src, dst := m.Address(netip.MustParseAddr("192.0.2.1")), m.Workload("shop", "", "db")[0]
		if got := m.Allowed(src, dst); got.Unknown.None() != (kind == "files") || !got.Allowed.None() {
			t.Errorf("%s: a denied connection is %v", kind, got)
		}
		sure := m.AssumeEnforced()
		if got := sure.Allowed(src, dst); !got.Unknown.None() || !got.Allowed.None() || !sure.Plugin().Assumed {
			t.Errorf("%s: when policies are enforced a denied connection is %v", kind, got)
		}
		for name, with := range map[string]*inventory.Object{ // one that is judged again, and one for which all is
			"policy": policyOf("shop", "more", map[string]any{}), "pod": podOf("shop", "web")} {
			next := sure.Replace(nil, with)
			src, dst := next.Address(netip.MustParseAddr("192.0.2.1")), next.Workload("shop", "", "db")[0]
			if got := next.Allowed(src, dst); !got.Unknown.None() || !got.Allowed.None() {
				t.Errorf("%s: with one more %s a denied connection is %v", kind, name, got)
			}
		}
	}
}

// TestReads holds that what a Map is built from is asked for, without Secrets.
func TestReads(t *testing.T) {
	var text []string
	for _, gk := range network.Reads() {
		text = append(text, gk.String())
	}
	for _, want := range []string{"Node", "ConfigMap", "Namespace", "Pod", "DaemonSet.apps", "NetworkPolicy.networking.k8s.io", "CiliumNetworkPolicy.cilium.io"} {
		if !slices.Contains(text, want) {
			t.Errorf("%s is not read", want)
		}
	}
	slices.Sort(text)
	if slices.Contains(text, "Secret") || len(slices.Compact(slices.Clone(text))) != len(text) {
		t.Errorf("reads %q", text)
	}
}
