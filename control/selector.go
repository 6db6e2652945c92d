package control

import (
	"fmt"
	"slices"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// A selector is a label selector. The zero selector selects everything.
type selector struct {
	equal map[string]string
	terms []selectorTerm
}

type selectorTerm struct {
	key, operator string
	values        []string
}

// parseSelector reads a LabelSelector; the API server would refuse what gives an error.
func parseSelector(m map[string]any) (selector, error) {
	var s selector
	for key, value := range inventory.Map(m, "matchLabels") {
		text, ok := value.(string)
		if !ok {
			return s, fmt.Errorf("read selector: the label %q is no string", key)
		}
		if s.equal == nil {
			s.equal = map[string]string{}
		}
		s.equal[key] = text
	}
	for _, item := range inventory.List(m, "matchExpressions") {
		expr, _ := item.(map[string]any)
		term := selectorTerm{key: inventory.String(expr, "key"), operator: inventory.String(expr, "operator")}
		for _, v := range inventory.List(expr, "values") {
			text, _ := v.(string)
			term.values = append(term.values, text)
		}
		switch term.operator {
		case "In", "NotIn":
			if len(term.values) == 0 {
				return s, fmt.Errorf("read selector: operator %s on %q without values", term.operator, term.key)
			}
		case "Exists", "DoesNotExist":
		default:
			return s, fmt.Errorf("read selector: unknown operator %q", term.operator)
		}
		s.terms = append(s.terms, term)
	}
	return s, nil
}

// everything says that the selector selects every object.
func (s selector) everything() bool { return len(s.equal) == 0 && len(s.terms) == 0 }

// matches says whether the selector selects an object with these labels.
func (s selector) matches(labels map[string]string) bool {
	for key, want := range s.equal {
		if have, ok := labels[key]; !ok || have != want {
			return false
		}
	}
	for _, t := range s.terms {
		have, ok := labels[t.key]
		in := ok && slices.Contains(t.values, have)
		switch t.operator {
		case "In":
			ok = in
		case "NotIn":
			ok = !in
		case "DoesNotExist":
			ok = !ok
		}
		if !ok {
			return false
		}
	}
	return true
}

// without is the selector that does not look at some labels.
func (s selector) without(drop func(key string) bool) selector {
	kept := selector{equal: map[string]string{}}
	for k, v := range s.equal {
		if !drop(k) {
			kept.equal[k] = v
		}
	}
	for _, t := range s.terms {
		if !drop(t.key) {
			kept.terms = append(kept.terms, t)
		}
	}
	return kept
}

// keys are the labels that the selector looks at.
func (s selector) keys() []string {
	var keys []string
	for k := range s.equal {
		keys = append(keys, k)
	}
	for _, t := range s.terms {
		keys = append(keys, t.key)
	}
	return keys
}
