package yamlpath

import (
	"errors"
	"maps"
	"math"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
)

// Places lists line and column of every value, parents before children, fields in the order of their names, as
// locate knows them. NewTree makes a Tree of them again.
func Places(value any, locate func(finding.Path) (line, column int)) []int {
	return places(nil, value, "", locate)
}

func places(out []int, value any, path finding.Path, locate func(finding.Path) (line, column int)) []int {
	line, column := locate(path)
	out = append(out, line, column)
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			out = places(out, value[name], path.Field(name), locate)
		}
	case []any:
		for i, item := range value {
			out = places(out, item, path.Index(i), locate)
		}
	}
	return out
}

// NewTree makes a Tree of a value and its Places; it fails when these do not belong together.
func NewTree(value any, places []int) (*Tree, error) {
	b := builder{places: places, tree: &Tree{root: value, nodes: make([]treeNode, 0, len(places)/2)}}
	if !b.add("", value) || len(b.places) > 0 {
		return nil, errors.New("the positions are not those of the object")
	}
	return b.tree, nil
}

type builder struct {
	places []int
	tree   *Tree
	names  []string // of the maps around the value, to sort without allocating
}

func (b *builder) add(key string, value any) bool {
	if len(b.places) < 2 || !position(b.places[0]) || !position(b.places[1]) {
		return false
	}
	self := len(b.tree.nodes)
	b.tree.nodes = append(b.tree.nodes, treeNode{key: keyHash(key), line: uint32(b.places[0]), column: uint32(b.places[1])})
	b.places = b.places[2:]
	switch value := value.(type) {
	case map[string]any:
		first := len(b.names)
		for name := range value {
			b.names = append(b.names, name)
		}
		slices.Sort(b.names[first:])
		for i := range len(value) {
			name := b.names[first+i]
			if !b.add(name, value[name]) {
				return false
			}
		}
		b.names = b.names[:first]
	case []any:
		for _, item := range value {
			if !b.add("", item) {
				return false
			}
		}
	}
	b.tree.nodes[self].end = uint32(len(b.tree.nodes))
	return true
}

func position(n int) bool { return n >= 0 && n <= math.MaxUint32 }
