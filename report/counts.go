package report

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/scan"
)

// Counts are the verdict counts that every complete format shows, with every key present. Programs that compare
// formats compare these.
type Counts struct {
	Controls map[scan.Status]int `json:"controls"` // controls by status
	Findings map[string]int      `json:"findings"` // findings that are not excepted, by severity
	Excepted int                 `json:"excepted"`
	Errors   int                 `json:"errors"`
	Passed   int                 `json:"passed"` // passed pairs of control and object
	Coverage float64             `json:"coverage"`
}

func countsOf(s scan.Summary) Counts {
	c := Counts{
		Controls: map[scan.Status]int{}, Findings: map[string]int{},
		Excepted: s.Excepted, Errors: s.Errors, Passed: s.Passed, Coverage: s.Coverage,
	}
	for _, status := range scan.Statuses() {
		c.Controls[status] = s.Controls[status]
	}
	for _, severity := range finding.Severities() {
		c.Findings[severity.String()] = s.Findings[severity]
	}
	return c
}

func (c Counts) summary() scan.Summary {
	s := scan.Summary{
		Controls: map[scan.Status]int{}, Findings: map[finding.Severity]int{},
		Excepted: c.Excepted, Errors: c.Errors, Passed: c.Passed, Coverage: c.Coverage,
	}
	for _, status := range scan.Statuses() {
		s.Controls[status] = c.Controls[status]
	}
	for _, severity := range finding.Severities() {
		s.Findings[severity] = c.Findings[severity.String()]
	}
	return s
}

// total adds up the findings of all severities.
func (c Counts) total() int {
	n := 0
	for _, count := range c.Findings {
		n += count
	}
	return n
}

// controls adds up the controls of all statuses.
func (c Counts) controls() int {
	n := 0
	for _, count := range c.Controls {
		n += count
	}
	return n
}
