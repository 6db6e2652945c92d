package graph

import (
	"fmt"
	"sort"
	"strings"
)

// bundle makes one arrow of all that join the same boxes and are open alike, so that a picture has a line where the graph
// has many edges. Its label names the first ones.
func (d *drawing) bundle() {
	type key struct {
		from, to int
		cut      bool
	}
	at := map[key]int{}
	var out []arrow
	labels := map[key][]string{}
	for i := range d.arrows {
		a := d.arrows[i]
		k := key{a.from, a.to, a.cut != ""}
		j, known := at[k]
		if !known {
			at[k] = len(out)
			out = append(out, a)
			labels[k] = []string{a.text()}
			continue
		}
		out[j].tone = strongest(out[j].tone, a.tone)
		out[j].lines = nil
		if a.cut != out[j].cut {
			out[j].cut = manyCuts(d.words)
		}
		labels[k] = append(labels[k], a.text())
	}
	for k, texts := range labels {
		if len(texts) == 1 {
			continue
		}
		a := &out[at[k]]
		a.label, a.weight, a.lines = fmt.Sprintf("%s +%d", texts[0], len(texts)-1), 1, texts
	}
	d.arrows = out
}

// text is what an arrow is labelled with.
func (a *arrow) text() string {
	if a.weight > 1 {
		return strings.TrimSpace(a.label + " ×" + thousands(a.weight))
	}
	return a.label
}

// sub is the small line of a box: its kind, and its group where nothing else shows that.
func (b *box) sub(group bool) string {
	parts := make([]string, 0, 2)
	switch {
	case b.mixed != "":
		parts = append(parts, b.mixed)
	case b.weight > 1:
		parts = append(parts, strings.TrimSpace(thousands(b.weight)+" × "+b.kind))
	case b.kind != "":
		parts = append(parts, b.kind)
	}
	if group && b.group != "" && b.group != b.label {
		parts = append(parts, b.group)
	}
	return strings.Join(parts, " · ")
}

// heading is the title and the caption in one line.
func (d *drawing) heading() string {
	parts := make([]string, 0, 3)
	for _, s := range []string{d.title, d.caption, d.note} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " — ")
}

// A cluster is the boxes of a group.
type cluster struct {
	name    string
	members []int
}

// groups gives the boxes by group, sorted by name; those without a group come first.
func (d *drawing) groups() []cluster {
	at := map[string]int{}
	var out []cluster
	for i := range d.nodes {
		name := d.nodes[i].group
		j, known := at[name]
		if !known {
			j = len(out)
			at[name] = j
			out = append(out, cluster{name: name})
		}
		out[j].members = append(out[j].members, i)
	}
	sort.Slice(out, func(a, b int) bool { return out[a].name < out[b].name })
	return out
}
