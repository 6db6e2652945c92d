package inventory_test

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
)

func decode(t testing.TB, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestShare(t *testing.T) {
	texts := []string{
		`{"a":{"x":"1","y":[{"z":null},{"z":true}]},"b":{"y":[{"z":null},{"z":true}],"x":"1"}}`,
		`{"a":{"x":1,"y":[{"z":null},{"z":true}]},"c":[],"d":{},"e":[[]],"f":[{}]}`,
		`{"a":{"x":"1","y":[{"z":true},{"z":null}]},"c":{"":""},"d":{"":0}}`,
	}
	s := inventory.NewSharer()
	var shared []map[string]any
	for _, text := range texts {
		m := decode(t, text)
		s.Share(m)
		if !reflect.DeepEqual(m, decode(t, text)) {
			t.Errorf("sharing changed %s to %v", text, m)
		}
		shared = append(shared, m)
	}
	if reflect.ValueOf(shared[0]["a"]).Pointer() != reflect.ValueOf(shared[0]["b"]).Pointer() {
		t.Error("equal maps are still two")
	}
	odd := map[string]any{"n": []any{math.NaN(), int64(1), 1.0}}
	s.Share(odd)
	if list := odd["n"].([]any); list[1] != int64(1) || list[2] != 1.0 {
		t.Errorf("numbers changed: %v", list)
	}
}

func FuzzShare(f *testing.F) {
	f.Add(`{"a":{"b":[1,"1",true,null,{}]},"c":{"b":[1,"1",true,null,{}]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var m, want map[string]any
		if json.Unmarshal([]byte(text), &m) != nil || json.Unmarshal([]byte(text), &want) != nil {
			return
		}
		s := inventory.NewSharer()
		s.Share(m)
		if !reflect.DeepEqual(m, want) {
			t.Errorf("sharing changed %s to %v", text, m)
		}
	})
}
