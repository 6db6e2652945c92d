package yamledit

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-io/plimsoll/internal/yamlpath"
)

// A splice replaces text[from:to].
type splice struct {
	from, to int
	text     string
}

// A writer makes the splices that turn the value of a document into another one.
type writer struct {
	*source
	style   style
	splices []splice
	wanted  map[*yaml.Node]any // what anchored nodes on the way shall be
}

// A place is where a value stands.
type place struct {
	valueAt int // after the colon or dash; -1 for the root
	indent  int // column of the key or dash
	limit   int // where the next node starts
	flow    bool
	item    bool // in a list
}

func (w *writer) splice(from, to int, text string) {
	w.splices = append(w.splices, splice{from, to, text})
}

// value makes n, which is have, be want.
func (w *writer) value(n *yaml.Node, have, want any, at place) error {
	if n.Kind == yaml.AliasNode {
		now := have
		if v, changed := w.wanted[n.Alias]; changed {
			now = v
		}
		if reflect.DeepEqual(now, want) {
			return nil
		}
		return w.replace(n, want, at)
	}
	same := reflect.DeepEqual(have, want)
	if same && len(w.wanted) == 0 {
		return nil
	}
	if n.Anchor != "" && !same {
		w.wanted[n] = want
	}
	switch n.Kind {
	case yaml.MappingNode:
		h, _ := have.(map[string]any)
		if m, ok := want.(map[string]any); ok && h != nil && len(n.Content) > 0 && (len(m) > 0 || same) {
			return w.mapping(n, h, m, at)
		}
	case yaml.SequenceNode:
		h, _ := have.([]any)
		if l, ok := want.([]any); ok && len(h) > 0 && len(h) == len(n.Content) && len(l) > 0 {
			return w.sequence(n, h, l, at)
		}
	}
	if same {
		return nil
	}
	return w.replace(n, want, at)
}

func (w *writer) mapping(n *yaml.Node, have, want map[string]any, at place) error {
	units, err := w.units(n, at.limit)
	if err != nil {
		return err
	}
	merged, err := w.merged(n)
	if err != nil {
		return err
	}
	var names []string // own fields
	gone := make([]bool, len(units))
	kept := 0
	for i, u := range units {
		if u.key.Tag == mergeTag {
			kept++
			continue
		}
		name, err := keyName(u.key)
		if err != nil {
			return err
		}
		names = append(names, name)
		v, stays := want[name]
		if gone[i] = !stays; !stays {
			continue
		}
		kept++
		if err := w.value(u.value, have[name], v, w.placeOf(n, units, i, at)); err != nil {
			return err
		}
	}
	var added []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		m, inherited := merged[name]
		if !slices.Contains(names, name) && (!inherited || !reflect.DeepEqual(m, want[name])) {
			added = append(added, name)
		}
	}
	for name := range merged {
		if _, stays := want[name]; !stays {
			return fmt.Errorf("the field %q comes from a merge key and has to be removed there", name)
		}
	}
	if kept == 0 {
		return w.replace(n, want, at)
	}
	if err := w.cut(n, units, gone, at); err != nil {
		return err
	}
	return w.addFields(n, units, want, added, at)
}

// merged are the fields that merge keys will bring once the anchors are changed.
func (w *writer) merged(n *yaml.Node) (map[string]any, error) {
	out := map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag != mergeTag {
			continue
		}
		sources := []*yaml.Node{n.Content[i+1]}
		if sources[0].Kind == yaml.SequenceNode {
			sources = slices.Clone(sources[0].Content)
			slices.Reverse(sources)
		}
		for _, source := range sources {
			if source.Kind == yaml.AliasNode {
				source = source.Alias
			}
			v, changed := w.wanted[source]
			if !changed {
				var err error
				if v, _, err = yamlpath.Decode(source, yamlpath.Limits{}); err != nil {
					return nil, err
				}
			}
			m, _ := v.(map[string]any)
			maps.Copy(out, m)
		}
	}
	return out, nil
}

func (w *writer) sequence(n *yaml.Node, have, want []any, at place) error {
	units, err := w.units(n, at.limit)
	if err != nil {
		return err
	}
	gone := make([]bool, len(have))
	next, kept := 0, 0
	for i, item := range have {
		if next >= len(want) || len(have) > len(want) && !sameItem(item, want[next]) {
			gone[i] = true
			continue
		}
		if err := w.value(units[i].value, item, want[next], w.placeOf(n, units, i, at)); err != nil {
			return err
		}
		next++
		kept++
	}
	if kept == 0 {
		return w.replace(n, want, at)
	}
	if err := w.cut(n, units, gone, at); err != nil {
		return err
	}
	return w.addItems(n, units, want[next:], at)
}

// sameItem says that an item of a list is another version of one.
func sameItem(a, b any) bool {
	x, _ := a.(map[string]any)
	y, _ := b.(map[string]any)
	if x["name"] != nil && y["name"] != nil {
		return reflect.DeepEqual(x["name"], y["name"])
	}
	return reflect.DeepEqual(a, b)
}

func (w *writer) placeOf(n *yaml.Node, units []unit, i int, at place) place {
	u := units[i]
	return place{
		valueAt: u.valueAt, indent: w.column(u.start), limit: unitLimit(units, i, at.limit),
		flow: n.Style&yaml.FlowStyle != 0, item: u.key == nil,
	}
}

// cut removes units; at least one stays.
func (w *writer) cut(n *yaml.Node, units []unit, gone []bool, at place) error {
	flow := n.Style&yaml.FlowStyle != 0
	for i := 0; i < len(units); i++ {
		if !gone[i] {
			continue
		}
		j := i
		for j+1 < len(units) && gone[j+1] {
			j++
		}
		end, err := w.unitEnd(n, units, j, at.limit)
		if err != nil {
			return err
		}
		from, to := units[i].start, w.lineEnd(end)
		switch {
		case flow && j+1 < len(units):
			to = units[j+1].start
		case flow:
			if from, err = w.unitEnd(n, units, i-1, at.limit); err != nil {
				return err
			}
			to = end
		case w.startsLine(from):
			from = w.lineStart(from)
		default: // on the line of a dash: what follows moves up
			for to < len(w.text) && w.text[to] == ' ' {
				to++
			}
		}
		w.splice(from, to, "")
		i = j
	}
	return nil
}

func (w *writer) addFields(n *yaml.Node, units []unit, want map[string]any, names []string, at place) error {
	if len(names) == 0 {
		return nil
	}
	end, err := w.unitEnd(n, units, len(units)-1, at.limit)
	if err != nil {
		return err
	}
	if n.Style&yaml.FlowStyle == 0 {
		text, err := w.style.fields(want, names, w.column(units[0].start))
		w.addLines(end, text)
		return err
	}
	st := w.style
	st.quoted = units[0].key.Style&yaml.DoubleQuotedStyle != 0
	separator := w.separator(units)
	for _, name := range names {
		text, err := st.flowField(name, want[name])
		if err != nil {
			return err
		}
		w.splice(end, end, separator+text)
	}
	return nil
}

func (w *writer) addItems(n *yaml.Node, units []unit, items []any, at place) error {
	if len(items) == 0 {
		return nil
	}
	end, err := w.unitEnd(n, units, len(units)-1, at.limit)
	if err != nil {
		return err
	}
	if n.Style&yaml.FlowStyle == 0 {
		text, err := w.style.list(items, w.column(units[0].start))
		w.addLines(end, text)
		return err
	}
	st := w.style
	st.quoted = w.text[units[0].valueAt] == '"' || w.text[units[0].valueAt] == '{' && st.quoted
	separator := w.separator(units)
	for _, item := range items {
		text, err := st.flow(item)
		if err != nil {
			return err
		}
		w.splice(end, end, separator+text)
	}
	return nil
}

// separator is what stands between entries in flow style: each on a line of its own when the last one is.
func (w *writer) separator(units []unit) string {
	last := units[len(units)-1].start
	before := w.text[w.lineStart(last):last]
	if pad := strings.TrimLeft(string(before), " \t"); pad == "" && w.line(last) > 0 {
		return "," + w.nl + string(before)
	}
	return ", "
}

// addLines puts whole lines after the line that holds end.
func (w *writer) addLines(end int, text string) {
	at := w.lineEnd(end)
	if at == len(w.text) && (at == 0 || w.lineStart(at) != at) { // the last line has no line break, and will have none
		text = w.nl + strings.TrimSuffix(text, w.nl)
	}
	w.splice(at, at, text)
}

// replace writes want in the place of n.
func (w *writer) replace(n *yaml.Node, want any, at place) error {
	if at.valueAt < 0 {
		return errShape
	}
	from := w.start(n)
	if n.Kind != yaml.AliasNode {
		var err error
		if from, err = w.content(n); err != nil {
			return err
		}
	}
	end, err := w.end(n, at.limit, at.indent, at.flow)
	if err != nil {
		return err
	}
	st := w.style
	collection := size(want) > 0
	if at.flow || !collection || at.item {
		text, err := w.inline(n, want, st, at)
		if err != nil {
			return err
		}
		return w.put(n, at, from, end, text)
	}
	if n.Anchor != "" {
		return fmt.Errorf("the value carries the anchor %q", n.Anchor)
	}
	text, err := st.below(want, at.indent)
	if err != nil {
		return err
	}
	if !isEmpty(n) && w.line(from) == w.line(at.valueAt) {
		w.splice(at.valueAt, end, "") // a comment on the line stays
	} else if !isEmpty(n) {
		w.splice(w.lineEnd(at.valueAt), w.lineEnd(end), "")
	}
	w.addLines(max(end, at.valueAt), strings.TrimPrefix(text, w.nl))
	return nil
}

// put writes text on one line.
func (w *writer) put(n *yaml.Node, at place, from, end int, text string) error {
	switch {
	case isEmpty(n):
		w.splice(max(end, at.valueAt), max(end, at.valueAt), " "+text)
	case w.line(from) == w.line(at.valueAt) || at.flow:
		w.splice(from, end, text)
	case n.Anchor != "":
		return fmt.Errorf("the value carries the anchor %q", n.Anchor)
	default:
		w.splice(at.valueAt, at.valueAt, " "+text)
		w.splice(w.lineEnd(at.valueAt), w.lineEnd(end), "")
	}
	return nil
}

// inline writes a value on one line, with the quotes that n has.
func (w *writer) inline(n *yaml.Node, want any, st style, at place) (string, error) {
	if s, ok := want.(string); ok && n.Kind == yaml.ScalarNode {
		switch {
		case n.Style&yaml.DoubleQuotedStyle != 0:
			return jsonText(s)
		case n.Style&yaml.SingleQuotedStyle != 0 && !strings.ContainsAny(s, "\r\n\t"):
			return "'" + strings.ReplaceAll(s, "'", "''") + "'", nil
		}
	}
	st.quoted = st.quoted && at.flow
	return st.flow(want)
}

func size(v any) int {
	switch v := v.(type) {
	case map[string]any:
		return len(v)
	case []any:
		return len(v)
	}
	return 0
}
