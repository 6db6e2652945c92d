package need_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network/need"
)

// podWith is a pod of the namespace shop with some variables, beside a Service db.
func podWith(env []any, more ...map[string]any) *inventory.Inventory {
	container := map[string]any{"name": "c", "env": env}
	pod := map[string]any{
		"kind": "Pod", "apiVersion": "v1", "metadata": map[string]any{"name": "web", "namespace": "shop"},
		"spec": map[string]any{"containers": []any{container}},
	}
	db := map[string]any{
		"kind": "Pod", "apiVersion": "v1",
		"metadata": map[string]any{"name": "db", "namespace": "shop", "labels": map[string]any{"app": "db"}},
		"spec":     map[string]any{"containers": []any{map[string]any{"name": "c"}}},
	}
	service := map[string]any{
		"kind": "Service", "apiVersion": "v1", "metadata": map[string]any{"name": "db", "namespace": "shop"},
		"spec": map[string]any{"selector": map[string]any{"app": "db"}, "ports": []any{map[string]any{"port": int64(5432)}}},
	}
	for _, m := range more {
		for k, v := range m {
			if k == "volumes" {
				pod["spec"].(map[string]any)[k] = v
			} else if k != "object" {
				container[k] = v
			}
		}
	}
	objects := []*inventory.Object{objectOf(pod), objectOf(db), objectOf(service)}
	for _, m := range more {
		if o, ok := m["object"].(map[string]any); ok {
			objects = append(objects, objectOf(o))
		}
	}
	return newInventory(objects)
}

func variable(name, value string) any { return map[string]any{"name": name, "value": value} }

// toDB finds the need from web to db.
func toDB(t *testing.T, n *need.Needs) *need.Need {
	t.Helper()
	for i, x := range n.List {
		if x.From.Object != nil && x.From.Object.Name == "web" && x.To.Object != nil && x.To.Object.Name == "db" {
			return &n.List[i]
		}
	}
	t.Fatalf("no need from web to db in %d needs", len(n.List))
	return nil
}

// Inputs of these sizes take for ever when anything about them is not linear.
func TestHostileSizes(t *testing.T) {
	const many = 100_000
	repeat := func(s string) string { return strings.Repeat(s, 2<<20/len(s)) }
	for _, piece := range []string{
		"x", "a:", "://", "a://b,", "@", "db:5432,", "=", "a=", "$(A)", "${", "[", "[::1]", "{\"a\":", "- ", " - a:\n", "http://a/?x=http://",
		"\n", "a.", "-", "<redacted:", ": ", "a: b\n  c: d\n", "\"", "-h db ", "_x._tcp.", "db:5432 ",
	} {
		args := map[string]any{"args": []any{repeat(piece), "--db-url", repeat(piece)}}
		declared(podWith([]any{variable("DB_URL", repeat(piece)), variable("A", "x")}, args))
	}
	declared(podWith([]any{variable("DB_URL", strings.Repeat("a", 10<<20)), variable("B", strings.Repeat("db:5432,", 1<<20))}))
	var env []any
	for i := range many {
		env = append(env, variable(fmt.Sprintf("DB_HOST_%d", i), "db"))
	}
	n := declared(podWith(env))
	if e := toDB(t, n).Evidence; len(e) > 8 || !strings.Contains(e[len(e)-1].What, "99992 more places") {
		t.Errorf("evidence: %d, the last %q", len(e), e[len(e)-1].What)
	}
	env = nil
	for i := range many {
		name := fmt.Sprintf("H%d_", i)
		env = append(env, variable(name+"HOST", fmt.Sprintf("h%d.example.com", i)), variable(name+"PORT", "443"))
	}
	if n := declared(podWith(env)); len(n.List) < many {
		t.Errorf("%d needs", len(n.List))
	}
}

// Variables that are made of each other grow no further than they may.
func TestGrowingVariables(t *testing.T) {
	env := []any{variable("V0", "db")}
	for i := range 200 {
		env = append(env, variable(fmt.Sprintf("V%d", i+1), fmt.Sprintf("$(V%d)$(V%d)$(V%d)", i, i, i)))
	}
	env = append(env, variable("DB_ADDR", "$(V0):5432"))
	n := declared(podWith(env))
	if toDB(t, n).Port != 5432 {
		t.Error("what could be read was not")
	}
	if text := strings.Join(n.CannotKnow, "\n"); !strings.Contains(text, "very long values of Pod shop/web") {
		t.Errorf("cannot know: %s", text)
	}
}

// A large file is read to a bound, and the answer says so.
func TestLargeFiles(t *testing.T) {
	var b strings.Builder
	b.WriteString("db: db:5432\n")
	for i := 0; b.Len() < 8<<20; i++ {
		fmt.Fprintf(&b, "host%d: h%d.example.com:%d\n", i, i, 1+i%60000)
	}
	data := map[string]any{}
	for i := range 20 {
		data[fmt.Sprint("f", i)] = b.String()
	}
	files := map[string]any{"kind": "ConfigMap", "apiVersion": "v1",
		"metadata": map[string]any{"name": "m", "namespace": "shop"}, "data": data}
	n := declared(podWith(nil, map[string]any{"volumeMounts": []any{map[string]any{"name": "v"}}},
		map[string]any{"volumes": []any{map[string]any{"name": "v", "configMap": map[string]any{"name": "m"}}}}, map[string]any{"object": files}))
	toDB(t, n)
	if text := strings.Join(n.CannotKnow, "\n"); !strings.Contains(text, "beyond the beginning of very long values of Pod shop/web") {
		t.Errorf("cannot know: %s", text)
	}
}

// TestOddShapes puts values of wrong types into every place of the cases' objects, one after the other.
func TestDeclaredOddShapes(t *testing.T) {
	for _, file := range []string{"ways", "apiserver", "metrics", "probes", "dns"} {
		archive, err := txtar.ParseFile("testdata/declared/" + file + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		var data []byte
		for _, f := range archive.Files {
			if f.Name != "want" {
				data = append(append(data, f.Data...), "---\n"...)
			}
		}
		objects := objectsOf(t, bytes.TrimSuffix(data, []byte("---\n"))).All()
		for i, o := range objects {
			for _, odd := range []any{nil, int64(-7), "x", []any{nil, "y"}, map[string]any{"": []any{}}} {
				for at := 0; ; at++ {
					text, err := json.Marshal(o.Content)
					if err != nil {
						t.Fatal(err)
					}
					var content map[string]any
					if err := json.Unmarshal(text, &content); err != nil {
						t.Fatal(err)
					}
					left := at
					if !replaceNth(content, odd, &left) {
						break
					}
					changed := objectOf(content)
					changed.Ref = o.Ref
					list := append(append(objects[:i:i], changed), objects[i+1:min(i+4, len(objects))]...)
					declared(newInventory(list[max(0, i-4):]))
				}
			}
		}
	}
}

// replaceNth replaces the value at a place; false when there are not so many.
func replaceNth(v any, with any, left *int) bool {
	here := func() bool { *left--; return *left < 0 }
	switch v := v.(type) {
	case map[string]any:
		for _, k := range sortedKeys(v) {
			if here() {
				v[k] = with
				return true
			}
			if replaceNth(v[k], with, left) {
				return true
			}
		}
	case []any:
		for i := range v {
			if here() {
				v[i] = with
				return true
			}
			if replaceNth(v[i], with, left) {
				return true
			}
		}
	}
	return false
}
