package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

const (
	validitySeed  = 20260419
	validityCount = 800
)

// oddValues take the place of what a policy holds, in any field.
var oddValues = []any{
	nil, "", true, int64(0), int64(-1), int64(1), int64(443), int64(65535), int64(65536), int64(1) << 40, 1.5, []any{}, map[string]any{},
	[]any{nil}, []any{""}, []any{"a"}, []any{map[string]any{}}, "http", "80", "HTTP", "a--b", "-a", "a-", "a-very-long-port-name", "a_b",
}

// oddTexts take the place of what a field holds that is sometimes wrong in a way of its own.
var oddTexts = map[string][]any{
	"cidr": {
		"10.0.0.0", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/-1", "300.0.0.0/8", "10.0.0.0/8 ", "2001:db8::/129", "2001:db8::1/64", "::/0",
		"fe80::1%eth0/64", "0.0.0.0/0", "0/0",
	},
	"except":      {[]any{"10.0.0.0/8"}, []any{"192.0.2.0/24"}, []any{"::/1"}, []any{"10.0.0.0/33"}, []any{"10.0.0.5/31"}, []any{"0.0.0.0/0"}},
	"endPort":     {int64(1), int64(52), int64(80), int64(0), int64(70000)},
	"port":        {int64(0), int64(65536), "http", "80", "HTTP", "a.b", "x"},
	"protocol":    {"tcp", "ICMP", "SCTP", "", "ANY"},
	"policyTypes": {[]any{"ingress"}, []any{"Ingress", "Ingress"}, []any{"Ingress", "Egress", "Egress"}, []any{"Both"}},
	"operator":    {"in", "Equals", "Exists", "NotIn", "DoesNotExist", "Gt"},
	"key":         {"", "a b", "/a", "example.com/", "example.com/app", "Example.com/app", "a/b/c", strings.Repeat("k", 64), "-a"},
	"values":      {[]any{}, []any{"a b"}, []any{strings.Repeat("v", 64)}, []any{"a", "-a"}, []any{nil}, []any{int64(1)}},
	"matchLabels": {map[string]any{"a b": "a"}, map[string]any{"app": "a b"}, map[string]any{"app": nil}, map[string]any{"app": int64(1)}, map[string]any{"": ""}},
	"from":        {[]any{map[string]any{"ipBlock": map[string]any{"cidr": "10.0.0.0/8"}, "podSelector": map[string]any{}}}},
}

// sloppyBlocks are refused since 1.36; network plugins differ in how they read them, so the engine never takes them.
var sloppyBlocks = []any{"::ffff:10.0.0.0/104", "010.0.0.0/8", "10.0.0.0/08"}

// A place is a value in a policy, and how to replace it.
type place struct {
	field string
	set   func(any)
}

// places are all values below one, in a fixed order.
func places(at any) []place {
	var out []place
	switch v := at.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(append(out, place{k, func(x any) { v[k] = x }}), places(v[k])...)
		}
	case []any:
		for i := range v {
			out = append(append(out, place{"", func(x any) { v[i] = x }}), places(v[i])...)
		}
	}
	return out
}

// mutated is a random policy with up to two changes in its spec.
func (g netGenerator) mutated(t *testing.T, i int, strict bool) map[string]any {
	t.Helper()
	p := g.policy(i)
	p.Namespace = "default"
	content := jsonShape(t, p)
	for range g.IntN(3) {
		all := places(content["spec"])
		if len(all) == 0 {
			break
		}
		at := pick(g, all)
		value := pick(g, oddValues)
		if own := oddTexts[at.field]; own != nil && g.IntN(3) > 0 {
			if at.field == "cidr" && strict {
				own = slices.Concat(own, sloppyBlocks)
			}
			value = pick(g, own)
		}
		at.set(runtime.DeepCopyJSONValue(value))
	}
	return content
}

// jsonShape is an object as an inventory holds it.
func jsonShape(t *testing.T, typed any) map[string]any {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestNetworkPolicyValidity holds that policies which the API server refuses are exactly those of which the engine says so.
func TestNetworkPolicyValidity(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Minor: *minor})
	version, err := c.Client.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	// From 1.36 on new objects must not have bits beyond the length of a block; older objects keep them.
	strict := !slices.Contains([]string{"34", "35"}, version.Minor)
	g := netGenerator{Rand: rand.New(rand.NewPCG(validitySeed, 1))}
	refused, hostBits, disagreements := 0, 0, 0
	for i := range validityCount {
		g.ipv6 = i%4 == 0
		content := g.mutated(t, i, strict)
		err := dryRun(t, c, content)
		facts := warningsOf(content)
		want := facts[network.Refused] != "" || strict && facts[network.HostBits] != ""
		switch {
		case err != nil && !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err):
			t.Fatal(err)
		case (err != nil) != want:
			text, _ := json.Marshal(content["spec"])
			t.Errorf("policy %d: the API server says %v; the engine %q:\n%s", i, err, facts, text)
			disagreements++
		case err != nil && facts[network.Refused] == "":
			hostBits++
		}
		if err != nil {
			refused++
		}
	}
	t.Logf("seed %d: %d policies, %d refused by %s (%d of them for bits beyond a block's length only), %d disagreements",
		validitySeed, validityCount, refused, version.GitVersion, hostBits, disagreements)
}

// dryRun asks the API server for a new object, without making it.
func dryRun(t *testing.T, c *controlplane.ControlPlane, content map[string]any) error {
	t.Helper()
	body, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return c.Client.NetworkingV1().RESTClient().Post().Namespace(inventory.String(content, "metadata", "namespace")).Resource("networkpolicies").
		Param("dryRun", "All").Param("fieldValidation", "Strict").SetHeader("Content-Type", "application/json").Body(body).
		Do(t.Context()).Into(&networkingv1.NetworkPolicy{})
}

// warningsOf are what the engine says of one policy: a message for each fact.
func warningsOf(content map[string]any) map[string]string {
	o := &inventory.Object{Content: content, Ref: finding.Ref{
		APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Namespace: "default", Name: inventory.String(content, "metadata", "name"),
	}}
	out := map[string]string{}
	for _, w := range network.New(inventory.New(inventory.Source{Kind: "files"}, time.Time{}, "", []*inventory.Object{o}, nil)).Warnings() {
		out[w.Fact] = fmt.Sprintf("%s: %s", w.Path, w.Message)
	}
	return out
}
