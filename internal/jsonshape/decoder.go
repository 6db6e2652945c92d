// Package jsonshape decodes JSON into the plain shapes of Kubernetes objects (map[string]any, []any, string, int64,
// float64, bool, nil), several times faster than encoding/json, and keeps one copy of equal parts.
//
// What it accepts and what it makes of it is what k8s.io/apimachinery/pkg/util/json does: whole numbers without a
// fraction or exponent that fit are int64, all others float64, and too large ones an error; of a repeated name the last
// value counts; broken UTF-8 becomes U+FFFD; values nest 10,000 deep at most. A fuzz test holds it to that.
//
// Objects repeat themselves: the same labels, probes, rules and subjects come thousands of times in one text. Decoding
// therefore has two passes. The first only pairs the brackets. The second builds the values, and where a map or list has
// the same bytes as one before it in the text, it takes that one instead of building another. So equal parts of what a
// Decoder gives are one part, and nobody may write to them.
package jsonshape

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
)

const (
	// maxDepth is how deep values may nest, as in encoding/json.
	maxDepth = 10_000
	// shareDepth is how deep parts are shared. Every level costs another look at the bytes, so it bounds the work.
	shareDepth = 16
	// maxPresize bounds the room that a map gets before it is filled: names may repeat.
	maxPresize = 64
	// maxText is what positions can hold.
	maxText = 1<<31 - 1
)

// A Decoder decodes values of a text. It is not safe for concurrent use; values of several decoders are. It keeps about
// a MiB.
type Decoder struct {
	text  []byte
	seed  maphash.Seed
	parts []part
	known strings

	// Of the value that is being decoded:
	frames []frame
	open   []int32
	next   int // index of the frame of the next bracket
	depth  int
}

// A frame is what the first pass knows of a map or list.
type frame struct {
	end    int32 // position after the closing bracket
	next   int32 // index of the first frame after it
	commas int32 // directly within it
}

// A part is a map or list that was decoded from text[start:end].
type part struct {
	start, end int32
	value      any
}

// partSlots is how many parts are remembered; each has one place, and the last one stays.
const partSlots = 1 << 15

// NewDecoder makes a Decoder without a text.
func NewDecoder() *Decoder {
	return &Decoder{seed: maphash.MakeSeed(), parts: make([]part, partSlots), known: newStrings()}
}

// Reset starts another text, which must not change until the next Reset. Values do not refer to it. Parts are shared
// within one text only.
func (d *Decoder) Reset(text []byte) error {
	if len(text) > maxText {
		return fmt.Errorf("%d bytes of JSON are too many", len(text))
	}
	d.text = text
	clear(d.parts)
	return nil
}

// Value decodes the value whose first byte is at a position of the text, and returns the position after its last byte.
// Depth says in how many maps and lists the text around the value has put it already.
func (d *Decoder) Value(at, depth int) (value any, end int, err error) {
	if err := d.pair(at); err != nil {
		return nil, 0, err
	}
	d.next, d.depth = 0, depth
	return d.value(at)
}

// Decode decodes a whole text, which may have white space around its one value.
func (d *Decoder) Decode(text []byte) (any, error) {
	if err := d.Reset(text); err != nil {
		return nil, err
	}
	value, end, err := d.Value(d.space(0), 0)
	if err != nil {
		return nil, err
	}
	if end = d.space(end); end < len(text) {
		return nil, d.unexpected(end, "after the value")
	}
	return value, nil
}

// pair is the first pass: it pairs the brackets of the value at a position, and checks nothing else.
func (d *Decoder) pair(at int) error {
	d.frames, d.open = d.frames[:0], d.open[:0]
	text := d.text
	if at >= len(text) || text[at] != '{' && text[at] != '[' {
		return nil
	}
	for at < len(text) {
		switch text[at] {
		case '"':
			if at = skipString(text, at+1); at < 0 {
				return errEnd
			}
			continue
		case '{', '[':
			if len(d.open) == maxDepth {
				return errDepth
			}
			d.open = append(d.open, int32(len(d.frames)))
			d.frames = append(d.frames, frame{})
		case ',':
			d.frames[d.open[len(d.open)-1]].commas++
		case '}', ']':
			last := len(d.open) - 1
			f := &d.frames[d.open[last]]
			f.end, f.next = int32(at+1), int32(len(d.frames))
			if d.open = d.open[:last]; last == 0 {
				return nil
			}
		}
		at++
	}
	return errEnd
}

// skipString returns the position after the quote that ends the string whose text starts at a position, or -1.
func skipString(text []byte, at int) int {
	for {
		n := bytes.IndexByte(text[at:], '"')
		if n < 0 {
			return -1
		}
		at += n + 1
		if text[at-2] != '\\' {
			return at
		}
		// The quote is escaped when an odd number of backslashes stands before it. The string's own first quote ends them.
		slashes := 1
		for text[at-2-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return at
		}
	}
}

var (
	errEnd   = errors.New("the JSON ends too early")
	errDepth = fmt.Errorf("values nest more than %d deep", maxDepth)
)

func (d *Decoder) unexpected(at int, where string) error {
	if at >= len(d.text) {
		return errEnd
	}
	return fmt.Errorf("this is no JSON: unexpected %q %s", d.text[at], where)
}

// space returns the position of the next byte that is no white space.
func (d *Decoder) space(at int) int {
	for at < len(d.text) {
		switch d.text[at] {
		case ' ', '\t', '\r', '\n':
			at++
		default:
			return at
		}
	}
	return at
}
