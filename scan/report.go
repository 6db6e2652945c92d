// Package scan runs controls over an inventory, matches exceptions, and gives a Report. It knows no frameworks.
package scan

import (
	"time"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A Report is what the controls concluded about one inventory.
type Report struct {
	Tool      Tool
	Scope     Scope
	Inventory Inventory
	// Results has one entry for every selected control, in catalogue order, also when nothing matched.
	Results    []Result
	Exceptions []ExceptionUse
	// Baseline says how the findings compare with an earlier report; nil when none was given.
	Baseline *Comparison
	Summary  Summary
}

// A Tool names the program that judged.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Inventory describes what was judged.
type Inventory struct {
	Source  inventory.Source
	Taken   time.Time
	Version string // of Kubernetes; "" when unknown
	Objects int
	// Namespaces counts objects by namespace; "" holds the cluster-scoped ones.
	Namespaces map[string]int
	Gaps       []inventory.Gap
}

// A Result is what one control concluded. The control's own text is in Control.
type Result struct {
	Control  control.Control
	Status   Status
	Passed   []finding.Ref
	Findings []finding.Finding
	Excepted []Excepted
	Errors   []control.ObjectError
	// Skipped says why the control could not look, or could not look everywhere; "" if it could.
	Skipped string
}

// Excepted is a finding that an exception accepts.
type Excepted struct {
	finding.Finding
	Exception string // its name
}

// A Status is the worst that holds for a control, in this order.
type Status string

// The statuses, worst first.
const (
	Fail          Status = "fail"
	Error         Status = "error"   // an object could not be judged
	Skipped       Status = "skipped" // could not look: Result.Skipped says why
	ExceptedOnly  Status = "excepted"
	Pass          Status = "pass"
	NotApplicable Status = "not-applicable" // nothing to judge
)

// Statuses lists the statuses, worst first.
func Statuses() []Status { return []Status{Fail, Error, Skipped, ExceptedOnly, Pass, NotApplicable} }

// An ExceptionUse says what became of one exception.
type ExceptionUse struct {
	finding.Exception
	// State is "used", "unused" or "expired".
	State string
	// Matched counts the findings that it accepts, or would accept had it not expired.
	Matched int
	// TooBroad says why the exception covers more than one should; "" if it does not.
	TooBroad string
}

// A Comparison relates a report to a baseline, by finding id, counting multiplicity.
type Comparison struct {
	New       int            `json:"new"`
	Fixed     int            `json:"fixed"`
	Unchanged int            `json:"unchanged"`
	NewIDs    map[string]int `json:"-"`
}

// A Summary counts.
type Summary struct {
	Controls map[Status]int           // controls by status
	Findings map[finding.Severity]int // findings that are not excepted, by severity
	Excepted int
	Errors   int
	Passed   int // passed pairs of control and object
	// Coverage is the share of the selected controls that could look everywhere, in percent; below 100 whenever
	// there is a gap or an error.
	Coverage float64
}
