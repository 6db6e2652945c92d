package yamledit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A style is how a document is written.
type style struct {
	step   int // spaces a level
	lists  int // spaces of a list below its key: 0 or step
	nl     string
	quoted bool // flow style with keys in quotes: JSON
}

// styleOf looks at the first nested map and the first list below a key.
func styleOf(root *yaml.Node, nl string) style {
	st := style{nl: nl}
	lists := -1
	var walk func(n *yaml.Node, depth int)
	walk = func(n *yaml.Node, depth int) {
		if depth > 40 || st.step > 0 && lists >= 0 {
			return
		}
		if n.Kind == yaml.SequenceNode {
			for _, c := range n.Content {
				walk(c, depth+1)
			}
		}
		if n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			if v.Style&yaml.FlowStyle == 0 && v.Anchor == "" && v.Line > k.Line {
				switch v.Kind {
				case yaml.MappingNode:
					if st.step == 0 {
						st.step = v.Column - k.Column
					}
				case yaml.SequenceNode:
					if lists < 0 {
						lists = v.Column - k.Column
					}
				}
			}
			walk(v, depth+1)
		}
	}
	walk(root, 0)
	if st.step <= 0 {
		st.step = 2
	}
	st.lists = max(lists, 0)
	return st
}

// fields writes the named entries of a map in block style, each line ended.
func (st style) fields(m map[string]any, names []string, indent int) (string, error) {
	var out strings.Builder
	for _, name := range names {
		key, err := scalarText(name)
		if err != nil {
			return "", err
		}
		out.WriteString(strings.Repeat(" ", indent) + key + ":")
		value, err := st.below(m[name], indent)
		if err != nil {
			return "", err
		}
		out.WriteString(value)
	}
	return out.String(), nil
}

// below writes what follows the colon of a key at column indent, up to and with the last line break.
func (st style) below(v any, indent int) (string, error) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) > 0 {
			text, err := st.fields(v, slices.Sorted(maps.Keys(v)), indent+st.step)
			return st.nl + text, err
		}
	case []any:
		if len(v) > 0 {
			text, err := st.list(v, indent+st.lists)
			return st.nl + text, err
		}
	}
	text, err := st.flow(v)
	return " " + text + st.nl, err
}

// list writes items in block style, each line ended.
func (st style) list(items []any, indent int) (string, error) {
	var out strings.Builder
	for _, item := range items {
		pad := strings.Repeat(" ", indent)
		if m, ok := item.(map[string]any); ok && len(m) > 0 {
			text, err := st.fields(m, slices.Sorted(maps.Keys(m)), indent+2)
			if err != nil {
				return "", err
			}
			out.WriteString(pad + "- " + text[indent+2:])
			continue
		}
		text, err := st.flow(item)
		if err != nil {
			return "", err
		}
		out.WriteString(pad + "- " + text + st.nl)
	}
	return out.String(), nil
}

// flow writes a value on one line.
func (st style) flow(v any) (string, error) {
	switch v := v.(type) {
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			part, err := st.flowField(name, v[name])
			if err != nil {
				return "", err
			}
			parts = append(parts, part)
		}
		return "{" + strings.Join(parts, ", ") + "}", nil
	case []any:
		parts := make([]string, 0, len(v))
		for _, item := range v {
			part, err := st.flow(item)
			if err != nil {
				return "", err
			}
			parts = append(parts, part)
		}
		return "[" + strings.Join(parts, ", ") + "]", nil
	}
	if st.quoted {
		return jsonText(v)
	}
	return scalarText(v)
}

// flowField writes an entry of a map in flow style.
func (st style) flowField(name string, v any) (string, error) {
	key, err := st.flow(name)
	if err != nil {
		return "", err
	}
	value, err := st.flow(v)
	return key + ": " + value, err
}

func jsonText(v any) (string, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", fmt.Errorf("write the new value: %w", err)
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// scalarText writes a scalar as it can stand in block and in flow style.
func scalarText(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return jsonText(v)
	}
	if strings.ContainsAny(s, "\n\r\t,[]{}\u0085\u2028\u2029") {
		return jsonText(s)
	}
	text, err := yaml.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("write the new value: %w", err)
	}
	if line := strings.TrimSuffix(string(text), "\n"); !strings.Contains(line, "\n") {
		return line, nil
	}
	return jsonText(s)
}
