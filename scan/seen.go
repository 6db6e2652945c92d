package scan

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/secretscan"
)

// seenLimit keeps a value in a report to a size that people read.
const seenLimit = 80

// seen is the value at a path as evidence: `securityContext.privileged is true`. Secrets are long gone from content.
func seen(content map[string]any, steps []finding.Step) finding.Reason {
	value, found := walk(content, steps)
	message := "the object as a whole"
	switch {
	case len(steps) == 0:
	case found:
		message = lastField(steps) + " is " + brief(value)
	default:
		message = lastField(steps) + " is not set"
	}
	return finding.Reason{Effect: "proves", Fact: "value", Message: message}
}

// At walks a path through JSON shapes.
func At(content any, path finding.Path) (value any, found bool) { return walk(content, path.Steps()) }

func walk(content any, steps []finding.Step) (value any, found bool) {
	value = content
	for _, step := range steps {
		if value, found = descend(value, step); !found {
			return nil, false
		}
	}
	return value, true
}

func descend(value any, step finding.Step) (any, bool) {
	switch {
	case step.Field != "":
		m, _ := value.(map[string]any)
		next, ok := m[step.Field]
		return next, ok
	case step.Key != "":
		list, _ := value.([]any)
		for _, item := range list {
			m, _ := item.(map[string]any)
			if have, ok := m[step.Key]; ok && fmt.Sprint(have) == step.Value {
				return item, true
			}
		}
		return nil, false
	default:
		list, _ := value.([]any)
		if step.Index < 0 || step.Index >= len(list) {
			return nil, false
		}
		return list[step.Index], true
	}
}

// lastField is the end of a path from its last item on: "securityContext.privileged".
func lastField(steps []finding.Step) string {
	from := 0
	for i, s := range steps {
		if s.Field == "" {
			from = i + 1
		}
	}
	if from == len(steps) { // the path ends in an item
		from = max(0, len(steps)-2)
	} else if from == 0 && len(steps) > 2 {
		from = len(steps) - 2
	}
	var out finding.Path
	for _, s := range steps[from:] {
		switch {
		case s.Field != "":
			out = out.Field(s.Field)
		case s.Key != "":
			out = out.Item(s.Key, s.Value)
		default:
			out = out.Index(s.Index)
		}
	}
	return string(out)
}

func brief(value any) string {
	switch v := value.(type) {
	case bool:
		return strconv.FormatBool(v)
	case nil:
		return "null"
	}
	marshalled, err := json.Marshal(value)
	if err != nil {
		return "something that cannot be shown"
	}
	text := secretscan.Stable(string(marshalled))
	if runes := []rune(text); len(runes) > seenLimit {
		return string(runes[:seenLimit]) + "…"
	}
	return text
}
