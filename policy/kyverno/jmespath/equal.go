package jmespath

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

// A comparand is a key or value of a condition, under a name or as a constant.
type comparand struct {
	node
	v string
}

// named evaluates the two values once and calls body with them.
func (t *translation) named(k, v node, body func(k, v comparand) string) string {
	with := func(n node, body func(comparand) string) string {
		if n.constant {
			return body(comparand{n, n.text})
		}
		return t.holds(n.val(), func(name string) string {
			return body(comparand{node{text: name, typ: n.typ, typed: n.typed, missing: no, failing: no, goes: n.goes, plain: n.plain}, name})
		})
	}
	return with(k, func(k comparand) string { return with(v, func(v comparand) string { return body(k, v) }) })
}

const (
	// durations are the texts that Go takes for durations, but for "0".
	durations = `^[+-]?(([0-9]+([.][0-9]*)?|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+$|^[+-]0$`
	// allDurations are those and "0".
	allDurations = durations + `|^0$`
)

// duration says that the value is a text that is a duration other than "0".
func (c comparand) duration() string {
	if c.constant {
		s, ok := c.literal.(string)
		_, err := time.ParseDuration(s)
		return yesIf(ok && err == nil && s != "0")
	}
	return and(c.is(String, c.v), c.v+".matches("+quote(durations)+")")
}

// quantity says that the value is a text that is a quantity.
func (c comparand) quantity() string {
	if c.constant {
		s, ok := c.literal.(string)
		_, err := resource.ParseQuantity(s)
		return yesIf(ok && err == nil)
	}
	return and(c.is(String, c.v), "isQuantity("+c.v+")")
}

// decimal says that the value is a text that is a number.
func (c comparand) decimal() string {
	if c.constant {
		s, ok := c.literal.(string)
		_, err := strconv.ParseFloat(s, 64)
		return yesIf(ok && err == nil)
	}
	isOdd := c.v + ".matches(" + quote(odd) + ")"
	return and(c.is(String, c.v), atom(choose(isOdd, refusal("an odd number")+" == true", c.v+".matches("+quote(decimal)+")")))
}

// maxSeconds are the seconds that a duration can hold.
const maxSeconds = 9e9

func (c comparand) number() string { return atom(c.is(Number, c.v)) }
func (c comparand) text() string   { return c.is(String, c.v) }

// seconds is the value as a CEL duration: of a text that is one, or of a number of seconds, of which Kyverno takes the
// whole ones.
func (c comparand) seconds(isText bool) string {
	switch {
	case c.constant && isText:
		return "duration(" + quote(c.literal.(string)) + ")"
	case c.constant:
		f := c.literal.(float64)
		if math.Abs(f) > maxSeconds {
			panic(unsupported("condition", "a number of seconds that is too large"))
		}
		return fmt.Sprintf("duration(\"%ds\")", int64(f))
	case isText:
		return "duration(" + c.v + ")"
	}
	return "duration(string(int(" + c.v + ")) + \"s\")"
}

// double is the value, a number or a text that is one, as a double. It is 0 for constants that are neither, for which
// it is never evaluated.
func (c comparand) double() string {
	if !c.constant {
		return "double(" + c.v + ")"
	}
	f := 0.0
	switch v := c.literal.(type) {
	case float64:
		f = v
	case string:
		f, _ = strconv.ParseFloat(v, 64)
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		panic(unsupported("condition", "a number that is not finite"))
	}
	if f == math.Trunc(f) {
		return strconv.FormatFloat(f, 'f', -1, 64) + ".0"
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

func (t *translation) notEqual(key, value node) string {
	equal := t.equal(key, value)
	if key.typ == Null {
		return no
	}
	if key.list != nil {
		return and(key.list.present, not(equal))
	}
	if key.typ != Dyn {
		return not(equal)
	}
	if value.constant && value.list == nil {
		return t.holds(key.val(), func(v string) string {
			k := node{text: v, missing: no, failing: no}
			return and(v+" != null", not(t.equal(k, value)))
		})
	}
	return t.holds(key.val(), func(v string) string {
		k := node{text: v, missing: no, failing: no}
		return and(v+" != null", not(t.equal(k, value)))
	})
}

// equal is the operator Equals: texts are compared as durations, as quantities, and with the wildcards of the value.
func (t *translation) equal(key, value node) string {
	if key.list != nil || value.list != nil || isComposite(value) || isComposite(key) {
		return t.equalComposite(key, value)
	}
	if value.constant {
		switch literal := value.literal.(type) {
		case nil:
			return no
		case bool:
			return t.same(key, value)
		case string:
			if plainLiteral(literal) {
				return t.same(key, value)
			}
		}
	}
	return t.named(key, value, func(k, v comparand) string {
		numbers := or(and(v.number(), t.same(k.node, v.node)), and(v.decimal(), k.double()+" == "+v.double()))
		texts := t.equalTexts(k, v)
		if k.goes {
			panic(unsupported("condition on elementIndex", "not translated"))
		}
		others := no
		if !value.constant && k.typ != String && k.typ != Number {
			others = and(not(k.text()), not(k.number()), not(k.is(Null, k.v)), not(v.is(Null, v.v)), t.same(k.node, v.node))
		}
		return or(and(k.text(), atom(texts)), and(k.number(), atom(numbers)), others)
	})
}

// plainLiteral says that nothing but the same text is equal to the text.
func plainLiteral(s string) bool {
	_, d := time.ParseDuration(s)
	_, q := resource.ParseQuantity(s)
	_, f := strconv.ParseFloat(s, 64)
	return !hasWildcard(s) && d != nil && q != nil && f != nil
}

func (t *translation) equalTexts(k, v comparand) string {
	asDurations := or(
		and(k.duration(), v.duration(), k.durationText()+" == "+v.durationText()),
		and(k.duration(), v.number(), k.durationText()+" == "+v.secondsText()))
	areDurations := and(k.duration(), atom(or(v.duration(), v.number())))
	asQuantities := and(v.quantity(), "quantity("+k.v+").compareTo(quantity("+v.v+")) == 0")
	asTexts := and(v.text(), atom(t.wildcards(v, k)))
	rest := asTexts
	if k.quantity() != no {
		rest = chooseIf(atom(and(k.quantity(), v.text())), asQuantities, asTexts)
	}
	return chooseIf(atom(areDurations), asDurations, rest)
}

// durationText and secondsText are seconds where the value may also be of another type, for which they are never evaluated.
func (c comparand) durationText() string {
	if c.constant {
		if _, ok := c.literal.(string); !ok || c.duration() == no {
			return `duration("0s")`
		}
	}
	return c.seconds(true)
}

func (c comparand) secondsText() string {
	if c.constant {
		if _, ok := c.literal.(float64); !ok {
			return `duration("0s")`
		}
	}
	return c.seconds(false)
}

// wildcards is the condition that a text matches another, which may hold wildcards.
func (t *translation) wildcards(pattern, text comparand) string {
	if pattern.constant {
		s, ok := pattern.literal.(string)
		if !ok {
			return no
		}
		return matchesWildcard(s, text.v)
	}
	return choose(pattern.v+`.matches("[*?]")`, text.v+".matches("+wildcardText(pattern.v)+")", text.v+" == "+pattern.v)
}

func isComposite(n node) bool { return n.typ == List || n.typ == Map }

// equalComposite compares lists and maps.
func (t *translation) equalComposite(key, value node) string {
	for _, n := range []node{key, value} {
		if n.list != nil && n.list.items == nil && n.list.unordered {
			panic(unsupported("condition on a map's members", "their order is not defined"))
		}
	}
	if key.constant && value.constant {
		return yesIf(fmt.Sprintf("%T%#v", key.literal, key.literal) == fmt.Sprintf("%T%#v", value.literal, value.literal))
	}
	for _, n := range []node{key, value} {
		if n.constant && holdsWhole(n.literal) {
			return no
		}
	}
	if n := value; n.constant {
		if list, ok := n.literal.([]any); ok && len(list) == 0 && key.list != nil {
			return and(key.list.present, not(key.list.exists(func(node) string { return yes })))
		}
	}
	return and(not(yesIf(key.typ == Null || value.typ == Null)), t.same(key, value), notBothNull(t, key, value))
}

// notBothNull is needed where two values could both be null: null is equal to nothing.
func notBothNull(t *translation, key, value node) string {
	if isComposite(value) && (value.list == nil || value.list.present == yes) || isComposite(key) && (key.list == nil || key.list.present == yes) {
		return yes
	}
	if key.list != nil {
		return key.list.present
	}
	if key.typ != Dyn {
		return yes
	}
	return t.holds(key.val(), func(v string) string { return v + " != null" })
}
