package kyverno

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Comparisons of one value with one operand of a pattern: as durations where both sides are, else as quantities where both
// are, else as texts.
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
