package manifest

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-io/plimsoll/inventory"
)

const (
	largeList = 256 << 10 // a list below this size is parsed in one piece
	batchSize = 64 << 10  // items of a large list are parsed together up to this size
)

// itemsLine finds the line "items:" at the left edge: the offsets of its start and of its end, -1 when there is none.
func itemsLine(data []byte) (start, end int) {
	const items = "items:"
	if bytes.HasPrefix(data, []byte(items)) {
		start = 0
	} else if start = bytes.Index(data, []byte("\n"+items)); start < 0 {
		return -1, -1
	} else {
		start++
	}
	line, _, _ := bytes.Cut(data[start:], []byte("\n"))
	rest := bytes.TrimSpace(line[len(items):])
	if len(rest) > 0 && rest[0] != '#' {
		return -1, -1
	}
	return start, min(start+len(line)+1, len(data))
}

// readLargeList reads a large List as kubectl writes it, items in block style, some items at a time. It returns false
// when c is no such list or cannot be taken apart by its indentation, and then has changed nothing: a quoted text
// that spans lines, or an anchor that another item uses, makes a part of it unreadable, and the list is parsed whole.
func (f *file) readLargeList(c chunk) bool {
	if len(c.data) < largeList {
		return false
	}
	start, end := itemsLine(c.data)
	if start < 0 {
		return false
	}
	batches, after := batchItems(c, end)
	if len(batches) == 0 {
		return false
	}
	head := append(append([]byte{}, c.data[:start]...), c.data[after:]...)
	t, ok := listType(head)
	if !ok {
		return false
	}
	objects, gaps := len(f.objects), len(f.gaps)
	var s strays
	for _, b := range batches {
		if f.full() {
			break
		}
		if !f.readBatch(b, t.item(), len(c.data) <= f.opts.maxDocument(), &s) {
			f.objects, f.gaps = f.objects[:objects], f.gaps[:gaps]
			return false
		}
	}
	f.reportStrays(s, t.item(), c)
	return true
}

// listType reads what is left of a list without its items; ok is false when this is no list.
func listType(head []byte) (t typeMeta, ok bool) {
	if len(head) > largeList {
		return t, false
	}
	count, isList := 0, false
	err := documents(head, func(doc *yaml.Node) {
		count++
		if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
			return
		}
		root := doc.Content[0]
		t = nodeType(root)
		isList = t.complete() && strings.HasSuffix(t.kind, "List") && nodeName(root) == "" && field(root, "items") == nil
	})
	return t, err == nil && count == 1 && isList
}

// batchItems cuts the items that start at offset start into batches, and returns the offset after the last item.
func batchItems(c chunk, start int) (batches []chunk, after int) {
	indent, begin, line := -1, start, c.line+bytes.Count(c.data[:start], []byte{'\n'})
	beginLine := line
	at := start
	for text := range bytes.Lines(c.data[start:]) {
		trimmed := bytes.TrimLeft(text, " ")
		spaces := len(text) - len(trimmed)
		blank := len(bytes.TrimSpace(trimmed)) == 0 || trimmed[0] == '#'
		isItem := !blank && trimmed[0] == '-' && (len(trimmed) == 1 || bytes.IndexByte([]byte(" \r\n"), trimmed[1]) >= 0)
		if indent < 0 && !blank {
			if !isItem {
				return nil, start
			}
			indent = spaces
		}
		if !blank && (spaces < indent || spaces == indent && !isItem) {
			break
		}
		if isItem && spaces == indent && at-begin >= batchSize {
			batches = append(batches, chunk{c.data[begin:at], beginLine})
			begin, beginLine = at, line
		}
		at += len(text)
		line++
	}
	if indent >= 0 && at > begin {
		batches = append(batches, chunk{c.data[begin:at], beginLine})
	}
	return batches, at
}

// readBatch reads some items of a list. It returns false when the batch is no YAML and retry says that the whole list
// can still be parsed in one piece; otherwise that is a gap.
func (f *file) readBatch(b chunk, expected typeMeta, retry bool, s *strays) bool {
	if !f.fits(b) {
		return true
	}
	var lists []*yaml.Node
	err := documents(b.data, func(doc *yaml.Node) {
		if len(doc.Content) == 1 && doc.Content[0].Kind == yaml.SequenceNode {
			lists = append(lists, doc.Content[0])
		}
	})
	if err != nil || len(lists) != 1 {
		if retry {
			return false
		}
		line, reason := 1, "this is no list of objects"
		if err != nil {
			line, reason = syntaxError(err)
		}
		f.broken(b.data, b.line+line, reason)
		if expected.complete() {
			f.gap(inventory.Gap{Kind: expected.kind, Group: group(expected), Line: b.line + line, Reason: reason})
		}
		return true
	}
	if more := f.items(lists[0], expected, b, 0); more.count > 0 {
		s.add(more.count, more.line)
	}
	return true
}
