package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
)

// gitlabSchema is the version of GitLab's security report schema that we write.
const gitlabSchema = "15.2.1"

// WriteGitLabSAST writes a GitLab SAST report. A finding without a file has its object's name as its location, since
// GitLab tells findings apart by location. Accepted findings are left out: GitLab keeps its own dismissals.
func WriteGitLabSAST(w io.Writer, d *Document, _ Options) error {
	j := &jsonWriter{w: w}
	j.raw("{\n")
	j.field(true, "version", gitlabSchema)
	j.raw(",\n")
	j.name(true, "scan")
	j.value(gitlabScanOf(d))
	j.raw(",\n")
	j.name(true, "vulnerabilities")
	j.raw("[")
	seen := map[string]int{}
	for i := range d.Report.Results {
		r := &d.Report.Results[i]
		for k := range r.Findings {
			if len(seen) > 0 {
				j.raw(",")
			}
			j.raw("\n")
			j.value(gitlabVulnerabilityOf(&r.Control, &r.Findings[k], seen))
			j.flush()
		}
	}
	j.raw("]\n}\n")
	return j.close()
}

type gitlabScan struct {
	Analyzer  gitlabTool      `json:"analyzer"`
	Scanner   gitlabTool      `json:"scanner"`
	StartTime string          `json:"start_time"`
	EndTime   string          `json:"end_time"`
	Status    string          `json:"status"`
	Type      string          `json:"type"`
	Messages  []gitlabMessage `json:"messages"`
}

type gitlabTool struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	URL     string     `json:"url"`
	Version string     `json:"version"`
	Vendor  gitlabName `json:"vendor"`
}

type gitlabName struct {
	Name string `json:"name"`
}

type gitlabMessage struct {
	Level string `json:"level"`
	Value string `json:"value"`
}

type gitlabVulnerability struct {
	ID          string                  `json:"id"`
	Name        string                  `json:"name"`
	Description string                  `json:"description"`
	Severity    string                  `json:"severity"`
	Solution    string                  `json:"solution,omitempty"`
	Identifiers []gitlabIdentifier      `json:"identifiers"`
	Location    gitlabLocation          `json:"location"`
	Details     map[string]gitlabDetail `json:"details"`
}

type gitlabIdentifier struct {
	Type  string `json:"type"`
	Name  string `json:"name"`
	Value string `json:"value"`
	URL   string `json:"url,omitempty"`
}

type gitlabLocation struct {
	File      string `json:"file"`
	StartLine int    `json:"start_line,omitempty"`
	Class     string `json:"class,omitempty"`
}

type gitlabDetail struct {
	Type  string `json:"type"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

func gitlabScanOf(d *Document) gitlabScan {
	tool := gitlabTool{
		ID: "plimsoll", Name: "Plimsoll", URL: homepage, Version: fallback(d.Report.Tool.Version, "0"),
		Vendor: gitlabName{"Plimsoll"},
	}
	taken := d.Report.Inventory.Taken.UTC().Format("2006-01-02T15:04:05")
	s := gitlabScan{
		Analyzer: tool, Scanner: tool, StartTime: taken, EndTime: taken, Status: "success", Type: "sast",
		Messages: []gitlabMessage{},
	}
	for _, m := range missed(d.Report, false) {
		level := "warn"
		if m.what == "unset" || m.what == "unused" {
			level = "info"
		}
		s.Messages = append(s.Messages, gitlabMessage{level, display.Clean(m.what + ": " + m.about + ": " + m.why)})
	}
	return s
}

func gitlabVulnerabilityOf(c *control.Control, f *finding.Finding, seen map[string]int) gitlabVulnerability {
	id := f.ID()
	seen[id]++
	if n := seen[id]; n > 1 { // the same object in two files
		id = fmt.Sprintf("%s-%d", id, n)
	}
	severity := f.Severity.String()
	v := gitlabVulnerability{
		ID: id, Name: limit(display.Clean(fallback(c.Title, c.ID)), 255), Severity: strings.ToUpper(severity[:1]) + severity[1:],
		Description: markdownText(f.Message) + "\n\n" + markdownText(c.Why), Solution: limit(display.Clean(c.Remedy), 7000),
		Identifiers: []gitlabIdentifier{{
			Type: "plimsoll", Name: "Plimsoll " + c.ID, Value: c.ID, URL: homepage + "/blob/main/docs/controls.md#" + c.ID,
		}},
		Location: gitlabLocation{File: display.Clean(f.Position.File), Class: display.Clean(f.Object.String())},
		Details: map[string]gitlabDetail{
			"object": {"text", "Object", display.Clean(f.Object.String())}, "path": {"text", "Path", display.Clean(string(f.Path))},
		},
	}
	if !f.Position.Rendered {
		v.Location.StartLine = f.Position.Line
	}
	if f.Position.File == "" {
		v.Location.File = display.Clean(f.Object.String())
	}
	for _, reference := range c.References {
		v.Identifiers = append(v.Identifiers, gitlabIdentifierOf(reference))
	}
	return v
}

// gitlabIdentifierOf tells GitLab what kind of id a reference is. CWE ids are numbers there.
func gitlabIdentifierOf(reference string) gitlabIdentifier {
	if n, ok := strings.CutPrefix(reference, "CWE-"); ok {
		return gitlabIdentifier{Type: "cwe", Name: reference, Value: n, URL: "https://cwe.mitre.org/data/definitions/" + n + ".html"}
	}
	if strings.HasPrefix(reference, "CVE-") {
		return gitlabIdentifier{Type: "cve", Name: reference, Value: reference}
	}
	return gitlabIdentifier{Type: "reference", Name: reference, Value: reference}
}

// limit cuts text to n runes.
func limit(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}
