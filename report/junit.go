package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/scan"
)

// WriteJUnit writes JUnit XML: a test suite for each control, in which every finding is a failed test, every object
// that passed a passed one, every object that could not be judged an error, and every accepted finding a skipped one.
// A first suite holds the counts as properties and every gap as a skipped test.
func WriteJUnit(w io.Writer, d *Document, _ Options) error {
	x := &xmlWriter{jsonWriter{w: w}}
	c := countsOf(d.Report.Summary)
	gaps := len(d.Report.Inventory.Gaps)
	skipped, total := gaps+c.Excepted, gaps+c.total()+c.Passed+c.Errors+c.Excepted
	for i := range d.Report.Results {
		if d.Report.Results[i].Skipped != "" {
			skipped++
			total++
		}
	}
	x.raw(xml.Header)
	x.open("testsuites", "name", "Plimsoll", "tests", fmt.Sprint(total), "failures", fmt.Sprint(c.total()),
		"errors", fmt.Sprint(c.Errors), "skipped", fmt.Sprint(skipped))
	x.raw(">\n")
	x.inventory(d, c)
	for i := range d.Report.Results {
		x.suite(&d.Report.Results[i])
	}
	x.raw("</testsuites>\n")
	return x.close()
}

// An xmlWriter writes XML by hand; it borrows the buffer of jsonWriter.
type xmlWriter struct{ jsonWriter }

// open starts a tag; attributes are names and values in turn. The tag is not closed.
func (x *xmlWriter) open(name string, attributes ...string) {
	x.raw("<" + name)
	for i := 0; i < len(attributes); i += 2 {
		x.raw(" " + attributes[i] + `="`)
		x.text(attributes[i+1])
		x.raw(`"`)
	}
	x.flush()
}

func (x *xmlWriter) text(s string) { x.raw(xmlEscapes.Replace(display.Clean(s))) }

var xmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

// inventory writes the suite of gaps and counts.
func (x *xmlWriter) inventory(d *Document, c Counts) {
	gaps := d.Report.Inventory.Gaps
	x.open("testsuite", "name", "inventory", "tests", fmt.Sprint(len(gaps)), "failures", "0", "errors", "0",
		"skipped", fmt.Sprint(len(gaps)))
	x.raw(">\n<properties>\n")
	x.property("plimsoll.version", d.Report.Tool.Version)
	x.property("source", strings.Join(d.Report.Inventory.Source.Names, " "))
	x.property("objects", fmt.Sprint(d.Report.Inventory.Objects))
	for _, s := range scan.Statuses() {
		x.property("controls."+string(s), fmt.Sprint(c.Controls[s]))
	}
	for _, s := range finding.Severities() {
		x.property("findings."+s.String(), fmt.Sprint(c.Findings[s.String()]))
	}
	x.property("excepted", fmt.Sprint(c.Excepted))
	x.property("errors", fmt.Sprint(c.Errors))
	x.property("passed", fmt.Sprint(c.Passed))
	x.property("coverage", fmt.Sprint(c.Coverage))
	x.raw("</properties>\n")
	for _, g := range gaps {
		x.open("testcase", "classname", "inventory", "name", "read "+gapSubject(g))
		x.raw(">")
		x.open("skipped", "message", g.Reason)
		x.raw("/></testcase>\n")
	}
	x.raw("</testsuite>\n")
}

func (x *xmlWriter) property(name, value string) {
	x.open("property", "name", name, "value", value)
	x.raw("/>\n")
}

func (x *xmlWriter) suite(r *scan.Result) {
	skipped := len(r.Excepted)
	if r.Skipped != "" {
		skipped++
	}
	tests := len(r.Findings) + len(r.Errors) + len(r.Passed) + skipped
	x.open("testsuite", "name", r.Control.ID, "tests", fmt.Sprint(tests), "failures", fmt.Sprint(len(r.Findings)),
		"errors", fmt.Sprint(len(r.Errors)), "skipped", fmt.Sprint(skipped))
	x.raw(">\n<properties>\n")
	x.property("title", r.Control.Title)
	x.property("severity", r.Control.Severity.String())
	x.property("status", string(r.Status))
	x.raw("</properties>\n")
	for i := range r.Findings {
		x.failure(r, &r.Findings[i])
	}
	for i := range r.Errors {
		e := &r.Errors[i]
		x.testcase(r.Control.ID, e.Object.String(), e.Position)
		x.open("error", "message", e.Message, "type", "error")
		x.raw("/></testcase>\n")
	}
	if r.Skipped != "" {
		x.testcase(r.Control.ID, "everything could be looked at", finding.Position{})
		x.open("skipped", "message", r.Skipped)
		x.raw("/></testcase>\n")
	}
	for i := range r.Excepted {
		e := &r.Excepted[i]
		x.testcase(r.Control.ID, testName(&e.Finding), e.Position)
		x.open("skipped", "message", "excepted by "+e.Exception+"; id "+e.ID())
		x.raw("/></testcase>\n")
	}
	for i := range r.Passed {
		x.open("testcase", "classname", r.Control.ID, "name", r.Passed[i].String())
		x.raw("/>\n")
	}
	x.raw("</testsuite>\n")
}

func testName(f *finding.Finding) string {
	return strings.TrimSuffix(f.Object.String()+" "+string(f.Path), " ")
}

// testcase starts a test and its content.
func (x *xmlWriter) testcase(control, name string, p finding.Position) {
	attributes := []string{"classname", control, "name", name}
	if p.File != "" {
		attributes = append(attributes, "file", p.File)
		if p.Line > 0 && !p.Rendered {
			attributes = append(attributes, "line", fmt.Sprint(p.Line))
		}
	}
	x.open("testcase", attributes...)
	x.raw(">")
}

func (x *xmlWriter) failure(r *scan.Result, f *finding.Finding) {
	x.testcase(r.Control.ID, testName(f), f.Position)
	x.open("failure", "message", f.Message, "type", f.Severity.String())
	x.raw(">")
	for _, line := range []struct{ label, text string }{
		{"", strings.TrimSpace(placeOf(f.Position) + " " + f.Object.String())}, {"path: ", string(f.Path)},
		{"why: ", r.Control.Why}, {"remedy: ", r.Control.Remedy}, {"id: ", f.ID()},
	} {
		if line.text != "" {
			x.raw(line.label)
			x.text(line.text)
			x.raw("\n")
		}
	}
	x.raw("</failure></testcase>\n")
}
