package answer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/report"
)

// errNoItems is a mistake of this package: a Body without the list that Items belong in.
var errNoItems = errors.New("the answer has items and no empty list for them")

// writeJSON writes the body; Items one by one, since a matrix may have a million.
func writeJSON(w io.Writer, d *Document, _ report.Options) error {
	text, err := indented(d.Body, "")
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	for _, list := range d.lists() {
		// Only a member of the outermost object stands after a line break and two blanks.
		head, tail, ok := bytes.Cut(text, []byte("\n  \""+list.Name+"\": []"))
		if !ok {
			return errNoItems
		}
		fmt.Fprintf(out, "%s\n  \"%s\": [", head, list.Name)
		separator, end := "\n    ", ""
		for item := range list.Items {
			one, err := indented(item, "    ")
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "%s%s", separator, one)
			separator, end = ",\n    ", "\n  "
		}
		_, _ = out.WriteString(end + "]") // Flush tells the error
		text = tail
	}
	_, _ = out.Write(text)
	_ = out.WriteByte('\n')
	return out.Flush()
}

// indented is a value as JSON without the line break at the end; names may hold what HTML would need escaped.
func indented(value any, prefix string) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent(prefix, "  ")
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

func writeYAML(w io.Writer, d *Document, _ report.Options) error {
	if d.Manifest != nil {
		return d.Manifest(w)
	}
	text, err := YAML(d.Body)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	for _, list := range d.lists() {
		head, tail, ok := cutLine(text, list.Name+": []\n")
		if !ok {
			return errNoItems
		}
		_, _ = out.Write(head)
		none := true
		for item := range list.Items {
			if none {
				_, _ = out.WriteString(list.Name + ":\n")
				none = false
			}
			one, err := YAML([]any{item})
			if err != nil {
				return err
			}
			_, _ = out.Write(one)
		}
		if none {
			_, _ = out.WriteString(list.Name + ": []\n")
		}
		text = tail
	}
	_, _ = out.Write(text)
	return out.Flush()
}

// cutLine gives what is before and after a line.
func cutLine(text []byte, line string) (before, after []byte, ok bool) {
	at := 0
	if !bytes.HasPrefix(text, []byte(line)) {
		if at = bytes.Index(text, []byte("\n"+line)) + 1; at == 0 {
			return nil, nil, false
		}
	}
	return text[:at], text[at+len(line):], true
}

// YAML is a value as YAML. Characters that YAML has no place for, as a name may hold, are escaped on the way.
func YAML(value any) ([]byte, error) {
	text, err := indented(value, "")
	if err != nil {
		return nil, err
	}
	if bytes.IndexFunc(text, odd) >= 0 {
		var b bytes.Buffer
		for _, r := range string(text) {
			if odd(r) {
				fmt.Fprintf(&b, `\u%04x`, r)
			} else {
				b.WriteRune(r)
			}
		}
		text = b.Bytes()
	}
	return yaml.JSONToYAML(text)
}

// odd says whether a character is to be escaped; in JSON such characters stand in strings only.
func odd(r rune) bool { return r != '\n' && display.Invisible(r) }
