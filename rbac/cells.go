package rbac

import (
	"cmp"
	"slices"
	"strings"
)

// A cell is the smallest part of rights that is worth a line: the verbs on one resource of one group and name, or on one
// path, in one scope. What is too large to be taken apart keeps several of each in a cell.
type cell struct {
	namespace string
	groups    []string
	resources []string // or the path
	path      bool     // resources is a path
	names     []string // nil is every name
	verbs     []string
	grants    []Grant
}

// maxCells bounds into how many cells one box is taken apart.
const maxCells = 4096

// cells takes boxes apart and joins what is about the same thing.
func cells(from []box) []*cell {
	var out []*cell
	byKey := map[string]*cell{}
	add := func(c cell) {
		key := c.key()
		have, known := byKey[key]
		if !known {
			have = &cell{namespace: c.namespace, groups: c.groups, resources: c.resources, path: c.path, names: c.names}
			byKey[key] = have
			out = append(out, have)
		}
		have.verbs = append(have.verbs, c.verbs...)
		have.grants = append(have.grants, c.grants...)
	}
	for _, b := range from {
		b.takeApart(add)
	}
	for _, c := range out {
		c.verbs, c.grants = orderVerbs(c.verbs), unique(c.grants)
	}
	return out
}

func (b *box) takeApart(add func(cell)) {
	r := &b.rule
	for _, path := range each(r.NonResourceURLs) {
		add(cell{namespace: b.namespace, resources: path, path: true, verbs: r.Verbs, grants: b.grants})
	}
	if len(r.APIGroups)*max(1, len(r.ResourceNames))*len(r.Resources) > maxCells {
		add(cell{namespace: b.namespace, groups: sorted(r.APIGroups), resources: sorted(r.Resources), names: sorted(r.ResourceNames),
			verbs: r.Verbs, grants: b.grants})
		return
	}
	names := each(r.ResourceNames)
	if len(names) == 0 {
		names = [][]string{nil}
	}
	for _, resource := range each(r.Resources) {
		for _, group := range each(r.APIGroups) {
			for _, name := range names {
				add(cell{namespace: b.namespace, groups: group, resources: resource, names: name, verbs: r.Verbs, grants: b.grants})
			}
		}
	}
}

// each makes lists of one, which appending to copies.
func each(list []string) [][]string {
	out := make([][]string, len(list))
	for i := range list {
		out[i] = list[i : i+1 : i+1]
	}
	return out
}

func sorted(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// unique leaves out values that came before. Lists of grants are often long, and their order says what was read first.
func unique(list []Grant) []Grant {
	if len(list) < 2 {
		return list
	}
	seen := make(map[Grant]bool, len(list))
	return slices.DeleteFunc(list, func(g Grant) bool {
		known := seen[g]
		seen[g] = true
		return known
	})
}

// orderVerbs puts verbs into the order in which people name them. "*" stands for all.
func orderVerbs(verbs []string) []string {
	if slices.Contains(verbs, "*") {
		return []string{"*"}
	}
	verbs = slices.Clone(verbs)
	slices.SortFunc(verbs, func(x, y string) int { return cmp.Or(cmp.Compare(rank(x), rank(y)), strings.Compare(x, y)) })
	return slices.Compact(verbs)
}

func rank(verb string) int {
	common := [...]string{"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}
	if i := slices.Index(common[:], verb); i >= 0 {
		return i
	}
	return len(common)
}

func (c *cell) key() string { return c.keyOf(true, true, true, false) }

// keyOf tells cells apart by some of their parts.
func (c *cell) keyOf(groups, resource, names, verbs bool) string {
	var b strings.Builder
	write := func(list ...string) {
		for _, v := range list {
			b.WriteString(v)
			b.WriteByte(0)
		}
		b.WriteByte(1)
	}
	write(c.namespace)
	if groups {
		write(c.groups...)
	}
	if resource {
		write(c.resources...)
	}
	if names {
		write(c.names...)
	}
	if verbs {
		write(c.verbs...)
	}
	if c.path {
		b.WriteByte(2)
	}
	if len(c.names) == 0 {
		b.WriteByte(3) // all names never join with some
	}
	return b.String()
}

// joinNames joins cells that differ in the names only.
func joinNames(list []*cell) []*cell {
	byKey := map[string]*cell{}
	out := list[:0:0]
	for _, c := range list {
		k := c.keyOf(true, true, false, true)
		have, known := byKey[k]
		if !known {
			byKey[k] = c
			out = append(out, c)
			continue
		}
		have.names = append(have.names, c.names...)
		have.grants = append(have.grants, c.grants...)
	}
	for _, c := range out {
		c.names, c.grants = sorted(c.names), unique(c.grants)
	}
	return out
}

// rights turns cells into as few rules as can be read well: resources of the same verbs go together, and groups of the
// same resources.
func rights(list []*cell) []Right {
	type joined struct {
		*cell
		resources []string
	}
	var rows []*joined
	byKey := map[string]*joined{}
	for _, c := range joinNames(list) {
		k := c.keyOf(true, false, true, true)
		have, known := byKey[k]
		if !known {
			have = &joined{cell: c}
			byKey[k] = have
			rows = append(rows, have)
		}
		have.resources = append(have.resources, c.resources...)
		if known {
			have.grants = append(have.grants, c.grants...)
		}
	}
	byKey = map[string]*joined{}
	var out []*joined
	for _, row := range rows {
		row.resources = withWildcard(sorted(row.resources))
		k := row.keyOf(false, false, true, true) + strings.Join(row.resources, "\x00")
		if have, known := byKey[k]; known && !row.path {
			have.groups = append(have.groups, row.groups...)
			have.grants = append(have.grants, row.grants...)
			continue
		}
		byKey[k] = row
		out = append(out, row)
	}
	rights := make([]Right, 0, len(out))
	for _, row := range out {
		right := Right{Namespace: row.namespace, Grants: unique(row.grants), Rule: Rule{
			Verbs: row.verbs, APIGroups: withWildcard(sorted(row.groups)), Resources: row.resources, ResourceNames: row.names}}
		if row.path {
			right.Rule = Rule{Verbs: row.verbs, NonResourceURLs: row.resources}
		}
		rights = append(rights, right)
	}
	slices.SortFunc(rights, Right.compare)
	return rights
}

// withWildcard leaves only "*" of a list that has it.
func withWildcard(list []string) []string {
	if slices.Contains(list, "*") {
		return []string{"*"}
	}
	return list
}
