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
	// Providers are the managed platforms ("eks", "aks", "gke") where the provider answers for the requirement.
	Providers []string `yaml:"providers,omitempty" json:"providers,omitempty"`
	Rows      []Row    `yaml:"rows" json:"rows"`
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
	// Controls are the ids of the controls that answer the row. With Join "capability" they are all controls of
	// Capability of medium severity and above: hygiene never decides a requirement.
	Controls []string `yaml:"controls,omitempty" json:"controls,omitempty"`
	Join     string   `yaml:"join,omitempty" json:"join,omitempty"`
	// Complete says that the controls judge all of the evidence. Otherwise their passing leaves the row open, while
	// their failing still decides it.
	Complete bool `yaml:"complete,omitempty" json:"complete,omitempty"`
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
