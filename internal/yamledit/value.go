package yamledit

import (
	"fmt"
	"maps"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/yamlpath"
)

// Change makes one edit in a decoded value and returns the value that results; the one given is left as it is. It
// agrees with yamlpath.Apply: Set creates the parents that are missing, Remove of what is not there does nothing,
// Append creates the list.
func Change(value any, path finding.Path, fix finding.Fix) (any, error) {
	steps := path.Steps()
	if len(steps) == 0 {
		return nil, fmt.Errorf("edit: the path is empty")
	}
	switch fix.Op {
	case finding.Set, finding.Remove, finding.Append:
	default:
		return nil, fmt.Errorf("edit %s: unknown operation %q", path, fix.Op)
	}
	out, err := change(value, steps, fix)
	if err != nil {
		return nil, fmt.Errorf("edit %s: %w", path, err)
	}
	return out, nil
}

func change(value any, steps []finding.Step, fix finding.Fix) (any, error) {
	if len(steps) == 0 {
		return changeHere(value, fix)
	}
	step := steps[0]
	if value == nil {
		if fix.Op == finding.Remove {
			return nil, nil
		}
		if step.Field == "" {
			return nil, fmt.Errorf("there is no such list item")
		}
		value = map[string]any{}
	}
	switch v := value.(type) {
	case map[string]any:
		return changeField(v, steps, fix)
	case []any:
		return changeItem(v, steps, fix)
	}
	return nil, fmt.Errorf("a part of the path is no map and no list")
}

func changeHere(value any, fix finding.Fix) (any, error) {
	if fix.Op != finding.Append {
		return normal(fix.Value), nil
	}
	list, ok := value.([]any)
	if !ok && value != nil {
		return nil, fmt.Errorf("this is no list")
	}
	return append(slices.Clone(list), normal(fix.Value)), nil
}

func changeField(m map[string]any, steps []finding.Step, fix finding.Fix) (any, error) {
	step := steps[0]
	if step.Key != "" {
		return nil, fmt.Errorf("there is no list where the path names an item")
	}
	old, there := m[step.Field]
	if fix.Op == finding.Remove && !there {
		return m, nil
	}
	out := maps.Clone(m)
	if fix.Op == finding.Remove && len(steps) == 1 {
		delete(out, step.Field)
		return out, nil
	}
	child, err := change(old, steps[1:], fix)
	if err != nil {
		return nil, err
	}
	out[step.Field] = child
	return out, nil
}

func changeItem(items []any, steps []finding.Step, fix finding.Fix) (any, error) {
	i := itemIndex(items, steps[0])
	if i < 0 {
		if fix.Op == finding.Remove && steps[0].Field == "" {
			return items, nil
		}
		return nil, fmt.Errorf("there is no such list item")
	}
	out := slices.Clone(items)
	if fix.Op == finding.Remove && len(steps) == 1 {
		return slices.Delete(out, i, i+1), nil
	}
	child, err := change(items[i], steps[1:], fix)
	if err != nil {
		return nil, err
	}
	out[i] = child
	return out, nil
}

// itemIndex finds the item that a step means, -1 when there is none.
func itemIndex(items []any, step finding.Step) int {
	switch {
	case step.Field != "":
		return -1
	case step.Key == "":
		if step.Index >= 0 && step.Index < len(items) {
			return step.Index
		}
		return -1
	}
	return slices.IndexFunc(items, func(item any) bool {
		m, _ := item.(map[string]any)
		v, ok := m[step.Key]
		return ok && yamlpath.Text(v) == step.Value
	})
}

// normal gives a value the shapes that decoding gives.
func normal(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case float64:
		if i := int64(v); float64(i) == v {
			return i
		}
	case []string:
		out := make([]any, len(v))
		for i, s := range v {
			out[i] = s
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = normal(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, item := range v {
			out[k] = normal(item)
		}
		return out
	}
	return v
}
