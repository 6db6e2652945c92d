package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plimsoll-io/plimsoll/framework"
	"github.com/plimsoll-io/plimsoll/scan"
)

// render writes a document in a format.
func render(t *testing.T, write Writer, d *Document, opts Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out, d, opts); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestReadGivesEveryFormat checks that a saved report renders as the report itself does, in every format.
func TestReadGivesEveryFormat(t *testing.T) {
	for name, d := range map[string]*Document{"shop": shop(), "hostile": hostile(), "empty": empty()} {
		saved := render(t, WriteJSON, d, Options{})
		again, err := Read(strings.NewReader(saved))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range Formats() {
			t.Run(name+"/"+f.Name, func(t *testing.T) {
				opts := Options{Width: 100, Verbose: true}
				if diff := cmp.Diff(render(t, f.Write, d, opts), render(t, f.Write, again, opts)); diff != "" {
					t.Errorf("rendered again, the report differs (-direct +again):\n%s", diff)
				}
			})
		}
	}
}

// TestJSONContract checks what other programs rely on.
func TestJSONContract(t *testing.T) {
	for name, d := range map[string]*Document{"shop": shop(), "empty": empty(), "hostile": hostile()} {
		var doc any
		if err := json.Unmarshal([]byte(render(t, WriteJSON, d, Options{})), &doc); err != nil {
			t.Fatal(err)
		}
		noNulls(t, name, doc, "fix")
	}
	var doc struct {
		APIVersion, Kind string
		Inventory        struct{ Gaps []map[string]any }
		Results          []struct {
			Control, Severity, Status, Skipped *string
			Findings, Excepted                 []map[string]any
			Errors, Passed                     []map[string]any
		}
		Frameworks []struct {
			ID           string
			Requirements []struct{ ID, Answer, Status string }
		}
		Levels []struct {
			Capability, Level string
			Compliant         []struct {
				Text, Status, Needs string
				Passing, Measured   float64
			}
		}
		Summary map[string]any
	}
	d := shop()
	if err := json.Unmarshal([]byte(render(t, WriteJSON, d, Options{})), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.APIVersion != "plimsoll.io/v1" || doc.Kind != "Report" || len(doc.Inventory.Gaps) != 2 {
		t.Errorf("head: %v %v, %d gaps", doc.APIVersion, doc.Kind, len(doc.Inventory.Gaps))
	}
	if len(doc.Results) != len(d.Report.Results) {
		t.Fatalf("%d results, want one for each of %d controls", len(doc.Results), len(d.Report.Results))
	}
	first := doc.Results[0].Findings[0]
	if first["id"] != d.Report.Results[0].Findings[0].ID() || first["severity"] != "critical" {
		t.Errorf("first finding: %v", first)
	}
	if _, known := doc.Results[1].Findings[0]["position"]; known {
		t.Errorf("a finding of a live object has a position")
	}
	if path := doc.Results[3].Findings[0]["path"]; path != "" {
		t.Errorf("path of a finding on the whole object: %v, want an empty string", path)
	}
	if doc.Frameworks[0].Requirements[0].Status != "not-met" || doc.Frameworks[1].Requirements[0].Answer != "inherited" {
		t.Errorf("frameworks: %+v", doc.Frameworks)
	}
	if len(doc.Levels) != 4 || doc.Levels[1].Level != "below" || doc.Levels[1].Compliant[1].Measured != 200.0/3 {
		t.Errorf("levels: %+v", doc.Levels)
	}
	if text := render(t, WriteJSON, empty(), Options{}); !strings.Contains(text, `"levels":[]`) {
		t.Errorf("a report without levels has no empty list of them:\n%s", text)
	}
}

// noNulls fails on every null but those of the named members.
func noNulls(t *testing.T, at string, v any, allowed string) {
	t.Helper()
	switch v := v.(type) {
	case nil:
		if !strings.HasSuffix(at, "."+allowed) {
			t.Errorf("%s is null", at)
		}
	case map[string]any:
		for key, item := range v {
			noNulls(t, at+"."+key, item, allowed)
		}
	case []any:
		for _, item := range v {
			noNulls(t, at+"[]", item, allowed)
		}
	}
}

// TestReadRefuses checks that what is no report gives an error that says so.
func TestReadRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty":          "",
		"other kind":     `{"apiVersion":"plimsoll.io/v1","kind":"AccessList"}`,
		"other version":  `{"apiVersion":"plimsoll.io/v2","kind":"Report"}`,
		"bad severity":   `{"apiVersion":"plimsoll.io/v1","kind":"Report","results":[{"control":"a","severity":"awful","status":"pass"}]}`,
		"bad status":     `{"apiVersion":"plimsoll.io/v1","kind":"Report","results":[{"control":"a","severity":"low","status":"passed"}]}`,
		"nameless":       `{"apiVersion":"plimsoll.io/v1","kind":"Report","results":[{"severity":"low","status":"pass"}]}`,
		"two documents":  `{"apiVersion":"plimsoll.io/v1","kind":"Report"}{}`,
		"endless nested": strings.Repeat("[", 20000),
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.HasPrefix(err.Error(), "read report: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// empty is a report about nothing at all.
func empty() *Document {
	return &Document{Report: &scan.Report{}, Assessments: []framework.Assessment{{}}}
}
