package framework

import (
	_ "embed"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/scan"
)

//go:embed levels.yaml
var levelsYAML []byte

// A Level says how far a capability has come.
type Level string

// The levels. Below means that a criterion of "compliant" is not met, Open that one cannot be computed from what was
// read and none of the computable ones is missed.
const (
	Below     Level = "below"
	Open      Level = "unknown"
	Compliant Level = "compliant"
	Mature    Level = "mature"
)

// A Capability is the level of one capability and the criteria behind it.
type Capability struct {
	Capability control.Capability `json:"capability"`
	Level      Level              `json:"level"`
	Compliant  []Criterion        `json:"compliant"`
	Mature     []Criterion        `json:"mature"`
}

// A Criterion is one demand of a level.
type Criterion struct {
	Text     string   `json:"text"`
	Controls []string `json:"controls"`
	// Passing is the percentage of judged objects that must pass every control.
	Passing int `json:"passing"`
	// Needs says what would have to be read for a criterion that controls cannot decide.
	Needs  string `json:"needs,omitempty"`
	Status Status `json:"status"` // met, not-met or unknown
	// Measured is the lowest percentage among the controls; 0 when there was nothing to measure.
	Measured float64 `json:"measured"`
}

// Levels computes the level of every capability.
func Levels(r *scan.Report) ([]Capability, error) {
	var out []Capability
	if err := yaml.Unmarshal(levelsYAML, &out); err != nil {
		return nil, fmt.Errorf("read levels: %w", err)
	}
	results := map[string]*scan.Result{}
	for i := range r.Results {
		results[r.Results[i].Control.ID] = &r.Results[i]
	}
	for i := range out {
		c := &out[i]
		for k := range c.Compliant {
			c.Compliant[k].measure(results)
		}
		for k := range c.Mature {
			c.Mature[k].measure(results)
		}
		c.Level = level(worst(c.Compliant), worst(c.Mature))
	}
	return out, nil
}

func level(compliant, mature Status) Level {
	switch {
	case compliant == NotMet:
		return Below
	case compliant == Unknown:
		return Open
	case mature == Met:
		return Mature
	}
	return Compliant
}

func worst(criteria []Criterion) Status {
	status := Met
	for _, c := range criteria {
		switch c.Status {
		case NotMet:
			return NotMet
		case Unknown:
			status = Unknown
		}
	}
	return status
}

// measure decides a criterion. A control that could not look everywhere leaves it unknown, unless it already fails.
func (c *Criterion) measure(results map[string]*scan.Result) {
	c.Status = Unknown
	if len(c.Controls) == 0 {
		c.Controls = []string{}
		return
	}
	c.Measured, c.Status = 100, Met
	judged := false
	for _, id := range c.Controls {
		share, any, whole := passing(results[id])
		judged = judged || any
		c.Measured = min(c.Measured, share)
		if !whole && c.Status == Met {
			c.Status = Unknown
		}
		if any && share < float64(c.Passing) {
			c.Status = NotMet
		}
	}
	if !judged {
		c.Measured, c.Status = 0, Unknown
	}
}

// passing is the percentage of judged objects that pass. any says whether there were some, whole whether all could be
// judged. An accepted exception counts as passing: the criteria say "outside the exceptions".
func passing(r *scan.Result) (share float64, any, whole bool) {
	if r == nil {
		return 100, false, false
	}
	failed := map[finding.Ref]bool{}
	for _, f := range r.Findings {
		failed[f.Object] = true
	}
	accepted := map[finding.Ref]bool{}
	for _, x := range r.Excepted {
		if !failed[x.Object] {
			accepted[x.Object] = true
		}
	}
	total := len(failed) + len(accepted) + len(r.Passed)
	whole = len(r.Errors) == 0 && r.Skipped == ""
	if total == 0 {
		return 100, false, whole
	}
	return 100 * float64(total-len(failed)) / float64(total), true, whole
}
