package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/framework"
	"github.com/plimsoll-io/plimsoll/scan"
)

// Read reads what WriteJSON wrote. Controls come back as their texts, without what judges.
func Read(r io.Reader) (*Document, error) {
	decoder := json.NewDecoder(r)
	decoder.UseNumber() // so that numbers in fixes come back as they were
	var w wireReport
	if err := decoder.Decode(&w); err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("read report: more follows after the end of the document")
	}
	if w.Kind != Kind || w.APIVersion != APIVersion {
		return nil, fmt.Errorf("read report: apiVersion %q and kind %q, want %s and %s as `plimsoll scan -f json` writes",
			w.APIVersion, w.Kind, APIVersion, Kind)
	}
	return documentOf(&w)
}

func documentOf(w *wireReport) (*Document, error) {
	r := &scan.Report{
		Tool: w.Tool, Scope: w.Scope, Summary: w.Summary.summary(),
		Inventory: scan.Inventory{
			Source: w.Inventory.Source, Taken: w.Inventory.Taken, Version: w.Inventory.Version,
			Objects: w.Inventory.Objects, Namespaces: w.Inventory.Namespaces, Gaps: w.Inventory.Gaps,
		},
		Results: make([]scan.Result, len(w.Results)),
	}
	if b := w.Baseline; b != nil {
		r.Baseline = &scan.Comparison{New: b.New, Fixed: b.Fixed, Unchanged: b.Unchanged, NewIDs: b.NewIDs}
	}
	for i := range w.Results {
		result, err := resultOf(&w.Results[i])
		if err != nil {
			return nil, fmt.Errorf("read report: result %d: %w", i+1, err)
		}
		r.Results[i] = result
		w.Results[i] = wireResult{} // large: let it go
	}
	for _, x := range w.Exceptions {
		r.Exceptions = append(r.Exceptions, scan.ExceptionUse{
			Exception: x.Exception, State: x.State, Matched: x.Matched, TooBroad: x.TooBroad,
		})
	}
	d := &Document{Report: r, Levels: w.Levels}
	for i := range w.Frameworks {
		d.Assessments = append(d.Assessments, assessmentOf(&w.Frameworks[i]))
	}
	return d, nil
}

func resultOf(w *wireResult) (scan.Result, error) {
	if w.ID == "" {
		return scan.Result{}, fmt.Errorf("no control is named")
	}
	if !knownStatus(w.Status) {
		return scan.Result{}, fmt.Errorf("control %s: unknown status %q", w.ID, w.Status)
	}
	r := scan.Result{
		Control: control.Control{
			ID: w.ID, Severity: w.Severity, Title: w.Title, Why: w.Why, Remedy: w.Remedy, Capability: w.Capability,
			References: w.References, Enforce: w.Enforce, Fix: plainFix(w.Fix),
		},
		Status: w.Status, Skipped: w.Skipped, Errors: w.Errors, Passed: w.Passed,
	}
	for i := range w.Findings {
		r.Findings = append(r.Findings, findingOf(w.ID, &w.Findings[i]))
	}
	for i := range w.Excepted {
		r.Excepted = append(r.Excepted, scan.Excepted{
			Finding: findingOf(w.ID, &w.Excepted[i]), Exception: w.Excepted[i].Exception,
		})
	}
	return r, nil
}

func knownStatus(s scan.Status) bool {
	for _, known := range scan.Statuses() {
		if s == known {
			return true
		}
	}
	return false
}

func findingOf(controlID string, w *wireFinding) finding.Finding {
	return finding.Finding{
		Control: controlID, Severity: w.Severity, Object: w.Object, Path: w.Path, Position: w.Position,
		Message: w.Message, Because: w.Because, Fix: plainFix(w.Fix),
	}
}

// plainFix turns the numbers of a fix into int64 and float64, as they were before they were written.
func plainFix(f *finding.Fix) *finding.Fix {
	if f != nil {
		f.Value = plain(f.Value)
	}
	return f
}

func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil && !strings.ContainsAny(v.String(), ".eE") {
			return n
		}
		n, _ := v.Float64()
		return n
	case map[string]any:
		for key, item := range v {
			v[key] = plain(item)
		}
	case []any:
		for i, item := range v {
			v[i] = plain(item)
		}
	}
	return v
}

func assessmentOf(w *wireFramework) framework.Assessment {
	a := framework.Assessment{
		Framework: framework.Framework{ID: w.ID, Title: w.Title, Version: w.Version, Notice: w.Notice},
	}
	for i := range w.Requirements {
		r := &w.Requirements[i]
		requirement := framework.Requirement{ID: r.ID, Title: r.Title, Former: r.Former}
		for _, row := range r.Rows {
			requirement.Rows = append(requirement.Rows, framework.Row{
				Capability: row.Capability, Evidence: row.Evidence, Direct: row.Direct, Needs: row.Needs, Controls: row.Controls,
			})
		}
		a.Framework.Requirements = append(a.Framework.Requirements, requirement)
		a.Answers = append(a.Answers, framework.Answer{
			Requirement: requirement, Kind: r.Answer, Status: r.Status, Controls: r.Controls, Failing: r.Failing,
			Findings: r.Findings, Worst: r.Worst, Missing: r.Missing,
		})
	}
	return a
}
