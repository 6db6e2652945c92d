package kyverno

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// An outcome is what a pattern says of a value. A pattern that is not met fails, unless one of its conditions is why: then
// it does not apply, and is skipped.
type outcome struct {
	allowed expr // it is met, or skipped
	skipped expr
}

var (
	met    = outcome{always, never}
	failed = outcome{never, never}
)

// ok says that the pattern is met, and not skipped.
func (o outcome) ok() expr { return and(o.allowed, not(o.skipped)) }

// given is the outcome where a condition holds that belongs to the pattern: else it fails.
func (o outcome) given(condition expr) outcome {
	return outcome{and(condition, o.allowed), and(condition, o.skipped)}
}

// unless is the outcome where a condition does not hold: else the pattern is met.
func (o outcome) unless(condition expr) outcome {
	return outcome{or(condition, o.allowed), and(not(condition), o.skipped)}
}

// maxPatternDepth bounds how deep patterns nest.
const maxPatternDepth = 40

// pattern translates a pattern for a value that is there.
func (g *generator) pattern(v value, pattern any) outcome {
	g.depth++
	defer func() { g.depth-- }()
	if g.depth > maxPatternDepth {
		g.unsupported("pattern", fmt.Sprintf("it nests deeper than %d levels", maxPatternDepth))
		return failed
	}
	switch p := pattern.(type) {
	case map[string]any:
		o := g.objectPattern(v, p)
		return o.given(g.isA(v, object, "map"))
	case []any:
		o := g.listPattern(v, p)
		return o.given(g.isA(v, list, "list"))
	case dynamic:
		d := expr{p.cel, tieTernary}
		return outcome{and(relation("type("+v.expr+") == type("+d.text+")"), relation(v.expr+" == "+d.at(tieUnary))), never}
	}
	if !isScalar(pattern) {
		g.unsupported("pattern", "it holds a value that is neither text, number, boolean, null, object nor list")
		return failed
	}
	return outcome{g.scalar(v, pattern), never}
}

// isA says that a value has a type, unless that is known.
func (g *generator) isA(v value, c class, typeName string) expr {
	switch v.shape.class() {
	case c:
		if v.maybeNull {
			return relation(v.expr + " != null")
		}
		return always
	case unknown:
		return v.is(typeName)
	}
	return never
}

// An anchor is the mark that a key of a pattern can have.
type anchor byte

const (
	plain     anchor = 0
	condition anchor = '('
	global    anchor = '<'
	negation  anchor = 'X'
	addition  anchor = '+'
	equality  anchor = '='
	existence anchor = '^'
)

var anchored = regexp.MustCompile(`^([+<=X^])?\((.+)\)$`)

// readKey takes the anchor off a key.
func readKey(key string) (anchor, string) {
	m := anchored.FindStringSubmatch(strings.TrimSpace(key))
	switch {
	case m == nil:
		return plain, key
	case m[1] == "":
		return condition, m[2]
	}
	return anchor(m[1][0]), m[2]
}

// An entry is one key of an object pattern.
type entry struct {
	anchor  anchor
	key     string
	pattern any
}

// entries are the keys of an object pattern in the order in which they are judged: conditions, other anchors, global
// conditions and what holds anchors itself, and the rest.
func entries(p map[string]any) []entry {
	keys := make([]string, 0, len(p))
	for k := range p {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var conditions, anchors, first, rest []entry
	for _, k := range keys {
		a, name := readKey(k)
		e := entry{a, name, p[k]}
		switch {
		case a == condition:
			conditions = append(conditions, e)
		case a == equality || a == negation || a == existence:
			anchors = append(anchors, e)
		case a == global || hasAnchors(p[k]):
			first = append([]entry{e}, first...)
		default:
			rest = append(rest, e)
		}
	}
	return slices.Concat(conditions, anchors, first, rest)
}

func hasAnchors(pattern any) bool {
	switch p := pattern.(type) {
	case map[string]any:
		for k, v := range p {
			if a, _ := readKey(k); a != plain && a != addition || hasAnchors(v) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(p, hasAnchors)
	}
	return false
}

// objectPattern translates a pattern for a value that is an object.
func (g *generator) objectPattern(v value, p map[string]any) outcome {
	applies := always // all conditions hold
	var anchors, others []outcome
	conditions := 0
	for _, e := range entries(p) {
		o := g.entry(v, e)
		switch e.anchor {
		case condition:
			conditions++
			applies = and(applies, o.ok())
		case equality, negation, existence:
			anchors = append(anchors, o)
		default:
			others = append(others, o)
		}
	}
	allowed, skippedAll := always, constant(conditions == 0 && len(anchors) > 0)
	for _, o := range anchors {
		allowed, skippedAll = and(allowed, o.allowed), and(skippedAll, o.skipped)
	}
	rest := inOrder(others)
	return outcome{
		allowed: or(not(applies), and(allowed, or(skippedAll, rest.allowed))),
		skipped: or(not(applies), and(allowed, or(skippedAll, rest.skipped))),
	}
}

// inOrder is what several patterns say of an object together: the first that is not met decides.
func inOrder(all []outcome) outcome {
	out := met
	for _, o := range slices.Backward(all) {
		out = outcome{
			allowed: or(o.skipped, and(o.allowed, out.allowed)),
			skipped: or(o.skipped, and(o.allowed, out.skipped)),
		}
	}
	return out
}

// entry translates one key for an object.
func (g *generator) entry(v value, e entry) outcome {
	if e.anchor == addition {
		g.unsupported("anchor +("+e.key+")", "it belongs to mutations, and Kyverno does not take it in validations")
		return failed
	}
	if isWild(e.key) && g.isTags(v) {
		return g.wildEntry(v, e)
	}
	shape, there := v.shape.field(e.key)
	field := value{expr: member(v.expr, e.key), shape: shape, maybeNull: there == nullable || len(shape) == 0}
	present := has(v.expr, e.key)
	if there != perhaps {
		present = always
	}
	switch e.anchor {
	case negation:
		return outcome{not(present), never}
	case equality:
		return g.child(field, e).unless(not(present))
	case condition:
		o := g.child(field, e)
		return outcome{and(present, o.ok()), never}
	case global:
		o := g.child(field, e)
		return outcome{always, and(present, not(o.ok()))}
	case existence:
		return outcome{or(not(present), g.existence(field, e.pattern)), never}
	}
	return g.plainEntry(field, present, e)
}

// plainEntry is a key without an anchor: a missing field counts as null.
func (g *generator) plainEntry(field value, present expr, e entry) outcome {
	if e.pattern == "*" {
		if field.maybeNull {
			present = and(present, relation(field.expr+" != null"))
		}
		return outcome{present, never}
	}
	o := g.child(field, e)
	if isScalar(e.pattern) && matchesNull(e.pattern) {
		return o.unless(not(present))
	}
	return o.given(present)
}

// child translates the pattern of a key for the field, which is there.
func (g *generator) child(field value, e entry) outcome {
	tags := g.tags
	defer func() { g.tags = tags }()
	switch {
	case e.key == "metadata":
		g.tags = tagsBelow
	case g.tags == tagsBelow && (e.key == "labels" || e.key == "annotations"):
		g.tags = tagsHere
	default:
		g.tags = noTags
	}
	return g.pattern(field, e.pattern)
}

// Wildcards stand for keys in labels and annotations only.
const (
	noTags    = iota
	tagsBelow // this is metadata
	tagsHere  // these are labels or annotations
)

func (g *generator) isTags(value) bool { return g.tags == tagsHere }

// wildEntry is a key with wildcards, which stands for the keys that are there.
func (g *generator) wildEntry(v value, e entry) outcome {
	key := g.name("key")
	defer g.release(key)
	like := wild(key, e.key)
	none := not(some(v.expr, key, like))
	shape, _ := v.shape.field("")
	tag := value{expr: v.expr + "[" + key + "]", shape: shape, maybeNull: len(shape) == 0}
	o := g.child(tag, e)
	one := some(v.expr, key, and(like, o.ok()))
	switch e.anchor {
	case negation:
		return outcome{none, never}
	case equality:
		return outcome{every(v.expr, key, or(not(like), o.allowed)), never}
	case condition, existence:
		return outcome{one, never}
	case global:
		return outcome{always, not(or(none, one))}
	}
	if e.pattern == "*" {
		return outcome{some(v.expr, key, like), never}
	}
	if isScalar(e.pattern) && matchesNull(e.pattern) {
		return outcome{or(none, one), never}
	}
	return outcome{one, never}
}

// existence says that a list has an item for each of the patterns.
func (g *generator) existence(v value, pattern any) expr {
	patterns, ok := pattern.([]any)
	if !ok {
		g.unsupported("anchor ^()", "its pattern is no list")
		return never
	}
	all := g.isA(v, list, "list")
	for _, p := range patterns {
		m, ok := p.(map[string]any)
		if !ok {
			g.unsupported("anchor ^()", "its pattern is no list of objects")
			return never
		}
		item := g.name(v.expr)
		o := g.pattern(g.item(v, item), m)
		all = and(all, some(v.expr, item, o.ok()))
		g.release(item)
	}
	return all
}

func (g *generator) item(v value, name string) value {
	shape := v.shape.item()
	return value{expr: name, shape: shape, maybeNull: len(shape) == 0}
}

// listPattern translates a pattern for a value that is a list. The first item of the pattern is for all items of the list.
func (g *generator) listPattern(v value, p []any) outcome {
	if len(p) == 0 {
		return failed
	}
	switch first := p[0].(type) {
	case map[string]any:
		item := g.name(v.expr)
		defer g.release(item)
		o := g.pattern(g.item(v, item), first)
		skipped := never
		if o.skipped != never {
			skipped = and(relation("size("+v.expr+") > 0"), every(v.expr, item, o.skipped))
		}
		return outcome{every(v.expr, item, o.allowed), skipped}
	case dynamic:
		item := g.name(v.expr)
		defer g.release(item)
		return outcome{every(v.expr, item, g.pattern(g.item(v, item), first).allowed), never}
	case []any:
		g.unsupported("pattern", "a list directly in a list")
		return failed
	default:
		return outcome{g.scalar(v, first), never}
	}
}
