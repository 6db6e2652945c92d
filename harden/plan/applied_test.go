package plan

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/inventory"
)

func TestApplied(t *testing.T) {
	object := func(text string) *inventory.Object {
		o := &inventory.Object{Content: decode(t, text)}
		o.Ref = RefOf(o.Content)
		return o
	}
	namespace := object(`{"apiVersion":"v1","kind":"Namespace","metadata":{"labels":{"team":"a"},"name":"shop"}}`)
	role := object(`{"apiVersion":"rbac/v1","kind":"Role","metadata":{"name":"r","namespace":"shop"}}`)
	other := object(`{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"}}`)
	inv := inventory.New(inventory.Source{}, time.Time{}, "", []*inventory.Object{namespace, role, other}, nil)
	p := &Plan{Steps: []Step{
		{Changes: []Change{
			{Action: Update, Source: namespace, Object: decode(t, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop","labels":{"warn":"x"}}}`)},
			{Action: Remove, Source: role, Object: decode(t, `{"apiVersion":"rbac/v1beta1","kind":"Role","metadata":{"name":"r","namespace":"shop"}}`)},
		}},
		{Changes: []Change{
			{Action: Update, Source: namespace, Object: decode(t, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop","labels":{"warn":"x","enforce":"y"}}}`)},
			{Action: Create, Object: decode(t, `{"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"l","namespace":"shop"}}`)},
			{Action: Update, Object: decode(t, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"unread","labels":{"a":"b"}}}`)},
		}},
	}}
	var got []string
	for _, o := range p.Applied(inv).All() {
		text, err := json.Marshal(o.Content)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(text))
	}
	want := `{"apiVersion":"v1","kind":"Namespace","metadata":{"labels":{"enforce":"y","team":"a","warn":"x"},"name":"shop"}}
{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"}}
{"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"l","namespace":"shop"}}
{"apiVersion":"v1","kind":"Namespace","metadata":{"labels":{"a":"b"},"name":"unread"}}`
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if labels := namespace.Labels(); len(labels) != 1 {
		t.Errorf("the inventory itself was changed: %v", labels)
	}
}
