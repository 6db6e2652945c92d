// Package framework holds compliance frameworks as data and says what a report proves about their requirements. It
// never says "compliant": a requirement is met, not met, partly covered, unknown, manual or inherited.
package framework

import (
	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
)

// A Framework is a published set of requirements, in our own words.
type Framework struct {
	ID           string        `yaml:"id" json:"id"` // "soc2", file name without .yaml
	Title        string        `yaml:"title" json:"title"`
	Version      string        `yaml:"version" json:"version"`
	Notice       string        `yaml:"notice" json:"notice"` // attribution and licence of the ids
	Requirements []Requirement `yaml:"requirements" json:"requirements"`
}

// A Requirement is one numbered demand of a framework.
type Requirement struct {
	ID    string `yaml:"id" json:"id"`       // "CC6.1"
	Title string `yaml:"title" json:"title"` // our own short title
	// Former are the ids in earlier editions, "A.9.4.1".
	Former []string `yaml:"former,omitempty" json:"former,omitempty"`
	Rows   []Row    `yaml:"rows" json:"rows"`
}

// A Row is one kind of evidence for a requirement.
type Row struct {
	Capability control.Capability `yaml:"capability" json:"capability"`
	// Evidence says what of a cluster would show it.
	Evidence string `yaml:"evidence" json:"evidence"`
	// Direct rows decide; supporting ones never decide alone.
	Direct bool `yaml:"direct" json:"direct"`
	// Needs are the sources of the evidence: "api", "mirror-pod", "node", "configz", "scm", "ci", "process", "manual".
	Needs []string `yaml:"needs" json:"needs"`
	// Controls are the control ids that answer the row, besides those joined by capability.
	Controls []string `yaml:"controls,omitempty" json:"controls,omitempty"`
}

// An Assessment is what a report proves about one framework.
type Assessment struct {
	Framework Framework
	Answers   []Answer // one for every requirement, in order
}

// An Answer is what a report proves about one requirement.
type Answer struct {
	Requirement Requirement
	// Kind says how the requirement can be answered at all.
	Kind   AnswerKind
	Status Status
	// Controls are the ids of the controls that were asked.
	Controls []string
	// Failing are the ids of those with findings; Findings counts these, Worst is the worst severity among them.
	Failing  []string
	Findings int
	Worst    finding.Severity
	// Missing says what keeps the status from being better: "needs a node agent", "secrets could not be listed".
	Missing []string
}

// An AnswerKind says how a requirement can be answered.
type AnswerKind string

// The kinds of answers.
const (
	Computed   AnswerKind = "computed"
	Imported   AnswerKind = "imported"
	ByHand     AnswerKind = "manual"
	ByProvider AnswerKind = "inherited"
	NotCovered AnswerKind = "not-covered"
)

// A Status is what a report proves about a requirement.
type Status string

// The statuses of a requirement.
const (
	Met       Status = "met"
	NotMet    Status = "not-met"
	Partly    Status = "partly"
	Unknown   Status = "unknown"
	Manual    Status = "manual"
	Inherited Status = "inherited"
)
