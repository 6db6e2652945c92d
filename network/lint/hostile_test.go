package lint_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/lint"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// TestOddShapes puts values of wrong types into every field of random clusters, one at a time.
func TestOddShapes(t *testing.T) {
	g := maker{rand.New(rand.NewPCG(*seed+99, 1))}
	list := g.cluster()
	for _, o := range list {
		mutate(o["spec"], func(v any) { o["spec"] = v }, func() { checkAll(inventoryOf(t, list)) })
	}
}

// mutate sets a value, and everything below it, to odd ones in turn.
func mutate(v any, set func(any), try func()) {
	for _, odd := range []any{nil, "text", 7, []any{nil, "x"}, map[string]any{"a": 1}} {
		set(odd)
		try()
	}
	set(v)
	switch v := v.(type) {
	case map[string]any:
		for k, item := range v {
			mutate(item, func(odd any) { v[k] = odd }, try)
		}
	case []any:
		for i, item := range v {
			mutate(item, func(odd any) { v[i] = odd }, try)
		}
	}
}

// TestManyRules judges a policy of 100,000 rules, and a namespace of 3,000 policies, in reasonable time.
func TestManyRules(t *testing.T) {
	var rules []any
	for i := range 100_000 {
		rules = append(rules, object{"from": []any{object{"ipBlock": object{"cidr": fmt.Sprintf("10.%d.%d.%d/32", i>>16, i>>8&255, i&255)}}}})
	}
	big := object{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": object{"name": "big", "namespace": "n0"},
		"spec": object{"podSelector": object{}, "ingress": rules}}
	var many []object
	for i := range 3000 {
		many = append(many, object{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": object{"name": fmt.Sprint("p", i), "namespace": "n0"},
			"spec": object{"podSelector": object{}, "ingress": []any{object{"from": []any{object{"podSelector": object{"matchLabels": object{"app": fmt.Sprint("a", i)}}}}}}}})
	}
	for name, list := range map[string][]object{"rules": {big}, "policies": many} {
		start := time.Now()
		report := checkAll(inventoryOf(t, list))
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%s: took %s", name, took)
		}
		if name == "rules" && !hasUnjudged(report, lint.ShadowedRule) {
			t.Error("nothing says that the rules were not compared")
		}
	}
}

func hasUnjudged(r *lint.Report, kind lint.Kind) bool {
	for _, u := range r.Unjudged {
		if u.Kind == kind {
			return true
		}
	}
	return false
}

// BenchmarkCheck judges 6,000 policies and 10,000 workloads in 2,000 namespaces.
func BenchmarkCheck(b *testing.B) {
	var list []object
	for n := range 2000 {
		ns := fmt.Sprint("team-", n)
		list = append(list, object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": ns, "labels": object{"tier": fmt.Sprint("t", n%5)}}})
		for w := range 5 {
			labels := object{"app": fmt.Sprint("app-", w), "part": fmt.Sprint("p", w%3)}
			list = append(list, object{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": object{"name": fmt.Sprint("app-", w), "namespace": ns},
				"spec": object{"template": object{"metadata": object{"labels": labels}, "spec": object{"containers": []any{
					object{"name": "main", "ports": []any{object{"name": "http", "containerPort": 8080}}}}}}}})
		}
		app := func(i int) object { return object{"matchLabels": object{"app": fmt.Sprint("app-", i%5)}} }
		next := object{"matchLabels": object{"kubernetes.io/metadata.name": fmt.Sprint("team-", (n+1)%2000)}}
		tier := object{"matchLabels": object{"tier": fmt.Sprint("t", n%5)}}
		port := []any{object{"port": "http"}}
		specs := []object{
			{"podSelector": object{}, "policyTypes": []any{"Ingress", "Egress"}, "ingress": []any{object{"from": []any{object{"podSelector": object{}}}}},
				"egress": []any{object{"ports": []any{object{"protocol": "UDP", "port": 53}}}, object{"to": []any{object{"podSelector": object{}}}}}},
			{"podSelector": app(n), "ingress": []any{object{"from": []any{object{"namespaceSelector": next, "podSelector": app(n + 1)}}, "ports": port},
				object{"from": []any{object{"namespaceSelector": tier, "podSelector": app(n)}}, "ports": port}}},
			{"podSelector": app(n + 2), "policyTypes": []any{"Egress"}, "egress": []any{object{"to": []any{object{"namespaceSelector": next}}, "ports": port},
				object{"to": []any{object{"ipBlock": object{"cidr": fmt.Sprintf("192.%d.%d.0/24", n%200, n%7)}}}}}},
		}
		for i, spec := range specs {
			list = append(list, object{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": object{"name": fmt.Sprint("p", i), "namespace": ns}, "spec": spec})
		}
	}
	inv := inventoryOf(b, list)
	m := network.New(inv)
	services := service.New(inv, m)
	b.ReportAllocs()
	problems := 0
	for b.Loop() {
		problems = len(lint.Check(inv, m, services).Problems)
	}
	b.ReportMetric(float64(problems), "problems")
}
