package exposure

import (
	"fmt"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// With more doors than there is room for, each workload keeps its worst.
func TestManyDoors(t *testing.T) {
	object := func(apiVersion, kind, name string, spec map[string]any) *inventory.Object {
		return &inventory.Object{Ref: finding.Ref{APIVersion: apiVersion, Kind: kind, Namespace: "a", Name: name},
			Content: map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"name": name, "namespace": "a"}, "spec": spec}}
	}
	labels := map[string]any{"app": "x"}
	var objects []*inventory.Object
	for i := range 30 {
		objects = append(objects, object("apps/v1", "Deployment", fmt.Sprint("d", i), map[string]any{"template": map[string]any{
			"metadata": map[string]any{"labels": labels}, "spec": map[string]any{"containers": []any{}}}}))
		name := fmt.Sprint("s", i)
		spec := map[string]any{"selector": labels, "ports": []any{map[string]any{"port": int64(i + 1)}}}
		if i == 29 {
			spec["type"] = "LoadBalancer"
		}
		objects = append(objects, object("v1", "Service", name, spec), object("networking.k8s.io/v1", "Ingress", name, map[string]any{
			"defaultBackend": map[string]any{"service": map[string]any{"name": name, "port": map[string]any{"number": int64(i + 1)}}}}))
	}
	// Only the last port is open: of the Ingresses and of the load balancer those before it are denied.
	objects = append(objects, object("networking.k8s.io/v1", "NetworkPolicy", "p", map[string]any{"podSelector": map[string]any{}, "ingress": []any{
		map[string]any{"ports": []any{map[string]any{"port": int64(30)}}}}}))
	inv := inventory.New(inventory.Source{}, time.Time{}, "", objects, nil)
	m := network.New(inv)
	e := find(inv, m, service.New(inv, m), 40)
	doors := 0
	for _, w := range e.Workloads() {
		doors += len(w.Doors)
		kinds := map[Kind]network.Answer{}
		for _, d := range w.Doors {
			kinds[d.Way.Kind] = max(kinds[d.Way.Kind], d.Answer)
		}
		if kinds[LoadBalancer] != network.Allowed || kinds[Ingress] != network.Allowed || w.Level != FromInternet {
			t.Errorf("%s: %v, level %s", w.Object, kinds, w.Level)
		}
	}
	if doors < 60 || doors > 40+30*3 {
		t.Errorf("%d doors", doors)
	}
}
