package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
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

// yamlSection turns a section's JSON into YAML, list items one by one, since a whole report as nodes would be large.
func yamlSection(w io.Writer, s section) error {
	if s.item == nil {
		return yamlValue(w, s.name, s.write)
	}
	if s.items == 0 {
		_, err := fmt.Fprintf(w, "%s: []\n", s.name)
		return err
	}
	if _, err := fmt.Fprintf(w, "%s:\n", s.name); err != nil {
		return err
	}
	for i := range s.items {
		if err := yamlValue(w, "", func(j *jsonWriter) { s.item(j, i) }); err != nil {
			return err
		}
	}
	return nil
}

// yamlValue writes `name: value`, or `- value` when there is no name.
func yamlValue(w io.Writer, name string, write func(*jsonWriter)) error {
	var text bytes.Buffer
	j := &jsonWriter{w: &text}
	write(j)
	if err := j.close(); err != nil {
		return err
	}
	var value yaml.Node // JSON is YAML
	if err := yaml.Unmarshal(text.Bytes(), &value); err != nil {
		return err
	}
	block(&value)
	outer := &yaml.Node{Kind: yaml.SequenceNode, Content: value.Content}
	if name != "" {
		key := &yaml.Node{Kind: yaml.ScalarNode, Value: name}
		outer = &yaml.Node{Kind: yaml.MappingNode, Content: append([]*yaml.Node{key}, value.Content...)}
	}
	text.Reset()
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(outer); err != nil {
		return err
	}
	if err := encoder.Close(); err != nil {
		return err
	}
	_, err := w.Write(escapeInvisible(text.Bytes()))
	return err
}

// escapeInvisible escapes what the YAML encoder takes for printable. Block has kept the quotes around it.
func escapeInvisible(text []byte) []byte {
	if bytes.IndexFunc(text, unsafeInYAML) < 0 {
		return text
	}
	var out []byte
	for _, r := range string(text) {
		if unsafeInYAML(r) {
			out = appendUnicode(out, r)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

func unsafeInYAML(r rune) bool { return r != '\n' && invisible(r) }

// block takes JSON's style from nodes: block maps and lists, quotes only where something needs them.
func block(n *yaml.Node) {
	if n.Style == yaml.DoubleQuotedStyle {
		n.Tag = "!!str" // keeps "true" and "1" strings without their quotes
		if strings.IndexFunc(n.Value, invisible) >= 0 {
			return
		}
	}
	n.Style &^= yaml.FlowStyle | yaml.DoubleQuotedStyle
	if len(n.Content) == 0 && n.Kind != yaml.ScalarNode {
		n.Style |= yaml.FlowStyle
	}
	for _, c := range n.Content {
		block(c)
	}
}
