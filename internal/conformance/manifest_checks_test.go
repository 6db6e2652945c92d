package conformance

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/scan"
)

// A checkCase is one check of another tool on some files.
type checkCase struct {
	ID     string
	Source string
	Check  string
	// SourceCheck is the tool's own name of the check.
	SourceCheck string `json:"source_check"`
	Dir         string
	Files       []string
	Expected    string
	PerFile     map[string]string `json:"per_file"`
	RunConfig   string            `json:"run_config"`
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
		ids, mapped := c.controls(vocabulary)
		if !mapped {
			continue
		}
		var chosen []control.Control
		for _, id := range ids {
			if ctl, ok := controls[id]; ok {
				chosen = append(chosen, ctl)
			}
		}
		if len(chosen) != len(ids) {
			missing[fmt.Sprint(ids)]++
			continue
		}
		c.judge(t, y, chosen, filepath.Join(dir, c.Dir))
	}
	for _, id := range slices.Sorted(maps.Keys(missing)) {
		t.Logf("not judged: %d cases of %s, which do not exist", missing[id], id)
	}
	y.done(97)
}

// settings are those that the tool's test ran with, as far as a control has them.
func (c checkCase) settings() control.Settings {
	if c.Source == "kube-score" && c.RunConfig == "" {
		return control.Settings{Target: "1.18"} // the tool's own default
	}
	if m := kubernetesVersion.FindStringSubmatch(c.RunConfig); m != nil {
		return control.Settings{Target: m[1] + "." + m[2]}
	}
	return control.Settings{}
}

var kubernetesVersion = regexp.MustCompile(`KubernetesVersion: config\.Semver\{Major: (\d+), Minor: (\d+)\}`)

// controls are those that decide together what the check asks.
func (c checkCase) controls(v vocabulary) (ids []string, mapped bool) {
	own := c.Source + " " + c.SourceCheck
	if _, apart := notMapped[own]; apart {
		return nil, false
	}
	if ids, ok := otherMeaning[own]; ok {
		return ids, true
	}
	id, ok := v.byCheck[c.Check]
	return []string{id}, ok
}

func (c checkCase) judge(t *testing.T, y *tally, controls []control.Control, dir string) {
	t.Helper()
	switch {
	case c.Expected != "mixed":
		a := ask(t, controls, c.settings(), inDir(dir, c.Files)...)
		y.count(c.ID, c.Expected, a.verdict, a.why)
	case len(c.Failed)+len(c.Passed) > 0:
		a := ask(t, controls, c.settings(), inDir(dir, c.Files)...)
		want, got := shared(c.Failed, a.failing)
		y.count(c.ID, "fails "+want, "fails "+got, a.why)
	default:
		want, got, why := map[string]string{}, map[string]string{}, ""
		for file, expected := range c.PerFile {
			a := ask(t, controls, c.settings(), filepath.Join(dir, file))
			want[file], got[file] = expected, a.verdict
			if expected != a.verdict {
				why += file + a.why
			}
		}
		y.count(c.ID, fmt.Sprint(want), fmt.Sprint(got), why)
	}
}

// An answer is what some controls together say of some files.
type answer struct {
	verdict, why string
	failing      []string // Kind.name
}

// ask fails when one of the controls fails.
func ask(t *testing.T, controls []control.Control, settings control.Settings, files ...string) answer {
	t.Helper()
	a := answer{verdict: "pass"}
	for _, ctl := range controls {
		r := judgeFiles(t, ctl, settings, files...)
		if v := verdict(r); v != "pass" && a.verdict != "fail" {
			a.verdict = v
		}
		a.why += explain(r)
		a.failing = append(a.failing, failing(r)...)
	}
	return a
}

// shared compares failing objects by kind and name, which other tools give as Kind.namespace.name. A binding and the
// role that it binds cannot be compared: then it only counts whether anything fails.
func shared(theirs, ours []string) (want, got string) {
	kinds, names := map[string]bool{}, map[string]bool{}
	for _, o := range ours {
		kind, _, _ := strings.Cut(o, ".")
		kinds[kind] = true
	}
	comparable := len(theirs) == 0
	for _, id := range theirs {
		parts := strings.SplitN(id, ".", 3)
		names[parts[0]+"."+parts[2]] = true
		comparable = comparable || kinds[parts[0]]
	}
	if !comparable {
		return fmt.Sprint(len(theirs) > 0), fmt.Sprint(len(ours) > 0)
	}
	return fmt.Sprint(slices.Sorted(maps.Keys(names))), fmt.Sprint(slices.Compact(slices.Sorted(slices.Values(ours))))
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

// failing lists the objects with findings as Kind.name.
func failing(r scan.Result) []string {
	seen := map[string]bool{}
	for _, f := range r.Findings {
		seen[f.Object.Kind+"."+f.Object.Name] = true
	}
	return slices.Sorted(maps.Keys(seen))
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
