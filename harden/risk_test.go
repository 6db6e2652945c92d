package harden

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

var update = flag.Bool("update", false, "write the table of docs/harden.md")

const tableHead = "| control | edit | risky | what it may stop or change |\n|---|---|---|---|\n"

// The page has a row for every control with an edit, as the catalogue has it.
func TestRiskTable(t *testing.T) {
	all, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	table, known := tableHead, 0
	for _, c := range all {
		if c.Fix == nil {
			continue
		}
		what := Breaks(c.ID)
		if what == "" {
			t.Errorf("%s has an edit, and nothing says what it may break", c.ID)
		}
		edit, risky := string(c.Fix.Op), "yes"
		if c.Fix.Value != nil {
			edit = fmt.Sprintf("%s `%v`", c.Fix.Op, c.Fix.Value)
			if m, ok := c.Fix.Value.(map[string]any); ok {
				edit = fmt.Sprintf("%s `type: %v`", c.Fix.Op, m["type"])
			}
		}
		if !c.Fix.Risky {
			risky = "no"
		}
		table += fmt.Sprintf("| %s | %s | %s | %s |\n", c.ID, edit, risky, what)
		known++
	}
	if extra := len(breaks) - known; extra != 2 { // deprecated-api and deprecated-service-account-field have edits case by case
		t.Errorf("%d entries beyond the catalogue", extra)
	}
	page := filepath.Join("..", "docs", "harden.md")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), tableHead)
	if !ok {
		t.Fatal("docs/harden.md has no table")
	}
	_, after, _ := strings.Cut(rest, "\n## ")
	want := before + table + "\n## " + after
	switch {
	case string(text) == want:
	case *update:
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil { //nolint:gosec // a page for all
			t.Fatal(err)
		}
	default:
		t.Error("the table of docs/harden.md is not that of the catalogue: run go test ./harden -update")
	}
}

// Every control without an edit asks a question, a sentence of at most 100 characters.
func TestQuestions(t *testing.T) {
	all, err := control.All()
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, c := range all {
		ids[c.ID] = true
		if q := Question(c.ID); c.Fix == nil && (q == "" || !strings.HasSuffix(q, "?") || len(q) > 100) {
			t.Errorf("%s asks %q", c.ID, q)
		}
	}
	for id := range questions {
		if !ids[id] {
			t.Errorf("%s is no control", id)
		}
	}
}

func TestRisky(t *testing.T) {
	const seccomp = finding.Path("spec.securityContext.seccompProfile")
	fix := finding.Fix{Op: finding.Set, Value: map[string]any{"type": "RuntimeDefault"}}
	container := func(fields map[string]any) map[string]any { return map[string]any{"containers": []any{fields}} }
	for name, test := range map[string]struct {
		spec map[string]any
		want bool
	}{
		"plain":            {container(map[string]any{"name": "a"}), false},
		"odd":              {map[string]any{"containers": "none", "volumes": []any{nil, 1}}, false},
		"privileged":       {container(map[string]any{"securityContext": map[string]any{"privileged": true}}), true},
		"added capability": {container(map[string]any{"securityContext": map[string]any{"capabilities": map[string]any{"add": []any{"BPF"}}}}), true},
		"raw device":       {container(map[string]any{"volumeDevices": []any{map[string]any{"name": "d"}}}), true},
		"host network":     {map[string]any{"hostNetwork": true}, true},
		"host path":        {map[string]any{"volumes": []any{map[string]any{"hostPath": map[string]any{"path": "/"}}}}, true},
		"chosen":           {map[string]any{"securityContext": map[string]any{"seccompProfile": map[string]any{"type": "Unconfined"}}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			o := &inventory.Object{Ref: finding.Ref{APIVersion: "v1", Kind: "Pod", Name: "a"}, Content: map[string]any{"spec": test.spec}}
			if got := risky(Change{Object: o, Path: seccomp, Fix: fix}); got != test.want {
				t.Errorf("risky is %v", got)
			}
		})
	}
	if o := (&inventory.Object{Ref: finding.Ref{APIVersion: "v1", Kind: "Pod"}}); !risky(Change{Object: o, Path: seccomp, Fix: finding.Fix{Risky: true}}) {
		t.Error("what the catalogue calls risky is not")
	}
}
