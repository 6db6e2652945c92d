package scan_test

import (
	"testing"
	"time"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/scan"
)

func exception(change func(*finding.Exception)) finding.Exception {
	e := finding.Exception{
		Name: "agent", Controls: []string{"privileged-container"}, Objects: finding.Selector{Names: []string{"cart"}},
		Reason: "r", Owner: "o", Ticket: "t", ApprovedBy: "a", Expires: taken.Truncate(24 * time.Hour),
	}
	if change != nil {
		change(&e)
	}
	return e
}

func TestExceptions(t *testing.T) {
	const path = "spec.template.spec.containers[name=web].securityContext.privileged"
	tests := []struct {
		name   string
		change func(*finding.Exception)
		status scan.Status
		state  string
		broad  bool
	}{
		{"holds on its last day", nil, scan.ExceptedOnly, scan.Used, false},
		{"expired ones fail again", func(e *finding.Exception) { e.Expires = e.Expires.AddDate(0, 0, -1) }, scan.Fail, scan.Expired, false},
		{"another object", func(e *finding.Exception) { e.Objects.Names = []string{"checkout"} }, scan.Fail, scan.Unused, false},
		{"another control", func(e *finding.Exception) { e.Controls = []string{"host-path"} }, scan.Fail, scan.Unused, false},
		{"wildcards", func(e *finding.Exception) { e.Objects = finding.Selector{Namespaces: []string{"sh*"}} }, scan.ExceptedOnly, scan.Used, false},
		{"labels", func(e *finding.Exception) { e.Objects = finding.Selector{Labels: map[string]string{"team": "x"}} }, scan.Fail, scan.Unused, false},
		{"an exact path with brackets", func(e *finding.Exception) { e.Objects.Paths = []string{path} }, scan.ExceptedOnly, scan.Used, false},
		{"a path pattern", func(e *finding.Exception) { e.Objects.Paths = []string{"*containers[name=web]*"} }, scan.ExceptedOnly, scan.Used, false},
		{"another path", func(e *finding.Exception) { e.Objects.Paths = []string{"*containers[name=db]*"} }, scan.Fail, scan.Unused, false},
		{"every object is too broad", func(e *finding.Exception) { e.Objects = finding.Selector{} }, scan.ExceptedOnly, scan.Used, true},
		{"every control is too broad", func(e *finding.Exception) { e.Controls = []string{"*"} }, scan.ExceptedOnly, scan.Used, true},
		{"wildcards everywhere are too broad", func(e *finding.Exception) { e.Objects = finding.Selector{Names: []string{"*"}} }, scan.ExceptedOnly, scan.Used, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rep := run(t, files([]*inventory.Object{deployment("cart", true)}), scan.Options{
				Controls: []control.Control{privileged(t)}, Exceptions: []finding.Exception{exception(test.change)},
			})
			if got := rep.Results[0].Status; got != test.status {
				t.Errorf("status is %s, want %s", got, test.status)
			}
			use := rep.Exceptions[0]
			if use.State != test.state || (use.TooBroad != "") != test.broad {
				t.Errorf("exception is %s, too broad %q", use.State, use.TooBroad)
			}
		})
	}
}

func TestForeignAnnotations(t *testing.T) {
	for key, value := range map[string]string{
		"ignore-check.kube-linter.io/privileged-container": "needed",
		"polaris.fairwinds.com/runAsPrivileged-exempt":     "true",
		"polaris.fairwinds.com/exempt":                     "true",
		"kube-score/ignore":                                "pod-networkpolicy, container-security-context-privileged",
		"kubescape.io/skip-controls":                       "C-0057",
	} {
		d := deployment("cart", true)
		d.Content["metadata"].(map[string]any)["annotations"] = map[string]any{key: value}
		inv := files([]*inventory.Object{d})
		opts := scan.Options{Controls: []control.Control{privileged(t)}}
		if got := run(t, inv, opts).Results[0].Status; got != scan.Fail {
			t.Errorf("%s counts without being asked for: %s", key, got)
		}
		opts.HonourAnnotations = true
		if got := run(t, inv, opts).Results[0]; got.Status != scan.ExceptedOnly || got.Excepted[0].Exception != "annotation "+key {
			t.Errorf("%s: status %s", key, got.Status)
		}
	}
}

func TestForeignAnnotationsEnd(t *testing.T) {
	for end, want := range map[string]scan.Status{
		"2026-11-22": scan.ExceptedOnly, "2026-11-21": scan.Fail, "2027-01-01T00:00:00Z": scan.ExceptedOnly, "soon": scan.Fail,
	} {
		d := deployment("cart", true)
		d.Content["metadata"].(map[string]any)["annotations"] = map[string]any{
			"kubescape.io/skip-controls": "C-0057", "kubescape.io/skip-expiry": end,
		}
		rep := run(t, files([]*inventory.Object{d}), scan.Options{Controls: []control.Control{privileged(t)}, HonourAnnotations: true})
		if got := rep.Results[0].Status; got != want {
			t.Errorf("until %s: %s, want %s", end, got, want)
		}
	}
}

func TestBaseline(t *testing.T) {
	opts := scan.Options{Controls: []control.Control{privileged(t)}}
	two := []*inventory.Object{deployment("cart", true), deployment("cart", true)} // one object in two files
	before := run(t, files(two[:1]), opts)
	now := run(t, files(append(two, deployment("new", true))), opts)
	c, err := scan.Compare(now, before)
	if err != nil {
		t.Fatal(err)
	}
	if c.New != 2 || c.Unchanged != 1 || c.Fixed != 0 {
		t.Errorf("comparison is %+v", c)
	}
	if c, _ = scan.Compare(before, now); c.Fixed != 2 || c.New != 0 {
		t.Errorf("the other way round it is %+v", c)
	}
	other := run(t, inventory.New(inventory.Source{Kind: "files", Names: []string{"elsewhere"}}, taken, "", nil, nil), opts)
	if _, err := scan.Compare(now, other); err == nil {
		t.Error("a baseline of another scope was accepted")
	}
	fewer := run(t, files(two), scan.Options{Controls: []control.Control{{ID: "x", Check: func(*control.Facts) control.Judgement { return control.Judgement{} }}}})
	if _, err := scan.Compare(now, fewer); err == nil {
		t.Error("a baseline without the control was accepted")
	}
}
