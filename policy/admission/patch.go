package admission

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// An Operation is one step of a JSON patch (RFC 6902): "add", "remove" or "replace".
type Operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"` // a JSON pointer (RFC 6901)
	Value any    `json:"value,omitempty"`
}

// patchOf is what makes one JSON shape out of another, in the order in which it can be applied. What an API server leaves
// out, as nulls, empty maps and empty lists, counts as absent.
func patchOf(before, after map[string]any) []Operation {
	return patchMap("", before, after, nil)
}

func patchMap(at string, before, after map[string]any, out []Operation) []Operation {
	keys := map[string]bool{}
	for k := range before {
		keys[k] = true
	}
	for k := range after {
		keys[k] = true
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		was, is := before[k], after[k]
		path := at + "/" + pointer(k)
		switch {
		case empty(was) && empty(is):
		case empty(was):
			out = append(out, Operation{"add", path, is})
		case empty(is):
			out = append(out, Operation{Op: "remove", Path: path})
		default:
			out = patchValue(path, was, is, out)
		}
	}
	return out
}

func patchValue(path string, was, is any, out []Operation) []Operation {
	a, mapA := was.(map[string]any)
	b, mapB := is.(map[string]any)
	if mapA && mapB {
		return patchMap(path, a, b, out)
	}
	l, listA := was.([]any)
	m, listB := is.([]any)
	if listA && listB {
		return patchList(path, l, m, out)
	}
	if !equal(was, is) {
		out = append(out, Operation{"replace", path, is})
	}
	return out
}

// patchList compares items one by one: first those that both have, then what is added or removed at the end.
func patchList(path string, was, is []any, out []Operation) []Operation {
	for i := range min(len(was), len(is)) {
		out = patchValue(path+"/"+strconv.Itoa(i), was[i], is[i], out)
	}
	for i := len(was); i < len(is); i++ {
		out = append(out, Operation{"add", path + "/-", is[i]})
	}
	for i := len(was) - 1; i >= len(is); i-- {
		out = append(out, Operation{Op: "remove", Path: path + "/" + strconv.Itoa(i)})
	}
	return out
}

// differs compares what is expected of a shape with what it is: where they differ first, and how; "" when they do not.
func differs(at string, want, got any) (where, how string) {
	switch want := want.(type) {
	case nil:
		if !empty(got) {
			return at, "is there"
		}
	case map[string]any:
		m, _ := got.(map[string]any)
		for _, k := range slices.Sorted(maps.Keys(want)) {
			if where, how := differs(at+"/"+pointer(k), want[k], m[k]); how != "" {
				return where, how
			}
		}
	case []any:
		l, _ := got.([]any)
		if len(l) != len(want) {
			return at, "has " + strconv.Itoa(len(l)) + " items, and not " + strconv.Itoa(len(want))
		}
		for i := range want {
			if where, how := differs(at+"/"+strconv.Itoa(i), want[i], l[i]); how != "" {
				return where, how
			}
		}
	default:
		if !equal(want, got) {
			return at, "is not as expected"
		}
	}
	return "", ""
}

// equal compares numbers by their value: 1 of one decoder is 1.0 of another.
func equal(a, b any) bool {
	x, numberA := numeric(a)
	y, numberB := numeric(b)
	if numberA && numberB {
		return x == y
	}
	return reflect.DeepEqual(a, b)
}

func numeric(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case int:
		return float64(v), true
	}
	return 0, false
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		for _, item := range v {
			if !empty(item) {
				return false
			}
		}
		return true
	case []any:
		return len(v) == 0
	}
	return false
}

// pointer escapes a key for a JSON pointer.
func pointer(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}
