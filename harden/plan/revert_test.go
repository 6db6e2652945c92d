package plan

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory"
)

func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestReverts(t *testing.T) {
	labels := func(list string) string {
		return `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop","labels":{` + list + `}}}`
	}
	namespace := &inventory.Object{Content: decode(t, labels(`"team":"a","enforce":"baseline"`))}
	binding := &inventory.Object{Content: decode(t, `{"apiVersion":"rbac/v1","kind":"RoleBinding","metadata":{"name":"b","namespace":"shop","uid":"1",
		"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"}},"subjects":[{"name":"x"}],"status":{}}`)}
	name := `{"apiVersion":"rbac/v1","kind":"RoleBinding","metadata":{"name":"b","namespace":"shop"}`
	p := &Plan{Steps: []Step{
		{Changes: []Change{
			{Action: Update, Object: decode(t, labels(`"warn":"restricted"`)), Source: namespace},
			{Action: Update, Object: decode(t, name+`,"subjects":[]}`), Source: binding},
			{Action: Create, Object: decode(t, `{"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"l","namespace":"shop"},"spec":{}}`)},
		}},
		{Changes: []Change{
			{Action: Update, Object: decode(t, labels(`"warn":"restricted","enforce":"restricted"`)), Source: namespace},
			{Action: Remove, Object: decode(t, name+`}`), Source: binding},
			{Action: Remove, Object: decode(t, `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"}}`)},
		}},
	}}
	want := [][]string{
		{
			`remove {"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"l","namespace":"shop"}}`,
			`update {"apiVersion":"rbac/v1","kind":"RoleBinding","metadata":{"name":"b","namespace":"shop"},"subjects":[{"name":"x"}]}`,
			`update {"apiVersion":"v1","kind":"Namespace","metadata":{"labels":{"warn":null},"name":"shop"}}`,
		},
		{
			`create {"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"}} the object as it is now was not read`,
			`create {"apiVersion":"rbac/v1","kind":"RoleBinding","metadata":{"name":"b","namespace":"shop"},"subjects":[]}`,
			`update {"apiVersion":"v1","kind":"Namespace","metadata":{"labels":{"enforce":"baseline"},"name":"shop"}}`,
		},
	}
	for i := range p.Steps {
		got := p.Reverts(i)
		if only := p.Only(i).Reverts(0); !reflect.DeepEqual(only, got) {
			t.Errorf("step %d alone goes back by %v", i, only)
		}
		if len(got) != len(want[i]) {
			t.Fatalf("step %d: %d reverts, want %d", i, len(got), len(want[i]))
		}
		for j, r := range got {
			text, err := json.Marshal(r.Object)
			if err != nil {
				t.Fatal(err)
			}
			line := string(r.Action) + " " + string(text)
			if r.Unknown != "" {
				line += " " + r.Unknown
			}
			if line != want[i][j] {
				t.Errorf("step %d: revert %d is\n%s\nwant\n%s", i, j, line, want[i][j])
			}
		}
	}
	if p.Reverts(2) != nil || p.Reverts(-1) != nil {
		t.Error("there are only two steps")
	}
}
