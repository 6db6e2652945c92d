package yamledit

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// A unit is one entry of a map or one item of a list.
type unit struct {
	key, value *yaml.Node // key is nil for items
	start      int        // of the key or dash, in flow style of the item
	valueAt    int        // after the colon or dash, where a value that is missing would stand
}

// units finds the entries of a map or the items of a list.
func (s *source) units(n *yaml.Node, limit int) ([]unit, error) {
	flow := n.Style&yaml.FlowStyle != 0
	if n.Kind == yaml.SequenceNode {
		return s.items(n, flow)
	}
	var out []unit
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		start := s.start(k)
		if k.Kind != yaml.ScalarNode || k.Anchor != "" || start >= len(s.text) || start > 0 && s.text[start] == '?' {
			return nil, errShape
		}
		end, err := s.keyEnd(k, start, limit, flow)
		if err != nil {
			return nil, err
		}
		out = append(out, unit{key: k, value: n.Content[i+1], start: start, valueAt: end})
	}
	if len(out) == 0 {
		return nil, errShape
	}
	return out, nil
}

// keyEnd is the offset after the colon of a key.
func (s *source) keyEnd(k *yaml.Node, start, limit int, flow bool) (int, error) {
	var end int
	switch {
	case k.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		var err error
		if end, err = s.scalarEnd(k, start, limit, 0, true); err != nil {
			return 0, err
		}
	case flow:
		end = s.flowPlainEnd(start)
	default:
		line := s.text[start:s.lineEnd(start)]
		i := 0
		for i < len(line) && (line[i] != ':' || i+1 < len(line) && bytes.IndexByte([]byte(" \t\r\n"), line[i+1]) < 0) {
			i++
		}
		end = start + i
	}
	colon := end
	for colon < len(s.text) && (s.text[colon] == ' ' || s.text[colon] == '\t') {
		colon++
	}
	if colon < len(s.text) && s.text[colon] == ':' {
		return colon + 1, nil
	}
	if flow {
		return end, nil // a key alone
	}
	return 0, errShape
}

func (s *source) items(n *yaml.Node, flow bool) ([]unit, error) {
	var out []unit
	for _, c := range n.Content {
		start := s.start(c)
		u := unit{value: c, start: start, valueAt: start}
		if !flow {
			dash, ok := s.dash(start)
			if !ok {
				return nil, errShape
			}
			u.start, u.valueAt = dash, dash+1
		}
		out = append(out, u)
	}
	if len(out) == 0 {
		return nil, errShape
	}
	return out, nil
}

// dash finds the dash before an item.
func (s *source) dash(start int) (int, bool) {
	for at := start; ; {
		before := s.text[s.lineStart(at):at]
		trimmed := bytes.TrimRight(before, " \t\r\n")
		if bytes.HasSuffix(trimmed, []byte("-")) {
			return s.lineStart(at) + len(trimmed) - 1, true
		}
		if blank := bytes.TrimSpace(before); len(blank) > 0 && !isComment(blank) {
			if i := bytes.Index(before, []byte("- #")); i >= 0 && len(bytes.TrimSpace(before[:i])) == 0 {
				return s.lineStart(at) + i, true
			}
			return 0, false
		}
		line := s.line(at)
		if line == 0 {
			return 0, false
		}
		at = s.lines[line] - 1 // the end of the line before
		at -= bytes.Count(s.text[max(at-1, 0):at], []byte{'\r'})
	}
}

// unitLimit is where the unit after the i-th starts.
func unitLimit(units []unit, i, limit int) int {
	if i+1 < len(units) {
		return units[i+1].start
	}
	return limit
}

// unitEnd is the offset after the text of the i-th unit of n.
func (s *source) unitEnd(n *yaml.Node, units []unit, i, limit int) (int, error) {
	u := units[i]
	flow := n.Style&yaml.FlowStyle != 0
	end, err := s.end(u.value, unitLimit(units, i, limit), s.column(u.start), flow)
	return max(end, u.valueAt), err
}
