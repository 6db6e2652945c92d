package rbac

import "strings"

// A box is the part of a rule about resources or the part about paths, in one scope: every verb on every resource (of
// every group and name), or on every path. Because API groups, resources, verbs and names are an open world, a box with
// wildcards lies within several others only if it lies within one of them: no list of verbs adds up to "*".
type box struct {
	namespace string // "" is everywhere
	rule      Rule   // either NonResourceURLs or the other three lists are empty
	grants    []Grant
}

// boxes are the parts of a rule, without what can match nothing.
func boxes(namespace string, rule *Rule, grants ...Grant) []box {
	var out []box
	if len(rule.Verbs) == 0 {
		return nil
	}
	if len(rule.APIGroups) > 0 && len(rule.Resources) > 0 {
		out = append(out, box{namespace, Rule{
			Verbs: rule.Verbs, APIGroups: rule.APIGroups, Resources: rule.Resources, ResourceNames: rule.ResourceNames}, grants})
	}
	if paths := plainPaths(rule.NonResourceURLs); len(paths) > 0 && namespace == "" {
		out = append(out, box{"", Rule{Verbs: rule.Verbs, NonResourceURLs: paths}, grants})
	}
	return out
}

// plainPaths writes "/a**" as "/a*", which is the same, and leaves out the empty path, which no request has.
func plainPaths(paths []string) []string {
	out := make([]string, 0, len(paths))
	for _, p := range paths {
		if strings.HasSuffix(p, "**") {
			p = strings.TrimRight(p, "*") + "*"
		}
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}

// A cover is a box that others are compared with.
type cover struct {
	box
	verbs, groups, resources, names, paths words
}

// words are a list that can be asked quickly.
type words struct {
	list  []string
	index map[string]bool // of long lists
}

func newCover(b box) *cover {
	return &cover{
		box: b, verbs: newWords(b.rule.Verbs), groups: newWords(b.rule.APIGroups), resources: newWords(b.rule.Resources),
		names: newWords(b.rule.ResourceNames), paths: newWords(b.rule.NonResourceURLs),
	}
}

func newWords(list []string) words {
	w := words{list: list}
	if len(list) > 16 {
		w.index = make(map[string]bool, len(list))
		for _, v := range list {
			w.index[v] = true
		}
	}
	return w
}

func (w *words) has(v string) bool {
	if w.index != nil {
		return w.index[v]
	}
	for _, have := range w.list {
		if have == v {
			return true
		}
	}
	return false
}

// plain covers verbs and groups.
func (w *words) plain(v string) bool { return w.has(v) || w.has("*") }

// resource covers "pods/exec" by itself, "*/exec" and "*".
func (w *words) resource(v string) bool {
	if w.plain(v) {
		return true
	}
	_, sub, _ := strings.Cut(v, "/")
	return sub != "" && w.has("*/"+sub)
}

// path covers "/healthz/ready" and "/healthz/*" by every shorter path with a "*".
func (w *words) path(v string) bool {
	if w.has(v) {
		return true
	}
	start := strings.TrimSuffix(v, "*")
	if len(w.list) <= 16 {
		for _, have := range w.list {
			if prefix, ok := strings.CutSuffix(have, "*"); ok && strings.HasPrefix(start, prefix) {
				return true
			}
		}
		return false
	}
	for i := range len(start) + 1 {
		if w.has(start[:i] + "*") {
			return true
		}
	}
	return false
}

// split parts the values of a list into those that are covered and those that are not.
func split(values []string, covers func(string) bool) (in, out []string) {
	for i, v := range values {
		if covers(v) {
			continue
		}
		// The first one that is not covered: from here on there are two lists.
		in = append(in, values[:i]...)
		for _, v := range values[i:] {
			if covers(v) {
				in = append(in, v)
			} else {
				out = append(out, v)
			}
		}
		return in, out
	}
	return values, nil
}

// reaches says whether the cover's scope holds that of a box, and whether both are about the same kind of thing.
func (c *cover) reaches(b *box) bool {
	return (c.namespace == "" || c.namespace == b.namespace) && (len(c.rule.NonResourceURLs) > 0) == (len(b.rule.NonResourceURLs) > 0)
}

// subtract appends what is left of a box without what the cover holds: nothing, the box itself, or up to four boxes.
func (c *cover) subtract(left []box, b box) []box {
	if !c.reaches(&b) {
		return append(left, b)
	}
	verbs, otherVerbs := split(b.rule.Verbs, c.verbs.plain)
	if len(verbs) == 0 {
		return append(left, b)
	}
	if len(b.rule.NonResourceURLs) > 0 {
		paths, otherPaths := split(b.rule.NonResourceURLs, c.paths.path)
		if len(paths) == 0 {
			return append(left, b)
		}
		left = b.with(left, Rule{Verbs: otherVerbs, NonResourceURLs: b.rule.NonResourceURLs}, otherVerbs)
		return b.with(left, Rule{Verbs: verbs, NonResourceURLs: otherPaths}, otherPaths)
	}
	groups, otherGroups := split(b.rule.APIGroups, c.groups.plain)
	resources, otherResources := split(b.rule.Resources, c.resources.resource)
	otherNames, ok := c.splitNames(b.rule.ResourceNames)
	if len(groups) == 0 || len(resources) == 0 || !ok {
		return append(left, b)
	}
	r := b.rule
	left = b.with(left, Rule{Verbs: otherVerbs, APIGroups: r.APIGroups, Resources: r.Resources, ResourceNames: r.ResourceNames}, otherVerbs)
	left = b.with(left, Rule{Verbs: verbs, APIGroups: otherGroups, Resources: r.Resources, ResourceNames: r.ResourceNames}, otherGroups)
	left = b.with(left, Rule{Verbs: verbs, APIGroups: groups, Resources: otherResources, ResourceNames: r.ResourceNames}, otherResources)
	return b.with(left, Rule{Verbs: verbs, APIGroups: groups, Resources: resources, ResourceNames: otherNames}, otherNames)
}

// with appends a box of the same scope, unless the list that was split off is empty.
func (b *box) with(left []box, rule Rule, part []string) []box {
	if len(part) == 0 {
		return left
	}
	return append(left, box{b.namespace, rule, b.grants})
}

// splitNames gives the names that are not covered, where no names are all names. ok is false when none is covered.
func (c *cover) splitNames(names []string) (out []string, ok bool) {
	if len(c.names.list) == 0 {
		return nil, true
	}
	in, out := split(names, c.names.has)
	return out, len(in) > 0
}

// maxPieces bounds into how many boxes one may fall. Beyond it a box is kept as it is, though parts of it are covered.
const maxPieces = 2048

// without is what is left of a box without what all the covers hold.
func (b box) without(covers []*cover) []box {
	left := []box{b}
	for _, c := range covers {
		var next []box
		for _, piece := range left {
			next = c.subtract(next, piece)
		}
		if len(next) == 0 {
			return nil
		}
		if len(next) > maxPieces {
			return left
		}
		left = next
	}
	return left
}

// overlaps says whether some request is allowed by both the cover and the box.
func (c *cover) overlaps(b *box) bool {
	if c.namespace != "" && b.namespace != "" && c.namespace != b.namespace {
		return false
	}
	const longest = 1 << 20 // comparisons; beyond it they are taken to overlap
	meet := func(x, y []string, same func(x, y string) bool) bool {
		if len(x)*len(y) > longest {
			return true
		}
		for _, v := range x {
			for _, w := range y {
				if same(v, w) {
					return true
				}
			}
		}
		return false
	}
	plain := func(x, y string) bool { return x == y || x == "*" || y == "*" }
	if !meet(c.rule.Verbs, b.rule.Verbs, plain) {
		return false
	}
	if len(b.rule.NonResourceURLs) > 0 {
		return meet(c.rule.NonResourceURLs, b.rule.NonResourceURLs, samePath)
	}
	return meet(c.rule.APIGroups, b.rule.APIGroups, plain) && meet(c.rule.Resources, b.rule.Resources, sameResource) &&
		(len(c.rule.ResourceNames) == 0 || len(b.rule.ResourceNames) == 0 ||
			meet(c.rule.ResourceNames, b.rule.ResourceNames, func(x, y string) bool { return x == y }))
}

func samePath(x, y string) bool {
	a, wildX := strings.CutSuffix(x, "*")
	b, wildY := strings.CutSuffix(y, "*")
	return x == y || wildX && strings.HasPrefix(b, a) || wildY && strings.HasPrefix(a, b)
}

func sameResource(x, y string) bool {
	one := func(list ...string) *words { return &words{list: list} }
	return one(x).resource(y) || one(y).resource(x)
}
