package kyverno

import (
	"strconv"
	"strings"
)

// An expr is a CEL expression, and how tightly its outermost operator binds.
type expr struct {
	text string
	tie  tightness
}

// tightness is the precedence of an operator; higher binds tighter.
type tightness int

const (
	tieTernary tightness = iota
	tieOr
	tieAnd
	tieRelation
	tieUnary
	tieAtom
)

// always and never are the constants.
var (
	always = expr{"true", tieAtom}
	never  = expr{"false", tieAtom}
)

func atom(text string) expr     { return expr{text, tieAtom} }
func relation(text string) expr { return expr{text, tieRelation} }

// at is the expression as a part of another one whose operator binds this tightly.
func (e expr) at(t tightness) string {
	if e.tie < t {
		return "(" + e.text + ")"
	}
	return e.text
}

func not(e expr) expr {
	switch {
	case e == always:
		return never
	case e == never:
		return always
	case e.tie == tieUnary && strings.HasPrefix(e.text, "!"):
		return atom(strings.TrimPrefix(e.text, "!"))
	}
	if sides := topLevel(e.text, " == "); e.tie == tieRelation && len(sides) == 2 {
		return relation(sides[0] + " != " + sides[1])
	}
	return expr{"!" + e.at(tieAtom), tieUnary}
}

func and(parts ...expr) expr { return join(parts, always, never, " && ", tieAnd) }
func or(parts ...expr) expr  { return join(parts, never, always, " || ", tieOr) }

// join joins by an operator: neutral parts vanish, a deciding one decides, and repeated ones are said once.
func join(parts []expr, neutral, deciding expr, operator string, t tightness) expr {
	var kept []expr
	seen := map[string]bool{}
	for _, p := range parts {
		switch {
		case p == deciding:
			return deciding
		case p == neutral, seen[p.text]:
			continue
		}
		seen[p.text] = true
		kept = append(kept, p)
	}
	switch len(kept) {
	case 0:
		return neutral
	case 1:
		return kept[0]
	}
	texts := make([]string, len(kept))
	for i, p := range kept {
		texts[i] = p.at(t)
	}
	return expr{strings.Join(texts, operator), t}
}

// quote writes a string as CEL does.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || r == 0x7f || r == 0xfffd:
			b.WriteString(`\u` + hex4(r))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func hex4(r rune) string {
	s := strconv.FormatInt(int64(r), 16)
	return strings.Repeat("0", 4-len(s)) + s
}

// quoteAll writes a list of strings.
func quoteAll(all []string) string {
	quoted := make([]string, len(all))
	for i, s := range all {
		quoted[i] = quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// isName says whether a key can be written behind a dot.
func isName(key string) bool {
	switch key {
	case "", "true", "false", "null", "in":
		return false
	}
	for i, r := range key {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return true
}

// member is a field of an object that has it.
func member(object, key string) string {
	if isName(key) {
		return object + "." + key
	}
	return object + "[" + quote(key) + "]"
}

// has says whether an object has a field.
func has(object, key string) expr {
	if isName(key) {
		return atom("has(" + object + "." + key + ")")
	}
	return relation(quote(key) + " in " + object)
}
