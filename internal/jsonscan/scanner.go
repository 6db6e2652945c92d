// Package jsonscan walks over JSON text and validates it in one pass, without building values.
package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// maxDepth is how deep values may nest, as in encoding/json.
const maxDepth = 10000

// A Scanner walks over JSON text (RFC 8259) without building anything. It accepts exactly the texts that encoding/json
// accepts, which the fuzz test holds it to. It exists because a line must be validated in full and only a few fields of
// it are wanted: doing both in one pass is several times faster than the decoders there are.
//
// After the first error every method does nothing; look at Failed when done.
type Scanner struct {
	data   []byte
	Pos    int // where the next token is looked for
	depth  int
	fresh  bool   // just behind an opening brace or bracket
	Failed string // what is wrong at Pos; "" as long as all is well
}

// Reset starts at the beginning of a text.
func (s *Scanner) Reset(data []byte) { *s = Scanner{data: data} }

// Fail notes what is wrong, unless something was before.
func (s *Scanner) Fail(reason string) {
	if s.Failed == "" {
		s.Failed = reason
	}
}

// Peek returns the first byte of the next token, 0 at the end.
func (s *Scanner) Peek() byte {
	for s.Pos < len(s.data) {
		switch c := s.data[s.Pos]; c {
		case ' ', '\t', '\n', '\r':
			s.Pos++
		default:
			return c
		}
	}
	return 0
}

// Open enters the object or array that starts here. Then follow Next, and Key and a value, until Next is false.
func (s *Scanner) Open() {
	s.Pos++
	s.depth++
	s.fresh = true
	if s.depth > maxDepth {
		s.Fail("nested too deeply")
	}
}

// Next moves to the next member of the object or array, or leaves it and returns false.
func (s *Scanner) Next(closing byte) bool {
	if s.Failed != "" {
		return false
	}
	c := s.Peek()
	if c == closing {
		s.Pos++
		s.depth--
		s.fresh = false
		return false
	}
	if s.fresh {
		s.fresh = false
	} else {
		if c != ',' {
			s.Fail(s.ending("no comma or end of the list or object"))
			return false
		}
		s.Pos++
		if c = s.Peek(); c == closing {
			s.Fail("comma without a successor")
			return false
		}
	}
	if c == 0 && s.Pos >= len(s.data) {
		s.Fail("cut off")
		return false
	}
	return true
}

// ending is the reason, unless the text is at its end: then that is the reason.
func (s *Scanner) ending(reason string) string {
	if s.Pos >= len(s.data) {
		return "cut off"
	}
	return reason
}

// Key reads a key and the colon behind it. The key is as written, with its escapes.
func (s *Scanner) Key() (raw []byte, plain bool) {
	if s.Peek() != '"' {
		s.Fail(s.ending("key is no string"))
		return nil, true
	}
	raw, plain = s.Text()
	if s.Failed == "" && s.Peek() != ':' {
		s.Fail(s.ending("no colon behind a key"))
	}
	s.Pos++
	return raw, plain
}

// Value skips a value and returns it as written.
func (s *Scanner) Value() []byte {
	s.Peek()
	start := s.Pos
	s.Skip()
	if s.Failed != "" {
		return nil
	}
	return s.data[start:s.Pos]
}

// Skip validates a value and moves behind it.
func (s *Scanner) Skip() {
	if s.Failed != "" {
		return
	}
	switch c := s.Peek(); c {
	case '{':
		for s.Open(); s.Next('}'); s.Skip() {
			s.Key()
		}
	case '[':
		for s.Open(); s.Next(']'); {
			s.Skip()
		}
	case '"':
		s.Text()
	case 't':
		s.Literal("true")
	case 'f':
		s.Literal("false")
	case 'n':
		s.Literal("null")
	default:
		s.number()
	}
}

// Literal moves behind true, false or null.
func (s *Scanner) Literal(word string) {
	end := s.Pos + len(word)
	if end > len(s.data) {
		s.Fail("cut off")
		return
	}
	if string(s.data[s.Pos:end]) != word {
		s.Fail("neither a value nor a string")
		return
	}
	s.Pos = end
}

func (s *Scanner) number() {
	if s.Pos < len(s.data) && s.data[s.Pos] == '-' {
		s.Pos++
	}
	if s.Pos < len(s.data) && s.data[s.Pos] == '0' {
		s.Pos++
	} else {
		s.digits()
	}
	if s.Pos < len(s.data) && s.data[s.Pos] == '.' {
		s.Pos++
		s.digits()
	}
	if s.Pos < len(s.data) && (s.data[s.Pos] == 'e' || s.data[s.Pos] == 'E') {
		s.Pos++
		if s.Pos < len(s.data) && (s.data[s.Pos] == '+' || s.data[s.Pos] == '-') {
			s.Pos++
		}
		s.digits()
	}
}

// digits reads at least one digit.
func (s *Scanner) digits() {
	start := s.Pos
	for s.Pos < len(s.data) && s.data[s.Pos]-'0' <= 9 {
		s.Pos++
	}
	if s.Pos == start {
		s.Fail(s.ending("neither a value nor a number"))
	}
}

const (
	eachByte = 0x0101010101010101
	highBits = 0x8080808080808080
)

// special has a bit in the lowest byte of eight that ends a run of plain text: a quote, a backslash, a control
// character. Bits in higher bytes mean nothing.
func special(w uint64) uint64 {
	quote := w ^ ('"' * eachByte)
	slash := w ^ ('\\' * eachByte)
	return ((quote-eachByte)&^quote | (slash-eachByte)&^slash | (w-' '*eachByte)&^w) & highBits
}

// PlainEnd is where the run of plain text that begins at i ends.
func PlainEnd(data []byte, i int) int {
	for i+8 <= len(data) {
		if m := special(binary.LittleEndian.Uint64(data[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		i += 8
	}
	for i < len(data) && data[i] >= ' ' && data[i] != '"' && data[i] != '\\' {
		i++
	}
	return i
}

// Text reads the string that starts here and returns what is between the quotes. It is plain when it has neither escapes
// nor anything beyond ASCII.
func (s *Scanner) Text() (raw []byte, plain bool) {
	data, i := s.data, s.Pos+1
	start := i
	var seen uint64
	plain = true
	for {
		for i+8 <= len(data) {
			w := binary.LittleEndian.Uint64(data[i:])
			if m := special(w); m != 0 {
				n := bits.TrailingZeros64(m) &^ 7
				seen |= w & (1<<n - 1)
				i += n >> 3
				break
			}
			seen |= w
			i += 8
		}
		for i < len(data) && data[i] >= ' ' && data[i] != '"' && data[i] != '\\' {
			seen |= uint64(data[i])
			i++
		}
		s.Pos = i
		switch {
		case i >= len(data):
			s.Fail("cut off")
			return nil, plain
		case data[i] == '"':
			s.Pos++
			return data[start:i], plain && seen&highBits == 0
		case data[i] < ' ':
			s.Fail("control character in a string")
			return nil, plain
		}
		plain = false
		if i = s.escape(i); i < 0 {
			return nil, plain
		}
	}
}

// escape returns the position behind the escape at i, -1 if it is none.
func (s *Scanner) escape(i int) int {
	if i+1 >= len(s.data) {
		s.Fail("cut off")
		return -1
	}
	switch s.data[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		for n := 2; n < 6; n++ {
			if i+n >= len(s.data) {
				s.Fail("cut off")
				return -1
			}
			if _, ok := hexDigit(s.data[i+n]); !ok {
				break
			}
			if n == 5 {
				return i + 6
			}
		}
	}
	s.Fail("invalid escape in a string")
	return -1
}

func hexDigit(c byte) (rune, bool) {
	switch {
	case c-'0' <= 9:
		return rune(c - '0'), true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return rune(c|0x20-'a') + 10, true
	}
	return 0, false
}

// Unescape appends what a string means to dst. What is no UTF-8 becomes U+FFFD, byte by byte, as do lone surrogates: that
// is how encoding/json reads it. raw must have been accepted by Text.
func Unescape(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		c := raw[i]
		switch {
		case c != '\\' && c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		case c != '\\':
			r, size := utf8.DecodeRune(raw[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
		case raw[i+1] == 'u':
			r, size := unicodeEscape(raw[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
		default:
			dst = append(dst, simpleEscape(raw[i+1]))
			i += 2
		}
	}
	return dst
}

func simpleEscape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// unicodeEscape reads \uXXXX, or a pair of them that makes one character.
func unicodeEscape(raw []byte) (rune, int) {
	r := fourDigits(raw)
	if r < 0xD800 || r > 0xDFFF {
		return r, 6
	}
	if r < 0xDC00 && len(raw) >= 12 && raw[6] == '\\' && raw[7] == 'u' {
		if low := fourDigits(raw[6:]); low >= 0xDC00 && low <= 0xDFFF {
			return (r-0xD800)<<10 + (low - 0xDC00) + 0x10000, 12
		}
	}
	return utf8.RuneError, 6
}

func fourDigits(raw []byte) rune {
	var r rune
	for _, c := range raw[2:6] {
		d, _ := hexDigit(c)
		r = r<<4 | d
	}
	return r
}

// Check validates the JSON values of a text, one behind the other. It returns what is wrong, "" if all is well.
func Check(text []byte) string {
	var s Scanner
	s.Reset(text)
	for s.Failed == "" && s.Peek() != 0 {
		s.Skip()
	}
	return s.Failed
}
