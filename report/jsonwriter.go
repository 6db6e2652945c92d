package report

import (
	"encoding/json"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
)

// flushAt is how much a jsonWriter gathers before it writes.
const flushAt = 64 << 10

// A jsonWriter appends JSON to a buffer and hands it on in large pieces. Reports hold references by the hundred
// thousand, which is why the bulk of a report is written by hand instead of by reflection. The first error sticks.
type jsonWriter struct {
	w     io.Writer
	buf   []byte
	err   error
	html  bool                        // also escape what ends a script element
	refs  *refTable                   // when set, objects are written as their index in it
	fresh func(*finding.Finding) bool // when set, findings that it picks are marked as new
}

// A refTable numbers objects in the order in which they are first asked for.
type refTable struct {
	index map[finding.Ref]int
	refs  []finding.Ref
}

func (t *refTable) of(r finding.Ref) int {
	i, ok := t.index[r]
	if !ok {
		i = len(t.refs)
		t.index[r] = i
		t.refs = append(t.refs, r)
	}
	return i
}

func (j *jsonWriter) raw(s string) { j.buf = append(j.buf, s...) }

// str writes a JSON string.
func (j *jsonWriter) str(s string) { j.buf = appendString(j.buf, s, j.html) }

// field writes `"name":"value",`-style members: a comma first unless it opens the object.
func (j *jsonWriter) field(first bool, name, value string) {
	j.name(first, name)
	j.str(value)
}

// name writes the name of a member and its colon. Names are ours and need no escapes.
func (j *jsonWriter) name(first bool, name string) {
	if !first {
		j.buf = append(j.buf, ',')
	}
	j.buf = append(j.buf, '"')
	j.buf = append(j.buf, name...)
	j.buf = append(j.buf, '"', ':')
}

func (j *jsonWriter) integer(n int) { j.buf = strconv.AppendInt(j.buf, int64(n), 10) }

// value writes anything by reflection; for the small parts.
func (j *jsonWriter) value(v any) {
	text, err := json.Marshal(v)
	if err != nil {
		j.fail(err)
		return
	}
	j.buf = appendSafe(j.buf, text, j.html)
}

// flush hands the buffer on when it is full.
func (j *jsonWriter) flush() {
	if len(j.buf) >= flushAt {
		_ = j.close() // the error stays, and close returns it in the end
	}
}

// close hands everything on and returns the first error.
func (j *jsonWriter) close() error {
	if j.err == nil && len(j.buf) > 0 {
		_, err := j.w.Write(j.buf)
		j.fail(err)
	}
	j.buf = j.buf[:0]
	return j.err
}

func (j *jsonWriter) fail(err error) {
	if j.err == nil {
		j.err = err
	}
}

// list writes an array with one item a line, which keeps reports easy to search and to compare.
func list[T any](j *jsonWriter, items []T, indent string, write func(*T)) {
	if len(items) == 0 {
		j.raw("[]")
		return
	}
	j.raw("[\n")
	for i := range items {
		if i > 0 {
			j.raw(",\n")
		}
		j.raw(indent)
		write(&items[i])
		j.flush()
	}
	j.raw("]")
}

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string. Control characters of every kind are escaped, so that a report is safe to
// show in a terminal.
func appendString(dst []byte, s string, html bool) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= 0x20 && c != '"' && c != '\\' && c != 0x7f && !(html && (c == '<' || c == '>' || c == '&')) {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			dst = appendEscape(dst, c)
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError: // also for a broken byte
			dst = append(append(dst, s[start:i]...), "\uFFFD"...)
			start = i + size
		case display.Invisible(r):
			dst = appendUnicode(append(dst, s[start:i]...), r)
			start = i + size
		}
		i += size
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\t':
		return append(dst, '\\', 't')
	case '\r':
		return append(dst, '\\', 'r')
	}
	return appendUnicode(dst, rune(c))
}

// appendUnicode appends \uXXXX. All runes that need it lie below 0x10000.
func appendUnicode(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// appendSafe copies JSON that encoding/json made and escapes what that leaves alone. Such runes occur in strings only.
func appendSafe(dst, text []byte, html bool) []byte {
	for i := 0; i < len(text); {
		c := text[i]
		if c == '\\' && i+6 <= len(text) {
			if plain, ok := unescaped[string(text[i:i+6])]; ok && !(html && len(plain) == 1) {
				dst = append(dst, plain...)
				i += 6
				continue
			}
			dst = append(dst, c, text[i+1]) // an escaped backslash must not start another escape
			i += 2
			continue
		}
		if c < utf8.RuneSelf && c != 0x7f {
			dst = append(dst, c)
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if display.Invisible(r) {
			dst = appendUnicode(dst, r)
		} else {
			dst = append(dst, text[i:i+size]...)
		}
		i += size
	}
	return dst
}

// unescaped are the escapes that encoding/json makes for HTML's sake only, and for broken bytes.
var unescaped = map[string]string{`\u003c`: "<", `\u003e`: ">", `\u0026`: "&", `\ufffd`: "\uFFFD"}
