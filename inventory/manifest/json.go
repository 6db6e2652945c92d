package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
)

// isJSON says whether a file looks like JSON. Flow-style YAML does so too; readJSON tells them apart.
func isJSON(data []byte) bool {
	data = bytes.TrimLeft(data, " \t\r\n")
	return len(data) > 0 && (data[0] == '{' || data[0] == '[')
}

// readJSON reads a file of JSON values one after the other. It returns false when this is no JSON and may be YAML.
func (f *file) readJSON(data []byte) bool {
	mustBeJSON := strings.EqualFold(path.Ext(f.origin.File), ".json")
	var values []span
	for cur := (span{data: data, line: 1, column: 1}).skipSpace(); len(cur.data) > 0; {
		value, rest := cur.value()
		if !json.Valid(value.data) {
			if !mustBeJSON {
				return false
			}
			f.brokenJSON(cur)
			break
		}
		values = append(values, value)
		cur = rest.skipSpace()
	}
	for _, v := range values {
		if len(v.data) > f.opts.maxDocument() && !v.isList() {
			f.fits(chunk{v.data, v.line - 1})
			continue
		}
		f.jsonValue(v, typeMeta{}, 0)
	}
	return true
}

func (f *file) brokenJSON(cur span) {
	var discard any
	err := json.Unmarshal(cur.data, &discard)
	var syntax *json.SyntaxError
	line := cur.line
	if errors.As(err, &syntax) {
		line += bytes.Count(cur.data[:min(int(syntax.Offset), len(cur.data))], []byte{'\n'})
	}
	f.broken(cur.data, line, fmt.Sprintf("this is no JSON: %v", err))
}

// jsonValue reads an object or a list of objects.
func (f *file) jsonValue(v span, expected typeMeta, depth int) {
	head := v.head()
	t := head.typeMeta.or(expected)
	if !t.complete() {
		return
	}
	if strings.HasSuffix(t.kind, "List") && head.items.data != nil && !head.named {
		if depth > maxListDepth {
			f.broken(v.data, v.line, "lists of lists nest too deep")
			return
		}
		f.jsonItems(v, head.items, t.item(), depth)
		return
	}
	if f.full() {
		return
	}
	f.repeated = nil
	value, tree, err := f.decoder.DecodeJSON(v.data, v.line, v.column)
	if err != nil {
		f.unreadable(t, err)
		return
	}
	content := value.(map[string]any)
	if !head.complete() {
		content["apiVersion"], content["kind"] = t.apiVersion, t.kind
	}
	pruneContent(content, t)
	f.add(content, tree)
}

// jsonItems reads the items of a list one by one.
func (f *file) jsonItems(list, items span, expected typeMeta, depth int) {
	var s strays
	items.each(func(_ string, item span) {
		switch {
		case f.full():
		case item.data[0] != '{' || !item.head().or(expected).complete():
			s.add(1, item.line)
		case len(item.data) > f.opts.maxDocument():
			f.fits(chunk{item.data, item.line - 1})
		default:
			f.jsonValue(item, expected, depth+1)
		}
	})
	f.reportStrays(s, expected, chunk{list.data, list.line - 1})
}

// A span is a part of a file and where it starts. Its methods expect valid JSON and bring no panic on other text.
type span struct {
	data         []byte
	line, column int
}

// from is the rest of s after its first n bytes.
func (s span) from(n int) span {
	skipped := s.data[:n]
	if lines := bytes.Count(skipped, []byte{'\n'}); lines > 0 {
		s.line += lines
		s.column = len(skipped) - bytes.LastIndexByte(skipped, '\n')
	} else {
		s.column += n
	}
	s.data = s.data[n:]
	return s
}

func (s span) skipSpace() span {
	return s.from(len(s.data) - len(bytes.TrimLeft(s.data, " \t\r\n,:")))
}

// value cuts s after its first value: by brackets and quotes only, without a look at anything else.
func (s span) value() (value, rest span) {
	depth := 0
	for i := 0; i < len(s.data); i++ {
		switch c := s.data[i]; c {
		case '"':
			i = stringEnd(s.data, i)
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		default:
			if depth > 0 || i+1 < len(s.data) && bytes.IndexByte([]byte(" \t\r\n,:]}"), s.data[i+1]) < 0 {
				continue
			}
		}
		if depth <= 0 {
			end := min(i+1, len(s.data))
			return span{s.data[:end], s.line, s.column}, s.from(end)
		}
	}
	return s, s.from(len(s.data))
}

// stringEnd is the index of the quote that ends the string which starts at i.
func stringEnd(data []byte, i int) int {
	for i++; i < len(data) && data[i] != '"'; i++ {
		if data[i] == '\\' {
			i++
		}
	}
	return i
}

// text is the string that s is; "" when it is something else.
func (s span) text() string {
	if len(s.data) < 2 || s.data[0] != '"' {
		return ""
	}
	if bytes.IndexByte(s.data, '\\') < 0 {
		return string(s.data[1 : len(s.data)-1])
	}
	var text string
	if json.Unmarshal(s.data, &text) != nil {
		return ""
	}
	return text
}

// each calls use for every field of an object, or every item of an array (with the name "").
func (s span) each(use func(name string, value span)) {
	if len(s.data) < 2 || s.data[0] != '{' && s.data[0] != '[' {
		return
	}
	isObject := s.data[0] == '{'
	for cur := s.from(1).skipSpace(); len(cur.data) > 1; cur = cur.skipSpace() {
		name := ""
		if isObject {
			var key span
			key, cur = cur.value()
			name = key.text()
			cur = cur.skipSpace()
		}
		var value span
		value, cur = cur.value()
		if len(value.data) == 0 {
			return
		}
		use(name, value)
	}
}

// A jsonHead is what tells objects and lists apart.
type jsonHead struct {
	typeMeta
	items span // of a list; data is nil when there are none
	named bool // metadata.name is there
}

func (s span) head() jsonHead {
	var h jsonHead
	if len(s.data) == 0 || s.data[0] != '{' {
		return h
	}
	s.each(func(name string, value span) {
		switch name {
		case "apiVersion":
			h.apiVersion = value.text()
		case "kind":
			h.kind = value.text()
		case "items":
			if len(value.data) > 0 && value.data[0] == '[' {
				h.items = value
			}
		case "metadata":
			value.each(func(name string, value span) { h.named = h.named || name == "name" && value.text() != "" })
		}
	})
	return h
}

func (s span) isList() bool {
	h := s.head()
	return strings.HasSuffix(h.kind, "List") && h.items.data != nil && !h.named
}
