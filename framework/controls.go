package framework

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/control"
	"github.com/plimsoll-io/plimsoll/finding"
)

// ControlsOf lists the controls that a requirement names, without those joined by capability.
func ControlsOf(q Requirement) []string {
	out := []string{}
	for _, row := range q.Rows {
		out = appendNew(out, row.Controls...)
	}
	return out
}

// Resolve replaces joins by capability with the controls of a catalogue, so that a framework can be shown whole.
func Resolve(f Framework, catalogue []control.Control) Framework {
	f.Requirements = slices.Clone(f.Requirements)
	for i, q := range f.Requirements {
		q.Rows = slices.Clone(q.Rows)
		for k, row := range q.Rows {
			if row.Join == "" {
				continue
			}
			row.Controls = slices.Clone(row.Controls)
			for _, c := range catalogue {
				if c.Capability == row.Capability && c.Severity >= finding.Medium {
					row.Controls = appendNew(row.Controls, c.ID)
				}
			}
			q.Rows[k] = row
		}
		f.Requirements[i] = q
	}
	return f
}
