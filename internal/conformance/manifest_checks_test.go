package conformance

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/scan"
)

// A checkCase is one check of another tool on some files.
type checkCase struct {
	ID       string
	Check    string
	Dir      string
	Files    []string
	Expected string
	PerFile  map[string]string `json:"per_file"`
	// Objects as Kind.namespace.name, where only some of them fail.
	Passed []string `json:"passed_resources"`
	Failed []string `json:"failed_resources"`
}

// TestConformanceManifestChecks compares verdicts with those of six tools' own test data.
func TestConformanceManifestChecks(t *testing.T) {
	dir := corpus(t, "manifest-checks")
	controls, vocabulary := catalogue(t), readVocabulary(t, dir)
	y := newTally(t, "manifest-checks")
	missing := map[string]int{}
	for _, c := range cases[checkCase](t, dir) {
		id, mapped := vocabulary.byCheck[c.Check]
		if !mapped {
			continue
		}
		ctl, ok := controls[id]
		if !ok {
			missing[id]++
			continue
		}
		c.judge(t, y, ctl, filepath.Join(dir, c.Dir))
	}
	for _, id := range slices.Sorted(maps.Keys(missing)) {
		t.Logf("not judged: %d cases of %s, which does not exist", missing[id], id)
	}
	y.done(97)
}

func (c checkCase) judge(t *testing.T, y *tally, ctl control.Control, dir string) {
	t.Helper()
	switch {
	case c.Expected != "mixed":
		r := judgeFiles(t, ctl, control.Settings{}, inDir(dir, c.Files)...)
		y.count(c.ID, c.Expected, verdict(r), explain(r))
	case len(c.Failed)+len(c.Passed) > 0:
		r := judgeFiles(t, ctl, control.Settings{}, inDir(dir, c.Files)...)
		y.count(c.ID, fmt.Sprint("fails ", sorted(c.Failed)), fmt.Sprint("fails ", failing(r)), explain(r))
	default:
		want, got, why := map[string]string{}, map[string]string{}, ""
		for file, expected := range c.PerFile {
			r := judgeFiles(t, ctl, control.Settings{}, filepath.Join(dir, file))
			want[file], got[file] = expected, verdict(r)
			if expected != got[file] {
				why += file + explain(r)
			}
		}
		y.count(c.ID, fmt.Sprint(want), fmt.Sprint(got), why)
	}
}

func inDir(dir string, files []string) []string {
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = filepath.Join(dir, f)
	}
	return out
}

// verdict is what another tool would say: it has no words but these.
func verdict(r scan.Result) string {
	switch r.Status {
	case scan.Fail:
		return "fail"
	case scan.Pass, scan.NotApplicable, scan.ExceptedOnly:
		return "pass"
	}
	return string(r.Status)
}

// failing lists the objects with findings as Kind.namespace.name.
func failing(r scan.Result) []string {
	seen := map[string]bool{}
	for _, f := range r.Findings {
		seen[f.Object.Kind+"."+f.Object.Namespace+"."+f.Object.Name] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// explain says what was found, in short.
func explain(r scan.Result) string {
	var parts []string
	for _, f := range r.Findings {
		parts = append(parts, f.Object.Kind+"/"+f.Object.Name+" "+string(f.Path))
	}
	for _, e := range r.Errors {
		parts = append(parts, "error: "+e.Message)
	}
	if r.Skipped != "" {
		parts = append(parts, "skipped: "+r.Skipped)
	}
	if len(parts) == 0 {
		return ""
	}
	return "(" + r.Control.ID + ": " + strings.Join(parts, "; ") + ")"
}
