// Package yamledit edits fields in the text of YAML and JSON files. It changes the text only where a field is changed:
// comments, order, quotes, indentation, line ends and all the rest stay as they are, byte for byte.
//
// No edit is believed: the new text is parsed again, and must mean what the old one meant with the edits made, and
// nothing else. Text that cannot be edited so, because of a tag or an unusual layout, is refused with a reason.
package yamledit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/yamlpath"
)

const mergeTag = "!!merge"

// An Edit is a change of one object in a file. Edits are made in their order.
type Edit struct {
	// Line and Column say where the object starts, from 1, as inventory.Object.Origin has it. An object may be a
	// document or an item of a List.
	Line, Column int
	Path         finding.Path
	Fix          finding.Fix
}

// Apply makes edits in the text of a file and returns the new text. refused has an entry for every edit: nil when it
// was made (or was no change), else why not. What cannot be written refuses all edits of its document, which then
// stays as it was. Apply never changes text it was given.
func Apply(text []byte, edits []Edit) (out []byte, refused []error) {
	refused = make([]error, len(edits))
	body, bom := bytes.CutPrefix(text, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff}) {
		for i := range refused {
			refused[i] = errors.New("the file is written in UTF-16: only UTF-8 is edited")
		}
		return text, refused
	}
	out = make([]byte, 0, len(text)+len(edits)*64)
	if bom {
		out = append(out, text[:3]...)
	}
	made := make([]bool, len(edits))
	for line := 0; len(body) > 0; {
		part := body[:nextDocument(body)]
		lines := bytes.Count(part, []byte{'\n'})
		var mine []int
		for i, e := range edits {
			if e.Line > line && (e.Line <= line+lines || len(part) == len(body)) {
				mine = append(mine, i)
				made[i] = true
			}
		}
		out = append(out, applyPart(part, line, edits, mine, refused)...)
		body, line = body[len(part):], line+lines
	}
	for i := range edits {
		if !made[i] {
			refused[i] = errors.New("the object is not where it was read")
		}
	}
	return out, refused
}

// nextDocument is the offset of the next line that starts a document. Text with directives stays whole.
func nextDocument(text []byte) int {
	if bytes.HasPrefix(text, []byte("%")) || bytes.Contains(text, []byte("\n%")) {
		return len(text)
	}
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte("\n---"))
		if i < 0 {
			return len(text)
		}
		at += i + 1
		if isMarker(text[at:]) {
			return at
		}
	}
}

// applyPart makes the edits whose numbers are given in some documents that start after a number of lines.
func applyPart(part []byte, line int, edits []Edit, mine []int, refused []error) []byte {
	if len(mine) == 0 {
		return part
	}
	refuse := func(err error) []byte {
		for _, i := range mine {
			if refused[i] == nil {
				refused[i] = err
			}
		}
		return part
	}
	docs, have, err := parse(part)
	if err != nil {
		return refuse(err)
	}
	want := slices.Clone(have)
	for _, i := range mine {
		e := edits[i]
		d, at, ok := find(docs, e.Line-line, e.Column)
		if !ok {
			refused[i] = errors.New("the object is not where it was read")
			continue
		}
		path := at + e.Path
		if at != "" && e.Path != "" && e.Path[0] != '[' {
			path = at + "." + e.Path
		}
		changed, err := Change(want[d], path, e.Fix)
		if err != nil {
			refused[i] = err
			continue
		}
		want[d] = changed
	}
	out, err := write(part, docs, have, want)
	if err != nil {
		return refuse(err)
	}
	return out
}

// write makes the documents mean what is wanted.
func write(part []byte, docs []*yaml.Node, have, want []any) (out []byte, err error) {
	src := newSource(part)
	var splices []splice
	for i, doc := range docs {
		if len(doc.Content) == 0 || reflect.DeepEqual(have[i], want[i]) {
			continue
		}
		root := doc.Content[0]
		w := &writer{source: src, style: styleOf(root, src.nl), wanted: map[*yaml.Node]any{}}
		w.style.quoted = root.Style&yaml.FlowStyle != 0 && len(root.Content) > 0 && root.Content[0].Style&yaml.DoubleQuotedStyle != 0
		limit := len(part)
		if i+1 < len(docs) && len(docs[i+1].Content) > 0 {
			limit = src.start(docs[i+1].Content[0])
		}
		if err := w.value(root, have[i], want[i], place{valueAt: -1, indent: -1, limit: limit}); err != nil {
			return nil, err
		}
		splices = append(splices, w.splices...)
	}
	if out, err = join(part, splices); err != nil {
		return nil, err
	}
	_, got, err := parse(out)
	if err != nil || !reflect.DeepEqual(got, want) {
		return nil, errMeaning
	}
	return out, nil
}

var errMeaning = errors.New("the edit could not be written without changing something else")

// join makes the splices in a text.
func join(text []byte, splices []splice) ([]byte, error) {
	slices.SortStableFunc(splices, func(a, b splice) int { return a.from - b.from })
	var out []byte
	at := 0
	for _, s := range splices {
		if s.from < at || s.to < s.from || s.to > len(text) {
			return nil, errShape
		}
		out = append(append(out, text[at:s.from]...), s.text...)
		at = s.to
	}
	return append(out, text[at:]...), nil
}

// parse reads documents and their values.
func parse(text []byte) (docs []*yaml.Node, values []any, err error) {
	defer func() {
		if p := recover(); p != nil { // a bug in the parser must not end the program
			err = errors.New("this cannot be parsed as YAML")
		}
	}()
	parsed := text
	if !bytes.HasSuffix(text, []byte("\n")) { // a block scalar at the end keeps its line break, as kubectl has it
		parsed = slices.Concat(text, []byte{'\n'})
	}
	dec := yaml.NewDecoder(bytes.NewReader(parsed))
	decoder := yamlpath.NewDecoder(yamlpath.Limits{})
	for {
		doc := new(yaml.Node)
		err := dec.Decode(doc)
		if errors.Is(err, io.EOF) {
			return docs, values, nil
		}
		if err != nil {
			return nil, nil, errors.New("this is no YAML")
		}
		value, _, err := decoder.Decode(doc, 0)
		if err != nil {
			return nil, nil, err
		}
		docs, values = append(docs, doc), append(values, value)
	}
}

// find looks for the object that starts at a line and column: the document's number and the path in it. The column
// decides only where several objects start on one line.
func find(docs []*yaml.Node, line, column int) (doc int, path finding.Path, ok bool) {
	type hit struct {
		doc    int
		path   finding.Path
		column int
	}
	var hits []hit
	var look func(d int, n *yaml.Node, path finding.Path, depth int)
	look = func(d int, n *yaml.Node, path finding.Path, depth int) {
		if n.Kind != yaml.MappingNode || depth > 10 {
			return
		}
		if n.Line == line || len(n.Content) > 0 && n.Content[0].Line == line {
			hits = append(hits, hit{d, path, n.Column})
		}
		isList := false
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, v := n.Content[i].Value, n.Content[i+1]
			isList = isList || key == "kind" && strings.HasSuffix(v.Value, "List")
		}
		for i := 0; isList && i+1 < len(n.Content); i += 2 {
			if v := n.Content[i+1]; n.Content[i].Value == "items" && v.Kind == yaml.SequenceNode {
				for j, item := range v.Content {
					look(d, item, path.Field("items").Index(j), depth+1)
				}
			}
		}
	}
	for d, doc := range docs {
		if len(doc.Content) > 0 {
			look(d, doc.Content[0], "", 0)
		}
	}
	for _, h := range hits {
		if h.column == column {
			return h.doc, h.path, true
		}
	}
	if len(hits) == 1 {
		return hits[0].doc, hits[0].path, true
	}
	return 0, "", false
}

// keyName is the name of a field as it is decoded.
func keyName(k *yaml.Node) (string, error) {
	v, _, err := yamlpath.Decode(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{k, {Kind: yaml.ScalarNode, Value: "0"}}}, yamlpath.Limits{})
	if err != nil {
		return "", fmt.Errorf("read the key at line %d: %w", k.Line, err)
	}
	for name := range v.(map[string]any) {
		return name, nil
	}
	return "", errShape
}
