package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/framework"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/scan"
)

// TestTableFits checks that no line is wider than the terminal and that a large report fits a screen.
func TestTableFits(t *testing.T) {
	for name, d := range map[string]*Document{"shop": shop(), "hostile": hostile(), "empty": empty(), "large": large(90, 40)} {
		for _, width := range []int{80, 100, 160} {
			text := render(t, WriteTable, d, Options{Width: width})
			lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
			if len(lines) > screen {
				t.Errorf("%s at %d columns: %d lines, more than a screen", name, width, len(lines))
			}
			for _, line := range lines {
				if w := display.Width(line); w > width {
					t.Errorf("%s at %d columns: a line of %d: %s", name, width, w, line)
				}
			}
		}
	}
}

// TestTextIsClean checks that hostile names cannot send control characters to a terminal.
func TestTextIsClean(t *testing.T) {
	for _, opts := range []Options{{Width: 80}, {Width: 200, Verbose: true}} {
		text := render(t, WriteTable, hostile(), opts)
		for _, r := range text {
			if r != '\n' && display.Invisible(r) {
				t.Errorf("the table holds %U", r)
			}
		}
	}
	if text := render(t, WriteTable, shop(), Options{Color: true}); !strings.Contains(text, "\x1b[1;31m") {
		t.Error("no colour although it was asked for")
	}
}

// TestTableNeverSaysAllIsWell checks that gaps and errors are visible where no finding is.
func TestTableNeverSaysAllIsWell(t *testing.T) {
	d := shop()
	r := d.Report
	r.Results = r.Results[5:6]
	count(r)
	text := render(t, WriteTable, d, Options{})
	for _, want := range []string{"no findings in what could be judged", "secrets is forbidden", "72.5 %", "expired"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if text := render(t, WriteTable, empty(), Options{}); !strings.Contains(text, "nothing was judged") {
		t.Errorf("a report about nothing says\n%s", text)
	}
}

// TestTableSaysWhatToDoNext checks the last lines of reports that name no failed control.
func TestTableSaysWhatToDoNext(t *testing.T) {
	gap := inventory.Gap{Kind: "Pod", Reason: "pods is forbidden"}
	long := "/home/someone/src/company/platform/clusters/production/europe-west-1/applications/shop/manifests"
	for name, c := range map[string]struct {
		kind    string
		objects int
		gaps    []inventory.Gap
		want    []string
	}{
		"no objects":            {"files", 0, nil, []string{"nothing was judged", "Name a folder of manifests"}},
		"no objects, cluster":   {"cluster", 0, nil, []string{"nothing was judged", "--context"}},
		"only gaps":             {"files", 0, []inventory.Gap{gap}, []string{"nothing could be judged", "mend what could not be read"}},
		"only gaps, cluster":    {"cluster", 0, []inventory.Gap{gap}, []string{"nothing could be judged", "let this identity read", "Pod"}},
		"gaps, no findings":     {"cluster", 3, []inventory.Gap{gap}, []string{"no findings in what could be judged", "let this identity read"}},
		"no findings, all well": {"files", 3, nil, []string{" no findings\n", "100 %", "in CI"}},
	} {
		r := &scan.Report{Inventory: scan.Inventory{Objects: c.objects, Gaps: c.gaps}}
		r.Inventory.Source = inventory.Source{Kind: c.kind, Names: []string{long}}
		r.Results = []scan.Result{{Control: control.Control{ID: "host-network"}, Status: scan.NotApplicable}}
		count(r)
		if r.Summary.Coverage = 100; c.gaps != nil {
			r.Summary.Coverage = 0
		}
		text := render(t, WriteTable, &Document{Report: r, Assessments: shopAssessments(), Levels: shopLevels()}, Options{})
		for _, want := range append(c.want, "applications/shop/manifests") {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is missing in\n%s", name, want, text)
			}
		}
	}
}

// TestFixFirst checks that a concrete control comes before an umbrella, a known fix before a decision of the same
// weight, and that a control whose findings another one's edit mends is passed over.
func TestFixFirst(t *testing.T) {
	result := func(id string, severity finding.Severity, fix *finding.Fix, paths ...finding.Path) scan.Result {
		r := scan.Result{Control: control.Control{ID: id}, Status: scan.Fail}
		for _, path := range paths {
			r.Findings = append(r.Findings, finding.Finding{Control: id, Severity: severity, Object: cart, Path: path, Fix: fix})
		}
		return r
	}
	fix := &finding.Fix{Op: finding.Remove}
	all := failed(&scan.Report{Results: []scan.Result{
		result("pod-security-restricted", finding.Critical, nil, "a", "b", "c", "d"),
		result("decision", finding.High, nil, "e"),
		result("drop-all", finding.High, fix, "b", "c"),
		result("drop-one", finding.High, fix, "b"),
		result("edit", finding.High, fix, "f"),
		result("whole", finding.Low, nil, ""),
		result("whole-too", finding.Low, nil, ""),
	}})
	var got []string
	for _, f := range fixFirst(all, 6) {
		got = append(got, f.Control.ID)
	}
	want := "drop-all edit decision whole whole-too pod-security-restricted"
	if strings.Join(got, " ") != want {
		t.Errorf("fix first %v, want %s", got, want)
	}
}

// large is a report with this many failed controls of this many findings each, and the usual eleven frameworks.
func large(controls, findings int) *Document {
	r := &scan.Report{
		Inventory: scan.Inventory{Objects: findings, Namespaces: map[string]int{"shop": findings}},
		Baseline:  &scan.Comparison{Fixed: 3},
	}
	severities := finding.Severities()
	for i := range controls {
		c := control.Control{
			ID: fmt.Sprintf("a-control-with-a-long-name-%03d", i), Title: "Something is not as it should be in this container",
			Severity: severities[i%4], Remedy: "Change it", Why: "Because of an attacker who may come from anywhere",
		}
		result := scan.Result{Control: c, Status: scan.Fail}
		for j := range findings {
			object := ref("apps/v1", "Deployment", fmt.Sprintf("team-%d", j%20), fmt.Sprintf("application-%05d", j))
			result.Findings = append(result.Findings, finding.Finding{
				Control: c.ID, Severity: c.Severity, Object: object, Path: pod + "containers[name=web].securityContext.privileged",
				Position: finding.Position{File: fmt.Sprintf("apps/team-%d/app-%d.yaml", j%20, j), Line: 7 + i, Column: 9},
				Message:  `Something is not as it should be: container "web"`,
				Because:  []finding.Reason{{Effect: "proves", Fact: "value", Message: "securityContext.privileged is true"}},
			})
			result.Passed = append(result.Passed, object)
		}
		r.Results = append(r.Results, result)
	}
	for i := range 12 {
		r.Inventory.Gaps = append(r.Inventory.Gaps, inventory.Gap{File: fmt.Sprintf("some/very/long/path/to/a/file-%d.yaml", i), Line: 3,
			Reason: "a mapping value where none can be, because of a tab or a missing blank somewhere above this line"})
	}
	count(r)
	d := &Document{Report: r}
	for i := range 11 {
		a := framework.Assessment{Framework: framework.Framework{
			ID: fmt.Sprint(i), Title: "A framework of some authority or other", Version: "2.0.1",
		}}
		for range 131 {
			a.Answers = append(a.Answers, framework.Answer{Status: framework.Unknown})
		}
		d.Assessments = append(d.Assessments, a)
	}
	return d
}
