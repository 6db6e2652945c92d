package conformance

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/harden"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/bootstrap"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/scan"
)

// TestHardenExamples and TestConformanceHarden mend everything that can be mended and hold the result to what harden
// promises: files still parse, only the fields of the plan differ, what was mended is gone and nothing new is found,
// and a second run has nothing to do.
func TestHardenExamples(t *testing.T) {
	var files []string
	root := filepath.Join("..", "..", "examples")
	err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(path, ".yaml") && !strings.Contains(path, "chart") && !strings.Contains(path, "kustom") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	holdHarden(t, files)
}

func TestConformanceHarden(t *testing.T) {
	dir := corpus(t, "real-manifests")
	var files []string
	for _, c := range cases[struct{ File string }](t, dir) {
		files = append(files, filepath.Join(dir, c.File))
	}
	holdHarden(t, files)
}

func holdHarden(t *testing.T, names []string) {
	t.Helper()
	texts := map[string][]byte{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = text
	}
	controls, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	compiled := scan.Compile(controls)
	judge := func(ctx context.Context, inv *inventory.Inventory) (*scan.Report, error) {
		return scan.Run(ctx, inv, scan.Options{Controls: controls, Compiled: compiled})
	}
	mend := func() (*harden.Plan, []harden.File, *scan.Report, *inventory.Inventory) {
		started := time.Now()
		inv := inventoryOf(names, texts)
		report, err := judge(context.Background(), inv)
		if err != nil {
			t.Fatal(err)
		}
		scanned := time.Since(started)
		plan, files, err := harden.Mend(context.Background(), inv, report, harden.Options{Risky: true}, harden.Workshop{
			Load: func(name string) ([]byte, error) { return texts[name], nil },
			Read: func(name string, text []byte) []*inventory.Object {
				objects, _ := manifest.ReadBytes(name, text, manifest.Options{Redact: scanner().Redact})
				return objects
			},
			Scan: judge,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("SCORE harden: %d files, scan %v, with planning and edits %v", len(names), scanned.Round(time.Millisecond),
			time.Since(started).Round(time.Millisecond))
		return plan, files, report, inv
	}
	plan, files, before, inv := mend()
	holdFields(t, plan, files)
	for _, f := range files {
		texts[f.Name] = f.New
	}
	again, left, after, second := mend()
	if len(left) > 0 || len(again.Changes) > 0 {
		t.Errorf("a second run has %d edits in %d files", len(again.Changes), len(left))
	}
	if len(second.Gaps) > len(inv.Gaps) {
		t.Errorf("%d gaps after the edits, %d before", len(second.Gaps), len(inv.Gaps))
	}
	had, have := findings(before), findings(after)
	for id, f := range have {
		if _, ok := had[id]; !ok {
			t.Errorf("new: %s %s %s %s:%d", f.Control, f.Object, f.Path, f.Position.File, f.Position.Line)
		}
	}
	mended := 0
	for _, c := range plan.Changes {
		for _, f := range c.Findings {
			if _, still := have[findingKey(f)]; still {
				t.Errorf("still there: %s %s %s %s:%d", f.Control, f.Object, f.Path, f.Position.File, f.Position.Line)
			}
			mended++
		}
	}
	for _, c := range plan.Refused {
		t.Logf("refused: %s:%d %s: %s", c.Object.Origin.File, c.Object.Origin.Line, c.Path, c.Reason)
	}
	t.Logf("SCORE harden: %d edits in %d files mend %d findings; %d refused, %d conflicts; findings %d before, %d after",
		len(plan.Changes), len(files), mended, len(plan.Refused), len(plan.Conflicts), len(had), len(have))
	if len(plan.Changes) == 0 {
		t.Error("nothing was mended")
	}
}

func inventoryOf(names []string, texts map[string][]byte) *inventory.Inventory {
	var objects []*inventory.Object
	var gaps []inventory.Gap
	for _, name := range names {
		o, g := manifest.ReadBytes(name, texts[name], manifest.Options{Redact: scanner().Redact})
		objects, gaps = append(objects, o...), append(gaps, g...)
	}
	bootstrap.Mark(objects, "")
	return inventory.New(inventory.Source{Kind: "files"}, time.Unix(0, 0), "", objects, gaps)
}

// findingKey names a finding in its file: an object may lie in several. A replaced API version is no other object.
func findingKey(f finding.Finding) string {
	return fmt.Sprint(f.Control, " ", f.Position.File, " ", f.Object.Kind, " ", f.Object.Namespace, "/", f.Object.Name, " ", f.Path)
}

func findings(r *scan.Report) map[string]finding.Finding {
	out := map[string]finding.Finding{}
	for _, result := range r.Results {
		for _, f := range result.Findings {
			out[findingKey(f)] = f
		}
	}
	return out
}

// holdFields compares the objects of each file before and after: what differs lies at the paths of the plan. Comments
// are the same but for those of removed fields.
func holdFields(t *testing.T, plan *harden.Plan, files []harden.File) {
	t.Helper()
	planned := map[string]bool{}
	for _, c := range plan.Changes {
		planned[c.Object.Origin.File+" "+fields(c.Path)] = true
	}
	for _, f := range files {
		old, _ := manifest.ReadBytes(f.Name, f.Old, manifest.Options{})
		now, _ := manifest.ReadBytes(f.Name, f.New, manifest.Options{})
		if len(old) != len(now) {
			t.Errorf("%s: %d objects were %d", f.Name, len(now), len(old))
			continue
		}
		for i := range old {
			differences(old[i].Content, now[i].Content, "", func(path string) {
				for p := range planned {
					if rest, ok := strings.CutPrefix(p, f.Name+" "); ok && (strings.HasPrefix(path+".", rest+".") || strings.HasPrefix(rest+".", path+".")) {
						return
					}
				}
				t.Errorf("%s: %s differs and is not in the plan", f.Name, path)
			})
		}
		if crlf := bytes.Count(f.Old, []byte("\r\n")); crlf > 0 && bytes.Count(f.New, []byte("\n")) != bytes.Count(f.New, []byte("\r\n")) {
			t.Errorf("%s: line ends are mixed", f.Name)
		}
	}
}

// fields are the field names of a path, without list items.
func fields(path finding.Path) string {
	var names []string
	for _, s := range path.Steps() {
		if s.Field != "" {
			names = append(names, s.Field)
		}
	}
	return strings.Join(names, ".")
}

func differences(a, b any, path string, found func(path string)) {
	if reflect.DeepEqual(a, b) {
		return
	}
	x, isMap := a.(map[string]any)
	y, both := b.(map[string]any)
	if isMap && both {
		for k := range x {
			differences(x[k], y[k], strings.TrimPrefix(path+"."+k, "."), found)
		}
		for k := range y {
			if _, ok := x[k]; !ok {
				differences(nil, y[k], strings.TrimPrefix(path+"."+k, "."), found)
			}
		}
		return
	}
	l, isList := a.([]any)
	m, both := b.([]any)
	if isList && both && len(l) == len(m) {
		for i := range l {
			differences(l[i], m[i], path, found)
		}
		return
	}
	found(path)
}
