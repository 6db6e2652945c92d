package harden

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/scan"
)

func TestPlan(t *testing.T) {
	ref := finding.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "a"}
	at := finding.Position{File: "a.yaml", Line: 1, Column: 1}
	rendered := &inventory.Object{Ref: finding.Ref{APIVersion: "v1", Kind: "Pod", Name: "r"}, Origin: finding.Position{File: "chart", Line: 1, Rendered: true}}
	inv := inventory.New(inventory.Source{}, time.Unix(0, 0), "", []*inventory.Object{{Ref: ref, Origin: at}, rendered}, nil)
	f := func(id string, path finding.Path, op finding.Op, value any, risky bool) finding.Finding {
		return finding.Finding{Control: id, Severity: finding.Medium, Object: ref, Path: path, Position: at, Fix: &finding.Fix{Op: op, Value: value, Risky: risky}}
	}
	elsewhere := f("h", "spec.h", finding.Set, true, false)
	elsewhere.Object, elsewhere.Position = rendered.Ref, rendered.Origin
	low := f("i", "spec.i", finding.Set, true, false)
	low.Severity = finding.Low
	report := &scan.Report{Results: []scan.Result{{Control: control.Control{ID: "all"}, Findings: []finding.Finding{
		f("a", "spec.list[1]", finding.Remove, nil, false), f("b", "spec.list[10]", finding.Remove, nil, false),
		f("c", "spec.capabilities.drop", finding.Append, "NET_RAW", false), f("d", "spec.capabilities.drop", finding.Append, "ALL", false),
		f("e", "spec.x", finding.Set, int64(1), false), f("f", "spec.x", finding.Set, int64(2), false),
		f("g", "spec.y", finding.Set, true, true), elsewhere, low,
		{Control: "j", Severity: finding.High, Object: ref, Position: at},
	}}}}
	plan := New(inv, report, Options{MinSeverity: finding.Medium})
	var got []string
	say := func(word string, changes []Change) {
		for _, c := range changes {
			got = append(got, fmt.Sprint(word, " ", c.Fix.Op, " ", c.Path, " ", c.Fix.Value, " ", strings.Join(c.Controls(), "+")))
		}
	}
	say("edit", plan.Changes)
	say("risky", plan.NeedsRisky)
	say("rendered", plan.Rendered)
	for _, c := range plan.Conflicts {
		say("conflict", c.Changes)
	}
	want := []string{
		"edit append spec.capabilities.drop ALL c+d", "edit remove spec.list[10] <nil> b", "edit remove spec.list[1] <nil> a",
		"risky set spec.y true g", "rendered set spec.h true h", "conflict set spec.x 1 e", "conflict set spec.x 2 f",
	}
	if diff := cmp.Diff(want, got); diff != "" || len(plan.Manual) != 1 {
		t.Errorf("%d left to people; %s", len(plan.Manual), diff)
	}
}
