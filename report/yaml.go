package report

import (
	"bytes"
	"fmt"
	"io"

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
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	if err := encoder.Encode(outer); err != nil {
		return err
	}
	return encoder.Close()
}

// block takes JSON's style from nodes: block maps and lists, quotes only where YAML needs them.
func block(n *yaml.Node) {
	if n.Style == yaml.DoubleQuotedStyle {
		n.Tag = "!!str" // keeps "true" and "1" strings without their quotes
	}
	n.Style &^= yaml.FlowStyle | yaml.DoubleQuotedStyle
	if len(n.Content) == 0 && n.Kind != yaml.ScalarNode {
		n.Style |= yaml.FlowStyle
	}
	for _, c := range n.Content {
		block(c)
	}
}
