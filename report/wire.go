package report

import (
	"time"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/framework"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/scan"
)

// The contract's version, in every document.
const (
	APIVersion = "plimsoll.io/v1"
	Kind       = "Report"
)

// The wire types are the JSON document. Arrays in them are never null, which is why they are not the types of scan
// and framework themselves.

type wireReport struct {
	APIVersion string                 `json:"apiVersion"`
	Kind       string                 `json:"kind"`
	Tool       scan.Tool              `json:"tool"`
	Scope      scan.Scope             `json:"scope"`
	Inventory  wireInventory          `json:"inventory"`
	Summary    Counts                 `json:"summary"`
	Baseline   *wireComparison        `json:"baseline"`
	Results    []wireResult           `json:"results"`
	Exceptions []wireException        `json:"exceptions"`
	Frameworks []wireFramework        `json:"frameworks"`
	Levels     []framework.Capability `json:"levels"`
}

type wireInventory struct {
	Source     inventory.Source `json:"source"`
	Taken      time.Time        `json:"taken"`
	Version    string           `json:"version"`
	Objects    int              `json:"objects"`
	Namespaces map[string]int   `json:"namespaces"`
	Gaps       []inventory.Gap  `json:"gaps"`
}

// wireResult is what is read. The writer writes the same members by hand: controlText, then the lists.
type wireResult struct {
	wireControl
	Status   scan.Status           `json:"status"`
	Skipped  string                `json:"skipped"`
	Findings []wireFinding         `json:"findings"`
	Excepted []wireFinding         `json:"excepted"`
	Errors   []control.ObjectError `json:"errors"`
	Passed   []finding.Ref         `json:"passed"`
}

type wireControl struct {
	ID         string             `json:"control"`
	Severity   finding.Severity   `json:"severity"`
	Title      string             `json:"title"`
	Why        string             `json:"why"`
	Remedy     string             `json:"remedy"`
	Capability control.Capability `json:"capability"`
	References []string           `json:"references"`
	Enforce    control.Enforce    `json:"enforce"`
	Fix        *finding.Fix       `json:"fix"`
}

type wireFinding struct {
	Severity  finding.Severity `json:"severity"`
	Object    finding.Ref      `json:"object"`
	Path      finding.Path     `json:"path"`
	Position  finding.Position `json:"position"`
	Message   string           `json:"message"`
	Because   []finding.Reason `json:"because"`
	Fix       *finding.Fix     `json:"fix"`
	Exception string           `json:"exception"`
}

type wireException struct {
	finding.Exception
	State    string `json:"state"`
	Matched  int    `json:"matched"`
	TooBroad string `json:"tooBroad"`
}

type wireComparison struct {
	New       int            `json:"new"`
	Fixed     int            `json:"fixed"`
	Unchanged int            `json:"unchanged"`
	NewIDs    map[string]int `json:"newIDs"`
}

type wireFramework struct {
	ID           string            `json:"id"`
	Title        string            `json:"title"`
	Version      string            `json:"version"`
	Notice       string            `json:"notice"`
	Requirements []wireRequirement `json:"requirements"`
}

type wireRequirement struct {
	ID       string               `json:"id"`
	Title    string               `json:"title"`
	Answer   framework.AnswerKind `json:"answer"`
	Status   framework.Status     `json:"status"`
	Controls []string             `json:"controls"`
	Failing  []string             `json:"failing"`
	Findings int                  `json:"findings"`
	Worst    finding.Severity     `json:"worst"`
	Missing  []string             `json:"missing"`
	Former   []string             `json:"former"`
	Rows     []wireRow            `json:"rows"`
}

type wireRow struct {
	Capability control.Capability `json:"capability"`
	Evidence   string             `json:"evidence"`
	Direct     bool               `json:"direct"`
	Needs      []string           `json:"needs"`
	Controls   []string           `json:"controls"`
}

// full replaces a nil slice by an empty one, since arrays are never null.
func full[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func wireControlOf(c *control.Control) wireControl {
	return wireControl{
		ID: c.ID, Severity: c.Severity, Title: c.Title, Why: c.Why, Remedy: c.Remedy, Capability: c.Capability,
		References: full(c.References), Enforce: c.Enforce, Fix: c.Fix,
	}
}

func wireInventoryOf(inv *scan.Inventory) wireInventory {
	source := inv.Source
	source.Names = full(source.Names)
	namespaces := inv.Namespaces
	if namespaces == nil {
		namespaces = map[string]int{}
	}
	return wireInventory{
		Source: source, Taken: inv.Taken.UTC(), Version: inv.Version, Objects: inv.Objects,
		Namespaces: namespaces, Gaps: full(inv.Gaps),
	}
}

func wireExceptionOf(x *scan.ExceptionUse) wireException {
	w := wireException{Exception: x.Exception, State: x.State, Matched: x.Matched, TooBroad: x.TooBroad}
	w.Controls = full(w.Controls)
	return w
}

func wireFrameworkOf(a *framework.Assessment) wireFramework {
	f := &a.Framework
	w := wireFramework{
		ID: f.ID, Title: f.Title, Version: f.Version, Notice: f.Notice,
		Requirements: make([]wireRequirement, len(a.Answers)),
	}
	for i := range a.Answers {
		w.Requirements[i] = wireRequirementOf(&a.Answers[i])
	}
	return w
}

func wireRequirementOf(a *framework.Answer) wireRequirement {
	r := &a.Requirement
	w := wireRequirement{
		ID: r.ID, Title: r.Title, Answer: a.Kind, Status: a.Status, Controls: full(a.Controls),
		Failing: full(a.Failing), Findings: a.Findings, Worst: a.Worst, Missing: full(a.Missing),
		Former: full(r.Former), Rows: make([]wireRow, len(r.Rows)),
	}
	for i, row := range r.Rows {
		w.Rows[i] = wireRow{row.Capability, row.Evidence, row.Direct, full(row.Needs), full(row.Controls)}
	}
	return w
}
