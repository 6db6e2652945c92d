package snapshot

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/yamlpath"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// shop is an inventory with everything that a snapshot has to keep.
func shop(t testing.TB) *inventory.Inventory {
	content := map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{"name": "cart", "annotations": map[string]any{"a.b/c": "ü \"<&>\" \u2028", "": ""}},
		"spec": map[string]any{
			"replicas": int64(3), "ratio": 1.0, "small": 1.5e-9, "large": 1e21, "off": false, "nothing": nil, "none": []any{}, "empty": map[string]any{},
			"template": map[string]any{"spec": map[string]any{"containers": []any{
				map[string]any{"name": "web", "image": "cart:1"}, map[string]any{"name": "log"},
			}}},
		},
	}
	line := 0
	places := yamlpath.Places(content, func(finding.Path) (int, int) { line++; return line, line % 7 })
	tree, err := yamlpath.NewTree(content, places)
	if err != nil {
		t.Fatal(err)
	}
	objects := []*inventory.Object{
		{
			Ref:     finding.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "shop", Name: "cart"},
			Content: content, NamespaceAssumed: true, Locate: tree.Locate,
			Origin: finding.Position{File: "shop/cart.yaml", Line: 1, Column: 1, Rendered: true},
		},
		{
			Ref: finding.Ref{APIVersion: "v1", Kind: "Namespace", Name: "shop"}, Default: true,
			Content: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "shop"}},
		},
	}
	return inventory.New(inventory.Source{Kind: "mixed", Names: []string{"shop", "prod"}, Identity: "eve", Requests: 12},
		time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC), "v1.37.2", objects, []inventory.Gap{
			{Kind: "Secret", Reason: "secrets is forbidden"}, {Kind: "Role", AnyGroup: true, File: "shop/x.yaml", Line: 3, Reason: "broken"},
		})
}

func write(t testing.TB, inv *inventory.Inventory) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, inv); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestRoundTrip(t *testing.T) {
	want := shop(t)
	file := write(t, want)
	if !bytes.Equal(file, write(t, want)) {
		t.Error("the same inventory gave other bytes")
	}
	if !Is(file[:HeadSize]) || Is(file[:HeadSize-1]) || Is([]byte("apiVersion: v1")) {
		t.Error("Is does not know its own")
	}
	got, err := Read(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, write(t, got)) {
		t.Error("what was read gives other bytes")
	}
	if !reflect.DeepEqual(got.Source, want.Source) || got.Taken != want.Taken || got.Version != want.Version || !reflect.DeepEqual(got.Gaps, want.Gaps) {
		t.Errorf("got %+v %v %s %+v", got.Source, got.Taken, got.Version, got.Gaps)
	}
	if len(got.All()) != len(want.All()) {
		t.Fatalf("got %d objects", len(got.All()))
	}
	for i, w := range want.All() {
		g := got.All()[i]
		if !reflect.DeepEqual(g.Content, w.Content) || g.Ref != w.Ref || g.Default != w.Default || g.NamespaceAssumed != w.NamespaceAssumed {
			t.Errorf("got %+v\nwant %+v", g, w)
		}
		for _, p := range []finding.Path{
			"", "metadata", `metadata.annotations["a.b/c"]`, "spec.template.spec.containers[name=log]",
			"spec.template.spec.containers[name=web].image", "spec.template.spec.containers[0].securityContext.privileged", "none[3].x",
		} {
			if g.Position(p) != w.Position(p) {
				t.Errorf("%s: at %+v, want %+v", p, g.Position(p), w.Position(p))
			}
		}
	}
}

func TestEveryByteCounts(t *testing.T) {
	file := write(t, shop(t))
	for i := range file {
		for _, change := range []byte{1, 0x80} {
			changed := bytes.Clone(file)
			changed[i] ^= change
			if _, err := Read(bytes.NewReader(changed)); err == nil {
				t.Fatalf("byte %d of %d was changed, and nobody saw it", i, len(file))
			}
		}
	}
	for n := range file {
		if _, err := Read(bytes.NewReader(file[:n])); err == nil {
			t.Fatalf("%d of %d bytes were enough", n, len(file))
		}
	}
	if _, err := Read(bytes.NewReader(append(bytes.Clone(file), 0))); err == nil || !strings.Contains(err.Error(), "follows the end") {
		t.Errorf("with a byte more: %v", err)
	}
}

// forge makes a snapshot with right hashes of any members.
func forge(t testing.TB, members ...string) io.Reader {
	t.Helper()
	var out bytes.Buffer
	w := writer{to: &out}
	for i := 0; i < len(members); i += 2 {
		if err := w.compressed(members[i], []byte(members[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.finish(); err != nil {
		t.Fatal(err)
	}
	return &out
}

func TestReadRefuses(t *testing.T) {
	const head = `{"format":1,"objects":1}`
	const one = `{"object":{"kind":"Pod"}}` + "\n"
	first := objectsName(1)
	for name, c := range map[string]struct {
		file io.Reader
		want string
	}{
		"nothing":            {strings.NewReader(""), "ends too early"},
		"something else":     {strings.NewReader(strings.Repeat("kind: Pod\n", 100)), "header is broken"},
		"newer format":       {forge(t, inventoryName, `{"format":2}`), "format 2"},
		"no JSON":            {forge(t, inventoryName, `{`), "inventory.json is broken"},
		"unknown member":     {forge(t, inventoryName, head, folder+"extra", one), `member "plimsoll-snapshot/extra" does not belong here`},
		"path out":           {forge(t, inventoryName, head, "../../etc/passwd", one), "does not belong here"},
		"absolute path":      {forge(t, inventoryName, head, "/etc/passwd", one), "does not belong here"},
		"no first member":    {forge(t, first, one), "does not belong here"},
		"out of order":       {forge(t, inventoryName, head, objectsName(2), one), "does not belong here"},
		"twice":              {forge(t, inventoryName, head, first, one, first, one), "does not belong here"},
		"too few objects":    {forge(t, inventoryName, `{"format":1,"objects":2}`, first, one), "should hold 2 objects and holds 1"},
		"too many objects":   {forge(t, inventoryName, head, first, one+one), "should hold 1 objects and holds 2"},
		"no object":          {forge(t, inventoryName, head, first, `{"object":null}`+"\n"), "line 1: it is no object"},
		"a list":             {forge(t, inventoryName, head, first, `{"object":[]}`+"\n"), "line 1: it is no object"},
		"half a line":        {forge(t, inventoryName, head, first, one+`{"object":{}}`), "last line is not whole"},
		"wrong places":       {forge(t, inventoryName, head, first, `{"object":{"kind":"Pod"},"places":[1,1]}`+"\n"), "positions are not those"},
		"negative places":    {forge(t, inventoryName, head, first, `{"object":{},"places":[1,-1]}`+"\n"), "positions are not those"},
		"deep":               {forge(t, inventoryName, head, first, `{"object":`+strings.Repeat(`{"a":`, 20000)+"1"+strings.Repeat("}", 20001)+"\n"), "line 1"},
		"zeros":              {forge(t, inventoryName, head, first, strings.Repeat("\x00", 65<<20)), "unpacks to more than 64 MiB"},
		"many maps":          {forge(t, inventoryName, head, first, `{"object":{"a":[`+strings.Repeat(`{},`, 20<<20)+`{}]}}`+"\n"), "far more than its size allows"},
		"many maps in parts": {parts(t, 40), "far more than its size allows"},
		"no manifest":        {io.MultiReader(bytes.NewReader(write(t, shop(t))[:1024]), bytes.NewReader(make([]byte, 1024))), ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := allocated()
			_, err := Read(c.file)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "read snapshot: ") {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if used := allocated() - before; used > 512<<20 {
				t.Errorf("took %d MiB", used>>20)
			}
		})
	}
}

// parts is a bomb of small members, each of them allowed.
func parts(t *testing.T, n int) io.Reader {
	members := []string{inventoryName, `{"format":1,"objects":1}`}
	line := `{"object":{"a":[` + strings.Repeat(`{},`, 1<<15) + `{}]}}` + "\n"
	for i := range n {
		members = append(members, objectsName(i+1), line)
	}
	return forge(t, members...)
}

// allocated is how much was ever allocated, an upper bound of what was in use.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestLargeInventoryComesInParts(t *testing.T) {
	var objects []*inventory.Object
	for i := range 20_000 {
		name := fmt.Sprintf("cart-%d", i)
		objects = append(objects, &inventory.Object{
			Ref: finding.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: name},
			Content: map[string]any{
				"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": name, "namespace": "shop"},
				"spec": map[string]any{"text": strings.Repeat("x", 500)},
			},
		})
	}
	want := inventory.New(inventory.Source{}, time.Unix(0, 0), "", objects, nil)
	file := write(t, want)
	if n := bytes.Count(file, []byte(folder+"objects-")); n < 4 { // once in a header, once in the manifest
		t.Errorf("%d times a name of objects", n)
	}
	got, err := Read(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, write(t, got)) {
		t.Error("what was read gives other bytes")
	}
}

func TestWriteRefusesAnObjectThatReadWould(t *testing.T) {
	o := &inventory.Object{Content: map[string]any{"text": strings.Repeat("x", maxText)}}
	if err := Write(io.Discard, inventory.New(inventory.Source{}, time.Time{}, "", []*inventory.Object{o}, nil)); err == nil {
		t.Error("an object was written that cannot be read")
	}
}

func TestJSONIsThatOfTheLibrary(t *testing.T) {
	v := shop(t).All()[0].Content
	delete(v["spec"].(map[string]any), "ratio") // the one difference: 1.0 and 1
	var want any
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(appendJSON(nil, v), &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v: got %v, want %v", err, got, want)
	}
}

// FuzzRead holds that hostile bytes give an error, and that what is accepted is exactly what Write writes.
func FuzzRead(f *testing.F) {
	file := write(f, shop(f))
	f.Add(file)
	f.Add(file[:len(file)/2])
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		inv, err := Read(bytes.NewReader(data))
		if err == nil && !bytes.Equal(write(t, inv), data) {
			t.Error("accepted a file that it would not have written")
		}
	})
}

// FuzzMembers gets behind the hashes: any text of the members, packed as it should be.
func FuzzMembers(f *testing.F) {
	for name, text := range unpackAll(f, write(f, shop(f))) {
		if name == inventoryName {
			f.Add(text, `{"object":{"kind":"Pod"},"places":[1,1,2,3]}`+"\n")
		} else {
			f.Add(`{"format":1,"objects":2}`, text)
		}
	}
	f.Fuzz(func(t *testing.T, head, objects string) {
		inv, err := Read(forge(t, inventoryName, head, objectsName(1), objects))
		if err != nil {
			return
		}
		again, err := Read(bytes.NewReader(write(t, inv)))
		if err != nil {
			t.Fatalf("cannot read what was written: %v", err)
		}
		if !bytes.Equal(write(t, inv), write(t, again)) {
			t.Error("writing and reading changed the inventory")
		}
		for _, o := range inv.All() {
			o.Position("metadata.name")
		}
	})
}

func unpackAll(t testing.TB, file []byte) map[string]string {
	out := map[string]string{}
	r := bytes.NewReader(file)
	for _, name := range []string{inventoryName, objectsName(1)} {
		_, packed, err := nextMember(r, name)
		if err != nil {
			t.Fatal(err)
		}
		zip, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(zip)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(text)
	}
	return out
}
