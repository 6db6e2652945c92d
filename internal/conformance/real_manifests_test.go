package conformance

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/bootstrap"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/scan"
)

// TestConformanceRealManifests judges the manifests of well-known projects with every control: no panic, the same
// findings each time, and no error but on objects that no API server would take.
func TestConformanceRealManifests(t *testing.T) {
	inv := realManifests(t)
	first, second := scanAll(t, inv), scanAll(t, inv)
	if diff := cmp.Diff(findingIDs(first), findingIDs(second)); diff != "" {
		t.Errorf("two scans differ:\n%s", diff)
	}
	findings := 0
	broken := map[finding.Ref]bool{}
	for _, r := range first.Results {
		findings += len(r.Findings)
		for _, e := range r.Errors {
			if !broken[e.Object] {
				broken[e.Object] = true
				t.Logf("error: %s at %s:%d: %s", e.Object, e.Position.File, e.Position.Line, e.Message)
			}
		}
	}
	t.Logf("SCORE real-manifests: %d objects judged, %d findings, %d gaps, %d objects with errors",
		len(inv.All()), findings, len(inv.Gaps), len(broken))
	if findings == 0 || len(broken)*100 > len(inv.All()) {
		t.Error("nothing was found, or more than one object in a hundred could not be judged")
	}
}

func scanAll(t testing.TB, inv *inventory.Inventory) *scan.Report {
	t.Helper()
	controls, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	report, err := scan.Run(context.Background(), inv, scan.Options{Controls: controls})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func findingIDs(r *scan.Report) []string {
	var ids []string
	for _, result := range r.Results {
		for _, f := range result.Findings {
			ids = append(ids, f.ID()+" "+f.Object.String()+" "+string(f.Path))
		}
	}
	return ids
}

func realManifests(t *testing.T) *inventory.Inventory {
	t.Helper()
	dir := corpus(t, "real-manifests")
	type manifestCase struct{ File string }
	var objects []*inventory.Object
	var gaps []inventory.Gap
	for _, c := range cases[manifestCase](t, dir) {
		data, err := os.ReadFile(filepath.Join(dir, c.File))
		if err != nil {
			t.Fatal(err)
		}
		o, g := manifest.ReadBytes(c.File, data, manifest.Options{Redact: scanner().Redact})
		objects, gaps = append(objects, o...), append(gaps, g...)
	}
	bootstrap.Mark(objects, "")
	slices.SortStableFunc(gaps, func(a, b inventory.Gap) int { return a.Line - b.Line })
	return inventory.New(inventory.Source{Kind: "files", Names: []string{dir}}, time.Unix(0, 0), "", objects, gaps)
}
