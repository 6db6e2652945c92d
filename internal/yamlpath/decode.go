// Package yamlpath joins YAML text and finding.Path: it turns YAML and JSON documents into plain JSON shapes the way
// Kubernetes reads them, remembers in a compact tree where every field lies, and edits a document at a path with its
// comments kept.
//
// Kubernetes reads YAML 1.1: "yes" and "on" are booleans, 0644 is octal, "<<" merges. A document that means one thing
// here and another thing to the API server would be judged wrongly, so a test compares every kind of scalar with the
// library that kubectl uses. One difference is on purpose: a repeated key is an error and not "the last one wins".
package yamlpath

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Limits bound what one Decoder builds. Zero fields take the defaults.
type Limits struct {
	// Depth is how deep maps and lists may nest (default 1,000).
	Depth int
	// Aliased is how many values aliases may add in total (default 100,000), so that an alias bomb is refused.
	Aliased int
	// Values is how many values one document or list item may have (default 500,000).
	Values int
	// Memory is how many bytes all of them together may take, by a rough count (default 256 MiB).
	Memory int
}

const (
	defaultDepth   = 1_000
	defaultAliased = 100_000
	defaultValues  = 500_000
	defaultMemory  = 256 << 20

	// What values take, measured: a document with its tree, a map of up to eight fields, any other value. Strings
	// that are not shared add their length.
	documentBytes, mapBytes, valueBytes = 400, 300, 64
)

// An Error is a document that cannot be read. Its message never holds a value of the document, only key names.
type Error struct {
	Line, Column int // from 1; 0 when unknown
	Message      string
}

// Error names the line, if it is known, and the reason.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return "line " + strconv.Itoa(e.Line) + ": " + e.Message
}

// A Decoder turns nodes into values. It is made for the documents of one file: its limits count over all of them and
// equal strings are shared. A Decoder is not safe for concurrent use.
type Decoder struct {
	limits  Limits
	line    int // added to every line
	strings map[string]any
	nodes   []treeNode // scratch, reused by every document
	memory  int        // bytes of the values built so far, roughly
	aliased int
	inAlias int
	active  map[*yaml.Node]bool // aliases being expanded, to refuse an anchor that holds itself

	// OnRepeat is told about a repeated key, of which then the last one wins, as kubectl has it. When it is nil, a
	// repeated key is an error.
	OnRepeat func(*Error)
}

// NewDecoder returns a Decoder with these limits.
func NewDecoder(limits Limits) *Decoder {
	if limits.Depth == 0 {
		limits.Depth = defaultDepth
	}
	if limits.Aliased == 0 {
		limits.Aliased = defaultAliased
	}
	if limits.Values == 0 {
		limits.Values = defaultValues
	}
	if limits.Memory == 0 {
		limits.Memory = defaultMemory
	}
	return &Decoder{limits: limits, strings: map[string]any{}}
}

// Decode turns one document into JSON shapes (map[string]any, []any, string, int64, float64, bool, nil) and a tree of
// positions. Every error is an *Error.
func Decode(doc *yaml.Node, limits Limits) (value any, tree *Tree, err error) {
	return NewDecoder(limits).Decode(doc, 0)
}

// Decode is the function Decode for a node of a document whose first line is line firstLine+1 of the file.
func (d *Decoder) Decode(node *yaml.Node, firstLine int) (value any, tree *Tree, err error) {
	if node.Kind == yaml.DocumentNode {
		if len(node.Content) == 0 {
			return nil, &Tree{}, nil
		}
		node = node.Content[0]
	}
	d.line, d.nodes, d.inAlias, d.active = firstLine, d.nodes[:0], 0, nil
	d.memory += documentBytes
	value, err = d.value("", node, node, 0)
	if err != nil {
		return nil, nil, err
	}
	return value, d.tree(value), nil
}

// tree copies the scratch nodes into a tree of exact size.
func (d *Decoder) tree(root any) *Tree {
	return &Tree{nodes: append(make([]treeNode, 0, len(d.nodes)), d.nodes...), root: root}
}

// value converts n and records it under key at the position of at.
func (d *Decoder) value(key string, at, n *yaml.Node, depth int) (any, error) {
	if n.Kind == yaml.AliasNode {
		return d.alias(n, func(target *yaml.Node) (any, error) { return d.value(key, at, target, depth) })
	}
	if err := d.count(n, depth); err != nil {
		return nil, err
	}
	self := len(d.nodes)
	d.nodes = append(d.nodes, treeNode{key: keyHash(key), line: uint32(at.Line + d.line), column: uint32(at.Column)})
	var v any
	var err error
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		d.memory += mapBytes
		v, err = m, d.mapping(m, n, depth)
	case yaml.SequenceNode:
		v, err = d.sequence(n, depth)
	default:
		v, err = d.scalar(n)
	}
	d.nodes[self].end = uint32(len(d.nodes))
	return v, err
}

// count holds the limits.
func (d *Decoder) count(n *yaml.Node, depth int) error {
	if reason := d.exceeded(depth); reason != "" {
		return d.errorf(n, "%s", reason)
	}
	if d.inAlias > 0 {
		d.aliased++
		if d.aliased > d.limits.Aliased {
			return d.errorf(n, "aliases expand to more than %d values", d.limits.Aliased)
		}
	}
	return nil
}

// exceeded counts one more value, and says which limit it exceeds.
func (d *Decoder) exceeded(depth int) string {
	d.memory += valueBytes
	switch {
	case depth > d.limits.Depth:
		return fmt.Sprintf("nested deeper than %d levels", d.limits.Depth)
	case len(d.nodes) >= d.limits.Values:
		return fmt.Sprintf("more than %d values in one object", d.limits.Values)
	case d.Full():
		return fmt.Sprintf("the objects of one file take more than %d MiB of memory", d.limits.Memory>>20)
	}
	return ""
}

// Full says whether the limit of memory is reached; every further document is then refused.
func (d *Decoder) Full() bool { return d.memory > d.limits.Memory }

// alias lets use convert the anchored node that n names.
func (d *Decoder) alias(n *yaml.Node, use func(*yaml.Node) (any, error)) (any, error) {
	if d.active[n.Alias] {
		return nil, d.errorf(n, "anchor %q holds itself", n.Value)
	}
	if d.active == nil {
		d.active = map[*yaml.Node]bool{}
	}
	d.active[n.Alias] = true
	d.inAlias++
	v, err := use(n.Alias)
	d.inAlias--
	delete(d.active, n.Alias)
	return v, err
}

func (d *Decoder) sequence(n *yaml.Node, depth int) (any, error) {
	items := make([]any, len(n.Content))
	for i, c := range n.Content {
		v, err := d.value("", c, c, depth+1)
		if err != nil {
			return nil, err
		}
		items[i] = v
	}
	return items, nil
}

// mapping fills m. A merge key overrides the fields before it and is overridden by the fields after it, as kubectl
// has it (the YAML specification would let every field of the map itself win).
func (d *Decoder) mapping(m map[string]any, n *yaml.Node, depth int) error {
	own := 0 // fields of the map itself so far
	merged := false
	var seen map[string]bool // own fields; kept only once a merge makes len(m) useless
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, c := n.Content[i], n.Content[i+1]
		if k.Kind == yaml.ScalarNode && k.Tag == mergeTag {
			if !merged {
				merged, seen = true, make(map[string]bool, len(n.Content)/2)
				for name := range m {
					seen[name] = true
				}
			}
			if err := d.merge(m, c, depth); err != nil {
				return err
			}
			continue
		}
		key, err := d.key(k)
		if err != nil {
			return err
		}
		v, err := d.value(key, k, c, depth+1)
		if err != nil {
			return err
		}
		own++
		m[key] = v
		if merged && seen[key] || !merged && len(m) < own {
			own = len(m)
			if err := d.repeated(k.Line+d.line, k.Column, key); err != nil {
				return err
			}
		}
		if merged {
			seen[key] = true
		}
	}
	return nil
}

// repeated reports a repeated key; the error is nil when that is enough.
func (d *Decoder) repeated(line, column int, key string) error {
	err := &Error{Line: line, Column: column, Message: "key " + quoteKey(key) + " is repeated"}
	if d.OnRepeat == nil {
		return err
	}
	d.OnRepeat(err)
	return nil
}

// merge copies the fields of a map, or of a list of maps of which the first wins, into m.
func (d *Decoder) merge(m map[string]any, n *yaml.Node, depth int) error {
	switch n.Kind {
	case yaml.AliasNode:
		_, err := d.alias(n, func(target *yaml.Node) (any, error) {
			if target.Kind != yaml.MappingNode {
				return nil, d.errorf(n, "a merge needs a map or a list of maps")
			}
			return nil, d.merge(m, target, depth)
		})
		return err
	case yaml.MappingNode:
		if err := d.count(n, depth); err != nil {
			return err
		}
		part := make(map[string]any, len(n.Content)/2)
		if err := d.mapping(part, n, depth); err != nil {
			return err
		}
		for k, v := range part {
			m[k] = v
		}
		return nil
	case yaml.SequenceNode:
		for i := len(n.Content) - 1; i >= 0; i-- {
			if n.Content[i].Kind == yaml.SequenceNode {
				return d.errorf(n, "a merge needs a map or a list of maps")
			}
			if err := d.merge(m, n.Content[i], depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return d.errorf(n, "a merge needs a map or a list of maps")
}

// share returns s as a value, the same one for equal short strings: field names and the likes of "TCP" make up most
// of a manifest, and sharing them frees the text that was parsed.
func (d *Decoder) share(s string) any {
	if len(s) > maxShared {
		d.memory += len(s)
		return s
	}
	if v, ok := d.strings[s]; ok {
		return v
	}
	var v any = s
	if len(d.strings) < maxStrings {
		d.strings[s] = v
	}
	return v
}

const (
	maxShared  = 40
	maxStrings = 1 << 16
)

func (d *Decoder) errorf(n *yaml.Node, format string, args ...any) error {
	return &Error{Line: n.Line + d.line, Column: n.Column, Message: fmt.Sprintf(format, args...)}
}

// quoteKey names a key in a message, cut to a length that people read.
func quoteKey(key string) string {
	if len(key) > 60 {
		key = key[:60] + "…"
	}
	return strconv.Quote(key)
}
