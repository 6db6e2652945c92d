package access

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer/answertest"
)

// TestGolden holds what people read at three widths to files.
func TestGolden(t *testing.T) {
	for name, d := range answers(t, "-shop") {
		for _, width := range []int{40, 80, 160} {
			answertest.Golden(t, fmt.Sprintf("%s-%d.txt", name, width), answertest.Render(t, "table", d, report.Options{Width: width}), *update)
		}
		answertest.Golden(t, name+".md", answertest.Render(t, "markdown", d, report.Options{}), *update)
		answertest.Golden(t, name+".csv", answertest.Render(t, "csv", d, report.Options{}), *update)
	}
}

// TestCounts holds all formats of an answer to the same number of things.
func TestCounts(t *testing.T) {
	for name, d := range answers(t, "-shop") {
		total := 0
		for i := range d.Tables {
			total += answertest.Rows(&d.Tables[i])
		}
		if d.Picture == nil { // else the page is a picture
			if got := strings.Count(answertest.Render(t, "html", d, report.Options{}), "\n<tr>"); got != total {
				t.Errorf("%s: the page has %d rows, the tables %d", name, got, total)
			}
		}
		var body map[string]any
		if err := json.Unmarshal([]byte(answertest.Render(t, "json", d, report.Options{})), &body); err != nil {
			t.Fatal(err)
		}
		if got, known := machineCount(name, body); known && got != total {
			t.Errorf("%s: the JSON has %d, the tables %d", name, got, total)
		}
		text := answertest.Render(t, "table", d, report.Options{Width: 160, Verbose: true})
		if name == "who-can" {
			if want := fmt.Sprintf("%d subjects", len(body["items"].([]any))); !strings.Contains(text, want) {
				t.Errorf("%s: the text does not say %q", name, want)
			}
		}
	}
}

// machineCount counts in the JSON what has a row in the tables.
func machineCount(name string, body map[string]any) (n int, known bool) {
	list := func(of any, key string) []any { m, _ := of.(map[string]any); l, _ := m[key].([]any); return l }
	switch name {
	case "can":
		return len(list(body, "via")), true
	case "list", "paths", "each":
		return len(list(body, "items")), true
	case "matrix":
		return len(list(body, "items")) + len(list(body, "roles")) + len(list(body, "assignments")), true
	case "who-can":
		for _, item := range list(body, "items") {
			n += len(list(item, "via"))
		}
		return n, true
	case "diff":
		for _, item := range list(body, "items") {
			n += len(list(item, "gained")) + len(list(item, "lost"))
		}
		return n, true
	case "generate":
		return len(list(body, "objects")), true
	}
	return 0, false
}

// TestNotes holds that many dull warnings hide neither a telling one nor each other.
func TestNotes(t *testing.T) {
	var h Header
	for range 30 {
		h.Warnings = append(h.Warnings, rbac.Warning{Fact: rbac.Refused, Message: "a rule is a map"})
	}
	for i := range 7 {
		h.Warnings = append(h.Warnings, rbac.Warning{Fact: rbac.NeverMatches, Message: fmt.Sprint("verb ", i)})
	}
	h.Warnings = append(h.Warnings, rbac.Warning{Fact: rbac.LookAlike, Message: "reads like admin"})
	some, all := h.remarks(false), h.remarks(true)
	if len(some) != 6 || len(all) != 9 {
		t.Fatalf("%d of %d notes: %q", len(some), len(all), some)
	}
	for i, want := range []string{"reads like admin", "a rule is a map (30 times)", "verb 0", "verb 1", "verb 2", "and 4 more warnings"} {
		if !strings.Contains(some[i], want) {
			t.Errorf("note %d is %q, want %q", i, some[i], want)
		}
	}
}
