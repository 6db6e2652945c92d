package expressions

import "math/rand/v2"

// scalars are the values that the operators of Kyverno treat differently.
var scalars = []any{
	"", "a", "b", "abc", "A", "*", "a*", "?", "nginx:latest", "registry.example/shop:1.0", "true", "null", "a,b", "a/b/c",
	"0", "1", "10", "2.5", "1e3", "08", "-1", "1Gi", "1024Mi", "500m", "0.5", "1h", "60m", "90s", "1h30m", "5m", "1.2.3", "1.10.0", "0.9.9",
	"a-b", "1-10", "10-20", `["a","b"]`, "hello world", "system:serviceaccount:a:b", "2024-01-02T03:04:05Z", "2025-06-07T08:09:10+02:00",
	0.0, 1.0, 2.0, 3.0, 5.0, 10.0, 2.5, -1.0, 80.0, 443.0, 1000000.0, 16777217.0, 3600.0, true, false, nil,
}

// document is an object of a kind that no schema describes. Its fields hold anything now and then, but mostly what they
// are meant to hold.
func document(r *rand.Rand) map[string]any {
	g := generator{r}
	spec := map[string]any{}
	g.maybe(spec, "s", g.text)
	g.maybe(spec, "n", g.numeral)
	g.maybe(spec, "b", func() any { return r.IntN(2) == 0 })
	g.maybe(spec, "l", func() any { return g.list(g.text) })
	g.maybe(spec, "ln", func() any { return g.list(g.numeral) })
	g.maybe(spec, "m", func() any { return g.labels() })
	g.maybe(spec, "c", func() any { return g.list(g.container) })
	g.maybe(spec, "d", func() any { return g.list(g.container) })
	metadata := map[string]any{"name": "thing", "namespace": "shop"}
	if r.IntN(4) > 0 {
		metadata["labels"] = g.labels()
	}
	if r.IntN(3) > 0 {
		metadata["annotations"] = g.labels()
	}
	object := map[string]any{"apiVersion": "example.com/v1", "kind": "Thing", "metadata": metadata}
	if r.IntN(12) > 0 {
		object["spec"] = spec
	}
	return object
}

type generator struct{ *rand.Rand }

// maybe sets a field: often, and rarely to something else.
func (g generator) maybe(m map[string]any, key string, value func() any) {
	switch n := g.IntN(20); {
	case n == 0:
		m[key] = g.scalar()
	case n < 15:
		m[key] = value()
	}
}

func (g generator) scalar() any { return scalars[g.IntN(len(scalars))] }

func (g generator) text() any {
	for {
		if s, ok := g.scalar().(string); ok {
			return s
		}
	}
}

func (g generator) numeral() any {
	for {
		if f, ok := g.scalar().(float64); ok {
			return f
		}
	}
}

func (g generator) list(of func() any) any {
	list := make([]any, g.IntN(4))
	for i := range list {
		list[i] = of()
		if g.IntN(25) == 0 {
			list[i] = g.scalar()
		}
	}
	return list
}

func (g generator) labels() any {
	m := map[string]any{}
	for _, key := range []string{"a", "b", "app", "example.com/x-y"} {
		if g.IntN(2) == 0 {
			m[key] = g.text()
		}
	}
	return m
}

func (g generator) container() any {
	m := map[string]any{"name": g.text()}
	g.maybe(m, "image", g.text)
	g.maybe(m, "port", g.numeral)
	g.maybe(m, "drop", func() any { return g.list(g.text) })
	g.maybe(m, "env", func() any {
		return g.list(func() any { return map[string]any{"name": g.text(), "value": g.scalar()} })
	})
	return m
}
