package yamlpath

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// DecodeJSON reads the one JSON value at the start of data, whose first byte is at this line and column of the file.
// Every error is an *Error.
func (d *Decoder) DecodeJSON(data []byte, line, column int) (value any, tree *Tree, err error) {
	j := &jsonReader{d: d, data: data, dec: json.NewDecoder(bytes.NewReader(data)), line: line, lineStart: 1 - column}
	j.dec.UseNumber()
	d.nodes = d.nodes[:0]
	d.memory += documentBytes
	value, err = j.value("", 0)
	if err != nil {
		return nil, nil, j.located(err)
	}
	return value, d.tree(value), nil
}

// A jsonReader walks tokens and counts lines as it goes.
type jsonReader struct {
	d         *Decoder
	data      []byte
	dec       *json.Decoder
	counted   int // bytes up to which lines are counted
	line      int
	lineStart int // offset of the first byte of the line
}

// next reads a token and the position of its first byte.
func (j *jsonReader) next() (tok json.Token, line, column int, err error) {
	start := int(j.dec.InputOffset())
	for start < len(j.data) && strings.IndexByte(" \t\r\n:,", j.data[start]) >= 0 {
		start++
	}
	tok, err = j.dec.Token()
	line, column = j.position(start)
	return tok, line, column, err
}

// position counts lines up to offset, which never goes back.
func (j *jsonReader) position(offset int) (line, column int) {
	offset = min(offset, len(j.data))
	if offset > j.counted {
		skipped := j.data[j.counted:offset]
		if n := bytes.Count(skipped, []byte{'\n'}); n > 0 {
			j.line += n
			j.lineStart = j.counted + bytes.LastIndexByte(skipped, '\n') + 1
		}
		j.counted = offset
	}
	return j.line, offset - j.lineStart + 1
}

func (j *jsonReader) value(key string, depth int) (any, error) {
	tok, line, column, err := j.next()
	if err != nil {
		return nil, err
	}
	return j.finish(key, line, column, tok, depth)
}

// finish builds the value that starts with tok and records it under key at a position.
func (j *jsonReader) finish(key string, line, column int, tok json.Token, depth int) (any, error) {
	d := j.d
	if reason := d.exceeded(depth); reason != "" {
		return nil, &Error{line, column, reason}
	}
	self := len(d.nodes)
	d.nodes = append(d.nodes, treeNode{key: keyHash(key), line: uint32(line), column: uint32(column)})
	var v any
	var err error
	switch tok := tok.(type) {
	case json.Delim:
		if tok == '{' {
			v, err = j.object(depth)
		} else {
			v, err = j.array(depth)
		}
	case json.Number:
		v, err = j.number(tok)
	case string:
		v = d.share(tok)
	default:
		v = tok
	}
	d.nodes[self].end = uint32(len(d.nodes))
	return v, err
}

func (j *jsonReader) object(depth int) (any, error) {
	m := map[string]any{}
	j.d.memory += mapBytes
	for j.dec.More() {
		tok, line, column, err := j.next()
		if err != nil {
			return nil, err
		}
		key := j.d.share(tok.(string)).(string)
		if _, ok := m[key]; ok {
			if err := j.d.repeated(line, column, key); err != nil {
				return nil, err
			}
		}
		valueTok, _, _, err := j.next()
		if err != nil {
			return nil, err
		}
		if m[key], err = j.finish(key, line, column, valueTok, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := j.dec.Token()
	return m, err
}

func (j *jsonReader) array(depth int) (any, error) {
	items := []any{}
	for j.dec.More() {
		v, err := j.value("", depth+1)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	_, err := j.dec.Token()
	return items, err
}

// number keeps whole numbers whole, as Kubernetes does.
func (j *jsonReader) number(n json.Number) (any, error) {
	if i, err := n.Int64(); err == nil {
		return i, nil
	}
	f, err := n.Float64()
	if err != nil {
		line, column := j.position(j.counted)
		return nil, &Error{line, column, "a number is too large"}
	}
	return f, nil
}

// located turns the JSON decoder's error into an *Error with a line.
func (j *jsonReader) located(err error) error {
	var own *Error
	if errors.As(err, &own) {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		line, column := j.position(len(j.data))
		return &Error{line, column, "the JSON ends too early"}
	}
	offset := int(j.dec.InputOffset())
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset = max(int(syntax.Offset)-1, j.counted)
	}
	line, column := j.position(offset)
	return &Error{line, column, "this is no JSON: " + err.Error()}
}
