package yamlpath

import (
	"fmt"
	"hash/maphash"
	"strconv"

	"github.com/plimsoll-io/plimsoll/finding"
)

// A Tree knows where every field of one document lies. It is compact (16 bytes a value, without pointers, so that the
// garbage collector has nothing to do there) and safe for concurrent use.
type Tree struct {
	nodes []treeNode // in document order; a node's children follow it
	root  any        // the value, to find list items by their merge key
}

type treeNode struct {
	key          uint32 // hash of the field's name; 0 for the root and list items
	line, column uint32
	end          uint32 // index after the last descendant
}

var keySeed = maphash.MakeSeed()

// keyHash stands for a field's name. The value says which names there are; the hash only tells siblings apart, and
// would mistake one for another once in four billion.
func keyHash(name string) uint32 {
	if name == "" {
		return 0
	}
	return uint32(maphash.String(keySeed, name))
}

// Locate returns the line and column of the field at path, or of its nearest ancestor that exists; 0, 0 for an empty
// tree. A field's position is that of its name, a list item's that of its first character after "- ".
func (t *Tree) Locate(path finding.Path) (line, column int) {
	if t == nil || len(t.nodes) == 0 {
		return 0, 0
	}
	at, value := uint32(0), t.root
	for _, step := range path.Steps() {
		next, child, ok := t.step(at, value, step)
		if !ok {
			break
		}
		at, value = next, child
	}
	return int(t.nodes[at].line), int(t.nodes[at].column)
}

// step goes from the node at, whose value is given, to one child.
func (t *Tree) step(at uint32, value any, step finding.Step) (uint32, any, bool) {
	switch value := value.(type) {
	case map[string]any:
		if step.Field == "" && step.Key != "" {
			return 0, nil, false
		}
		child, ok := value[step.Field]
		if !ok {
			return 0, nil, false
		}
		node, ok := t.field(at, step.Field)
		return node, child, ok
	case []any:
		i := itemIndex(value, step)
		if i < 0 {
			return 0, nil, false
		}
		node, ok := t.item(at, i)
		return node, value[i], ok
	}
	return 0, nil, false
}

// field finds a child by name. The last one wins, as it does in the map: a merge key may have brought another.
func (t *Tree) field(at uint32, name string) (found uint32, ok bool) {
	key := keyHash(name)
	for c := at + 1; c < t.nodes[at].end; c = t.nodes[c].end {
		if t.nodes[c].key == key {
			found, ok = c, true
		}
	}
	return found, ok
}

func (t *Tree) item(at uint32, i int) (uint32, bool) {
	for c := at + 1; c < t.nodes[at].end; c = t.nodes[c].end {
		if i == 0 {
			return c, true
		}
		i--
	}
	return 0, false
}

// itemIndex finds the list item that a step means, -1 when there is none.
func itemIndex(items []any, step finding.Step) int {
	if step.Field != "" {
		return -1
	}
	if step.Key == "" {
		if step.Index < 0 || step.Index >= len(items) {
			return -1
		}
		return step.Index
	}
	for i, item := range items {
		m, _ := item.(map[string]any)
		if v, ok := m[step.Key]; ok && Text(v) == step.Value {
			return i
		}
	}
	return -1
}

// Text is how a scalar is written in a path's merge key: 8080, true, web.
func Text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return fmt.Sprint(v)
}
