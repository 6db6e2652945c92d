package conformance

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/internal/secretscan"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/bootstrap"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
	"github.com/plimsoll-io/plimsoll/scan"
)

// corpus finds the folder of a suite, or skips the test.
func corpus(t *testing.T, suite string) string {
	t.Helper()
	root := os.Getenv("PLIMSOLL_CORPORA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	dir := filepath.Join(root, suite)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no cases at %s: set PLIMSOLL_CORPORA to the folder that holds %s", dir, suite)
	}
	return dir
}

// cases reads the cases.jsonl of a suite.
func cases[T any](t *testing.T, dir string) []T {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, "cases.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var out []T
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var c T
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatalf("read case: %v", err)
		}
		out = append(out, c)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// catalogue lists the controls by id.
func catalogue(t *testing.T) map[string]control.Control {
	t.Helper()
	all, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]control.Control{}
	for _, c := range all {
		byID[c.ID] = c
	}
	return byID
}

// A vocabulary says which control other tools' names of a check mean.
type vocabulary struct {
	byCheck map[string]string   // neutral name → control
	byOther map[string][]string // "regolibrary: C-0057" → controls
}

func readVocabulary(t *testing.T, dir string) vocabulary {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(filepath.Dir(dir), "controls.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	v := vocabulary{map[string]string{}, map[string][]string{}}
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n")[1:] {
		columns := strings.Split(line, "\t")
		v.byCheck[columns[1]] = columns[0]
		for _, tool := range strings.Split(columns[2], "; ") {
			name, ids, _ := strings.Cut(tool, ": ")
			for _, id := range strings.Split(ids, ",") {
				v.byOther[name+": "+id] = append(v.byOther[name+": "+id], columns[0])
			}
		}
	}
	return v
}

var scanner = sync.OnceValue(secretscan.New)

// judgeFiles runs one control over files, as one inventory.
func judgeFiles(t *testing.T, c control.Control, settings control.Settings, files ...string) scan.Result {
	t.Helper()
	var objects []*inventory.Object
	var gaps []inventory.Gap
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		o, g := manifest.ReadBytes(filepath.ToSlash(file), data, manifest.Options{Redact: scanner().Redact})
		objects, gaps = append(objects, o...), append(gaps, g...)
	}
	bootstrap.Mark(objects, "")
	inv := inventory.New(inventory.Source{Kind: "files", Names: files}, time.Unix(0, 0), "", objects, gaps)
	report, err := scan.Run(context.Background(), inv, scan.Options{Controls: []control.Control{c}, Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	return report.Results[0]
}

// A tally counts the cases of a suite.
type tally struct {
	t          *testing.T
	suite      string
	explained  []*regexp.Regexp
	right      int
	total      int
	differing  []string
	open       int
	apart      int // cases that are not comparable, of which apartRight agree all the same
	apartRight int
}

func newTally(t *testing.T, suite string) *tally {
	t.Helper()
	return &tally{t: t, suite: suite, explained: explanations(t)}
}

// explanations are the case names in backquotes of docs/conformance.md, as patterns.
func explanations(t *testing.T) []*regexp.Regexp {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "conformance.md"))
	if err != nil {
		t.Log(err)
		return nil
	}
	var out []*regexp.Regexp
	for _, quoted := range regexp.MustCompile("`([^`\n]+/[^`\n]+)`").FindAllStringSubmatch(string(data), -1) {
		out = append(out, like(quoted[1]))
	}
	return out
}

// like makes a pattern of a name in which "*" stands for anything.
func like(name string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(name), `\*`, ".*") + "$")
}

// count notes one case: want and got are what is compared, and why helps to find the cause.
func (y *tally) count(id, want, got, why string) {
	name := path.Join(y.suite, id)
	for pattern := range notComparable {
		if like(pattern).MatchString(name) {
			y.apart++
			if want == got {
				y.apartRight++
			}
			return
		}
	}
	y.total++
	if want == got {
		y.right++
		return
	}
	note := "UNEXPLAINED"
	if slices.ContainsFunc(y.explained, func(r *regexp.Regexp) bool { return r.MatchString(name) }) {
		note = "explained"
	} else {
		y.open++
	}
	y.differing = append(y.differing, note+" "+id+": want "+want+", got "+got+" "+why)
}

// done prints the score and holds it to the target, in percent.
func (y *tally) done(target float64) {
	y.t.Helper()
	slices.Sort(y.differing)
	for _, d := range y.differing {
		y.t.Log(d)
	}
	if y.total == 0 {
		y.t.Fatalf("%s: no case", y.suite)
	}
	score := 100 * float64(y.right) / float64(y.total)
	y.t.Logf("SCORE %s: %d of %d cases agree (%.1f %%, target %.0f %%)", y.suite, y.right, y.total, score, target)
	if y.apart > 0 {
		y.t.Logf("      %s: %d more cases are not comparable (docs/conformance.md); %d of them agree", y.suite, y.apart, y.apartRight)
	}
	if score < target {
		y.t.Errorf("%s: %.1f %% is below the target of %.0f %%", y.suite, score, target)
	}
	if y.open > 0 {
		y.t.Errorf("%s: %d disagreements are not explained in docs/conformance.md", y.suite, y.open)
	}
}
