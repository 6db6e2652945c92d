package policies_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/harden/plan"
	"github.com/plimsoll-io/plimsoll/harden/policies"
	"github.com/plimsoll-io/plimsoll/internal/inventorytest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/generate"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/rehearse"
	"github.com/plimsoll-io/plimsoll/network/service"
)

const shop = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: web, env: [{name: CART, value: "http://cart:8080"}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec: {containers: [{name: main, image: cart, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {selector: {app: cart}, ports: [{port: 8080}]}
`

// evidenceOf is what a plan is made from, by what objects declare; seen takes it for seen, too.
func evidenceOf(t *testing.T, text string, seen bool) policies.Evidence {
	t.Helper()
	inv := inventory.New(inventory.Source{Kind: "files"}, time.Unix(0, 0), "v1.37.2", inventorytest.Objects(t, "shop.yaml", text), nil)
	m := network.New(inv).AssumeEnforced()
	services := service.New(inv, m)
	needs := need.Declared(inv, m, services, need.DeclaredOptions{})
	generated := generate.Policies(m, services, needs, generate.Options{})
	return policies.Evidence{
		Inventory: inv, Needs: needs, Seen: seen, Generated: generated,
		Rehearsal: rehearse.Judge(needs, m, network.New(generated.Proposed(inv)).AssumeEnforced()),
	}
}

func lines(p *plan.Plan) (out []string) {
	for _, s := range p.Steps {
		for _, c := range s.Changes {
			out = append(out, fmt.Sprintf("%s %s %s", s.Name, c.Action, plan.RefOf(c.Object)))
		}
	}
	for _, d := range p.Decisions {
		out = append(out, "? "+d.Question)
	}
	return out
}

// TestOrder opens before it denies, and has nothing to do when that is done.
func TestOrder(t *testing.T) {
	e := evidenceOf(t, shop, true)
	p := policies.New(e)
	got := lines(p)
	want := []string{
		"1-allow create NetworkPolicy shop/allow-dns", "1-allow create NetworkPolicy shop/cart-ingress", "1-allow create NetworkPolicy shop/web-egress",
		"2-deny create NetworkPolicy shop/default-deny",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the plan is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	after := p.Applied(e.Inventory)
	m := network.New(after).AssumeEnforced()
	services := service.New(after, m)
	needs := need.Declared(after, m, services, need.DeclaredOptions{})
	if r := rehearse.Judge(needs, m, m); len(r.Breaks) > 0 || r.Kept == 0 {
		t.Errorf("with the plan %d connections are denied and %d kept", len(r.Breaks), r.Kept)
	}
}

// TestUnseen denies nothing by what objects declare alone.
func TestUnseen(t *testing.T) {
	p := policies.New(evidenceOf(t, shop, false))
	if len(p.Steps) > 0 || len(p.Decisions) != 1 || !strings.Contains(p.Decisions[0].Question, "--flows") {
		t.Errorf("the plan is\n%s", strings.Join(lines(p), "\n"))
	}
}

// TestQuestion leaves namespaces alone of which something that is needed would be denied, and asks.
func TestQuestion(t *testing.T) {
	e := evidenceOf(t, shop, true)
	e.Questions = []policies.Question{{Namespaces: []string{"shop"}, Text: "web to elsewhere on TCP 1", Reason: "nobody knows where that is"}}
	p := policies.New(e)
	if len(p.Steps) > 0 || len(p.Decisions) != 1 || !strings.Contains(p.Decisions[0].Question, "elsewhere") {
		t.Errorf("the plan is\n%s", strings.Join(lines(p), "\n"))
	}
}

// TestCovered removes what others cover, and puts it back as it was.
func TestCovered(t *testing.T) {
	e := evidenceOf(t, shop+`
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: twice, namespace: shop, labels: {team: a}}
spec: {podSelector: {}}
`, false)
	o := e.Inventory.Get("networking.k8s.io", "NetworkPolicy", "shop", "twice")
	e.Covered = []policies.Covered{{Policy: o, Because: []string{"another does the same"}}}
	p := policies.New(e)
	if got := lines(p)[0]; got != "1-covered remove NetworkPolicy shop/twice" {
		t.Errorf("the plan starts with %s", got)
	}
	if back := p.Reverts(0); len(back) != 1 || back[0].Action != plan.Create || inventory.String(back[0].Object, "metadata", "labels", "team") != "a" {
		t.Errorf("it is put back as %v", back)
	}
}
