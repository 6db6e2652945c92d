package e2e

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/plimsoll-io/plimsoll/e2e/controlplane"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/generate"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/service"
)

const generateSeed = 20260707

// acceptedAsIs holds that the API server takes a policy with every field known, and stores the spec as it was written.
func acceptedAsIs(t *testing.T, c *controlplane.ControlPlane, content map[string]any) {
	t.Helper()
	var written networkingv1.NetworkPolicy
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, &written); err != nil {
		t.Fatal(err)
	}
	if err := dryRun(t, c, content); err != nil {
		t.Errorf("the API server refuses %v: %v", content, err)
		return
	}
	stored, err := c.Client.NetworkingV1().NetworkPolicies(written.Namespace).Create(t.Context(), &written, metav1.CreateOptions{DryRun: []string{"All"}})
	if err != nil {
		t.Errorf("the API server refuses %v: %v", content, err)
	} else if !reflect.DeepEqual(stored.Spec, written.Spec) {
		t.Errorf("%s/%s is stored with defaults that it does not write:\n%+v\n%+v", written.Namespace, written.Name, written.Spec, stored.Spec)
	}
}

// needs are random connections between the peers of a map, and with addresses outside.
func (g netGenerator) needs(m *network.Map) *need.Needs {
	end := func() need.End {
		if g.IntN(4) == 0 {
			return need.End{Kind: need.Outside, Addresses: []netip.Prefix{netip.MustParsePrefix(pick(g, []string{"198.51.100.0/24", "203.0.113.9/32", "2001:db8:7::/48"}))}}
		}
		p := pick(g, slices.DeleteFunc(slices.Clone(m.Peers()), (*network.Peer).External))
		return need.End{Kind: need.Workload, Object: p.Object, Peers: []*network.Peer{p}}
	}
	out := &need.Needs{}
	for range 1 + g.IntN(12) {
		n := need.Need{From: end(), To: end(), Protocol: network.Protocol(g.IntN(3)), Port: uint16(pick(g, netPorts))}
		if n.From.Kind == need.Outside && n.To.Kind == need.Outside {
			continue
		}
		n.Evidence = []need.Evidence{{Flows: 1, First: time.Unix(1, 0), Last: time.Unix(2, 0), What: "flows of a table"}}
		out.List = append(out.List, n)
	}
	return out
}

// TestNetworkGenerated gives the API server what is generated for random needs.
func TestNetworkGenerated(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Minor: *minor})
	for _, name := range []string{"n0", "n1", "n2"} {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if _, err := c.Client.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	g := netGenerator{Rand: rand.New(rand.NewPCG(generateSeed, 1))}
	sets, policies := 40, 0
	for range sets {
		inv := g.cluster().inventory(t)
		needs, options := g.needs(network.New(inv)), generate.Options{}
		plan := planFor(inv, needs, options)
		for _, p := range plan.Policies {
			acceptedAsIs(t, c, p.Object())
		}
		policies += len(plan.Policies)
	}
	t.Logf("seed %d: %d sets, %d policies, all taken and stored as written", generateSeed, sets, policies)
}

func planFor(inv *inventory.Inventory, needs *need.Needs, options generate.Options) *generate.Plan {
	m := network.New(inv)
	return generate.Policies(m, service.New(inv, m), needs, options)
}
