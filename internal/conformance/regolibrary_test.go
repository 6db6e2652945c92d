package conformance

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/control"
)

type regoCase struct {
	ID       string
	Checks   []string
	Controls []struct{ ID string }
	Dir      string
	Verdict  string
}

// TestConformanceRegolibrary compares verdicts with those of another library's rules.
func TestConformanceRegolibrary(t *testing.T) {
	dir := corpus(t, "regolibrary-rules")
	controls, vocabulary := catalogue(t), readVocabulary(t, dir)
	y := newTally(t, "regolibrary-rules")
	for _, c := range cases[regoCase](t, dir) {
		ids := c.controls(vocabulary, controls)
		if len(ids) == 0 {
			continue
		}
		files := filesIn(t, filepath.Join(dir, c.Dir, "input"))
		got, why := "pass", ""
		for _, id := range ids {
			r := judgeFiles(t, controls[id], regoSettings(t, filepath.Join(dir, c.Dir)), files...)
			why += explain(r)
			if v := verdict(r); v != "pass" && got != "fail" {
				got = v
			}
		}
		y.count(c.ID, c.Verdict, got, strings.Join(ids, "+")+" "+why)
	}
	y.done(90)
}

// controls are those that judge the same, by the neutral names of the case or else by the numbers of its controls.
func (c regoCase) controls(v vocabulary, have map[string]control.Control) []string {
	found := map[string]bool{}
	for _, check := range c.Checks {
		found[v.byCheck[check]] = true
	}
	if len(c.Checks) == 0 {
		for _, other := range c.Controls {
			for _, id := range v.byOther["regolibrary: "+other.ID] {
				found[id] = true
			}
		}
	}
	maps.DeleteFunc(found, func(id string, _ bool) bool { _, ok := have[id]; return !ok })
	return slices.Sorted(maps.Keys(found))
}

// regoSettings translates the configuration of a case, where a control has a parameter for it.
func regoSettings(t *testing.T, dir string) control.Settings {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "data.json"))
	if err != nil {
		return control.Settings{}
	}
	var config struct {
		Inputs map[string][]string `json:"postureControlInputs"`
	}
	if err := json.Unmarshal(data, &config); err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	return control.Settings{Params: map[string]map[string]string{
		"untrusted-registry": {"registries": strings.Join(config.Inputs["imageRepositoryAllowList"], "\n")},
	}}
}

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
