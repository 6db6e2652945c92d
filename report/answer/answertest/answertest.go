// Package answertest holds what every answer has to withstand: names that some format could stumble over.
package answertest

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/report"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// Hostile are texts that a name may hold, and that some format could stumble over.
func Hostile() []string {
	return []string{
		"", "plain", "new\nline\r\n\ttab\x00nul\x1b[31m", "\u202egnp.exe\u2066\u200b\u00ad\ufeff", "a | b || c", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)",
		"</script><script>alert(1)</script>", "<!-- --><b>", "-->", "&lt;b&gt;", "[click](https://example.com)", "![x](//example.com/x.png)",
		"www.example.com", "@everyone #1 `code` **bold** ~~x~~ $x$", "\\", "\\|", "items: []\n  \"items\": []", "\xff\xfe broken", "\ud7ff\uffff\x7f\u0085",
		strings.Repeat("x", 10_000), strings.Repeat("漢字", 300), strings.Repeat("\u202e", 300), strings.Repeat("a b ", 300), "e\u0301\u0302", "{{.Title}}",
		"null", "~", "- a: b", "# x", "'", `"`,
	}
}

// Check writes an answer in every format and holds each to what its readers rely on.
func Check(t testing.TB, name string, d *answer.Document) {
	t.Helper()
	for _, width := range []int{40, 80, 160} {
		checkTerminal(t, name, Render(t, "table", d, report.Options{Width: width}), width)
	}
	checkTerminal(t, name, Render(t, "table", d, report.Options{Width: 80, Verbose: true}), 80)
	checkJSON(t, name, d)
	checkCSV(t, name, d)
	checkMarkdown(t, name, Render(t, "markdown", d, report.Options{}), d)
	checkHTML(t, name, Render(t, "html", d, report.Options{}))
	if d.Picture != nil {
		for _, format := range []string{"dot", "mermaid", "svg"} {
			Render(t, format, d, report.Options{})
		}
	}
}

// Render is an answer in a format.
func Render(t testing.TB, format string, d *answer.Document, opts report.Options) string {
	t.Helper()
	f, ok := answer.Find(format)
	if !ok {
		t.Fatalf("no format %s", format)
	}
	var b strings.Builder
	if err := f.Write(&b, d, opts); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

// Rows counts the rows of a table.
func Rows(table *answer.Table) int {
	n := 0
	for range table.All() {
		n++
	}
	return n
}

func checkTerminal(t testing.TB, name, text string, width int) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if got := display.Width(line); got > width {
			t.Errorf("%s at %d columns: a line has %d: %.200q", name, width, got, line)
			return
		}
		if strings.IndexFunc(line, display.Invisible) >= 0 || !utf8.ValidString(line) {
			t.Errorf("%s: a line has characters that are not to be shown: %.200q", name, line)
			return
		}
	}
}

func checkJSON(t testing.TB, name string, d *answer.Document) {
	t.Helper()
	var fromJSON any
	text := Render(t, "json", d, report.Options{})
	if err := json.Unmarshal([]byte(text), &fromJSON); err != nil {
		t.Errorf("%s: %v in the JSON", name, err)
		return
	}
	if at := nullAt(fromJSON, ""); at != "" {
		t.Errorf("%s: the JSON has a null at %s", name, at)
	}
	if d.Manifest != nil {
		return // its YAML is another document
	}
	var fromYAML any
	if err := yaml.Unmarshal([]byte(Render(t, "yaml", d, report.Options{})), &fromYAML); err != nil {
		t.Errorf("%s: %v in the YAML", name, err)
		return
	}
	one, _ := json.Marshal(fromJSON)
	two, _ := json.Marshal(fromYAML)
	if string(one) != string(two) {
		t.Errorf("%s: YAML and JSON differ:\n%.300s\n%.300s", name, one, two)
	}
}

// nullAt is where a JSON value has a null, "" where there is none.
func nullAt(v any, at string) string {
	switch v := v.(type) {
	case nil:
		return at + "."
	case []any:
		for i, x := range v {
			if found := nullAt(x, fmt.Sprintf("%s[%d]", at, i)); found != "" {
				return found
			}
		}
	case map[string]any:
		for k, x := range v {
			if found := nullAt(x, at+"."+k); found != "" {
				return found
			}
		}
	}
	return ""
}

func checkCSV(t testing.TB, name string, d *answer.Document) {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(Render(t, "csv", d, report.Options{}))).ReadAll()
	if err != nil {
		t.Errorf("%s: %v in the CSV", name, err)
		return
	}
	want := 0
	for i := range d.Tables {
		want += 1 + Rows(&d.Tables[i])
	}
	if len(records) != want {
		t.Errorf("%s: the CSV has %d records, want %d", name, len(records), want)
	}
	for _, record := range records {
		for _, cell := range record {
			if strings.IndexFunc(cell, display.Invisible) >= 0 || cell != "" && strings.ContainsRune("=+-@|%", rune(strings.TrimLeft(cell, " ")[0])) {
				t.Errorf("%s: a spreadsheet would take a cell for something else: %.100q", name, cell)
				return
			}
		}
	}
}

var entity = regexp.MustCompile(`&(#[0-9]+|[a-z]+);`)

// checkMarkdown holds that names are text and nothing else: rows have the cells of their table, and no markup starts.
func checkMarkdown(t testing.TB, name, text string, d *answer.Document) {
	t.Helper()
	const mark = "<!-- -->"
	bars := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		plain := strings.ReplaceAll(entity.ReplaceAllString(line, ""), mark, "\x00")
		for _, c := range []string{"<", ">", "://", "www."} {
			if strings.Contains(plain, c) {
				t.Errorf("%s: the Markdown has a %s: %.200q", name, c, line)
				return
			}
		}
		for i := range len(plain) {
			follows := i+1 < len(plain) && plain[i+1] == 0
			escaped := i > 0 && escapes(plain[:i])
			switch c := plain[i]; {
			case (c == '@' || c == '#' && strings.Trim(plain[:i], "#") != "") && !follows,
				strings.IndexByte("`*[]!~", c) >= 0 && !escaped, c == '|' && escaped:
				t.Errorf("%s: the Markdown has markup at %d: %.200q", name, i, line)
				return
			}
		}
		if strings.HasPrefix(line, "| ") {
			bars += strings.Count(line, "|")
		}
	}
	want := 0
	for i := range d.Tables {
		if rows := Rows(&d.Tables[i]); rows > 0 {
			want += (1 + rows) * (len(d.Tables[i].Columns) + 1)
		}
	}
	if bars != want {
		t.Errorf("%s: the tables of the Markdown have %d bars, want %d", name, bars, want)
	}
}

// escapes says whether a text ends in an odd number of backslashes.
func escapes(s string) bool { return (len(s)-len(strings.TrimRight(s, `\`)))%2 == 1 }

func checkHTML(t testing.TB, name, text string) {
	t.Helper()
	open, closed := strings.Count(text, "<script"), strings.Count(text, "</script")
	if open == 0 || open != closed || open > 2 || strings.Contains(text, "<script>alert") {
		t.Errorf("%s: the page has %d scripts and %d ends of them", name, open, closed)
	}
	for _, r := range text {
		if r != '\n' && r != '\t' && display.Invisible(r) {
			t.Errorf("%s: the page has a character %U", name, r)
			return
		}
	}
}

// Golden holds a text to a file of testdata, or writes the file.
func Golden(t testing.TB, name, got string, update bool) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if update {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || got != string(want) {
		t.Errorf("it is not that of %s (%v); -update writes it. It is:\n%s", file, err, got)
	}
}
