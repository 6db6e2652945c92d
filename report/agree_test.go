package report

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/scan"
)

// ids are the ids of a document's findings, with multiplicity, sorted.
func ids(d *Document, excepted bool) []string {
	var out []string
	for _, r := range d.Report.Results {
		for _, f := range r.Findings {
			out = append(out, f.ID())
		}
		for _, f := range r.Excepted {
			if excepted {
				out = append(out, f.ID())
			}
		}
	}
	slices.Sort(out)
	return out
}

// TestFormatsHoldTheSameFindings renders one report in every format and reads the finding ids back.
func TestFormatsHoldTheSameFindings(t *testing.T) {
	readers := map[string]struct {
		read     func(*testing.T, string) []string
		excepted bool
	}{
		"json": {jsonIDs, true}, "yaml": {yamlIDs, true}, "html": {htmlIDs, true}, "sarif": {sarifIDs, true},
		"junit": {junitIDs, true}, "csv": {csvIDs, true}, "gitlab-sast": {gitlabIDs, false},
		"markdown": {idsBy(`<!-- ([0-9a-f]{16}) -->`), false}, "openreports": {policyIDs, false}, "policyreport": {policyIDs, false},
	}
	noFindings := []string{"prometheus", "table"} // counts only; places and messages only
	for name, d := range map[string]*Document{"shop": shop(), "hostile": hostile(), "large": large(7, 30), "empty": empty()} {
		for _, f := range Formats() {
			t.Run(name+"/"+f.Name, func(t *testing.T) {
				reader, ok := readers[f.Name]
				if !ok {
					if !slices.Contains(noFindings, f.Name) {
						t.Fatal("no reader for this format: add one")
					}
					return
				}
				got := reader.read(t, render(t, f.Write, d, Options{}))
				slices.Sort(got)
				if diff := cmp.Diff(ids(d, reader.excepted), got); diff != "" {
					t.Errorf("finding ids (-report +rendered):\n%s", diff)
				}
			})
		}
	}
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var out T
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

type idResults struct {
	Results []struct {
		Findings, Excepted []struct{ ID string }
	}
}

func (r idResults) ids() []string {
	var out []string
	for _, result := range r.Results {
		for _, f := range append(result.Findings, result.Excepted...) {
			out = append(out, f.ID)
		}
	}
	return out
}

func jsonIDs(t *testing.T, text string) []string { return decode[idResults](t, text).ids() }

func yamlIDs(t *testing.T, text string) []string {
	var r idResults
	if err := yaml.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return r.ids()
}

func sarifIDs(t *testing.T, text string) []string {
	var out []string
	for _, r := range decode[struct {
		Runs []struct {
			Results []struct{ PartialFingerprints map[string]string }
		}
	}](t, text).Runs[0].Results {
		out = append(out, r.PartialFingerprints["plimsoll/v1"])
	}
	return out
}

func gitlabIDs(t *testing.T, text string) []string {
	var out []string
	for _, v := range decode[struct{ Vulnerabilities []struct{ ID string } }](t, text).Vulnerabilities {
		out = append(out, v.ID)
	}
	return out
}

func policyIDs(t *testing.T, text string) []string {
	var out []string
	for _, item := range decode[struct {
		Items []struct {
			Results []struct {
				Result     string
				Properties map[string]string
			}
		}
	}](t, text).Items {
		for _, r := range item.Results {
			if r.Result == "fail" {
				out = append(out, r.Properties["id"])
			}
		}
	}
	return out
}

func csvIDs(t *testing.T, text string) []string {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, row := range rows[1:] {
		out = append(out, row[0])
	}
	return out
}

func junitIDs(t *testing.T, text string) []string {
	if err := xml.Unmarshal([]byte(text), new(junitSuites)); err != nil {
		t.Fatal(err)
	}
	return idsBy(`\bid:? ([0-9a-f]{16})\b`)(t, text)
}

// idsBy finds ids by a pattern with one group.
func idsBy(pattern string) func(*testing.T, string) []string {
	return func(_ *testing.T, text string) []string {
		var out []string
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			out = append(out, match[1])
		}
		return out
	}
}

func htmlIDs(t *testing.T, text string) []string {
	return decode[idResults](t, embedded(t, text)).ids()
}

// embedded is the JSON in an HTML report.
func embedded(t *testing.T, text string) string {
	t.Helper()
	_, after, ok := strings.Cut(text, `<script type="application/json" id="report">`)
	data, _, closed := strings.Cut(after, "</script>")
	if !ok || !closed {
		t.Fatal("the page holds no data")
	}
	return data
}

type junitSuites struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Skipped  int `xml:"skipped,attr"`
	Suites   []struct {
		Name       string `xml:"name,attr"`
		Tests      int    `xml:"tests,attr"`
		Failures   int    `xml:"failures,attr"`
		Errors     int    `xml:"errors,attr"`
		Skipped    int    `xml:"skipped,attr"`
		Properties []struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		} `xml:"properties>property"`
		Cases []struct {
			Failure *string `xml:"failure"`
			Error   *string `xml:"error"`
			Skipped *string `xml:"skipped"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

// TestFormatsHoldTheSameCounts checks the verdict counts of every format that has them.
func TestFormatsHoldTheSameCounts(t *testing.T) {
	for name, d := range map[string]*Document{"shop": shop(), "hostile": hostile(), "empty": empty()} {
		want := countsOf(d.Report.Summary)
		check := func(format string, got Counts) {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: counts of %s (-report +rendered):\n%s", name, format, diff)
			}
		}
		all := map[string]string{}
		for _, f := range Formats() {
			all[f.Name] = render(t, f.Write, d, Options{})
		}
		check("json", decode[struct{ Summary Counts }](t, all["json"]).Summary)
		check("html", decode[struct{ Summary Counts }](t, embedded(t, all["html"])).Summary)
		check("sarif", decode[struct {
			Runs []struct {
				Properties struct{ Counts Counts }
			}
		}](t, all["sarif"]).Runs[0].Properties.Counts)
		check("junit", junitCounts(t, all["junit"]))
		wantTexts(t, name+"/table", all["table"], tableCounts(want))
		wantTexts(t, name+"/markdown", all["markdown"], []string{fmt.Sprintf("| %d | %d | %d | %d | %d | %d | %d | %s |",
			want.Findings["critical"], want.Findings["high"], want.Findings["medium"], want.Findings["low"],
			want.Excepted, want.Errors, want.Passed, percent(want.Coverage)),
			fmt.Sprintf("%d fail · %d error · %d skipped · %d excepted · %d pass", want.Controls[scan.Fail], want.Controls[scan.Error],
				want.Controls[scan.Skipped], want.Controls[scan.ExceptedOnly], want.Controls[scan.Pass])})
		var y struct {
			Summary struct {
				Controls                 map[string]int
				Findings                 map[string]int
				Excepted, Errors, Passed int
				Coverage                 float64
			}
		}
		if err := yaml.Unmarshal([]byte(all["yaml"]), &y); err != nil {
			t.Fatal(err)
		}
		got := Counts{map[scan.Status]int{}, y.Summary.Findings, y.Summary.Excepted, y.Summary.Errors, y.Summary.Passed, y.Summary.Coverage}
		for s, n := range y.Summary.Controls {
			got.Controls[scan.Status(s)] = n
		}
		check("yaml", got)
	}
}

func tableCounts(c Counts) []string {
	out := []string{
		fmt.Sprintf("%d excepted · %s · %s passed", c.Excepted, display.Plural(c.Errors, "error"), display.Plural(c.Passed, "check")),
		percent(c.Coverage),
	}
	for s, n := range c.Controls {
		if n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, statusWords[s]))
		}
	}
	for s, n := range c.Findings {
		if n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, s))
		}
	}
	return out
}

func wantTexts(t *testing.T, name, text string, want []string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%s lacks %q:\n%s", name, w, text)
		}
	}
}

// junitCounts reads the counts and checks that every suite's numbers are those of its tests.
func junitCounts(t *testing.T, text string) Counts {
	t.Helper()
	var x junitSuites
	if err := xml.Unmarshal([]byte(text), &x); err != nil {
		t.Fatal(err)
	}
	var tests, failures, errors, skipped int
	for _, s := range x.Suites {
		var failed, broken, left int
		for _, c := range s.Cases {
			switch {
			case c.Failure != nil:
				failed++
			case c.Error != nil:
				broken++
			case c.Skipped != nil:
				left++
			}
		}
		if s.Tests != len(s.Cases) || s.Failures != failed || s.Errors != broken || s.Skipped != left {
			t.Errorf("suite %s says %d %d %d %d, its tests are %d %d %d %d", s.Name,
				s.Tests, s.Failures, s.Errors, s.Skipped, len(s.Cases), failed, broken, left)
		}
		tests, failures, errors, skipped = tests+s.Tests, failures+failed, errors+broken, skipped+left
	}
	if x.Tests != tests || x.Failures != failures || x.Errors != errors || x.Skipped != skipped {
		t.Errorf("testsuites: %d %d %d %d, want %d %d %d %d", x.Tests, x.Failures, x.Errors, x.Skipped, tests, failures, errors, skipped)
	}
	c := Counts{Controls: map[scan.Status]int{}, Findings: map[string]int{}}
	for _, p := range x.Suites[0].Properties {
		var n int
		_, _ = fmt.Sscan(p.Value, &n)
		kind, key, _ := strings.Cut(p.Name, ".")
		switch kind {
		case "controls":
			c.Controls[scan.Status(key)] = n
		case "findings":
			c.Findings[key] = n
		case "excepted":
			c.Excepted = n
		case "errors":
			c.Errors = n
		case "passed":
			c.Passed = n
		case "coverage":
			_, _ = fmt.Sscan(p.Value, &c.Coverage)
		}
	}
	return c
}

// TestWritersAddNothing plants a marker in every text of an object and of a control, and checks that the number of
// distinct texts that come out is what went in: a writer has no other source. It guards against a writer that starts to
// look at objects' contents, where secrets could be.
func TestWritersAddNothing(t *testing.T) {
	d := shop()
	marker := func(i int) string { return fmt.Sprintf("marker%04d", i) }
	r := &d.Report.Results[1]
	f := &r.Findings[0]
	*f = finding.Finding{
		Control: r.Control.ID, Severity: finding.High, Object: ref("v1", marker(1), marker(2), marker(3)), Path: finding.Path(marker(4)),
		Position: finding.Position{File: marker(5), Line: 1}, Message: marker(6), Because: []finding.Reason{{Message: marker(7)}},
	}
	known := regexp.MustCompile(`marker[0-9]+`)
	for _, format := range Formats() {
		for _, m := range known.FindAllString(render(t, format.Write, d, Options{Verbose: true}), -1) {
			if m < marker(1) || m > marker(7) {
				t.Errorf("%s holds %s", format.Name, m)
			}
		}
	}
}
