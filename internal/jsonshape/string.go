package jsonshape

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// Strings remembers strings that came before, in the form in which they stand in shapes. Each string has one place, and
// the last one stays: what is common comes often, and what is rare pushes out little.
type strings []any

const (
	stringSlots = 1 << 13
	// maxKnown is how long remembered strings are: longer ones rarely repeat.
	maxKnown = 96
)

func newStrings() strings {
	s := make(strings, stringSlots)
	for i := range s {
		s[i] = ""
	}
	return s
}

// get returns a string with these bytes.
func (s strings) get(text []byte) any {
	if len(text) == 0 || len(text) > maxKnown {
		return string(text)
	}
	slot := &s[hash(text)%stringSlots]
	if known := (*slot).(string); known == string(text) {
		return *slot
	}
	*slot = string(text)
	return *slot
}

// hash is a quick hash. It decides only which strings push each other out.
func hash(text []byte) uint64 {
	const odd = 0x9e3779b97f4a7c15
	h := uint64(len(text))
	for len(text) >= 8 {
		h = (bits.RotateLeft64(h, 5) ^ word(text)) * odd
		text = text[8:]
	}
	for _, c := range text {
		h = (bits.RotateLeft64(h, 5) ^ uint64(c)) * odd
	}
	return h >> 32
}

func word(text []byte) uint64 {
	_ = text[7]
	return uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
		uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
}

// string reads the string whose opening quote is at a position.
func (d *Decoder) string(at int) (any, int, error) {
	first := at + 1
	plain := true
	for at = first; at < len(d.text); at++ {
		switch c := d.text[at]; {
		case c == '"':
			text := d.text[first:at]
			if plain || utf8.Valid(text) {
				return d.known.get(text), at + 1, nil
			}
			return d.unquote(first - 1)
		case c == '\\':
			return d.unquote(first - 1)
		case c < ' ':
			return nil, 0, fmt.Errorf("this is no JSON: control character %#02x in a string", c)
		case c >= utf8.RuneSelf:
			plain = false
		}
	}
	return nil, 0, errEnd
}

// unquote reads a string with escapes or broken characters, as the library does.
func (d *Decoder) unquote(at int) (any, int, error) {
	end := skipString(d.text, at+1)
	if end < 0 {
		return nil, 0, errEnd
	}
	var text string
	if err := json.Unmarshal(d.text[at:end], &text); err != nil {
		return nil, 0, fmt.Errorf("this is no JSON: %w", err)
	}
	return text, end, nil
}
