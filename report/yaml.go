package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// WriteYAML writes the document of WriteJSON as YAML, with its members in the same order.
func WriteYAML(w io.Writer, d *Document, _ Options) error {
	for _, s := range sections(d) {
		if err := yamlSection(w, s); err != nil {
			return fmt.Errorf("write yaml: %w", err)
		}
	}
	return nil
}

// yamlSection turns a section's JSON into YAML, list items one by one, so that a large report is never held twice.
func yamlSection(w io.Writer, s section) error {
	if _, err := io.WriteString(w, s.name+":"); err != nil {
		return err
	}
	if s.item == nil || s.items == 0 {
		return yamlValue(w, 2, false, s.write)
	}
	for i := range s.items {
		start := "  -"
		if i == 0 {
			start = "\n  -"
		}
		if _, err := io.WriteString(w, start); err != nil {
			return err
		}
		if err := yamlValue(w, 4, true, func(j *jsonWriter) { s.item(j, i) }); err != nil {
			return err
		}
	}
	return nil
}

func yamlValue(w io.Writer, indent int, afterDash bool, write func(*jsonWriter)) error {
	var text bytes.Buffer
	j := &jsonWriter{w: &text}
	write(j)
	if err := j.close(); err != nil {
		return err
	}
	y := &yamlConverter{in: text.Bytes()}
	y.node(indent, afterDash)
	_, err := w.Write(y.out)
	return err
}

// A yamlConverter turns JSON of our own writing into block YAML. A JSON string is a double-quoted YAML string as it
// stands, with all its escapes; only quotes that nobody needs are dropped.
type yamlConverter struct {
	in  []byte
	pos int
	out []byte
}

// node converts the next value, which follows a "key:" or a "-" in the output. Members and items go on lines of their
// own at the indent, but for the first member after a dash.
func (y *yamlConverter) node(indent int, afterDash bool) {
	switch y.peek() {
	case '{':
		y.mapping(indent, afterDash)
	case '[':
		y.sequence(indent)
	case '"':
		y.out = append(y.out, ' ')
		y.scalar()
		y.out = append(y.out, '\n')
	default:
		end := y.pos + bytes.IndexAny(y.in[y.pos:], ",]} \n")
		if end < y.pos {
			end = len(y.in)
		}
		y.out = append(append(append(y.out, ' '), y.in[y.pos:end]...), '\n')
		y.pos = end
	}
}

func (y *yamlConverter) mapping(indent int, afterDash bool) {
	y.pos++
	if y.peek() == '}' {
		y.pos++
		y.out = append(y.out, " {}\n"...)
		return
	}
	for first := true; ; first = false {
		switch {
		case first && afterDash:
			y.out = append(y.out, ' ')
		case first:
			y.out = append(y.out, '\n')
			fallthrough
		default:
			y.spaces(indent)
		}
		y.peek()
		y.scalar()
		y.peek()
		y.pos++ // the colon
		y.out = append(y.out, ':')
		y.node(indent+2, false)
		c := y.peek()
		y.pos++
		if c != ',' {
			return
		}
	}
}

func (y *yamlConverter) sequence(indent int) {
	y.pos++
	if y.peek() == ']' {
		y.pos++
		y.out = append(y.out, " []\n"...)
		return
	}
	y.out = append(y.out, '\n')
	for {
		y.spaces(indent)
		y.out = append(y.out, '-')
		y.node(indent+2, true)
		c := y.peek()
		y.pos++
		if c != ',' {
			return
		}
	}
}

// peek skips blanks and returns the next byte, 0 at the end.
func (y *yamlConverter) peek() byte {
	for y.pos < len(y.in) && (y.in[y.pos] == ' ' || y.in[y.pos] == '\n') {
		y.pos++
	}
	if y.pos == len(y.in) {
		return 0
	}
	return y.in[y.pos]
}

func (y *yamlConverter) spaces(n int) {
	for range n {
		y.out = append(y.out, ' ')
	}
}

// scalar copies the string at pos.
func (y *yamlConverter) scalar() {
	end := y.pos + 1
	for y.in[end] != '"' {
		if y.in[end] == '\\' {
			end++
		}
		end++
	}
	quoted := y.in[y.pos : end+1]
	if plainInYAML(quoted[1 : len(quoted)-1]) {
		quoted = quoted[1 : len(quoted)-1]
	}
	y.out = append(y.out, quoted...)
	y.pos = end + 1
}

// plainInYAML says whether text is the same string without quotes. It errs on the side of quotes.
func plainInYAML(text []byte) bool {
	if len(text) == 0 || len(text) > 200 || !letter(text[0]) || text[len(text)-1] == ' ' {
		return false
	}
	for _, c := range text {
		if !letter(c) && (c < '0' || c > '9') && c != ' ' && c != '-' && c != '_' && c != '.' && c != '/' && c != '(' && c != ')' {
			return false
		}
	}
	switch strings.ToLower(string(text)) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		return false
	}
	return true
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
