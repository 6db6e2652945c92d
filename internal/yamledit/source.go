package yamledit

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// A source is the text of some documents, with the offsets of its lines.
type source struct {
	text  []byte
	lines []int // where each line starts
	nl    string
}

func newSource(text []byte) *source {
	s := &source{text: text, lines: []int{0}, nl: "\n"}
	for i := 0; i < len(text); i++ {
		if n := lineBreak(text[i:]); n > 0 {
			i += n - 1
			s.lines = append(s.lines, i+1)
		}
	}
	if i := bytes.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		s.nl = "\r\n"
	}
	return s
}

// lineBreak is the length of the line break at the start of text, as YAML 1.1 has it; 0 when there is none.
func lineBreak(text []byte) int {
	switch {
	case text[0] == '\n':
		return 1
	case text[0] == '\r':
		if len(text) > 1 && text[1] == '\n' {
			return 2
		}
		return 1
	case bytes.HasPrefix(text, []byte("\u0085")):
		return 2
	case bytes.HasPrefix(text, []byte("\u2028")), bytes.HasPrefix(text, []byte("\u2029")):
		return 3
	}
	return 0
}

// start is the offset of a node, before its anchor and tag.
func (s *source) start(n *yaml.Node) int {
	if n.Line < 1 || n.Line > len(s.lines) {
		return len(s.text)
	}
	at := s.lines[n.Line-1]
	for c := 1; c < n.Column && at < len(s.text); c++ {
		_, size := utf8.DecodeRune(s.text[at:])
		at += size
	}
	return at
}

// content is the offset of a node's own text, after an anchor.
func (s *source) content(n *yaml.Node) (int, error) {
	at := s.start(n)
	if n.Style&yaml.TaggedStyle != 0 {
		return 0, fmt.Errorf("line %d carries a tag", n.Line)
	}
	if n.Anchor != "" && n.Kind != yaml.AliasNode {
		at += len(n.Anchor) + 1
		at = s.skipSpace(at)
	}
	return at, nil
}

// skipSpace goes over blanks, line breaks and comments.
func (s *source) skipSpace(at int) int {
	for at < len(s.text) {
		switch c := s.text[at]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			at++
		case c == '#':
			at = s.lineEnd(at)
		default:
			return at
		}
	}
	return at
}

func (s *source) line(at int) int {
	low, high := 0, len(s.lines)
	for high-low > 1 {
		if mid := (low + high) / 2; s.lines[mid] <= at {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

func (s *source) lineStart(at int) int { return s.lines[s.line(at)] }

// lineEnd is the offset after the line break of the line that holds at.
func (s *source) lineEnd(at int) int {
	if i := s.line(at); i+1 < len(s.lines) {
		return s.lines[i+1]
	}
	return len(s.text)
}

// startsLine says whether only spaces stand before at on its line.
func (s *source) startsLine(at int) bool {
	return len(bytes.TrimLeft(s.text[s.lineStart(at):at], " ")) == 0
}

// column counts the characters before at on its line.
func (s *source) column(at int) int { return utf8.RuneCount(s.text[s.lineStart(at):at]) }

var errShape = errors.New("the text is written in a way that is not edited")

// end is the offset after a node's text. limit is where the next node starts, indent the column of the key or dash.
func (s *source) end(n *yaml.Node, limit, indent int, flow bool) (int, error) {
	if n.Kind == yaml.AliasNode {
		at := s.start(n) + 1 + len(n.Value)
		return min(at, len(s.text)), nil
	}
	at, err := s.content(n)
	if err != nil {
		return 0, err
	}
	switch {
	case n.Kind == yaml.ScalarNode:
		return s.scalarEnd(n, at, limit, indent, flow)
	case n.Style&yaml.FlowStyle != 0:
		return s.flowEnd(n, at, limit, indent)
	}
	units, err := s.units(n, limit)
	if err != nil {
		return 0, err
	}
	return s.unitEnd(n, units, len(units)-1, limit)
}

func (s *source) scalarEnd(n *yaml.Node, at, limit, indent int, flow bool) (int, error) {
	if isEmpty(n) {
		if n.Anchor != "" {
			return s.start(n) + len(n.Anchor) + 1, nil
		}
		return at, nil
	}
	if at >= len(s.text) {
		return 0, errShape
	}
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		for i := at + 1; i < len(s.text); i++ {
			switch s.text[i] {
			case '\\':
				i++
			case '"':
				return i + 1, nil
			}
		}
		return 0, errShape
	case n.Style&yaml.SingleQuotedStyle != 0:
		for i := at + 1; i < len(s.text); i++ {
			if s.text[i] != '\'' {
				continue
			}
			if i+1 < len(s.text) && s.text[i+1] == '\'' {
				i++
				continue
			}
			return i + 1, nil
		}
		return 0, errShape
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return s.blockScalarEnd(at, limit, indent), nil
	case flow:
		return s.flowPlainEnd(at), nil
	}
	return s.plainEnd(at, limit), nil
}

// isEmpty says that nothing is written for a value.
func isEmpty(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Value == "" && n.Style&^yaml.TaggedStyle == 0
}

// flowEnd finds the closing bracket, which follows the last child.
func (s *source) flowEnd(n *yaml.Node, at, limit, indent int) (int, error) {
	if at >= len(s.text) || s.text[at] != '{' && s.text[at] != '[' {
		return 0, errShape
	}
	closer := byte('}')
	if s.text[at] == '[' {
		closer = ']'
	}
	at++
	if len(n.Content) > 0 {
		last := n.Content[len(n.Content)-1]
		var err error
		if at, err = s.end(last, limit, indent, true); err != nil {
			return 0, err
		}
	}
	at = s.skipSpace(at)
	if at < len(s.text) && s.text[at] == ':' { // a key without a value
		at = s.skipSpace(at + 1)
	}
	if at < len(s.text) && s.text[at] == ',' {
		at = s.skipSpace(at + 1)
	}
	if at >= len(s.text) || s.text[at] != closer {
		return 0, errShape
	}
	return at + 1, nil
}

func (s *source) flowPlainEnd(at int) int {
	end := at
	for i := at; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case bytes.IndexByte([]byte(",[]{}"), c) >= 0:
			return end
		case c == ':' && (i+1 == len(s.text) || bytes.IndexByte([]byte(" \t\r\n,[]{}"), s.text[i+1]) >= 0):
			return end
		case c == '#' && i > 0 && bytes.IndexByte([]byte(" \t\r\n"), s.text[i-1]) >= 0:
			return end
		case bytes.IndexByte([]byte(" \t\r\n"), c) < 0:
			end = i + 1
		}
	}
	return end
}

// plainEnd goes over the lines of a plain scalar in block style.
func (s *source) plainEnd(at, limit int) int {
	end := at
	for line := s.line(at); line < s.limitLine(at, limit); line++ {
		from := max(at, s.lines[line])
		text := s.text[from:s.lineEnd(from)]
		trimmed := bytes.TrimSpace(text)
		if line > s.line(at) && (isComment(trimmed) || isMarker(text)) {
			break
		}
		cut, commented := text, false
		for i := 1; i < len(text); i++ {
			if text[i] == '#' && (text[i-1] == ' ' || text[i-1] == '\t') {
				cut, commented = text[:i], true
				break
			}
		}
		if kept := bytes.TrimRight(cut, " \t\r\n"); len(bytes.TrimSpace(kept)) > 0 {
			end = from + len(kept)
		}
		if commented {
			break
		}
	}
	return end
}

// limitLine is the line that what starts at at does not reach, since the node at limit does so.
func (s *source) limitLine(at, limit int) int {
	if limit >= len(s.text) {
		return len(s.lines)
	}
	return max(s.line(limit), s.line(at)+1)
}

func isComment(trimmed []byte) bool { return len(trimmed) > 0 && trimmed[0] == '#' }

// isMarker says that a line starts with "---" or "..." as a word.
func isMarker(line []byte) bool {
	if !bytes.HasPrefix(line, []byte("---")) && !bytes.HasPrefix(line, []byte("...")) {
		return false
	}
	return len(line) == 3 || bytes.IndexByte([]byte(" \t\r\n"), line[3]) >= 0
}

// blockScalarEnd goes over the lines of a literal or folded scalar whose header is at.
func (s *source) blockScalarEnd(at, limit, indent int) int {
	header := s.text[at:s.lineEnd(at)]
	keep, need := false, -1
	for _, c := range header[1:min(3, len(header))] {
		switch {
		case c == '+':
			keep = true
		case c >= '1' && c <= '9':
			need = indent + int(c-'0')
		}
	}
	end := at + len(bytes.TrimRight(header, "\r\n"))
	for line := s.line(at) + 1; line < s.limitLine(at, limit); line++ {
		text := s.text[s.lines[line]:s.lineEnd(s.lines[line])]
		body := bytes.TrimRight(text, "\r\n")
		spaces := len(body) - len(bytes.TrimLeft(body, " "))
		if isMarker(text) || spaces < len(body) && need >= 0 && spaces < need {
			break
		}
		if spaces < len(body) && need < 0 {
			if spaces <= indent && indent >= 0 && isComment(body[spaces:]) {
				break
			}
			need = spaces
		}
		if spaces < len(body) || keep {
			end = s.lines[line] + len(body)
		}
	}
	return end
}
