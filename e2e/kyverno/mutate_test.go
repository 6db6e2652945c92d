package kyverno

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
)

// A pool is what a policy speaks of: its keys and its texts, which are what changes an object's verdict.
type pool struct{ keys, texts []string }

func poolOf(policy any) pool {
	p := pool{texts: []string{"", "x", "1", "500m", "2Gi", "latest", "true", "default"}}
	p.collect(policy)
	sort.Strings(p.keys)
	sort.Strings(p.texts)
	p.keys, p.texts = slices.Compact(p.keys), slices.Compact(p.texts)
	return p
}

func (p *pool) collect(v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, item := range v {
			p.keys = append(p.keys, strings.Trim(k, "()=X^<+ "))
			p.collect(item)
		}
	case []any:
		for _, item := range v {
			p.collect(item)
		}
	case string:
		if len(v) < 60 && !strings.ContainsAny(v, "{}\n()") {
			for _, part := range strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune("|&!<>= ", r) }) {
				p.texts = append(p.texts, strings.NewReplacer("*", "ab", "?", "c").Replace(part))
			}
		}
	}
}

// mutate is a copy of an object with some changes, under a new name.
func mutate(r *rand.Rand, p pool, object map[string]any, n int) map[string]any {
	out := copyOf(object).(map[string]any)
	meta, _ := out["metadata"].(map[string]any)
	if meta == nil {
		return nil
	}
	base, _ := meta["name"].(string)
	for range 1 + r.IntN(3) {
		change(r, p, out, 0)
	}
	meta, ok := out["metadata"].(map[string]any)
	if !ok {
		return nil
	}
	out["apiVersion"], out["kind"] = object["apiVersion"], object["kind"]
	meta["name"] = fmt.Sprintf("%s-m%d", strings.Trim(base[:min(len(base), 50)], "-."), n)
	if ns, ok := object["metadata"].(map[string]any)["namespace"]; ok {
		meta["namespace"] = ns
	} else {
		delete(meta, "namespace")
	}
	delete(meta, "generateName")
	return out
}

func copyOf(v any) any {
	data, _ := json.Marshal(v)
	var out any
	_ = json.Unmarshal(data, &out)
	return out
}

// change changes something below a value, and returns it.
func change(r *rand.Rand, p pool, v any, depth int) any {
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			if depth > 0 || k != "apiVersion" && k != "kind" {
				keys = append(keys, k)
			}
		}
		sort.Strings(keys)
		if depth > 1 && r.IntN(6) == 0 && len(p.keys) > 0 {
			v[p.keys[r.IntN(len(p.keys))]] = anything(r, p)
			return v
		}
		if len(keys) == 0 {
			return v
		}
		k := keys[r.IntN(len(keys))]
		if depth > 0 && r.IntN(4) == 0 {
			delete(v, k)
			return v
		}
		v[k] = change(r, p, v[k], depth+1)
		return v
	case []any:
		switch {
		case len(v) == 0:
			return v
		case r.IntN(5) == 0:
			return slices.Delete(v, 0, 1)
		case r.IntN(4) == 0:
			item := copyOf(v[r.IntN(len(v))])
			if m, ok := item.(map[string]any); ok && m["name"] != nil {
				m["name"] = fmt.Sprint(m["name"], len(v))
			}
			return append(v, change(r, p, item, depth+1))
		}
		i := r.IntN(len(v))
		v[i] = change(r, p, v[i], depth+1)
		return v
	case bool:
		return !v
	case float64:
		return []float64{0, 1, v + 1, v * 1000, -1}[r.IntN(5)]
	case string:
		switch r.IntN(4) {
		case 0:
			return v + p.texts[r.IntN(len(p.texts))]
		case 1:
			return v + "x"
		}
		return p.texts[r.IntN(len(p.texts))]
	}
	return anything(r, p)
}

func anything(r *rand.Rand, p pool) any {
	switch r.IntN(5) {
	case 0:
		return r.IntN(2) == 0
	case 1:
		return float64(r.IntN(3000))
	case 2:
		return map[string]any{}
	case 3:
		return []any{}
	}
	return p.texts[r.IntN(len(p.texts))]
}
