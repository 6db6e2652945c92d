package report

import (
	"encoding/xml"
	"fmt"
	"io"

	"github.com/plimsoll-io/plimsoll/finding"
)

// A TestSuite is a named list of tests, for JUnit.
type TestSuite struct {
	Name  string
	Tests []TestCase
}

// A TestCase is one test. Status is "pass", "fail", "error" or, for all else, why it was skipped.
type TestCase struct {
	Name     string
	Position finding.Position
	Status   string
	Message  string
}

// WriteTests writes test suites as JUnit XML.
func WriteTests(w io.Writer, suites []TestSuite) error {
	x := &xmlWriter{jsonWriter{w: w}}
	x.raw(xml.Header)
	var all []TestCase
	for _, s := range suites {
		all = append(all, s.Tests...)
	}
	x.open("testsuites", append([]string{"name", "Plimsoll"}, testCounts(all)...)...)
	x.raw(">\n")
	for _, s := range suites {
		x.open("testsuite", append([]string{"name", s.Name}, testCounts(s.Tests)...)...)
		x.raw(">\n")
		for _, t := range s.Tests {
			x.test(s.Name, t)
		}
		x.raw("</testsuite>\n")
	}
	x.raw("</testsuites>\n")
	return x.close()
}

// testCounts are the attributes that sum up tests.
func testCounts(tests []TestCase) []string {
	counts := map[string]int{}
	for _, t := range tests {
		counts[t.Status]++
	}
	failed, broken := counts["fail"], counts["error"]
	return []string{
		"tests", fmt.Sprint(len(tests)), "failures", fmt.Sprint(failed), "errors", fmt.Sprint(broken),
		"skipped", fmt.Sprint(len(tests) - failed - broken - counts["pass"]),
	}
}

func (x *xmlWriter) test(suite string, t TestCase) {
	x.testcase(suite, t.Name, t.Position)
	switch t.Status {
	case "pass":
	case "fail":
		x.open("failure", "message", t.Message, "type", "fail")
		x.raw("/>")
	case "error":
		x.open("error", "message", t.Message, "type", "error")
		x.raw("/>")
	default:
		x.open("skipped", "message", t.Status+": "+t.Message)
		x.raw("/>")
	}
	x.raw("</testcase>\n")
}
