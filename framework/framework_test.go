package framework_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/framework"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/scan"
)

func TestShippedFrameworks(t *testing.T) {
	all, err := framework.All()
	if err != nil {
		t.Fatal(err)
	}
	requirements := map[string]int{}
	rows := 0
	for _, f := range all {
		requirements[f.ID] = len(f.Requirements)
		for _, q := range f.Requirements {
			rows += len(q.Rows)
		}
	}
	if requirements["cis"] != 131 {
		t.Errorf("CIS has %d requirements, want 131", requirements["cis"])
	}
	if rows != 569 {
		t.Errorf("%d rows, want 569", rows)
	}
}

// Every control that a framework or a level names must exist: a typing error would leave a requirement open for ever.
func TestNamedControlsExist(t *testing.T) {
	catalogue, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, c := range catalogue {
		known[c.ID] = true
	}
	all, err := framework.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		for _, q := range f.Requirements {
			for _, id := range framework.ControlsOf(q) {
				if !known[id] {
					t.Errorf("%s %s names the control %s, which does not exist", f.ID, q.ID, id)
				}
			}
		}
	}
	levels, err := framework.Levels(&scan.Report{})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range levels {
		for _, c := range slices.Concat(l.Compliant, l.Mature) {
			for _, id := range c.Controls {
				if !known[id] {
					t.Errorf("the level of %s names the control %s, which does not exist", l.Capability, id)
				}
			}
		}
	}
}

func result(id string, status scan.Status) scan.Result {
	r := scan.Result{Control: control.Control{ID: id, Severity: finding.High, Capability: control.PodSecurity}, Status: status}
	switch status {
	case scan.Fail:
		r.Findings = []finding.Finding{{Control: id, Severity: finding.High}}
	case scan.Skipped:
		r.Skipped = "forbidden"
	}
	return r
}

func TestAssess(t *testing.T) {
	row := func(complete, direct bool, needs string, controls ...string) framework.Row {
		return framework.Row{Capability: control.PodSecurity, Evidence: "e", Direct: direct, Needs: strings.Split(needs, "+"), Controls: controls, Complete: complete}
	}
	tests := []struct {
		name   string
		rows   []framework.Row
		a, b   scan.Status
		source string
		want   framework.Status
	}{
		{"all pass", []framework.Row{row(true, true, "api", "a", "b")}, scan.Pass, scan.Pass, "cluster", framework.Met},
		{"files never show a cluster", []framework.Row{row(true, true, "api", "a", "b")}, scan.Pass, scan.Pass, "files", framework.Partly},
		{"one fails", []framework.Row{row(true, true, "api", "a", "b")}, scan.Pass, scan.Fail, "cluster", framework.NotMet},
		{"nothing to judge beside a pass", []framework.Row{row(true, true, "api", "a", "b")}, scan.Pass, scan.NotApplicable, "cluster", framework.Met},
		{"nothing to judge at all", []framework.Row{row(true, true, "api", "a", "b")}, scan.NotApplicable, scan.NotApplicable, "cluster", framework.Unknown},
		{"a gap", []framework.Row{row(true, true, "api", "a", "b")}, scan.Pass, scan.Skipped, "cluster", framework.Partly},
		{"only gaps", []framework.Row{row(true, true, "api", "b")}, scan.Pass, scan.Skipped, "cluster", framework.Unknown},
		{"an exception is no proof", []framework.Row{row(true, true, "api", "a", "b")}, scan.Pass, scan.ExceptedOnly, "cluster", framework.Partly},
		{"controls show a part only", []framework.Row{row(false, true, "api", "a")}, scan.Pass, scan.Pass, "cluster", framework.Partly},
		{"a part that fails decides", []framework.Row{row(false, true, "api", "a")}, scan.Fail, scan.Pass, "cluster", framework.NotMet},
		{"a node is needed too", []framework.Row{row(true, true, "api+node", "a")}, scan.Pass, scan.Pass, "cluster", framework.Partly},
		{"one row is open", []framework.Row{row(true, true, "api", "a"), row(true, true, "api")}, scan.Pass, scan.Pass, "cluster", framework.Partly},
		{"supporting rows never decide", []framework.Row{row(true, true, "api", "a"), row(true, false, "api", "b")}, scan.Pass, scan.Fail, "cluster", framework.Met},
		{"only supporting rows", []framework.Row{row(true, false, "api", "a")}, scan.Pass, scan.Pass, "cluster", framework.Unknown},
		{"people", []framework.Row{row(false, true, "process")}, scan.Pass, scan.Pass, "cluster", framework.Manual},
		{"nobody looks yet", []framework.Row{row(false, true, "api")}, scan.Pass, scan.Pass, "cluster", framework.Unknown},
		{"a control that was not run", []framework.Row{row(true, true, "api", "a", "c")}, scan.Pass, scan.Pass, "cluster", framework.Partly},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := framework.Framework{ID: "f", Title: "F", Requirements: []framework.Requirement{{ID: "1", Title: "t", Rows: test.rows}}}
			rep := &scan.Report{
				Inventory: scan.Inventory{Source: inventory.Source{Kind: test.source}},
				Results:   []scan.Result{result("a", test.a), result("b", test.b)},
			}
			got := framework.Assess(f, rep).Answers[0]
			if got.Status != test.want {
				t.Errorf("status is %s, want %s (%+v)", got.Status, test.want, got)
			}
			if got.Status != framework.Met && got.Status != framework.NotMet && got.Status != framework.Manual && len(got.Missing) == 0 &&
				test.name != "nothing to judge at all" && test.name != "only supporting rows" {
				t.Error("it does not say what is missing")
			}
		})
	}
}

func TestInherited(t *testing.T) {
	f, err := framework.Load("cis")
	if err != nil {
		t.Fatal(err)
	}
	rep := &scan.Report{Inventory: scan.Inventory{Source: inventory.Source{Kind: "cluster"}, Version: "v1.34.1-eks-abc"}}
	for _, a := range framework.Assess(f, rep).Answers {
		if strings.HasPrefix(a.Requirement.ID, "1.") && a.Status != framework.Inherited {
			t.Errorf("%s is %s on a managed platform", a.Requirement.ID, a.Status)
		}
		if a.Status == framework.Met {
			t.Errorf("%s is met by an empty report", a.Requirement.ID)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"unknown field": "id: x\ntitle: x\ncompliant: yes\n",
		"no rows":       "id: x\ntitle: x\nrequirements: [{id: a, title: b, rows: []}]\n",
		"twice":         "id: x\ntitle: x\nrequirements: [{id: a, title: b, rows: [{needs: [api]}]}, {id: a, title: b, rows: [{needs: [api]}]}]\n",
		"bad source":    "id: x\ntitle: x\nrequirements: [{id: a, title: b, rows: [{needs: [magic]}]}]\n",
		"no YAML":       "{",
		"empty":         "",
	} {
		if _, err := framework.Read(strings.NewReader(text)); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
