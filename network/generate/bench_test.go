package generate_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/generate"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// BenchmarkPolicies plans for needs between the workloads of 20 a namespace, ten for each; ns/need should stay the same.
func BenchmarkPolicies(b *testing.B) {
	for _, workloads := range []int{1000, 3000, 10_000} {
		b.Run(fmt.Sprint(workloads), func(b *testing.B) {
			inv, of, needs := large(workloads)
			services := service.New(inv, of)
			b.ReportAllocs()
			for b.Loop() {
				plan := generate.Policies(of, services, needs, generate.Options{})
				if plan.Opened != len(needs.List) {
					b.Fatal(plan.Opened)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(needs.List)), "ns/need")
		})
	}
}

func large(workloads int) (*inventory.Inventory, *network.Map, *need.Needs) {
	g := rand.New(rand.NewPCG(1, 1))
	var objects []*inventory.Object
	for i := range workloads {
		labels := m{"app.kubernetes.io/name": fmt.Sprint("app-", i%7), "app.kubernetes.io/instance": fmt.Sprint("i-", i), "tier": "backend"}
		objects = append(objects, object(m{"apiVersion": "apps/v1", "kind": "Deployment",
			"metadata": m{"namespace": fmt.Sprint("ns-", i/20), "name": fmt.Sprint("w-", i)},
			"spec":     m{"selector": m{"matchLabels": labels}, "template": m{"metadata": m{"labels": labels}, "spec": m{}}}}))
	}
	inv := inventory.New(inventory.Source{Kind: "cluster"}, time.Time{}, "", objects, nil)
	of := network.New(inv)
	needs := &need.Needs{}
	for _, o := range objects {
		for i := range 10 {
			needs.List = append(needs.List, need.Need{
				From: endOf(o, of), To: endOf(objects[g.IntN(len(objects))], of), Protocol: network.TCP, Port: uint16(8000 + i%3),
				Evidence: []need.Evidence{{Flows: 10, First: time.Unix(1, 0), Last: time.Unix(2, 0), What: "flows of hubble"}},
			})
		}
	}
	return inv, of, needs
}
