package yamlpath

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-io/plimsoll/finding"
)

// Apply makes one edit in a document: Set creates the parents that are missing, Remove deletes a field or list item
// (nothing happens when it is not there), Append adds to a list, which it creates. Comments stay. An error says why
// the edit cannot be made; the document is then unchanged, but for parents that may have been created.
//
// A field that comes from an alias or a merge is overridden where path names it, so that the anchor, and with it
// every other place that uses it, keeps its meaning.
func Apply(doc *yaml.Node, path finding.Path, fix finding.Fix) error {
	root := doc
	if doc.Kind == yaml.DocumentNode {
		if len(doc.Content) == 0 {
			return fmt.Errorf("edit %s: the document is empty", path)
		}
		root = doc.Content[0]
	}
	steps := path.Steps()
	if len(steps) == 0 {
		return fmt.Errorf("edit: the path is empty")
	}
	e := editor{path: path, create: fix.Op != finding.Remove}
	parent, err := e.walk(root, steps[:len(steps)-1], steps)
	if err != nil || parent == nil {
		return err
	}
	last := steps[len(steps)-1]
	switch fix.Op {
	case finding.Set:
		return e.set(parent, last, fix.Value)
	case finding.Remove:
		return e.remove(parent, last)
	case finding.Append:
		return e.append(parent, last, fix.Value)
	}
	return fmt.Errorf("edit %s: unknown operation %q", path, fix.Op)
}

// Encode writes a document with an indentation of two spaces, lists at the level of their key as kubectl does.
func Encode(doc *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	enc.CompactSeqIndent()
	if err := enc.Encode(doc); err != nil {
		return nil, fmt.Errorf("encode YAML: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("encode YAML: %w", err)
	}
	return out.Bytes(), nil
}

type editor struct {
	path   finding.Path
	create bool
}

// walk goes down to the node that the last step is applied to; nil when it does not exist and is not to be created.
func (e *editor) walk(n *yaml.Node, steps, all []finding.Step) (*yaml.Node, error) {
	for i, step := range steps {
		child, err := e.child(n, step, all[i+1])
		if err != nil || child == nil {
			return nil, err
		}
		n = child
	}
	return n, nil
}

// child finds the node one step down, own to the document at this place, and creates it as next needs it.
func (e *editor) child(n *yaml.Node, step, next finding.Step) (*yaml.Node, error) {
	var slot **yaml.Node
	switch {
	case step.Field != "" || step.Key == "" && n.Kind == yaml.MappingNode:
		if n.Kind != yaml.MappingNode {
			return nil, fmt.Errorf("edit %s: %q lies in no map", e.path, step.Field)
		}
		if slot = field(n, step.Field); slot == nil {
			if !e.create {
				return nil, nil
			}
			inherited := mergedField(n, step.Field)
			if inherited == nil {
				inherited = emptyFor(next)
			}
			n.Content = append(n.Content, scalarNode(step.Field), detach(inherited))
			slot = &n.Content[len(n.Content)-1]
		}
	default:
		i := listIndex(n, step)
		if i < 0 {
			if !e.create {
				return nil, nil
			}
			return nil, fmt.Errorf("edit %s: no such list item", e.path)
		}
		slot = &n.Content[i]
	}
	if (*slot).Kind == yaml.AliasNode {
		*slot = detach(*slot)
	}
	if isNull(*slot) && e.create {
		replace(slot, emptyFor(next))
	}
	return *slot, nil
}

func (e *editor) set(parent *yaml.Node, step finding.Step, value any) error {
	node, err := valueNode(value)
	if err != nil {
		return fmt.Errorf("edit %s: %w", e.path, err)
	}
	if parent.Kind == yaml.MappingNode && step.Key == "" {
		if slot := field(parent, step.Field); slot != nil {
			replace(slot, node)
		} else {
			parent.Content = append(parent.Content, scalarNode(step.Field), node)
			blockStyle(parent)
		}
		return nil
	}
	i := listIndex(parent, step)
	if i < 0 {
		return fmt.Errorf("edit %s: no such list item", e.path)
	}
	replace(&parent.Content[i], node)
	return nil
}

func (e *editor) remove(parent *yaml.Node, step finding.Step) error {
	if parent.Kind == yaml.MappingNode && step.Key == "" {
		for i := 0; i+1 < len(parent.Content); i += 2 {
			if parent.Content[i].Value == step.Field && parent.Content[i].Kind == yaml.ScalarNode {
				parent.Content = append(parent.Content[:i], parent.Content[i+2:]...)
				break
			}
		}
		if mergedField(parent, step.Field) != nil {
			return fmt.Errorf("edit %s: the field comes from a merge key and has to be removed there", e.path)
		}
		return nil
	}
	if i := listIndex(parent, step); i >= 0 {
		parent.Content = append(parent.Content[:i], parent.Content[i+1:]...)
	}
	return nil
}

// append adds value to the list that step names.
func (e *editor) append(parent *yaml.Node, step finding.Step, value any) error {
	list, err := e.child(parent, step, finding.Step{})
	if err != nil {
		return err
	}
	if list.Kind != yaml.SequenceNode {
		return fmt.Errorf("edit %s: this is no list", e.path)
	}
	node, err := valueNode(value)
	if err != nil {
		return fmt.Errorf("edit %s: %w", e.path, err)
	}
	list.Content = append(list.Content, node)
	blockStyle(list)
	return nil
}

// field finds the value of a map's own field.
func field(n *yaml.Node, name string) **yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; k.Kind == yaml.ScalarNode && k.Value == name && k.Tag != mergeTag {
			return &n.Content[i+1]
		}
	}
	return nil
}

// mergedField finds a field that a merge key brings into n, nil when none does.
func mergedField(n *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag != mergeTag {
			continue
		}
		sources := []*yaml.Node{n.Content[i+1]}
		if sources[0].Kind == yaml.SequenceNode {
			sources = sources[0].Content
		}
		for _, source := range sources {
			if source.Kind == yaml.AliasNode {
				source = source.Alias
			}
			if source.Kind != yaml.MappingNode {
				continue
			}
			if slot := field(source, name); slot != nil {
				return *slot
			}
			if found := mergedField(source, name); found != nil {
				return found
			}
		}
	}
	return nil
}

// listIndex finds the item of a list, -1 when n is none or has it not.
func listIndex(n *yaml.Node, step finding.Step) int {
	if n.Kind != yaml.SequenceNode || step.Field != "" {
		return -1
	}
	if step.Key == "" {
		if step.Index < 0 || step.Index >= len(n.Content) {
			return -1
		}
		return step.Index
	}
	for i, item := range n.Content {
		if item.Kind == yaml.AliasNode {
			item = item.Alias
		}
		if item.Kind != yaml.MappingNode {
			continue
		}
		slot := field(item, step.Key)
		if slot == nil {
			continue
		}
		v, _, err := Decode(*slot, Limits{})
		if err == nil && Text(v) == step.Value {
			return i
		}
	}
	return -1
}

// emptyFor makes the map or list that the next step needs.
func emptyFor(next finding.Step) *yaml.Node {
	if next.Field != "" {
		return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
}

// replace puts node in the place of another and hands the comments on.
func replace(slot **yaml.Node, node *yaml.Node) {
	old := *slot
	node.HeadComment, node.LineComment, node.FootComment = old.HeadComment, old.LineComment, old.FootComment
	*slot = node
}

// detach copies what n stands for, so that an edit of it touches no other use of the anchor.
func detach(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		copied := detach(n.Alias)
		copied.HeadComment, copied.LineComment, copied.FootComment = n.HeadComment, n.LineComment, n.FootComment
		return copied
	}
	copied := *n
	copied.Anchor = ""
	copied.Content = make([]*yaml.Node, len(n.Content))
	for i, c := range n.Content {
		if c.Kind == yaml.AliasNode {
			copied.Content[i] = c // still an alias of the same anchor
			continue
		}
		copied.Content[i] = detach(c)
	}
	return &copied
}

// blockStyle opens an empty "{}" or "[]" that now has content.
func blockStyle(n *yaml.Node) {
	if len(n.Content) <= 2 {
		n.Style &^= yaml.FlowStyle
	}
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Style&(quoted|yaml.TaggedStyle) == 0 && plain(n.Value) == nil
}

func scalarNode(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s)
	return n
}

func valueNode(v any) (*yaml.Node, error) {
	n := &yaml.Node{}
	if err := n.Encode(v); err != nil {
		return nil, fmt.Errorf("write the new value: %w", err)
	}
	return n, nil
}
