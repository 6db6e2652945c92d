package podsecurity

import (
	"testing"

	"sigs.k8s.io/yaml"
)

// BenchmarkJudge judges a pod that meets neither standard, as most do not: what a new template costs, and a known one.
func BenchmarkJudge(b *testing.B) {
	var spec map[string]any
	if err := yaml.Unmarshal([]byte(`
containers:
- {name: web, image: "registry.example.com/shop/cart:1", ports: [{containerPort: 80}], env: [{name: LEVEL, value: info}]}
- {name: side, image: "registry.example.com/shop/side:1", resources: {limits: {memory: 64Mi}}}`), &spec); err != nil {
		b.Fatal(err)
	}
	b.Run("new", func(b *testing.B) {
		for b.Loop() {
			e, err := New("")
			if err != nil {
				b.Fatal(err)
			}
			if _, err := e.Judge(nil, spec); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("known", func(b *testing.B) {
		e, err := New("")
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := e.Judge(nil, spec); err != nil {
				b.Fatal(err)
			}
		}
	})
}
