package snapshot

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

func TestReadRefusesOtherLines(t *testing.T) {
	const object = `{"object":{"kind":"Pod"}`
	for _, line := range []string{
		``, `{}`, `null`, `[]`, ` ` + object + `}`, `{ "object":{"kind":"Pod"}}`, `{"Object":{"kind":"Pod"}}`, `{"default":true,"object":{"kind":"Pod"}}`,
		object, object + `} `, object + `}}`, object + `]`, object + ` }`, object + `,}`, object + `,"default":true`, object + `,"default":1}`,
		object + `,"object":{"kind":"Node"}}`, object + `,"OBJECT":null,"object":1}`, object + `,"places":[1,2],"default":true}`,
		object + `,"Places":[1,2,3,4]}`, object + `,"places":null}`, object + `,"places":[1,]}`, object + `,"places":[01,1,1,1]}`,
		object + `,"places":[1 ,1,1,1]}`, object + `,"places":[1.0,1,1,1]}`, object + `,"places":[99999999999999999999,1,1,1]}`, object + `,"places":[4294967296,1,1,1]}`,
		object + `,"places":[1,1,1,1],"places":[1,1,1,1]}`, `{"object":{"kind":"Pod"`, `{"object":{"kind":"Pod]}`, `{"object":"Pod"}`,
	} {
		_, err := Read(forge(t, inventoryName, `{"format":1,"objects":1}`, objectsName(1), line+"\n"))
		if err == nil || !strings.HasPrefix(err.Error(), "read snapshot: objects-00001.jsonl.gz: line 1: ") {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestReadAcceptsWhatWriteMayWrite(t *testing.T) {
	for _, rest := range []string{
		`}`, `,"default":true}`, `,"namespaceAssumed":true,"default":true}`, `,"places":[1,1,2,3]}`,
		`,"origin":{"file":"x,\"places\":[1]}","line":1,"column":1},"places":[1,1,2,3]}`,
	} {
		inv, err := Read(forge(t, inventoryName, `{"format":1,"objects":1}`, objectsName(1), `{"object":{"kind":"Pod"}`+rest+"\n"))
		if err != nil {
			t.Errorf("%s: %v", rest, err)
			continue
		}
		o := inv.All()[0]
		if line, places := 0, strings.Contains(rest, `,"places"`); places {
			if line, _ = o.Locate("kind"); line != 2 {
				t.Errorf("%s: line %d", rest, line)
			}
		}
		if o.Default != strings.Contains(rest, "default") || o.NamespaceAssumed != strings.Contains(rest, "Assumed") {
			t.Errorf("%s: %+v", rest, o)
		}
	}
}

// TestTheFirstErrorCounts holds that the error is the same in every run, though members are decoded at the same time.
func TestTheFirstErrorCounts(t *testing.T) {
	good := strings.Repeat(`{"object":{"kind":"Pod"}}`+"\n", 2000)
	members := []string{inventoryName, `{"format":1,"objects":1}`}
	for i := range 12 {
		text := good
		if i%2 == 1 {
			text = strings.Repeat(`{"object":{"kind":"Pod"}}`+"\n", 1500-i*100) + "broken\n"
		}
		members = append(members, objectsName(i+1), text)
	}
	members = append(members, folder+"extra", "")
	file, err := io.ReadAll(forge(t, members...))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := Read(bytes.NewReader(file)); err == nil || !strings.Contains(err.Error(), "objects-00002.jsonl.gz: line 1401: ") {
			t.Fatalf("got %v", err)
		}
	}
}

func TestEqualPartsAreOne(t *testing.T) {
	inv, err := Read(bytes.NewReader(write(t, crowd(10))))
	if err != nil {
		t.Fatal(err)
	}
	var pointers []uintptr
	for _, o := range inv.All()[:2] {
		pointers = append(pointers, reflect.ValueOf(inventory.Map(o.Content, "roleRef")).Pointer())
	}
	if pointers[0] != pointers[1] {
		t.Error("equal role references are two")
	}
}

// crowd is an inventory of many like objects, bindings and workloads in turn.
func crowd(n int) *inventory.Inventory {
	var objects []*inventory.Object
	for i := range n {
		meta := map[string]any{
			"name": fmt.Sprintf("app-%d", i), "namespace": fmt.Sprintf("team-%d", i/10), "uid": fmt.Sprintf("%08x-0000-4000-a000-%012x", i*7919, i),
			"creationTimestamp": fmt.Sprintf("2026-01-02T03:04:%02dZ", i%60), "resourceVersion": fmt.Sprint(1000 + i),
		}
		content := map[string]any{
			"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": meta,
			"roleRef":  map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
			"subjects": []any{map[string]any{"kind": "ServiceAccount", "name": fmt.Sprintf("app-%d", i), "namespace": "shop"}},
		}
		if i%2 == 1 && n > 100 {
			content = map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": map[string]any{
				"serviceAccountName": fmt.Sprintf("app-%d", i), "containers": []any{map[string]any{
					"name": "web", "image": fmt.Sprintf("shop/web:1.%d", i%50), "env": []any{map[string]any{"name": "MODE", "value": "fast"}},
					"ports": []any{map[string]any{"containerPort": int64(8080), "protocol": "TCP"}}, "securityContext": map[string]any{"privileged": false},
				}},
			}}
		}
		objects = append(objects, &inventory.Object{Content: content, Ref: ownRef(content)})
	}
	return inventory.New(inventory.Source{Kind: "cluster"}, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), "v1.37.2", objects, []inventory.Gap{})
}

// BenchmarkRead compares reading with only checking and unpacking the same file, per byte of the packed file.
func BenchmarkRead(b *testing.B) {
	file := write(b, crowd(20_000))
	b.Run("unpack", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		for b.Loop() {
			r := &reader{from: bytes.NewReader(file), budget: budget{left: baseMemory}}
			_, text, err := r.next(nil, inventoryName)
			for name := ""; err == nil && name != manifestName; {
				name, text, err = r.next(text, objectsName(len(r.members)), manifestName)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("whole", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		for b.Loop() {
			if _, err := Read(bytes.NewReader(file)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestRefsOfOtherObjects holds that a ref that is not the object's own survives.
func TestRefsOfOtherObjects(t *testing.T) {
	want := &inventory.Object{
		Ref:     finding.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "default", Name: "p"},
		Content: map[string]any{"kind": "Pod", "metadata": map[string]any{"name": "p"}}, NamespaceAssumed: true,
	}
	inv, err := Read(bytes.NewReader(write(t, inventory.New(inventory.Source{}, time.Time{}, "", []*inventory.Object{want}, nil))))
	if err != nil {
		t.Fatal(err)
	}
	if got := inv.All()[0]; got.Ref != want.Ref || !got.NamespaceAssumed {
		t.Errorf("got %+v", got)
	}
}
