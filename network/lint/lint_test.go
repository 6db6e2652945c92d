package lint_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/internal/inventorytest"
	"github.com/plimsoll-io/plimsoll/internal/txtartest"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/lint"
	"github.com/plimsoll-io/plimsoll/network/service"
)

var update = flag.Bool("update", false, "write the want sections of testdata")

// fewestCases is how many cases a kind needs at least.
const fewestCases = 5

// TestKinds checks every case of testdata/<kind>.txtar, for problems of this kind.
func TestKinds(t *testing.T) {
	known := map[string]bool{}
	for _, k := range lint.Kinds() {
		known[string(k.Kind)+".txtar"] = true
		t.Run(string(k.Kind), func(t *testing.T) {
			file, err := txtartest.Read(filepath.Join("testdata", string(k.Kind)+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			if len(file.Cases) < fewestCases {
				t.Errorf("%d cases: want at least %d", len(file.Cases), fewestCases)
			}
			for _, tc := range file.Cases {
				t.Run(tc.Word+"_"+tc.Name, func(t *testing.T) { testCase(t, k.Kind, tc) })
			}
			if *update {
				if err := file.Write(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".txtar") && !known[f.Name()] {
			t.Errorf("%s: there is no such kind", f.Name())
		}
	}
}

// settings are what a case is read as.
type settings struct {
	Cluster bool   `json:"cluster"` // it is a whole cluster; else files
	Gap     string `json:"gap"`     // a kind that could not be read
}

func testCase(t *testing.T, kind lint.Kind, tc *txtartest.Case) {
	var s settings
	if err := yaml.UnmarshalStrict(tc.Settings, &s); err != nil {
		t.Fatal(err)
	}
	report := check(t, tc.Input, s)
	var problems, unjudged int
	var out bytes.Buffer
	for _, p := range report.Problems {
		if p.Kind != kind {
			continue
		}
		problems++
		path := string(p.Path)
		if path == "" {
			path = "-"
		}
		fmt.Fprintf(&out, "%s %s %s line %d: %s\n", p.Severity, p.Object, path, p.Position.Line, p.Message)
		for _, b := range p.Because {
			fmt.Fprintf(&out, "  %s: %s\n", b.Fact, b.Message)
		}
	}
	for _, u := range report.Unjudged {
		if u.Kind == kind {
			unjudged++
			fmt.Fprintf(&out, "unjudged %s: %s\n", u.Object, u.Reason)
		}
	}
	if is := map[string]bool{txtartest.Found: problems > 0, txtartest.None: problems == 0, txtartest.Skip: problems == 0 && unjudged > 0}[tc.Word]; !is {
		t.Fatalf("%d problems, %d unjudged: want %s\n%s", problems, unjudged, tc.Word, out.Bytes())
	}
	if *update {
		tc.Want = nil
		if out.Len() > 0 {
			tc.Want = out.Bytes()
		}
		return
	}
	if diff := cmp.Diff(string(tc.Want), out.String()); diff != "" {
		t.Errorf("want differs (-want +got; -update rewrites it):\n%s", diff)
	}
}

func check(t *testing.T, input []byte, s settings) *lint.Report {
	t.Helper()
	objects := inventorytest.Objects(t, "case.yaml", string(input))
	var gaps []inventory.Gap
	source := inventory.Source{Kind: "files", Names: []string{"case.yaml"}}
	if s.Cluster {
		source.Kind = "cluster"
	}
	if s.Gap != "" {
		gaps = append(gaps, inventory.Gap{Kind: s.Gap, AnyGroup: true, Reason: "list of " + s.Gap + " is forbidden"})
	}
	return checkAll(inventory.New(source, time.Unix(0, 0), "", objects, gaps))
}

func checkAll(inv *inventory.Inventory) *lint.Report {
	m := network.New(inv)
	return lint.Check(inv, m, service.New(inv, m))
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(m.Run())
}
