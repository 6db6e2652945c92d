package jsonshape

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"strconv"
)

// value builds the value at a position and returns the position after it.
func (d *Decoder) value(at int) (any, int, error) {
	if at >= len(d.text) {
		return nil, 0, errEnd
	}
	switch d.text[at] {
	case '"':
		return d.string(at)
	case '{', '[':
		return d.container(at)
	case 't':
		return d.word(at, "true", true)
	case 'f':
		return d.word(at, "false", false)
	case 'n':
		return d.word(at, "null", nil)
	}
	return d.number(at)
}

func (d *Decoder) word(at int, word string, value any) (any, int, error) {
	end := at + len(word)
	if end > len(d.text) || string(d.text[at:end]) != word {
		return nil, 0, d.unexpected(at, "where a value should be")
	}
	return value, end, nil
}

// container builds a map or list, or finds one with the same text.
func (d *Decoder) container(at int) (value any, end int, err error) {
	if d.depth++; d.depth > maxDepth {
		return nil, 0, errDepth
	}
	f := d.frames[d.next]
	var slot *part
	// The value itself, which the frame at 0 belongs to, stays the caller's own.
	if d.next > 0 && d.depth <= shareDepth {
		own := d.text[at:f.end]
		slot = &d.parts[maphash.Bytes(d.seed, own)%partSlots]
		if bytes.Equal(d.text[slot.start:slot.end], own) {
			d.next = int(f.next)
			d.depth--
			return slot.value, int(f.end), nil
		}
	}
	d.next++
	if d.text[at] == '{' {
		value, end, err = d.object(at+1, int(f.commas)+1)
	} else {
		value, end, err = d.list(at+1, int(f.commas)+1)
	}
	d.depth--
	if err == nil && slot != nil {
		*slot = part{int32(at), int32(end), value}
	}
	return value, end, err
}

// object builds a map of about size fields; at is after the opening bracket.
func (d *Decoder) object(at, size int) (any, int, error) {
	m := make(map[string]any, min(size, maxPresize))
	at = d.space(at)
	if at < len(d.text) && d.text[at] == '}' {
		return m, at + 1, nil
	}
	for {
		if at >= len(d.text) || d.text[at] != '"' {
			return nil, 0, d.unexpected(at, "where a name should be")
		}
		name, end, err := d.string(at)
		if err != nil {
			return nil, 0, err
		}
		if at = d.space(end); at >= len(d.text) || d.text[at] != ':' {
			return nil, 0, d.unexpected(at, "after a name")
		}
		value, end, err := d.value(d.space(at + 1))
		if err != nil {
			return nil, 0, err
		}
		m[name.(string)] = value
		if at = d.space(end); at >= len(d.text) || d.text[at] != ',' {
			if at >= len(d.text) || d.text[at] != '}' {
				return nil, 0, d.unexpected(at, "after a field")
			}
			return m, at + 1, nil
		}
		at = d.space(at + 1)
	}
}

// list builds a list of about size items; at is after the opening bracket.
func (d *Decoder) list(at, size int) (any, int, error) {
	at = d.space(at)
	if at < len(d.text) && d.text[at] == ']' {
		return []any{}, at + 1, nil
	}
	items := make([]any, 0, size)
	for {
		value, end, err := d.value(at)
		if err != nil {
			return nil, 0, err
		}
		items = append(items, value)
		if at = d.space(end); at >= len(d.text) || d.text[at] != ',' {
			if at >= len(d.text) || d.text[at] != ']' {
				return nil, 0, d.unexpected(at, "after an item")
			}
			return items, at + 1, nil
		}
		at = d.space(at + 1)
	}
}

// number reads a number, an integer where it is written as one and fits.
func (d *Decoder) number(at int) (any, int, error) {
	end, whole, ok := scanNumber(d.text, at)
	if !ok {
		return nil, 0, d.unexpected(end, "where a value should be")
	}
	text := string(d.text[at:end])
	if whole {
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return i, end, nil
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, 0, fmt.Errorf("the number at byte %d is too large", at)
	}
	return f, end, nil
}

// scanNumber finds the end of a number; whole says that it has neither fraction nor exponent. When it is no number, end
// is where it stops being one.
func scanNumber(text []byte, at int) (end int, whole, ok bool) {
	if at < len(text) && text[at] == '-' {
		at++
	}
	first := at
	if at = digits(text, at); at == first {
		return at, false, false
	}
	if text[first] == '0' {
		at = first + 1 // a zero stands alone; what follows is no part of the number
	}
	whole = true
	if at < len(text) && text[at] == '.' {
		whole = false
		first = at + 1
		if at = digits(text, first); at == first {
			return at, false, false
		}
	}
	if at < len(text) && (text[at] == 'e' || text[at] == 'E') {
		whole = false
		if at++; at < len(text) && (text[at] == '+' || text[at] == '-') {
			at++
		}
		first = at
		if at = digits(text, first); at == first {
			return at, false, false
		}
	}
	return at, whole, true
}

// digits returns the position after the digits at a position.
func digits(text []byte, at int) int {
	for at < len(text) && text[at]-'0' <= 9 {
		at++
	}
	return at
}
