package network

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// A tri is whether something is the case, as far as that is known. The order counts: and is min, or is max.
type tri uint8

const (
	no tri = iota
	maybe
	yes
)

func triOf(b bool) tri {
	if b {
		return yes
	}
	return no
}

// labels are the labels of a pod or namespace. When they are open there may be more of them, which are not known.
type labels struct {
	values map[string]string
	open   bool
	// template says that they are those of a template: controllers add some to the pods that they make of it.
	template bool
}

// labelsOf reads metadata.labels. The API server refuses labels that are no strings: what they mean is left open.
func labelsOf(meta map[string]any) labels {
	raw, present := meta["labels"]
	all, isMap := raw.(map[string]any)
	l := labels{values: make(map[string]string, len(all)+1), open: present && raw != nil && !isMap}
	for k, v := range all {
		if text, ok := v.(string); ok {
			l.values[k] = text
		} else if v == nil {
			l.values[k] = "" // as the API server reads it
		} else {
			l.open = true
		}
	}
	return l
}

// doubt is why it is not known what labels there are.
func (l labels) doubt() string {
	if l.open {
		return "labels of the pods cannot be read"
	}
	return "which labels controllers add to the pods is not known before they run"
}

// isGenerated knows the labels that controllers add to the pods that they make.
// Source: https://kubernetes.io/docs/reference/labels-annotations-taints/.
func isGenerated(key string) bool {
	switch key {
	case "pod-template-hash", "controller-revision-hash", "pod-template-generation", "controller-uid", "job-name",
		"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index":
		return true
	}
	return strings.HasPrefix(key, "batch.kubernetes.io/")
}

// A selector is a label selector. The zero selector selects everything.
type selector struct {
	terms  []selectorTerm
	broken bool // it cannot be read: what it selects is not known
}

type selectorTerm struct {
	key    string
	op     operator
	values []string // sorted
}

type operator uint8

const (
	in operator = iota
	notIn
	exists
	absent
)

// parseSelector reads a LabelSelector; raw is nil for the empty one. The API server would refuse what gives an error:
// the selector is broken then.
func parseSelector(raw any) (selector, error) {
	if raw == nil {
		return selector{}, nil
	}
	m, isMap := raw.(map[string]any)
	if !isMap {
		return selector{broken: true}, fmt.Errorf("the selector is no object")
	}
	var s selector
	if err := s.readLabels(m["matchLabels"]); err != nil {
		return selector{broken: true}, err
	}
	list, err := listIn(m, "matchExpressions")
	if err != nil {
		return selector{broken: true}, err
	}
	for _, item := range list {
		term, err := parseTerm(item)
		if err != nil {
			return selector{broken: true}, err
		}
		s.terms = append(s.terms, term)
	}
	slices.SortFunc(s.terms, func(a, b selectorTerm) int { return strings.Compare(a.String(), b.String()) })
	return s, nil
}

func (s *selector) readLabels(raw any) error {
	equal, isMap := raw.(map[string]any)
	if raw != nil && !isMap {
		return fmt.Errorf("matchLabels is no object")
	}
	for key, value := range equal {
		text, isText := value.(string)
		if !isText && value != nil {
			return fmt.Errorf("the label %q is no string", key)
		}
		s.terms = append(s.terms, selectorTerm{key: key, values: []string{text}})
	}
	return nil
}

func parseTerm(item any) (selectorTerm, error) {
	m, _ := item.(map[string]any)
	t := selectorTerm{key: inventory.String(m, "key")}
	if t.key == "" {
		return t, fmt.Errorf("an expression has no key")
	}
	values, err := listIn(m, "values")
	if err != nil {
		return t, err
	}
	for _, v := range values {
		text, isText := v.(string)
		if !isText && v != nil { // null is read as ""
			return t, fmt.Errorf("a value for %q is no string", t.key)
		}
		t.values = append(t.values, text)
	}
	slices.Sort(t.values)
	name := inventory.String(m, "operator")
	i := slices.Index([]string{"In", "NotIn", "Exists", "DoesNotExist"}, name)
	if i < 0 {
		return t, fmt.Errorf("the operator %q on %q is none of In, NotIn, Exists and DoesNotExist", name, t.key)
	}
	t.op = operator(i)
	if hasValues := len(t.values) > 0; hasValues != (t.op == in || t.op == notIn) {
		return t, fmt.Errorf("the operator %s on %q has %d values", name, t.key, len(t.values))
	}
	return t, nil
}

// listIn is a list in a field; nil when the field is absent or null.
func listIn(m map[string]any, field string) ([]any, error) {
	raw := m[field]
	list, isList := raw.([]any)
	if raw != nil && !isList {
		return nil, fmt.Errorf("%s is no list", field)
	}
	return list, nil
}

// Selects says whether a LabelSelector, as an object holds it, selects labels: allowed, denied, or unknown where it cannot
// be read. None at all, or an empty one, selects everything.
func Selects(raw any, have map[string]string) Answer {
	s, _ := parseSelector(raw) // it is broken then
	return [...]Answer{no: Denied, maybe: Unknown, yes: Allowed}[s.matches(labels{values: have})]
}

// matches says whether the selector selects an object with these labels.
func (s selector) matches(l labels) tri {
	if s.broken {
		return maybe
	}
	result := yes
	for _, t := range s.terms {
		result = min(result, t.matches(l))
		if result == no {
			return no
		}
	}
	return result
}

func (t selectorTerm) matches(l labels) tri {
	value, has := l.values[t.key]
	if !has && (l.open || l.template && isGenerated(t.key)) {
		return maybe
	}
	switch t.op {
	case in:
		return triOf(has && slices.Contains(t.values, value))
	case notIn:
		return triOf(!has || !slices.Contains(t.values, value))
	case exists:
		return triOf(has)
	}
	return triOf(!has)
}

// String is the same for equal terms, and for no others.
func (t selectorTerm) String() string {
	var b strings.Builder
	b.WriteString(strconv.Quote(t.key))
	b.WriteByte("=!+-"[t.op])
	for _, v := range t.values {
		b.WriteString(strconv.Quote(v))
	}
	return b.String()
}

// String is the same for selectors that are written alike, up to order.
func (s selector) String() string {
	if s.broken {
		return "?"
	}
	var b strings.Builder
	for _, t := range s.terms {
		b.WriteString(t.String())
		b.WriteByte(';')
	}
	return b.String()
}

// some is a term that only objects with certain values of a label fulfil; ok is false when there is none.
func (s selector) some() (t selectorTerm, ok bool) {
	for _, t := range s.terms {
		if t.op == in {
			return t, true
		}
	}
	return t, false
}
