package kyverno

import (
	"math"
	"strconv"
	"strings"
)

// A value is an expression for a value that is there, and what is known of its type.
type value struct {
	expr  string
	shape shape
	// maybeNull says that it may be null.
	maybeNull bool
}

func (v value) is(typeName string) expr { return relation("type(" + v.expr + ") == " + typeName) }

// isNot says that a value is no object or no list: an API server cannot compare these with anything else.
func (v value) isNot(typeName string) expr { return relation("type(" + v.expr + ") != " + typeName) }

func (v value) equals(literal string) expr { return relation(v.expr + " == " + literal) }

// isOneOf says that the value is one of some literals, which may differ in type: then no list can hold them.
func (v value) isOneOf(literals ...string) expr {
	each := make([]expr, len(literals))
	for i, l := range literals {
		each[i] = v.equals(l)
	}
	return or(each...)
}

// scalar says whether a value is what a pattern that is no object and no list describes. Lists are when all their items
// are.
func (g *generator) scalar(v value, pattern any) expr {
	switch v.shape.class() {
	case object:
		return never
	case list:
		item := g.name(v.expr)
		one := g.single(value{expr: item, shape: v.shape.item(), maybeNull: len(v.shape.item()) == 0}, pattern)
		g.release(item)
		all := every(v.expr, item, one)
		if v.maybeNull {
			return or(and(v.equals("null"), constant(matchesNull(pattern))), and(relation(v.expr+" != null"), all))
		}
		return all
	case unknown:
		one := and(v.isNot("map"), g.single(v, pattern))
		item := g.name(v.expr)
		each := value{expr: item, maybeNull: true}
		all := every(v.expr, item, and(each.isNot("map"), each.isNot("list"), g.single(each, pattern)))
		g.release(item)
		return expr{v.is("list").at(tieOr) + " ? " + all.at(tieOr) + " : " + one.at(tieOr), tieTernary}
	}
	return g.single(v, pattern)
}

func every(list, item string, e expr) expr {
	if e == always {
		return always
	}
	return atom(list + ".all(" + item + ", " + e.text + ")")
}

func some(list, item string, e expr) expr {
	if e == always {
		return relation("size(" + list + ") > 0")
	}
	return atom(list + ".exists(" + item + ", " + e.text + ")")
}

func constant(b bool) expr {
	if b {
		return always
	}
	return never
}

// single is scalar for values that are no list.
func (g *generator) single(v value, pattern any) expr {
	switch p := pattern.(type) {
	case nil:
		return isZero(v)
	case bool:
		return v.equals(strconv.FormatBool(p))
	case int64:
		return isNumber(v, strconv.FormatInt(p, 10))
	case float64:
		return isNumber(v, number(p))
	case string:
		return g.stringPattern(v, p)
	}
	return never
}

// number writes a number as CEL does.
func number(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.FormatInt(int64(f), 10)
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

func isNumber(v value, n string) expr {
	switch v.shape.class() {
	case integer, double:
		return v.equals(n)
	case text:
		return v.equals(quote(n))
	}
	return v.isOneOf(n, quote(n))
}

// isZero is the pattern null: nothing, and what is as good as nothing.
func isZero(v value) expr {
	zero := map[class]string{text: `""`, integer: "0", double: "0", boolean: "false"}[v.shape.class()]
	switch {
	case zero != "" && !v.maybeNull:
		return v.equals(zero)
	case zero != "":
		return v.isOneOf("null", zero)
	}
	return v.isOneOf("null", `""`, "0", "false")
}

// stringPattern is a text with operators: alternatives by "|", each of parts by "&".
func (g *generator) stringPattern(v value, pattern string) expr {
	var alternatives []expr
	for _, alternative := range strings.Split(pattern, "|") {
		var parts []expr
		for _, part := range strings.Split(strings.Trim(alternative, " "), "&") {
			parts = append(parts, g.condition(v, strings.Trim(part, " ")))
		}
		alternatives = append(alternatives, and(parts...))
	}
	return or(alternatives...)
}

// isScalar says whether a pattern is no object and no list.
func isScalar(pattern any) bool {
	switch pattern.(type) {
	case nil, bool, string, int64, float64:
		return true
	}
	return false
}
