package attack

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/plimsoll-io/plimsoll/internal/txtartest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// TestOddShapes builds graphs of inventories in which one field of one object is of a shape that nobody expects.
func TestOddShapes(t *testing.T) {
	const samples = 1500
	r := rand.New(rand.NewPCG(3, 7))
	var cases []*txtartest.Case
	for _, technique := range Techniques() {
		file, err := txtartest.Read(filepath.Join("testdata", technique.ID+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, file.Cases...)
	}
	odd := []any{
		nil, "", "!*[", "$(", int64(-1), 1e99, true, []any{nil, "a", map[string]any{}}, []any{}, map[string]any{"": nil}, map[string]any{},
	}
	for range samples {
		inv := readCase(t, cases[r.IntN(len(cases))].Input, "")
		objects := inv.All()
		spoil(r, objects[r.IntN(len(objects))].Content, odd[r.IntN(len(odd))])
		New(inv, rbac.New(inv), Options{Refused: func(map[string]any, string) (bool, string) { return r.IntN(2) == 0, "" }})
	}
}

// spoil replaces some value within v.
func spoil(r *rand.Rand, v, by any) {
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		key := keys[r.IntN(len(keys))]
		if deeper(v[key]) && r.IntN(4) > 0 {
			spoil(r, v[key], by)
			return
		}
		v[key] = by
	case []any:
		i := r.IntN(len(v))
		if deeper(v[i]) && r.IntN(4) > 0 {
			spoil(r, v[i], by)
			return
		}
		v[i] = by
	}
}

// deeper says that there is something in v to replace.
func deeper(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return len(v) > 0
	case []any:
		return len(v) > 0
	}
	return false
}

func TestImages(t *testing.T) {
	tests := []struct {
		image, name string
		want        bool
	}{
		{"ghcr.io/fluxcd/kustomize-controller:v1.6.0", "fluxcd/kustomize-controller", true},
		{"mirror:5000/x/fluxcd/kustomize-controller@sha256:aa", "fluxcd/kustomize-controller", true},
		{"fluxcd/kustomize-controller", "fluxcd/kustomize-controller", true},
		{"notfluxcd/kustomize-controller", "fluxcd/kustomize-controller", false},
		{"rancher/helm-controller:1", "fluxcd/helm-controller", false},
		{"velero", "velero", true},
		{"registry:5000/velero", "velero", true},
		{"velero/velero-plugin-for-aws:v1", "velero", false},
		{"velero/other:velero", "velero", false},
		{"", "velero", false},
	}
	for _, test := range tests {
		if got := imageNamed(test.name)(test.image); got != test.want {
			t.Errorf("%s is %s: %v", test.image, test.name, got)
		}
	}
}

func TestFlags(t *testing.T) {
	env := []any{
		map[string]any{"name": "NS", "valueFrom": map[string]any{"fieldRef": map[string]any{"fieldPath": "metadata.namespace"}}},
		map[string]any{"name": "PLAIN", "value": "pki"},
	}
	tests := []struct {
		args  []any
		value string
		given bool
	}{
		{[]any{"--namespace=a"}, "a", true},
		{[]any{"-namespace", "a"}, "a", true},
		{[]any{"--namespace", "--other"}, "true", true},
		{[]any{"--namespace=$(NS)"}, "eso", true},
		{[]any{"--namespace=$(PLAIN)"}, "pki", true},
		{[]any{"--namespace=$(GONE)"}, "$(GONE)", true},
		{[]any{"namespace=a", "--namespaces=b", int64(3)}, "", false},
	}
	for _, test := range tests {
		w := workload{object: &inventory.Object{}, spec: map[string]any{"containers": []any{map[string]any{"args": test.args, "env": env}}}}
		w.object.Namespace = "eso"
		if value, given := w.flag("namespace"); value != test.value || given != test.given {
			t.Errorf("%v: %q, %v", test.args, value, given)
		}
	}
}

func TestArgoProjects(t *testing.T) {
	local := "https://kubernetes.default.svc"
	to := func(server, namespace string) any { return map[string]any{"server": server, "namespace": namespace} }
	tests := []struct {
		destinations []any
		namespace    string
		want         bool
	}{
		{[]any{to(local, "shop")}, "shop", true},
		{[]any{to(local, "shop")}, "shop-a", false},
		{[]any{to("*", "shop-*")}, "shop-a", true},
		{[]any{to("https://kubernetes.*", "*")}, "shop", true},
		{[]any{to("https://far.example", "*")}, "shop", false},
		{[]any{to("!https://far.example", "shop")}, "shop", true},
		{[]any{to("*", "*"), to(local, "!kube-system")}, "kube-system", false},
		{[]any{to("*", "!kube-system")}, "shop", true},
		{[]any{to("*", "*"), to("!"+local, "*")}, "shop", false},
		{[]any{map[string]any{"name": "in-cluster", "namespace": "shop"}}, "shop", true},
		{[]any{to("", "shop")}, "shop", false},
		{[]any{"odd", nil}, "shop", false},
	}
	for _, test := range tests {
		p := argoProject{spec: map[string]any{"destinations": test.destinations}}
		if got := p.reaches(test.namespace); got != test.want {
			t.Errorf("%v reaches %s: %v", test.destinations, test.namespace, got)
		}
	}
}
