package report

import (
	"encoding/json"

	"github.com/plimsoll-io/plimsoll/finding"
)

// fixText says a fix in words: "set to false", "remove", "append "ALL"".
func fixText(f *finding.Fix) string {
	text := string(f.Op)
	switch f.Op {
	case finding.Set:
		text = "set to " + compact(f.Value)
	case finding.Append:
		text = "append " + compact(f.Value)
	}
	if f.Risky {
		text += " (try it first: it may keep the workload from running)"
	}
	return text
}

func compact(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "a value that cannot be shown"
	}
	return string(appendSafe(nil, text, false))
}
