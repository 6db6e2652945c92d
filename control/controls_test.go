package control_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/txtartest"
	"github.com/plimsoll-io/plimsoll/internal/yamlpath"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/scan"
)

var update = flag.Bool("update", false, "write the want and fixed sections of testdata")

// fewestCases is how many cases a control needs at least.
const fewestCases = 6

// TestControls judges every case of testdata/<id>.txtar with its control.
func TestControls(t *testing.T) {
	controls, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range controls {
		t.Run(c.ID, func(t *testing.T) {
			file, err := txtartest.Read(filepath.Join("testdata", c.ID+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			if len(file.Cases) < fewestCases {
				t.Errorf("%d cases: want at least %d", len(file.Cases), fewestCases)
			}
			for _, tc := range file.Cases {
				t.Run(tc.Word+"_"+tc.Name, func(t *testing.T) { testCase(t, c, tc) })
			}
			if *update {
				if err := file.Write(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestNoStrayTestdata fails on test data of no control.
func TestNoStrayTestdata(t *testing.T) {
	controls, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		id := strings.TrimSuffix(filepath.Base(file), ".txtar")
		if !slices.ContainsFunc(controls, func(c control.Control) bool { return c.ID == id }) {
			t.Errorf("%s: there is no control %q", file, id)
		}
	}
}

var statusOf = map[string]scan.Status{
	txtartest.Fail: scan.Fail, txtartest.Pass: scan.Pass, txtartest.NotApplicable: scan.NotApplicable,
	txtartest.Skip: scan.Skipped, txtartest.Error: scan.Error,
}

func testCase(t *testing.T, c control.Control, tc *txtartest.Case) {
	settings := readSettings(t, tc.Settings)
	result := judge(t, c, tc.Input, settings)
	if want := statusOf[tc.Word]; result.Status != want {
		t.Fatalf("status %q, want %q\nfindings: %s\nerrors: %v\nskipped: %s",
			result.Status, want, lines(result.Findings), result.Errors, result.Skipped)
	}
	compare(t, "want", &tc.Want, lines(result.Findings))
	fixed, done := applyFixes(t, tc.Input, result.Findings)
	compare(t, "fixed", &tc.Fixed, fixed)
	if fixed == nil {
		return
	}
	for _, f := range judge(t, c, fixed, settings).Findings {
		if done[place{f.Object, f.Path}] {
			t.Errorf("still found after the fix: %s %s", f.Object, f.Path)
		}
	}
}

// compare holds a section to what came out, or rewrites it.
func compare(t *testing.T, section string, want *[]byte, got []byte) {
	t.Helper()
	if *update {
		*want = got
		return
	}
	if diff := cmp.Diff(string(*want), string(got)); diff != "" {
		t.Errorf("section %q differs (-want +got; -update rewrites it):\n%s", section, diff)
	}
}

// judge runs one control over one input.
func judge(t *testing.T, c control.Control, input []byte, settings control.Settings) scan.Result {
	t.Helper()
	objects, gaps := readObjects(input)
	inv := inventory.New(inventory.Source{Kind: "files", Names: []string{"case.yaml"}}, time.Unix(0, 0), "", objects, gaps)
	report, err := scan.Run(context.Background(), inv, scan.Options{Controls: []control.Control{c}, Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Results) != 1 {
		t.Fatalf("%d results for one control", len(report.Results))
	}
	return report.Results[0]
}

// lines writes one line a finding, in the order of object and path; nil when there are none.
func lines(findings []finding.Finding) []byte {
	var out []string
	for _, f := range findings {
		path := string(f.Path)
		if path == "" {
			path = "-"
		}
		out = append(out, fmt.Sprintf("%s %s line %d\n", f.Object, path, f.Position.Line))
	}
	slices.Sort(out)
	if len(out) == 0 {
		return nil
	}
	return []byte(strings.Join(out, ""))
}

// A place is where a fix was made.
type place struct {
	object finding.Ref
	path   finding.Path
}

// applyFixes makes every fix in the text, and says where; nil when nothing could be mended.
func applyFixes(t *testing.T, input []byte, findings []finding.Finding) (fixed []byte, done map[place]bool) {
	t.Helper()
	docs := documents(t, input)
	done = map[place]bool{}
	// From the last to the first, so that removing an item of a list does not move those still to be removed.
	for _, f := range slices.Backward(findings) {
		if f.Fix == nil {
			continue
		}
		doc := documentAt(docs, f.Position.Line)
		if doc == nil {
			t.Fatalf("no document at line %d", f.Position.Line)
		}
		if err := yamlpath.Apply(doc, f.Path, *f.Fix); err != nil {
			t.Logf("not mended: %v", err)
			continue
		}
		done[place{f.Object, f.Path}] = true
	}
	if len(done) == 0 {
		return nil, nil
	}
	var texts [][]byte
	for _, doc := range docs {
		text, err := yamlpath.Encode(doc)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	return bytes.Join(texts, []byte("---\n")), done
}

// documents parses every document of a YAML text.
func documents(t *testing.T, input []byte) []*yaml.Node {
	t.Helper()
	var docs []*yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(input))
	for {
		doc := &yaml.Node{}
		err := dec.Decode(doc)
		if errors.Is(err, io.EOF) {
			return docs
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(doc.Content) > 0 && doc.Content[0].Kind == yaml.MappingNode {
			docs = append(docs, doc)
		}
	}
}

// documentAt is the last document that starts at or before a line.
func documentAt(docs []*yaml.Node, line int) *yaml.Node {
	var at *yaml.Node
	for _, doc := range docs {
		if doc.Content[0].Line <= line {
			at = doc
		}
	}
	return at
}

// TestMain lets -update be given along with other packages' flags.
func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(m.Run())
}

// allTestObjects reads the objects of all test data.
func allTestObjects(t *testing.T) []*inventory.Object {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var out []*inventory.Object
	for _, path := range files {
		file, err := txtartest.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, tc := range file.Cases {
			objects, _ := readObjects(tc.Input)
			out = append(out, objects...)
		}
	}
	return out
}
