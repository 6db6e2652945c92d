package conformance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/policy"
)

type admissionCase struct {
	ID       string
	Dir      string
	Policy   string
	Object   string
	Expected string
}

// TestConformanceCELAdmission judges other people's policies with our evaluator.
func TestConformanceCELAdmission(t *testing.T) {
	dir := corpus(t, "cel-admission")
	y := newTally(t, "cel-admission")
	policies := map[string]*policy.Policy{}
	for _, c := range cases[admissionCase](t, dir) {
		p := policies[c.Policy]
		if p == nil {
			data, err := os.ReadFile(filepath.Join(dir, c.Policy))
			if err != nil {
				t.Fatal(err)
			}
			if p, err = policy.Parse(data); err != nil {
				t.Errorf("%s: %v", c.Policy, err)
				continue
			}
			policies[c.Policy] = p
		}
		object := readOne(t, filepath.Join(dir, c.Object))
		in := policy.Input{Object: object, Kind: kindOf(object)}
		in.Resource = policy.ResourceFor(in.Kind)
		if p.Source.Spec.ParamKind != nil {
			in.Params = readOne(t, filepath.Join(dir, filepath.Dir(c.Object), "params.yaml"))
		}
		v := p.Evaluate(context.Background(), in)
		got := "allowed"
		if v.Denied {
			got = "denied"
		}
		y.count(c.ID, c.Expected, got, fmt.Sprint(v.Message, v.Err))
	}
	y.done(100)
}

func readOne(t *testing.T, file string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	objects, gaps := manifest.ReadBytes(file, data, manifest.Options{})
	if len(objects) != 1 {
		t.Fatalf("%s: %d objects, %v", file, len(objects), gaps)
	}
	return objects[0].Content
}

func kindOf(content map[string]any) schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(inventory.String(content, "apiVersion"), inventory.String(content, "kind"))
}
