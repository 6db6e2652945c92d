package kyverno

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
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

var (
	inRange    = regexp.MustCompile(`^([-|\+]?\d+(?:\.\d+)?[A-Za-z]*)-([-|\+]?\d+(?:\.\d+)?[A-Za-z]*)$`)
	notInRange = regexp.MustCompile(`^([-|\+]?\d+(?:\.\d+)?[A-Za-z]*)!-([-|\+]?\d+(?:\.\d+)?[A-Za-z]*)$`)
)

// condition is one comparison: an operator and an operand, or a range.
func (g *generator) condition(v value, text string) expr {
	if len(text) < 2 {
		return g.compare(v, "", text)
	}
	for _, operator := range []string{">=", "<=", ">", "<", "!"} {
		if strings.HasPrefix(text, operator) {
			return g.compare(v, operator, strings.TrimSpace(text[len(operator):]))
		}
	}
	if m := notInRange.FindStringSubmatch(text); m != nil {
		return or(g.compare(v, "<", m[1]), g.compare(v, ">", m[2]))
	}
	if m := inRange.FindStringSubmatch(text); m != nil {
		return and(g.compare(v, ">=", m[1]), g.compare(v, "<=", m[2]))
	}
	return g.compare(v, "", strings.TrimSpace(text))
}

// goDuration is what Go reads as a duration, and CEL's duration() too.
const goDuration = `^[-+]?(0|(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`

// compare compares as durations where both sides are, else as quantities where both sides are, else as texts.
func (g *generator) compare(v value, operator, operand string) expr {
	if e, ok := anyText(v, operator, operand); ok {
		return e
	}
	var branches []expr
	for _, c := range classesOf(v) {
		branches = append(branches, g.compareAs(v, c, operator, operand))
	}
	return or(branches...)
}

// anyText is compare for values of which nothing is known, where one comparison does for all types.
func anyText(v value, operator, operand string) (expr, bool) {
	isText := relation(v.expr + " != null") // and no list and no object
	_, isDuration := time.ParseDuration(operand)
	_, isQuantity := quantity(operand)
	named := operand == "true" || operand == "false"
	switch {
	case v.shape.class() != unknown || isDuration == nil || isQuantity:
	case operator == "" && operand == "?*":
		return and(isText, relation(v.expr+` != ""`)), true
	case operator == "" && operand == "*":
		return isText, true
	case operator == "!" && !isWild(operand) && !named:
		return and(isText, relation(v.expr+" != "+quote(operand))), true
	case operator == "!" && !isWild(operand):
		return and(isText, not(v.isOneOf(operand, quote(operand)))), true
	case operator == "" && named:
		return v.isOneOf(operand, quote(operand)), true
	}
	return expr{}, false
}

// classesOf are the sorts that a value can have.
func classesOf(v value) []class {
	var out []class
	switch c := v.shape.class(); c {
	case unknown:
		return []class{text, integer, boolean, null}
	case integerOrText:
		out = []class{text, integer}
	case object, list:
	default:
		out = []class{c}
	}
	if v.maybeNull {
		out = append(out, null)
	}
	return out
}

// null is the class of null, of which no shape is.
const null class = -1

func (g *generator) compareAs(v value, c class, operator, operand string) expr {
	guard := g.guard(v, c)
	switch c {
	case null:
		return and(guard, constant(compareNull(operator, operand)))
	case boolean:
		return compareBool(v, guard, operator, operand)
	case integer, double:
		return g.compareNumber(v, guard, operator, operand)
	}
	return g.compareString(v, guard, operator, operand)
}

// guard says that the value is of a class, unless that is known.
func (g *generator) guard(v value, c class) expr {
	if c == null {
		return v.equals("null")
	}
	if v.shape.class() == c && !v.maybeNull {
		return always
	}
	switch c {
	case text:
		return v.is("string")
	case boolean:
		return v.is("bool")
	}
	if v.shape.class() == unknown {
		return or(v.is("int"), v.is("double"))
	}
	return v.is("int")
}

func compareBool(v value, guard expr, operator, operand string) expr {
	var holds []string
	for _, b := range []string{"true", "false"} {
		if operator == "" && wildMatch(operand, b) || operator == "!" && !wildMatch(operand, b) {
			holds = append(holds, b)
		}
	}
	switch len(holds) {
	case 0:
		return never
	case 1:
		return v.equals(holds[0])
	}
	return guard
}

// compareNumber compares a number. Its text is a quantity, and a duration where it is zero.
func (g *generator) compareNumber(v value, guard expr, operator, operand string) expr {
	if q, ok := quantity(operand); ok {
		symbol := map[string]string{"": "==", "!": "!="}[operator]
		if symbol == "" {
			symbol = operator
		}
		return and(guard, relation(v.expr+" "+symbol+" "+q))
	}
	zero := never
	if d, err := time.ParseDuration(operand); err == nil && compareDuration(0, operator, d) {
		zero = v.equals("0")
	}
	switch {
	case operator == "" && isWild(operand) && numeric(operand):
		return or(zero, and(guard, wild("string("+v.expr+")", operand)))
	case operator == "!" && isWild(operand) && numeric(operand):
		return and(guard, not(wild("string("+v.expr+")", operand)))
	case operator == "!":
		return guard // a number is no such text
	}
	return zero
}

// numeric says whether a pattern with wildcards can describe a number.
func numeric(pattern string) bool { return strings.Trim(pattern, "*?0123456789.+-eE") == "" }

// quantity is the number that a text means as a quantity, as CEL writes it.
func quantity(s string) (string, bool) {
	q, err := resource.ParseQuantity(s)
	if err != nil {
		return "", false
	}
	if n, exact := q.AsInt64(); exact {
		return strconv.FormatInt(n, 10), true
	}
	return number(q.AsApproximateFloat64()), true
}

// compareString compares a text, which may be a duration or a quantity itself.
func (g *generator) compareString(v value, guard expr, operator, operand string) expr {
	_, notDuration := time.ParseDuration(operand)
	_, isQuantity := quantity(operand)
	plain := never
	switch operator {
	case "":
		plain = wild(v.expr, operand)
		if isQuantity || notDuration == nil {
			plain = never // such a text is one as well
		}
	case "!":
		plain = not(wild(v.expr, operand))
		if isQuantity || notDuration == nil {
			plain = always
		}
	}
	result := plain
	if isQuantity {
		result = choose(atom("isQuantity("+v.expr+")"), quantities(v, operator, operand), result)
	}
	if notDuration == nil {
		result = choose(atom(v.expr+`.matches("`+goDuration+`")`), durations(v, operator, operand), result)
	}
	if result.tie == tieRelation && guardless(v, result) {
		return result
	}
	return and(guard, result)
}

// guardless says that a comparison with == cannot fail, whatever the type is.
func guardless(v value, e expr) bool { return strings.HasPrefix(e.text, v.expr+" == ") }

func choose(condition, then, otherwise expr) expr {
	switch otherwise {
	case never:
		return and(condition, then)
	case always:
		return or(not(condition), then)
	}
	return expr{condition.at(tieOr) + " ? " + then.at(tieOr) + " : " + otherwise.at(tieOr), tieTernary}
}

func quantities(v value, operator, operand string) expr {
	return relation("quantity(" + v.expr + ").compareTo(quantity(" + quote(operand) + ")) " + symbol(operator) + " 0")
}

func durations(v value, operator, operand string) expr {
	return relation("duration(" + v.expr + ") " + symbol(operator) + " duration(" + quote(operand) + ")")
}

func symbol(operator string) string {
	switch operator {
	case "":
		return "=="
	case "!":
		return "!="
	}
	return operator
}

func compareDuration(value time.Duration, operator string, operand time.Duration) bool {
	return holds(int(min(max(int64(value-operand), -1), 1)), operator)
}

// holds says whether the order of two values is what an operator asks for.
func holds(order int, operator string) bool {
	switch operator {
	case "":
		return order == 0
	case "!":
		return order != 0
	case ">":
		return order > 0
	case "<":
		return order < 0
	case ">=":
		return order >= 0
	}
	return order <= 0
}

// compareNull compares what is missing, which counts as zero, but is no text.
func compareNull(operator, operand string) bool {
	if d, err := time.ParseDuration(operand); err == nil {
		return compareDuration(0, operator, d)
	}
	if q, err := resource.ParseQuantity(operand); err == nil {
		return holds(-q.Sign(), operator)
	}
	return false
}

// matchesNull says whether a missing field is what a pattern describes.
func matchesNull(pattern any) bool {
	switch p := pattern.(type) {
	case nil:
		return true
	case string:
		for _, alternative := range strings.Split(p, "|") {
			all := true
			for _, part := range strings.Split(strings.Trim(alternative, " "), "&") {
				all = all && nullIs(strings.Trim(part, " "))
			}
			if all {
				return true
			}
		}
	}
	return false
}

func nullIs(text string) bool {
	if len(text) >= 2 {
		for _, operator := range []string{">=", "<=", ">", "<", "!"} {
			if strings.HasPrefix(text, operator) {
				return compareNull(operator, strings.TrimSpace(text[len(operator):]))
			}
		}
		if m := notInRange.FindStringSubmatch(text); m != nil {
			return compareNull("<", m[1]) || compareNull(">", m[2])
		}
		if m := inRange.FindStringSubmatch(text); m != nil {
			return compareNull(">=", m[1]) && compareNull("<=", m[2])
		}
	}
	return compareNull("", strings.TrimSpace(text))
}

// isScalar says whether a pattern is no object and no list.
func isScalar(pattern any) bool {
	switch pattern.(type) {
	case nil, bool, string, int64, float64, json.Number:
		return true
	}
	return false
}
