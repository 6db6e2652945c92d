package exposure_test

import (
	"encoding/json"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/inventorytest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/exposure"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// cases are the objects of each case in testdata.
func cases(t *testing.T, yield func(name string, objects []*inventory.Object)) {
	t.Helper()
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files[1:] {
			if f.Name == "want" {
				continue
			}
			objects := inventorytest.Objects(t, "cluster.yaml", string(append(archive.Files[0].Data, "---\n"+string(f.Data)...)))
			yield(file+"/"+f.Name, objects)
		}
	}
}

func exposureOf(objects []*inventory.Object) (*network.Map, *exposure.Exposure) {
	inv := inventory.New(inventory.Source{}, time.Time{}, "", objects, nil)
	m := network.New(inv)
	return m, exposure.New(inv, m, service.New(inv, m))
}

// Every field of every object in turn has another shape. That an answer comes is all that is asked.
func TestOddShapes(t *testing.T) {
	n := 0
	cases(t, func(_ string, objects []*inventory.Object) {
		for i, o := range objects {
			for _, odd := range []any{nil, int64(-7), "odd", true, []any{nil, "x", map[string]any{}}, map[string]any{"a": nil, "name": "web"}} {
				spoil(o.Content, odd, func(content map[string]any) {
					changed := append([]*inventory.Object(nil), objects...)
					copied := *o
					copied.Content = content
					changed[i] = &copied
					m, e := exposureOf(changed)
					describe(e)
					describeOpen(m, e)
					n++
				})
			}
		}
	})
	t.Logf("%d inventories", n)
}

// spoil yields the content with each of its fields in turn replaced.
func spoil(content map[string]any, odd any, yield func(map[string]any)) {
	data, _ := json.Marshal(content)
	count := 0
	spoilNth(content, -1, odd, &count)
	for n := range count {
		var copied map[string]any
		if err := json.Unmarshal(data, &copied); err != nil {
			return
		}
		at := 0
		if spoilNth(copied, n, odd, &at); at > 0 {
			yield(copied)
		}
	}
}

func spoilNth(v any, n int, odd any, at *int) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range sortedKeys(v) {
			if k == "kind" || k == "apiVersion" {
				continue
			}
			if *at == n {
				v[k] = odd
			}
			*at++
			spoilNth(v[k], n, odd, at)
		}
	case []any:
		for i := range v {
			if *at == n {
				v[i] = odd
			}
			*at++
			spoilNth(v[i], n, odd, at)
		}
	}
}

// Without policies every door is as open as with them, or more: no policy of the cases opens what is closed without.
func TestPoliciesOnlyClose(t *testing.T) {
	cases(t, func(name string, objects []*inventory.Object) {
		var without []*inventory.Object
		for _, o := range objects {
			if o.Kind != "NetworkPolicy" && o.Group() != "policy.networking.k8s.io" {
				without = append(without, o)
			}
		}
		answers := func(objects []*inventory.Object) map[string]network.Answer {
			out := map[string]network.Answer{}
			_, e := exposureOf(objects)
			for _, w := range e.Ways() {
				for _, d := range w.Doors {
					key := doorName{w.Kind, w.Object.Ref, d.Peer.Object.Ref, d.Protocol, d.Port, d.Target}
					data, _ := json.Marshal(key)
					out[string(data)] = max(out[string(data)], d.Answer)
				}
			}
			return out
		}
		open := answers(without)
		for key, answer := range answers(objects) {
			if answer > open[key] {
				t.Errorf("%s: %s is %s with policies, and %s without", name, key, answer, open[key])
			}
		}
	})
}

type doorName struct {
	Kind         exposure.Kind
	Way, Peer    finding.Ref
	Protocol     network.Protocol
	Port, Target uint16
}

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"10.0.0.0-10.255.255.255": false, "10.0.0.0-11.0.0.0": true, "0.0.0.0-255.255.255.255": true, "192.168.0.0-192.168.1.0": false,
		"::-::1": false, "fd00::-fd00::ff": false, "2001:db8::-2001:db8::1": true, "224.0.0.0-255.255.255.255": false,
		"172.15.255.255-172.15.255.255": true, "0.0.0.0-0.255.255.255": false, "fe80::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": true,
	} {
		if got := exposure.Public(ranges(text)); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func ranges(text string) []network.AddressRange {
	first, last, _ := strings.Cut(text, "-")
	return []network.AddressRange{{First: netip.MustParseAddr(first), Last: netip.MustParseAddr(last)}}
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
