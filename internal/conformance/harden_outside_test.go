package conformance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/bootstrap"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/scan"
)

// What mends charts and kustomizations from outside is held to its promise by other means than harden's own: the values
// go into a file, what the chart then renders goes beside the patches, the overlay is built and scanned. What was said
// to be mended is gone, nothing new is found, and there is nothing left to mend.
func TestHardenExampleChart(t *testing.T) {
	for _, name := range []string{"chart", "kustomize"} {
		holdOutside(t, []string{filepath.Join("..", "..", "examples", "shop", name)})
	}
}

func TestConformanceHardenCharts(t *testing.T) {
	dir := corpus(t, "helm-charts")
	var paths []string
	for _, c := range cases[struct{ Dir string }](t, dir) {
		paths = append(paths, filepath.Join(dir, c.Dir))
	}
	holdOutside(t, paths)
}

func TestConformanceHardenKustomizations(t *testing.T) {
	dir := corpus(t, "real-manifests")
	var paths []string
	for i, c := range cases[struct{ File string }](t, dir) {
		if i%7 != 0 { // a sample, for time
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, c.File))
		if err != nil {
			t.Fatal(err)
		}
		folder := t.TempDir()
		put(t, filepath.Join(folder, "all.yaml"), text)
		put(t, filepath.Join(folder, "kustomization.yaml"), []byte("resources: [all.yaml]\nnameSuffix: -eu\n"))
		paths = append(paths, folder)
	}
	holdOutside(t, paths)
}

// An outsideRenderer renders the sources of one test.
type outsideRenderer struct {
	t      *testing.T
	render *manifest.Renderer
	at     string
}

func (r *outsideRenderer) Source(file string) (harden.Source, bool) {
	if strings.HasPrefix(filepath.Base(file), "kustomization.y") {
		return harden.Source{Kind: harden.Kustomization, Name: filepath.Dir(file)}, true
	}
	return harden.Source{Kind: harden.Chart, Name: r.at, Release: "release-name"}, true
}

func (r *outsideRenderer) Render(ctx context.Context, source harden.Source, values string) (harden.Rendering, error) {
	out, err := r.render.Render(ctx, source.Name, values)
	bootstrap.Mark(out.Objects, "")
	return harden.Rendering{Objects: out.Objects, Gaps: len(out.Gaps), Values: out.Values}, err
}

func (r *outsideRenderer) Build(ctx context.Context, files []harden.File) ([]*inventory.Object, error) {
	dir := r.t.TempDir()
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.New, 0o600); err != nil {
			return nil, err
		}
	}
	out, err := r.render.Render(ctx, dir)
	return out.Objects, err
}

// A score counts what becomes of the findings that have an edit.
type outsideScore struct{ byValues, byPatches, left, sources, values, patches int }

func holdOutside(t *testing.T, paths []string) {
	t.Helper()
	controls, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	compiled := scan.Compile(controls)
	judge := func(ctx context.Context, inv *inventory.Inventory) (*scan.Report, error) {
		return scan.Run(ctx, inv, scan.Options{Controls: controls, Compiled: compiled})
	}
	var score outsideScore
	started := time.Now()
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) { holdSource(t, path, judge, &score) })
	}
	t.Logf("SCORE harden: %d sources: values for %d mend %d findings, %d patches mend %d; %d with an edit are left; %v", score.sources, score.values,
		score.byValues, score.patches, score.byPatches, score.left, time.Since(started).Round(time.Millisecond))
}

type judgement func(ctx context.Context, inv *inventory.Inventory) (*scan.Report, error)

func holdSource(t *testing.T, path string, judge judgement, score *outsideScore) {
	opts := manifest.Options{Redact: scanner().Redact}
	plan, before := mendSource(t, path, opts, judge)
	for _, c := range plan.Rendered {
		score.left += len(c.Findings)
		t.Logf("left: %s %s: %s", c.Object, c.Path, c.Reason)
	}
	for _, r := range plan.Remedies {
		score.sources++
		score.patches += len(r.Patches)
		score.byPatches += harden.Mended(r.ByPatches)
		score.byValues += harden.Mended(r.ByValues)
		dir := t.TempDir()
		with := opts
		if r.Values != nil {
			score.values++
			file := filepath.Join(dir, "values-of-test.yaml")
			put(t, file, r.ValuesFile())
			with.Chart.ValuesFiles = []string{file}
		}
		rendered := read(t, r.Source.Name, with)
		dir = t.TempDir()
		put(t, filepath.Join(dir, "rendered.yaml"), manifestOf(t, rendered))
		for _, f := range r.Overlay("rendered.yaml") {
			put(t, filepath.Join(dir, f.Name), f.New)
		}
		after := read(t, dir, opts)
		if len(after.Gaps) > len(before.gaps) {
			t.Fatalf("the overlay cannot be built: %v", after.Gaps)
		}
		report, err := judge(t.Context(), after)
		if err != nil {
			t.Fatal(err)
		}
		holdFindings(t, before.found, byID(report), append(r.ByValues, r.ByPatches...))
		again, _ := mendSource(t, dir, opts, judge)
		if len(again.Remedies) > 0 {
			t.Errorf("a second run has more to mend: %d by patches", len(again.Remedies[0].ByPatches))
		}
	}
}

// A found is what a source has before.
type found struct {
	found map[string]finding.Finding
	gaps  []inventory.Gap
}

func mendSource(t *testing.T, path string, opts manifest.Options, judge judgement) (*harden.Plan, found) {
	t.Helper()
	inv := read(t, path, opts)
	report, err := judge(t.Context(), inv)
	if err != nil {
		t.Fatal(err)
	}
	render, err := manifest.NewRenderer(opts)
	if err != nil {
		t.Fatal(err)
	}
	defer render.Close()
	plan, _, err := harden.Mend(t.Context(), inv, report, harden.Options{Risky: true}, harden.Workshop{
		Load: os.ReadFile,
		Read: func(name string, text []byte) []*inventory.Object {
			objects, _ := manifest.ReadBytes(name, text, opts)
			return objects
		},
		Scan: judge, Renderer: &outsideRenderer{t, render, path},
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan, found{byID(report), inv.Gaps}
}

// holdFindings compares the findings before and after edits.
func holdFindings(t *testing.T, had, have map[string]finding.Finding, changes []harden.Change) {
	t.Helper()
	for id, f := range have {
		if _, ok := had[id]; !ok {
			t.Errorf("new: %s %s %s", f.Control, f.Object, f.Path)
		}
	}
	for _, c := range changes {
		for _, f := range c.Findings {
			if _, still := have[f.ID()]; still {
				t.Errorf("still there: %s %s %s", f.Control, f.Object, f.Path)
			}
		}
	}
}

func byID(report *scan.Report) map[string]finding.Finding {
	out := map[string]finding.Finding{}
	for _, r := range report.Results {
		for _, f := range r.Findings {
			out[f.ID()] = f
		}
	}
	return out
}

func read(t *testing.T, path string, opts manifest.Options) *inventory.Inventory {
	t.Helper()
	inv, err := manifest.Read(t.Context(), []string{path}, opts)
	if err != nil {
		t.Fatal(err)
	}
	bootstrap.Mark(inv.All(), "")
	return inv
}

func manifestOf(t *testing.T, inv *inventory.Inventory) []byte {
	t.Helper()
	var out []byte
	for _, o := range inv.All() {
		text, err := yaml.Marshal(o.Content)
		if err != nil {
			t.Fatal(err)
		}
		out = fmt.Appendf(out, "---\n%s", text)
	}
	return out
}

func put(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
