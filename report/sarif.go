package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/scan"
)

const (
	homepage    = "https://github.com/plimsoll-io/plimsoll"
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	// sarifTags is how many tags code scanning services keep for a rule.
	sarifTags = 20
)

// WriteSARIF writes SARIF 2.1.0 with one run: controls are rules, findings are results, accepted findings are results
// with a suppression, and what could not be judged are notifications of the tool's execution. The counts are the run's
// properties. Columns count Unicode code points.
func WriteSARIF(w io.Writer, d *Document, _ Options) error {
	s := &sarif{jsonWriter: jsonWriter{w: w}, d: d, fresh: freshness(d.Report), exceptions: exceptionsByName(d.Report)}
	s.raw(`{"$schema":`)
	s.str(sarifSchema)
	s.raw(`,"version":"2.1.0","runs":[{` + "\n" + `"tool":{"driver":`)
	s.value(s.driver())
	s.raw("},\n" + `"columnKind":"unicodeCodePoints",` + "\n" + `"properties":`)
	s.value(s.properties())
	s.raw(",\n" + `"invocations":[`)
	s.value(s.invocation())
	s.raw("],\n" + `"results":[`)
	s.results()
	s.raw("]}]}\n")
	return s.close()
}

// A sarif writes one run.
type sarif struct {
	jsonWriter
	d          *Document
	fresh      func(*finding.Finding) bool
	exceptions map[string]finding.Exception
	written    bool // whether a result was
}

func exceptionsByName(r *scan.Report) map[string]finding.Exception {
	out := map[string]finding.Exception{}
	for _, x := range r.Exceptions {
		out[x.Name] = x.Exception
	}
	return out
}

func (s *sarif) driver() sarifDriver {
	d := sarifDriver{
		Name: "Plimsoll", Version: s.d.Report.Tool.Version, InformationURI: homepage,
		Rules: make([]sarifRule, len(s.d.Report.Results)),
		Notifications: []sarifDescriptor{
			{"gap", sarifText{"Something could not be read"}},
			{"skipped", sarifText{"A control could not look, or not everywhere"}},
			{"error", sarifText{"An object could not be judged"}},
		},
	}
	requirements := requirementsByControl(s.d)
	for i := range s.d.Report.Results {
		d.Rules[i] = sarifRuleOf(&s.d.Report.Results[i].Control, requirements[s.d.Report.Results[i].Control.ID])
	}
	return d
}

func sarifRuleOf(c *control.Control, requirements []string) sarifRule {
	title := fallback(display.Clean(c.Title), c.ID)
	tags := []string{"security", "kubernetes"}
	for _, tag := range append(append([]string{string(c.Capability)}, c.References...), requirements...) {
		if tag != "" && len(tags) < sarifTags && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	help := fallback(display.Clean(c.Why), title)
	markdown := markdownText(help)
	if c.Remedy != "" {
		help += "\n\nWhat to do: " + display.Clean(c.Remedy)
		markdown += "\n\n**What to do:** " + markdownText(c.Remedy)
	}
	return sarifRule{
		ID: c.ID, Name: c.ID, ShortDescription: sarifText{title}, FullDescription: sarifText{fallback(display.Clean(c.Why), title)},
		Help: sarifMarkdown{help, markdown}, HelpURI: homepage + "/blob/main/docs/controls.md#" + c.ID,
		DefaultConfiguration: sarifConfiguration{sarifLevel(c.Severity)},
		Properties: sarifRuleProperties{
			Tags: tags, Precision: "high", SecuritySeverity: sarifScores[c.Severity], Severity: c.Severity,
			Enforce: string(c.Enforce), Requirements: requirements,
		},
	}
}

// sarifScores are severities as numbers, as code scanning services sort alerts.
var sarifScores = map[finding.Severity]string{
	finding.None: "0.0", finding.Low: "3.0", finding.Medium: "5.5", finding.High: "8.0", finding.Critical: "9.5",
}

func sarifLevel(s finding.Severity) string {
	switch s {
	case finding.Critical, finding.High:
		return "error"
	case finding.Medium:
		return "warning"
	default:
		return "note"
	}
}

func (s *sarif) properties() sarifRunProperties {
	inv := &s.d.Report.Inventory
	return sarifRunProperties{
		Counts: countsOf(s.d.Report.Summary), Source: wireInventoryOf(inv).Source, Objects: inv.Objects,
		KubernetesVersion: inv.Version, Taken: inv.Taken.UTC(),
	}
}

func (s *sarif) invocation() sarifInvocation {
	r := s.d.Report
	out := sarifInvocation{ExecutionSuccessful: r.Summary.Coverage >= 100, Notifications: []sarifNotification{}}
	for _, g := range r.Inventory.Gaps {
		out.Notifications = append(out.Notifications, gapNotification(g))
	}
	for i := range r.Results {
		result := &r.Results[i]
		rule := &sarifReference{ID: result.Control.ID, Index: i}
		if result.Skipped != "" {
			level := "warning"
			if result.NotConfigured() {
				level = "note"
			}
			out.Notifications = append(out.Notifications, sarifNotification{
				Descriptor: sarifReference{"skipped", 1}, Rule: rule, Level: level,
				Message: sarifText{result.Control.ID + ": " + display.Clean(result.Skipped)},
			})
		}
		for _, e := range result.Errors {
			out.Notifications = append(out.Notifications, sarifNotification{
				Descriptor: sarifReference{"error", 2}, Rule: rule, Level: "error",
				Message:   sarifText{display.Clean(fmt.Sprintf("%s: %s: %s", result.Control.ID, e.Object, e.Message))},
				Locations: sarifLocations(&e.Object, e.Position, ""),
			})
		}
	}
	return out
}

func gapNotification(g inventory.Gap) sarifNotification {
	n := sarifNotification{
		Descriptor: sarifReference{"gap", 0}, Level: "warning",
		Message: sarifText{display.Clean("could not read " + gapSubject(g) + ": " + g.Reason)},
	}
	if g.File != "" {
		n.Locations = []sarifLocation{{Physical: sarifPlace(finding.Position{File: g.File, Line: g.Line})}}
	}
	return n
}

func (s *sarif) results() {
	for i := range s.d.Report.Results {
		r := &s.d.Report.Results[i]
		for j := range r.Findings {
			s.result(i, &r.Findings[j], nil)
		}
		for j := range r.Excepted {
			e := &r.Excepted[j]
			why := strings.TrimSuffix("exception "+e.Exception, " ")
			if x, ok := s.exceptions[e.Exception]; ok {
				why = fmt.Sprintf("%s: %s (ticket %s, approved by %s, until %s)",
					why, x.Reason, x.Ticket, x.ApprovedBy, x.Expires.UTC().Format("2006-01-02"))
			}
			s.result(i, &e.Finding, &sarifSuppression{Kind: "external", Status: "accepted", Justification: display.Clean(why)})
		}
	}
}

// result writes one result. All results of a run must have suppressions, if only none, or all must lack them.
func (s *sarif) result(rule int, f *finding.Finding, suppression *sarifSuppression) {
	if s.written {
		s.raw(",")
	}
	s.written = true
	r := sarifResult{
		RuleID: s.d.Report.Results[rule].Control.ID, RuleIndex: rule, Level: sarifLevel(f.Severity),
		Message:      sarifText{fallback(display.Clean(f.Message), f.Control) + " (" + display.Clean(f.Object.String()) + ")"},
		Locations:    sarifLocations(&f.Object, f.Position, f.Path),
		Fingerprints: map[string]string{"plimsoll/v1": f.ID()},
		Suppressions: []sarifSuppression{},
		Properties: sarifResultProperties{
			Severity: f.Severity, Object: f.Object, Path: f.Path, Because: full(f.Because), Fix: f.Fix,
		},
	}
	if f.Position.Rendered {
		r.Properties.Rendered = &f.Position
		r.Message.Text += fmt.Sprintf(", line %d of the rendered output", f.Position.Line)
	}
	if suppression != nil {
		r.Suppressions = append(r.Suppressions, *suppression)
	} else if s.d.Report.Baseline != nil {
		r.BaselineState = "unchanged"
		if s.fresh(f) {
			r.BaselineState = "new"
		}
	}
	s.raw("\n")
	s.value(r)
	s.flush()
}

func fallback(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
