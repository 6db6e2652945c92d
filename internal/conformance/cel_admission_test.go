package conformance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/policy"
	"github.com/plimsoll-io/plimsoll/policy/admission"
)

type admissionCase struct {
	ID       string
	Dir      string
	Policy   string
	Object   string
	Expected string
}

// TestConformanceCELAdmission judges other people's policies as "policy test" does.
func TestConformanceCELAdmission(t *testing.T) {
	dir := corpus(t, "cel-admission")
	y := newTally(t, "cel-admission")
	sets := map[string]*admission.Set{}
	for _, c := range cases[admissionCase](t, dir) {
		set := sets[c.Policy]
		if set == nil {
			set = admission.Read([]*inventory.Object{objectOf(readOne(t, filepath.Join(dir, c.Policy)))}, policy.Newest)
			for _, p := range set.Problems {
				t.Errorf("%s: %s %s", c.Policy, p.Rule, p.Message)
			}
			sets[c.Policy] = set
		}
		object := objectOf(readOne(t, filepath.Join(dir, c.Object)))
		w := admission.World{Complete: true}
		if len(set.ParamKinds()) > 0 {
			w.Params = []*inventory.Object{objectOf(readOne(t, filepath.Join(dir, filepath.Dir(c.Object), "params.yaml")))}
		}
		results := set.Review(context.Background(), w, admission.Request{Ref: object.Ref, Object: object.Content})
		got := "allowed"
		if admission.VerdictOf(results) == admission.Deny {
			got = "denied"
		}
		y.count(c.ID, c.Expected, got, fmt.Sprint(results))
	}
	y.done(100)
}

func objectOf(content map[string]any) *inventory.Object {
	return &inventory.Object{Content: content, Ref: finding.Ref{
		APIVersion: inventory.String(content, "apiVersion"), Kind: inventory.String(content, "kind"),
		Namespace: inventory.String(content, "metadata", "namespace"), Name: inventory.String(content, "metadata", "name"),
	}}
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
