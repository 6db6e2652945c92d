package identity

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
)

// An ldifReader reads the lines of an LDIF file (RFC 2849): folded ones are joined, comments left out.
type ldifReader struct {
	in   *bufio.Reader
	line int                         // of the last line that was read
	keep func(attribute string) bool // values of other attributes are dropped unseen
}

// An ldifLine is one attribute and its value, or a blank line, which ends an entry.
type ldifLine struct {
	line      int
	blank     bool
	attribute string   // lower case, without options
	options   []string // lower case: "range=0-1499"
	value     string   // decoded
	url       bool     // the value is at a URL, which is not opened
}

// read returns the next line; io.EOF at the end.
func (r *ldifReader) read() (ldifLine, error) {
	for {
		text, line, cut, err := r.logical()
		if err != nil {
			return ldifLine{}, err
		}
		if len(text) == 0 {
			return ldifLine{line: line, blank: true}, nil
		}
		if text[0] == '#' {
			continue
		}
		return r.parse(text, line, cut)
	}
}

// logical returns a line with the lines that continue it. Of a line that is too long only the start is kept.
func (r *ldifReader) logical() (text []byte, line int, cut bool, err error) {
	if text, cut, err = r.physical(nil); err != nil {
		return nil, 0, false, err
	}
	line = r.line
	for len(text) > 0 {
		if start, _ := r.in.Peek(1); len(start) == 0 || start[0] != ' ' {
			break // an error comes back with the next read
		}
		_, _ = r.in.Discard(1) // the space that was just seen
		var long bool
		if text, long, err = r.physical(text); err != nil && !errors.Is(err, io.EOF) {
			return nil, 0, false, err
		}
		cut = cut || long
	}
	return text, line, cut, nil
}

// physical appends one line of the file to text, up to maxLine bytes in all.
func (r *ldifReader) physical(text []byte) (joined []byte, cut bool, err error) {
	r.line++
	some := false
	for {
		part, err := r.in.ReadSlice('\n')
		some = some || len(part) > 0
		ended := err == nil
		if ended {
			part = bytes.TrimSuffix(part[:len(part)-1], []byte("\r"))
		}
		if room := maxLine - len(text); len(part) > room {
			part, cut = part[:room], true
		}
		text = append(text, part...)
		switch {
		case ended, errors.Is(err, io.EOF) && some:
			return text, cut, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return text, cut, err
		}
	}
}

// parse takes a line apart. Messages quote the attribute at most, never a value.
func (r *ldifReader) parse(text []byte, line int, cut bool) (ldifLine, error) {
	if string(text) == "-" { // between the parts of a change record
		return ldifLine{line: line, attribute: "-"}, nil
	}
	name, value, ok := bytes.Cut(text, []byte(":"))
	l := ldifLine{line: line}
	description := strings.Split(strings.ToLower(string(name[:min(len(name), maxName)])), ";")
	l.attribute, l.options = strings.TrimSpace(description[0]), description[1:]
	if !ok || l.attribute == "" || len(name) > maxName {
		return l, fmt.Errorf("line %d: it has no attribute and colon", line)
	}
	switch {
	case !r.keep(l.attribute): // passwords, photographs and the rest are not looked at
	case cut:
		return l, fmt.Errorf("line %d: the value of %s is longer than %d MiB", line, quote(l.attribute), maxLine>>20)
	case bytes.HasPrefix(value, []byte("<")):
		l.url = true
	case bytes.HasPrefix(value, []byte(":")):
		decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(value[1:])))
		if err != nil {
			return l, fmt.Errorf("line %d: the value of %s is not base64", line, quote(l.attribute))
		}
		l.value = string(decoded)
	default:
		l.value = string(bytes.TrimLeft(value, " "))
	}
	return l, nil
}
