package network

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation"
)

// parseStrictSelector reads a LabelSelector of a NetworkPolicy, of which the API server also checks that its keys and
// values can be those of labels. Other kinds of policies have no such check.
func parseStrictSelector(raw any) (selector, error) {
	s, err := parseSelector(raw)
	if err != nil {
		return s, err
	}
	for _, t := range s.terms {
		if err := t.check(); err != nil {
			return selector{broken: true}, err
		}
	}
	return s, nil
}

// check says what is wrong with the key and values of a term as those of labels.
func (t selectorTerm) check() error {
	if !isPlainLabel(t.key) && len(validation.IsQualifiedName(t.key)) > 0 {
		return fmt.Errorf("%q is no key of a label", t.key)
	}
	for _, v := range t.values {
		if v != "" && !isPlainLabel(v) {
			return fmt.Errorf("%q, for the key %q, is no value of a label", v, t.key)
		}
	}
	return nil
}

// maxLabel is the longest value of a label, and the longest key without prefix.
const maxLabel = 63

// isPlainLabel says whether a text is a value of a label that is not empty, or a key without prefix.
func isPlainLabel(text string) bool {
	if text == "" || len(text) > maxLabel {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '-' || c == '_' || c == '.':
			if i == 0 || i == len(text)-1 {
				return false
			}
		default:
			return false
		}
	}
	return true
}
