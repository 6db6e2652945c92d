package manifest

import (
	"bytes"
	"iter"
)

// A chunk is a part of a file that is parsed on its own.
type chunk struct {
	data []byte
	line int // lines of the file before it
}

// maxSeparators bounds the values in one document: the YAML parser takes some 250 bytes for each, and every value is
// preceded by at least one separator. No object of a cluster comes near; a large List is read in parts.
const maxSeparators = 500_000

// separators counts the bytes that can start a YAML value.
func separators(data []byte) int {
	n := 0
	for _, c := range []byte("\n,:-[{?") {
		n += bytes.Count(data, []byte{c})
	}
	return n
}

// split cuts a file at its "---" lines, so that one broken document does not hide the others. YAML takes "---" at the
// start of a line for a document marker everywhere, even in quotes and block scalars, so cutting there is safe.
// Files with directives ("%YAML 1.1") stay whole, since these belong to the document after them.
func split(data []byte) iter.Seq[chunk] {
	return func(yield func(chunk) bool) { splitInto(data, yield) }
}

func splitInto(data []byte, yield func(chunk) bool) {
	if bytes.HasPrefix(data, []byte("%")) || bytes.Contains(data, []byte("\n%")) {
		yield(chunk{data: data})
		return
	}
	line := 0
	for len(data) > 0 {
		end := nextMarker(data)
		if c := data[:end]; hasContent(c) && !yield(chunk{data: c, line: line}) {
			return
		}
		line += bytes.Count(data[:end], []byte{'\n'})
		data = data[end:]
	}
}

// nextMarker finds the next line after the first that starts with "---" as a word.
func nextMarker(data []byte) int {
	for at := 0; ; {
		i := bytes.Index(data[at:], []byte("\n---"))
		if i < 0 {
			return len(data)
		}
		at += i + 1
		if rest := data[at+3:]; len(rest) == 0 || bytes.IndexByte([]byte(" \t\r\n"), rest[0]) >= 0 {
			return at
		}
	}
}

// hasContent says whether c holds more than comments, markers and blank lines.
func hasContent(c []byte) bool {
	for line := range bytes.Lines(c) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' && !bytes.Equal(line, []byte("---")) && !bytes.Equal(line, []byte("...")) {
			return true
		}
	}
	return false
}
