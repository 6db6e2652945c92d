package admission

import (
	"encoding/json"
	"strings"

	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/report/answer"
)

// mostValue is how much of a value is shown on a line.
const mostValue = 200

// patchText shows what mutating policies change, a line for each step.
func patchText(t *answer.Terminal, indent int, patch []admission.Operation) {
	for i := range patch {
		t.Text(indent, step(&patch[i]))
	}
}

// said is a message, and what mutating policies change.
func said(message string, patch []admission.Operation) string {
	var parts []string
	if message != "" {
		parts = append(parts, message)
	}
	for i := range patch {
		parts = append(parts, step(&patch[i]))
	}
	return strings.Join(parts, "; ")
}

// step is one step of a patch: `add /metadata/labels/team "a"`.
func step(o *admission.Operation) string {
	line := o.Op + " " + o.Path
	if o.Op == "remove" {
		return line
	}
	var value strings.Builder
	encoder := json.NewEncoder(&value)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(o.Value); err != nil {
		return line
	}
	text := strings.TrimSpace(value.String())
	if len(text) > mostValue {
		text = strings.ToValidUTF8(text[:mostValue], "") + "…"
	}
	return line + " " + text
}
