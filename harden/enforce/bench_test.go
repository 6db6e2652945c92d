package enforce

import (
	"fmt"
	"testing"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// BenchmarkRehearse judges 5,000 live pods, each of another content, by every control that is a policy.
func BenchmarkRehearse(b *testing.B) {
	all, err := control.All()
	if err != nil {
		b.Fatal(err)
	}
	var objects []*inventory.Object
	for i := range 5000 {
		content := map[string]any{
			"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": fmt.Sprint("web-", i), "namespace": fmt.Sprint("ns-", i%50)},
			"spec": map[string]any{"hostNetwork": i%3 == 0, "containers": []any{
				map[string]any{"name": "web", "image": fmt.Sprint("registry.example.com/web:", i), "securityContext": map[string]any{"privileged": i%2 == 0}},
				map[string]any{"name": "side", "image": "registry.example.com/side:1"},
			}},
		}
		objects = append(objects, &inventory.Object{Ref: RefOf(content), Content: content})
	}
	inv := inventory.New(inventory.Source{Kind: "cluster"}, today, "", objects, nil)
	settings := control.Settings{Params: map[string]map[string]string{"untrusted-registry": {"registries": "registry.example.com\n"}}}
	inst, err := Compile(Request{Controls: all, Stage: Deny, Settings: settings, Now: today}, inv)
	if err != nil {
		b.Fatal(err)
	}
	var items []Rehearsed
	for _, bundle := range inst.Bundles {
		items = append(items, Rehearsed{bundle.Control, bundle.Bindings})
	}
	for b.Loop() {
		r, err := Rehearse(b.Context(), inv, items, settings, today)
		if err != nil || len(r.Breaks) == 0 {
			b.Fatal(err)
		}
	}
}
