package report

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode"

	checker "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
)

// TestSARIFIsValid checks SARIF reports against the 2.1.0 schema.
func TestSARIFIsValid(t *testing.T) {
	for name, d := range documents() {
		text := render(t, WriteSARIF, d, Options{})
		parsed, err := checker.FromString(text, checker.WithStrictValidation())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		run := parsed.Runs[0]
		for _, r := range run.Results {
			if *run.Tool.Driver.Rules[r.RuleIndex].ID != *r.RuleID {
				t.Errorf("%s: result of %s points to rule %d", name, *r.RuleID, r.RuleIndex)
			}
		}
	}
}

// TestSARIFPointsAtTheLine checks regions, suppressions and notifications.
func TestSARIFPointsAtTheLine(t *testing.T) {
	parsed, err := checker.FromString(render(t, WriteSARIF, shop(), Options{}))
	if err != nil {
		t.Fatal(err)
	}
	run := parsed.Runs[0]
	first := run.Results[0].Locations[0].PhysicalLocation
	if *first.ArtifactLocation.URI != "deploy/checkout.yaml" || *first.Region.StartLine != 31 || *first.Region.StartColumn != 24 {
		t.Errorf("first result at %s:%d:%d", *first.ArtifactLocation.URI, *first.Region.StartLine, *first.Region.StartColumn)
	}
	if s := run.Results[1].Suppressions; len(s) != 1 || *s[0].Kind != "external" || !strings.Contains(*s[0].Justification, "SHOP-17") {
		t.Errorf("the accepted finding's suppressions: %+v", s)
	}
	if r := run.Results[1].Locations[0].PhysicalLocation.Region; r != nil {
		t.Errorf("a rendered position became a region of a file: %+v", r)
	}
	if p := run.Results[2].Locations[0].PhysicalLocation; p != nil {
		t.Errorf("a live object has a file: %+v", p)
	}
	if n := len(run.Invocations[0].ToolExecutionNotifications); n != 6 { // 2 gaps, 3 skipped or partly, 1 error
		t.Errorf("%d notifications, want 6", n)
	}
	if *run.Invocations[0].ExecutionSuccessful {
		t.Error("an incomplete run calls itself successful")
	}
}

func documents() map[string]*Document {
	return map[string]*Document{"shop": shop(), "hostile": hostile(), "empty": empty(), "large": large(5, 20)}
}

// TestTextFormatsAreClean checks that no format lets control characters through, and that each can be parsed.
func TestTextFormatsAreClean(t *testing.T) {
	for name, d := range documents() {
		for _, f := range Formats() {
			text := render(t, f.Write, d, Options{Width: 120, Verbose: true})
			for _, r := range text {
				if r != '\n' && (display.Invisible(r) || r != ' ' && unicode.IsSpace(r) && f.Name != "html") {
					t.Errorf("%s/%s holds %U", name, f.Name, r)
					break
				}
			}
			switch f.Extension {
			case "json", "sarif":
				if !json.Valid([]byte(text)) {
					t.Errorf("%s/%s is no JSON", name, f.Name)
				}
			case "xml":
				if err := wellFormed(text); err != nil {
					t.Errorf("%s/%s: %v", name, f.Name, err)
				}
			}
		}
	}
}

func wellFormed(text string) error {
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// TestCSVHasNoFormulas checks every cell of a hostile report.
func TestCSVHasNoFormulas(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(render(t, WriteCSV, hostile(), Options{}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, c := range row {
			if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) {
				t.Errorf("cell %q would be a formula", c)
			}
		}
	}
}

// TestPrometheusIsValid checks each line against the text exposition format.
func TestPrometheusIsValid(t *testing.T) {
	label := `[a-z_]+="(?:[^"\\\n]|\\["\\n])*"`
	line := regexp.MustCompile(`^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{` + label + `(?:,` + label + `)*\})? [0-9.e+-]+)$`)
	d := hostile()
	d.Report.Tool.Version = metric
	d.Report.Results[0].Control.ID = metric
	for _, l := range strings.Split(strings.TrimSuffix(render(t, WritePrometheus, d, Options{}), "\n"), "\n") {
		if !line.MatchString(l) {
			t.Errorf("no metric: %q", l)
		}
	}
}

// TestGitLabFields checks what GitLab's schema asks for.
func TestGitLabFields(t *testing.T) {
	type doc struct {
		Version string
		Scan    struct {
			Type, Status       string
			StartTime, EndTime string
			Analyzer, Scanner  struct{ ID, Name, Version string }
		}
		Vulnerabilities []gitlabVulnerability
	}
	for name, d := range documents() {
		got := decode[doc](t, render(t, WriteGitLabSAST, d, Options{}))
		if got.Version != gitlabSchema || got.Scan.Type != "sast" || got.Scan.Status != "success" ||
			got.Scan.Analyzer.ID == "" || got.Scan.Scanner.Version == "" {
			t.Errorf("%s: head %+v", name, got.Scan)
		}
		seen := map[string]bool{}
		for _, v := range got.Vulnerabilities {
			if seen[v.ID] || v.Location.File == "" || len(v.Name) == 0 || len([]rune(v.Name)) > 255 || len(v.Identifiers) == 0 {
				t.Errorf("%s: vulnerability %+v", name, v)
			}
			seen[v.ID] = true
			for _, i := range v.Identifiers {
				if i.Type == "" || i.Name == "" || i.Value == "" {
					t.Errorf("%s: identifier %+v", name, i)
				}
			}
		}
	}
}

// TestMarkdownFitsAComment checks the size of a large report's comment, that it says what is missing, and that nothing
// hostile becomes markup.
func TestMarkdownFitsAComment(t *testing.T) {
	text := render(t, WriteMarkdown, large(80, 100), Options{})
	if n := len([]rune(text)); n > 65000 {
		t.Errorf("a comment of %d characters", n)
	}
	if !strings.Contains(text, "left out to fit a comment") {
		t.Error("it does not say what it leaves out")
	}
	outside := markdownOutsideCode(render(t, WriteMarkdown, hostile(), Options{}))
	if bad := regexp.MustCompile("<script|<img|[^\\\\]\\]\\(|\n\\|---\\|\n").FindString(outside); bad != "" {
		t.Errorf("the comment holds %q", bad)
	}
}

// markdownOutsideCode drops code spans, in which nothing is markup.
func markdownOutsideCode(text string) string {
	return regexp.MustCompile("`+[^`\n]+`+").ReplaceAllString(text, "")
}

// TestPolicyReportsAreCapped checks that a namespace with many findings gives an object that etcd accepts, which says
// what it leaves out and still counts everything.
func TestPolicyReportsAreCapped(t *testing.T) {
	d := large(60, 600) // 20 namespaces, 1,800 findings each
	for _, write := range []Writer{WriteOpenReports, WritePolicyReports} {
		for _, item := range decode[struct{ Items []policyReport }](t, render(t, write, d, Options{})).Items {
			text, err := json.Marshal(item)
			if err != nil {
				t.Fatal(err)
			}
			if len(item.Results) != reportLimit || len(text) > 1<<20 || item.Summary.Fail != 1800 ||
				item.Metadata.Annotations["plimsoll.io/left-out"] != "800 results" {
				t.Errorf("%s: %d results, %d bytes, summary %+v, %v", item.Metadata.Namespace, len(item.Results), len(text),
					item.Summary, item.Metadata.Annotations)
			}
		}
	}
}

// TestDuplicatesKeepApart checks the same object in two files: one id, two findings.
func TestDuplicatesKeepApart(t *testing.T) {
	d := shop()
	twin := d.Report.Results[0].Findings[0]
	twin.Position = finding.Position{File: "copy/checkout.yaml", Line: 31}
	d.Report.Results[0].Findings = append(d.Report.Results[0].Findings, twin)
	d.Report.Baseline.NewIDs = map[string]int{twin.ID(): 1}
	count(d.Report)
	ids := gitlabIDs(t, render(t, WriteGitLabSAST, d, Options{}))
	if ids[0] != twin.ID() || ids[1] != twin.ID()+"-2" {
		t.Errorf("ids %v", ids[:2])
	}
	text := render(t, WriteTable, d, Options{Verbose: true})
	if strings.Count(text, "  new\n") != 1 || !strings.Contains(text, "copy/checkout.yaml:31  Deployment payments/checkout  new") {
		t.Errorf("one of the two is new:\n%s", text)
	}
}
