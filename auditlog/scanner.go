package auditlog

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// maxDepth is how deep values may nest, as in encoding/json.
const maxDepth = 10000

// A scanner walks over JSON text (RFC 8259) without building anything. It accepts exactly the texts that encoding/json
// accepts, which the fuzz test holds it to. It exists because a line must be validated in full and only a few fields of
// it are wanted: doing both in one pass is several times faster than the decoders there are.
//
// After the first error every method does nothing; look at failed when done.
type scanner struct {
	data   []byte
	pos    int
	depth  int
	fresh  bool   // just behind an opening brace or bracket
	failed string // what is wrong at pos; "" as long as all is well
}

func (s *scanner) reset(data []byte) { *s = scanner{data: data} }

func (s *scanner) fail(reason string) {
	if s.failed == "" {
		s.failed = reason
	}
}

// peek returns the first byte of the next token, 0 at the end.
func (s *scanner) peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// open enters the object or array that starts here. Then follow next, and key and a value, until next is false.
func (s *scanner) open() {
	s.pos++
	s.depth++
	s.fresh = true
	if s.depth > maxDepth {
		s.fail("nested too deeply")
	}
}

// next moves to the next member of the object or array, or leaves it and returns false.
func (s *scanner) next(closing byte) bool {
	if s.failed != "" {
		return false
	}
	c := s.peek()
	if c == closing {
		s.pos++
		s.depth--
		s.fresh = false
		return false
	}
	if s.fresh {
		s.fresh = false
	} else {
		if c != ',' {
			s.fail(s.ending("no comma or end of the list or object"))
			return false
		}
		s.pos++
		if c = s.peek(); c == closing {
			s.fail("comma without a successor")
			return false
		}
	}
	if c == 0 && s.pos >= len(s.data) {
		s.fail("cut off")
		return false
	}
	return true
}

// ending is the reason, unless the text is at its end: then that is the reason.
func (s *scanner) ending(reason string) string {
	if s.pos >= len(s.data) {
		return "cut off"
	}
	return reason
}

// key reads a key and the colon behind it. The key is as written, with its escapes.
func (s *scanner) key() (raw []byte, plain bool) {
	if s.peek() != '"' {
		s.fail(s.ending("key is no string"))
		return nil, true
	}
	raw, plain = s.text()
	if s.failed == "" && s.peek() != ':' {
		s.fail(s.ending("no colon behind a key"))
	}
	s.pos++
	return raw, plain
}

// value skips a value and returns it as written.
func (s *scanner) value() []byte {
	s.peek()
	start := s.pos
	s.skip()
	if s.failed != "" {
		return nil
	}
	return s.data[start:s.pos]
}

// skip validates a value and moves behind it.
func (s *scanner) skip() {
	if s.failed != "" {
		return
	}
	switch c := s.peek(); c {
	case '{':
		for s.open(); s.next('}'); s.skip() {
			s.key()
		}
	case '[':
		for s.open(); s.next(']'); {
			s.skip()
		}
	case '"':
		s.text()
	case 't':
		s.literal("true")
	case 'f':
		s.literal("false")
	case 'n':
		s.literal("null")
	default:
		s.number()
	}
}

func (s *scanner) literal(word string) {
	end := s.pos + len(word)
	if end > len(s.data) {
		s.fail("cut off")
		return
	}
	if string(s.data[s.pos:end]) != word {
		s.fail("neither a value nor a string")
		return
	}
	s.pos = end
}

func (s *scanner) number() {
	if s.pos < len(s.data) && s.data[s.pos] == '-' {
		s.pos++
	}
	if s.pos < len(s.data) && s.data[s.pos] == '0' {
		s.pos++
	} else {
		s.digits()
	}
	if s.pos < len(s.data) && s.data[s.pos] == '.' {
		s.pos++
		s.digits()
	}
	if s.pos < len(s.data) && (s.data[s.pos] == 'e' || s.data[s.pos] == 'E') {
		s.pos++
		if s.pos < len(s.data) && (s.data[s.pos] == '+' || s.data[s.pos] == '-') {
			s.pos++
		}
		s.digits()
	}
}

// digits reads at least one digit.
func (s *scanner) digits() {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos]-'0' <= 9 {
		s.pos++
	}
	if s.pos == start {
		s.fail(s.ending("neither a value nor a number"))
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

// plainEnd is where the run of plain text that begins at i ends.
func plainEnd(data []byte, i int) int {
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

// text reads the string that starts here and returns what is between the quotes. It is plain when it has neither escapes
// nor anything beyond ASCII.
func (s *scanner) text() (raw []byte, plain bool) {
	data, i := s.data, s.pos+1
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
		s.pos = i
		switch {
		case i >= len(data):
			s.fail("cut off")
			return nil, plain
		case data[i] == '"':
			s.pos++
			return data[start:i], plain && seen&highBits == 0
		case data[i] < ' ':
			s.fail("control character in a string")
			return nil, plain
		}
		plain = false
		if i = s.escape(i); i < 0 {
			return nil, plain
		}
	}
}

// escape returns the position behind the escape at i, -1 if it is none.
func (s *scanner) escape(i int) int {
	if i+1 >= len(s.data) {
		s.fail("cut off")
		return -1
	}
	switch s.data[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		for n := 2; n < 6; n++ {
			if i+n >= len(s.data) {
				s.fail("cut off")
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
	s.fail("invalid escape in a string")
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

// unescape appends what a string means to dst. What is no UTF-8 becomes U+FFFD, byte by byte, as do lone surrogates: that
// is how encoding/json reads it. raw must have been accepted by text.
func unescape(dst, raw []byte) []byte {
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
