package identity

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	// defaultMemberships bounds users, groups and memberships of a directory, about 500 MiB at worst.
	defaultMemberships = 5_000_000
	maxNameBytes       = 256 << 20 // all names and keys together
	maxName            = 4096      // one name
)

// A builder collects what files tell and makes a Directory of it. Its first error stays.
type builder struct {
	source []string // the file being read, as nodes share it
	limit  int
	bytes  int
	err    error

	nodes    []node
	alias    map[int32]int32 // references by key that turned out to be named nodes
	users    map[string]int32
	groups   map[string]int32
	keys     map[string]int32
	edges    []edge
	accounts map[string]bool
	grants   []Grant
	listed   map[string]bool
}

type edge struct{ group, member int32 }

func newBuilder(source string, limit int) *builder {
	if limit <= 0 {
		limit = defaultMemberships
	}
	return &builder{
		source: []string{source}, limit: limit, alias: map[int32]int32{}, users: map[string]int32{}, groups: map[string]int32{},
		keys: map[string]int32{}, accounts: map[string]bool{}, listed: map[string]bool{},
	}
}

// fail keeps the first error.
func (b *builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}

// keep copies a name out of the buffer that it was read into, and counts it.
func (b *builder) keep(name string) string {
	if len(name) > maxName {
		b.fail("a name is longer than %d bytes", maxName)
		return ""
	}
	if b.bytes += len(name); b.bytes > maxNameBytes {
		b.fail("all names together take more than %d MiB", maxNameBytes>>20)
	}
	return strings.Clone(name)
}

func (b *builder) add(n node) int32 {
	if len(b.nodes) >= b.limit {
		b.fail("more than %d users and groups", b.limit)
		return 0
	}
	n.sources = b.source
	b.nodes = append(b.nodes, n)
	return int32(len(b.nodes) - 1)
}

// user returns the user of this name, and whether it was there before.
func (b *builder) user(name string) (id int32, known bool) {
	if id, ok := b.users[name]; ok {
		return id, true
	}
	name = b.keep(name)
	id = b.add(node{kind: Human, resolved: true, name: name})
	if b.err == nil {
		b.users[name] = id
	}
	return id, false
}

// group returns the group of this name, and whether it was there before.
func (b *builder) group(name string) (id int32, known bool) {
	if id, ok := b.groups[name]; ok {
		return id, true
	}
	name = b.keep(name)
	id = b.add(node{group: true, resolved: true, name: name})
	if b.err == nil {
		b.groups[name] = id
	}
	return id, false
}

// ref returns what a key means, or stands for it until some file tells. Name and group are what to take it for when
// none ever does.
func (b *builder) ref(key, name string, group bool) int32 {
	id, ok := b.keys[key]
	if !ok {
		key = b.keep(key)
		id = b.add(node{kind: Unknown, name: b.keep(name), group: group})
		if b.err == nil {
			b.keys[key] = id
		}
		return id
	}
	if n := &b.nodes[b.final(id)]; group && !n.group && !n.resolved {
		n.group, n.name = true, b.keep(name)
	}
	return id
}

// define says that a key means this user or group. The first one to say so is right.
func (b *builder) define(key string, id int32) {
	if b.err != nil {
		return
	}
	old, ok := b.keys[key]
	if !ok {
		b.keys[b.keep(key)] = id
		return
	}
	if old = b.final(old); old != b.final(id) && !b.nodes[old].resolved {
		b.alias[old] = id
		b.keys[key] = id
	}
}

// final follows aliases to the node that is meant.
func (b *builder) final(id int32) int32 {
	for {
		to, ok := b.alias[id]
		if !ok {
			return id
		}
		id = to
	}
}

// join puts a member into a group.
func (b *builder) join(group, member int32) {
	if len(b.edges) >= b.limit {
		b.fail("more than %d memberships", b.limit)
	}
	if b.err == nil {
		b.edges = append(b.edges, edge{group, member})
	}
}

// describe adds to a user what a file says of it. Active wins over inactive: rights that may be used are never hidden.
func (b *builder) describe(id int32, display string, s state) {
	if b.err != nil {
		return
	}
	n := &b.nodes[id]
	if n.display == "" && display != "" {
		n.display = b.keep(display)
	}
	n.state = max(n.state, s)
}

// freeze makes the Directory.
func (b *builder) freeze() *Directory {
	b.settle()
	d := &Directory{
		nodes: b.nodes, users: b.users, groups: b.groups, keys: b.keys, accounts: b.accounts, grants: b.grants, listed: b.listed,
	}
	for key, id := range d.keys {
		d.keys[key] = b.final(id)
	}
	for i, e := range b.edges {
		b.edges[i] = edge{b.final(e.group), b.final(e.member)}
	}
	d.members = b.lists(func(e edge) (int32, int32) { return e.group, e.member })
	d.parents = b.lists(func(e edge) (int32, int32) { return e.member, e.group })
	d.templates = templatesOf(b.nodes)
	d.settleGrants()
	return d
}

// settle gives the references that no file explains a place among the users and groups.
func (b *builder) settle() {
	used := make([]bool, len(b.nodes))
	for _, e := range b.edges {
		used[b.final(e.group)], used[b.final(e.member)] = true, true
		if group := &b.nodes[b.final(e.group)]; !group.resolved {
			group.group = true // it has members
		}
	}
	for i := range b.nodes {
		n := &b.nodes[i]
		if n.resolved || !used[i] {
			continue
		}
		index := b.users
		if n.group {
			index, n.kind = b.groups, ""
		}
		if same, ok := index[n.name]; ok && same != int32(i) {
			b.alias[int32(i)] = same
		} else {
			index[n.name] = int32(i)
		}
	}
}

// lists turns the edges into lists without repetition.
func (b *builder) lists(ends func(edge) (from, to int32)) lists {
	slices.SortFunc(b.edges, func(x, y edge) int {
		xFrom, xTo := ends(x)
		yFrom, yTo := ends(y)
		return cmp.Or(cmp.Compare(xFrom, yFrom), cmp.Compare(xTo, yTo))
	})
	b.edges = slices.Compact(b.edges)
	l := lists{start: make([]int32, len(b.nodes)+1), all: make([]int32, 0, len(b.edges))}
	for _, e := range b.edges {
		from, to := ends(e)
		l.start[from+1]++
		l.all = append(l.all, to)
	}
	for i := range b.nodes {
		l.start[i+1] += l.start[i]
	}
	return l
}

// settleGrants sorts the grants and finds the users of their principals.
func (d *Directory) settleGrants() {
	users := map[string]string{}
	for _, n := range d.nodes {
		if n.principal != "" && users[n.principal] == "" {
			users[n.principal] = n.name
		}
	}
	for i := range d.grants {
		d.grants[i].User = users[d.grants[i].Principal]
	}
	slices.SortFunc(d.grants, compareGrants)
	d.grants = slices.CompactFunc(d.grants, func(a, b Grant) bool { return compareGrants(a, b) == 0 })
}

func compareGrants(a, b Grant) int {
	return cmp.Or(
		cmp.Compare(a.Principal, b.Principal), cmp.Compare(a.Policy, b.Policy), cmp.Compare(a.PolicyARN, b.PolicyARN),
		cmp.Compare(a.Scope, b.Scope), slices.Compare(a.Namespaces, b.Namespaces), cmp.Compare(a.Source, b.Source),
	)
}

// Merge joins directories: memberships add up, and what one file only refers to another may describe. A person is
// active when any file says so. The directories stay as they are; nil ones are empty.
func Merge(directories ...*Directory) *Directory {
	b := newBuilder("", 1<<31-1)
	b.bytes = -1 << 60 // every part was held to its limits when it was read
	for _, d := range directories {
		if d != nil {
			b.merge(d)
		}
	}
	return b.freeze()
}

func (b *builder) merge(d *Directory) {
	ids := make([]int32, len(d.nodes))
	keyOf := map[int32]string{}
	for key, id := range d.keys {
		if known, ok := keyOf[id]; !d.nodes[id].resolved && (!ok || key < known) {
			keyOf[id] = key
		}
	}
	for i, n := range d.nodes {
		switch key := keyOf[int32(i)]; {
		case n.resolved && n.group:
			ids[i], _ = b.group(n.name)
		case n.resolved:
			var known bool
			if ids[i], known = b.user(n.name); !known || b.nodes[ids[i]].kind == Unknown {
				b.nodes[ids[i]].kind = n.kind
			}
		case key != "":
			ids[i] = b.ref(key, n.name, n.group)
		default:
			continue // an alias: nothing points to it
		}
		b.mergeNode(ids[i], n)
	}
	for _, key := range slices.Sorted(maps.Keys(d.keys)) {
		if id := d.keys[key]; d.nodes[id].resolved {
			b.define(key, ids[id])
		}
	}
	for i := range d.nodes {
		for _, member := range d.members.of(int32(i)) {
			b.join(ids[i], ids[member])
		}
	}
	maps.Copy(b.accounts, d.accounts)
	b.grants = append(b.grants, d.grants...)
	for principal, read := range d.listed {
		b.listed[principal] = b.listed[principal] || read
	}
}

func (b *builder) mergeNode(id int32, n node) {
	id = b.final(id)
	b.describe(id, n.display, n.state)
	to := &b.nodes[id]
	if to.principal == "" {
		to.principal = n.principal
	}
	if len(to.sources) == 1 && to.sources[0] == "" {
		to.sources = n.sources
	} else if !slices.Equal(to.sources, n.sources) {
		all := slices.Concat(to.sources, n.sources)
		slices.Sort(all)
		to.sources = slices.Compact(all)
	}
}
