package jmespath

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// membership is one of the operators AnyIn, AllIn, AnyNotIn and AllNotIn. The key is a list or a scalar; what is neither
// fulfils none of them.
func (t *translation) membership(operator string, key, value node) string {
	quantify := func(s *sequence, in func(node) string) string {
		switch operator {
		case "anyin":
			return and(s.present, s.exists(in))
		case "allin":
			return and(s.present, s.all(in))
		case "anynotin":
			return and(s.present, s.exists(func(e node) string { return not(in(e)) }))
		}
		return and(s.present, s.all(func(e node) string { return not(in(e)) }))
	}
	scalar := func(k node) string {
		in := t.scalarIn(k, value)
		if strings.Contains(operator, "not") {
			return and(in.valid, not(in.holds))
		}
		return and(in.valid, in.holds)
	}
	list := func(s *sequence) string {
		if text, ok := value.literal.(string); ok && value.constant {
			return t.listInText(operator, s, text, quantify)
		}
		set := t.valueSet(operator, value)
		return and(set.valid, quantify(s, set.has))
	}
	switch {
	case key.typ == Null || key.typ == Map:
		return no
	case key.constant:
		if _, isList := key.literal.([]any); !isList {
			return scalar(key)
		}
		return list(t.elements(key))
	case key.list != nil || key.typ == List:
		return list(t.elements(key))
	case key.typ != Dyn:
		return scalar(key)
	}
	return t.holds(key.val(), func(v string) string {
		k := node{text: v, missing: no, failing: no}
		if isList(value) {
			// The same holds of a scalar and of a list of it.
			set := t.valueSet(operator, value)
			lifted := t.listed("("+choose(typeIs(v, "list"), v, "dyn(["+v+"])")+")", yes)
			return and(set.valid, v+" != null", "!("+typeIs(v, "map")+")", quantify(lifted, set.has))
		}
		s := t.listed(v, yes)
		return or(and(typeIs(v, "list"), atom(list(s))),
			and(v+" != null", "!("+typeIs(v, "list")+")", "!("+typeIs(v, "map")+")", atom(scalar(k))))
	})
}

// A set is what the value of a membership holds.
type set struct {
	valid string // whether the value can be used at all
	has   func(e node) string
}

type scalarMembership struct{ valid, holds string }

// scalarIn is the membership of a scalar.
func (t *translation) scalarIn(k, value node) scalarMembership {
	if !value.constant {
		return t.scalarInDynamic(k, value)
	}
	switch v := value.literal.(type) {
	case []any:
		return scalarMembership{yes, t.inTexts(t.sprint(k), constantTexts(v), isPlainKey(k))}
	case string:
		text := t.sprint(k)
		match := matchesWildcard(v, text)
		if m := inRange.FindStringSubmatch(v); m != nil {
			return scalarMembership{yes, or(match, t.within(text, v, m[1], m[2]))}
		}
		if !json.Valid([]byte(v)) {
			return scalarMembership{yes, or(match, atom(text)+" == "+quote(v))}
		}
		var members []string
		if json.Unmarshal([]byte(v), &members) != nil {
			return scalarMembership{match, match}
		}
		return scalarMembership{yes, or(match, t.oneOf(text, members))}
	}
	return scalarMembership{no, no}
}

// scalarInDynamic is the membership in a value that is known when it is evaluated. In a text wildcards count, but not
// those of the scalar.
func (t *translation) scalarInDynamic(k, value node) scalarMembership {
	if isList(value) {
		set := t.valueSet("anyin", value)
		return scalarMembership{set.valid, set.has(k)}
	}
	inText := func(v string) string {
		return t.holds(t.sprint(k), func(k string) string {
			match := or(v+" == "+k, and(v+`.matches("[*?]")`, k+".matches("+wildcardText(v)+")"))
			return choose(v+".matches("+quote(specialTexts)+")", refusal("a text that is a range or JSON")+" == true", match)
		})
	}
	switch value.typ {
	case String:
		return scalarMembership{yes, t.holds(value.val(), inText)}
	case Dyn:
		valid := t.holds(value.val(), func(v string) string { return or(typeIs(v, "list"), typeIs(v, "string")) })
		return scalarMembership{valid, t.holds(value.val(), func(v string) string {
			inList := t.inSequence(k, t.listed(v, yes))
			return chooseIf(typeIs(v, "list"), inList, and(typeIs(v, "string"), atom(inText(v))))
		})}
	}
	return scalarMembership{no, no}
}

func isList(n node) bool { return n.list != nil || n.typ == List }

// valueSet is the value as a set of texts. all operators take lists; the any operators take other scalars, too.
func (t *translation) valueSet(operator string, value node) set {
	anyOperator := strings.HasPrefix(operator, "any")
	if value.constant {
		switch v := value.literal.(type) {
		case []any:
			return set{yes, func(e node) string { return t.inTexts(t.sprint(e), constantTexts(v), isPlainKey(e)) }}
		case string:
			return set{yes, func(e node) string { return t.inTexts(t.sprint(e), []string{v}, isPlainKey(e)) }}
		case float64, bool:
			if anyOperator {
				return set{yes, func(e node) string { return t.inTexts(t.sprint(e), []string{fmt.Sprint(v)}, isPlainKey(e)) }}
			}
		}
		return set{no, func(node) string { return no }}
	}
	if value.list != nil || value.typ == List {
		s := t.elements(value)
		return set{s.present, func(e node) string { return t.inSequence(e, s) }}
	}
	if value.typ == Map || value.typ == Null || value.typ != Dyn && value.typ != String && !anyOperator {
		return set{no, func(node) string { return no }}
	}
	valid := func(v string) string {
		if anyOperator {
			return and(v+" != null", "!("+typeIs(v, "map")+")")
		}
		return or(typeIs(v, "list"), typeIs(v, "string"))
	}
	if value.typ != Dyn {
		valid = func(string) string { return yes }
	}
	usable := func(v string) string {
		special := and(typeIs("dyn("+v+")", "string"), "string("+v+").matches("+quote(specialTexts)+")")
		return choose(special, refusal("a text that is a range or JSON")+" == true", valid(v))
	}
	return set{t.holds(value.val(), usable), func(e node) string {
		return t.holds(value.val(), func(v string) string {
			return choose(usable(v), t.inSequence(e, t.listed("("+choose(typeIs("dyn("+v+")", "list"), v, "dyn(["+v+"])")+")", yes)), no)
		})
	}}
}

// specialTexts are the texts that may be ranges or JSON.
const specialTexts = `^\s*([\[{"].*|[+-]?[0-9].*|true|false|null)\s*$`

// isPlainKey says that a value never holds wildcards.
func isPlainKey(n node) bool {
	if n.constant {
		s, ok := n.literal.(string)
		return !ok || !hasWildcard(s)
	}
	return n.plain || n.set && n.typ == String || n.typ == Bool || n.typ == Number
}

// sprint is the text of a value as Go's fmt.Sprint writes it.
func (t *translation) sprint(n node) string {
	switch {
	case n.constant:
		return quote(sprintConstant(n.literal))
	case n.goes:
		return "string(" + n.val() + ")"
	case n.typ == String:
		return n.val()
	case n.typ == Bool:
		return "string(" + n.val() + ")"
	case n.typ == Number:
		return "string(double(" + n.val() + "))"
	case n.typ != Dyn || n.list != nil:
		panic(unsupported("membership of a list or a map", "CEL cannot write it as text"))
	}
	return t.let(n.val(), func(v string) string {
		return "(" + choose(typeIs(v, "string"), "string("+v+")", choose(typeIs(v, "bool"), "string("+v+")",
			choose(isNumber2(v), "string(double("+v+"))", choose(v+" == null", `"<nil>"`, "string("+refusal("a list of lists or maps")+")")))) + ")"
	})
}

func sprintConstant(v any) string {
	switch v := v.(type) {
	case nil:
		return "<nil>"
	case wholeNumber:
		return strconv.FormatInt(int64(v), 10)
	case string, bool, float64:
		return fmt.Sprint(v)
	}
	panic(unsupported("membership of a list or a map", "CEL cannot write it as text"))
}

func constantTexts(list []any) []string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = sprintConstant(v)
	}
	return texts
}

// inTexts is the condition that a text is one of several, where wildcards of both sides count.
func (t *translation) inTexts(text string, texts []string, plain bool) string {
	if len(texts) == 0 {
		return no
	}
	match := func(v string) string {
		conditions := []string{t.oneOf(v, slices.DeleteFunc(slices.Clone(texts), hasWildcard))}
		for _, pattern := range texts {
			if hasWildcard(pattern) {
				conditions = append(conditions, matchesWildcard(pattern, v))
			}
		}
		if !plain {
			e := t.fresh()
			conditions = append(conditions, and(v+`.matches("[*?]")`, textList(texts)+".exists("+e+", "+e+".matches("+wildcardText(v)+"))"))
		}
		return or(conditions...)
	}
	if plain {
		return match(text)
	}
	return t.holds(text, match)
}

func textList(texts []string) string {
	quoted := make([]string, len(texts))
	for i, s := range texts {
		quoted[i] = quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// oneOf is the condition that a text is exactly one of several.
func (t *translation) oneOf(text string, texts []string) string {
	switch len(texts) {
	case 0:
		return no
	case 1:
		return atom(text) + " == " + quote(texts[0])
	}
	return atom(text) + " in " + textList(texts)
}

// inSequence is the condition that a value is in a list, where wildcards of both sides count.
func (t *translation) inSequence(e node, s *sequence) string {
	return t.holds(t.sprint(e), func(k string) string {
		return s.exists(func(item node) string {
			if item.constant {
				return t.inTexts(k, []string{sprintConstant(item.literal)}, false)
			}
			return t.holds(t.sprint(item), func(v string) string {
				return or(k+" == "+v, and(v+`.matches("[*?]")`, k+".matches("+wildcardText(v)+")"),
					and(k+`.matches("[*?]")`, v+".matches("+wildcardText(k)+")"))
			})
		})
	})
}

// inRange are the texts that Kyverno takes for a range.
var inRange = regexp.MustCompile(`^([-|\+]?\d+(?:\.\d+)?[A-Za-z]*)-([-|\+]?\d+(?:\.\d+)?[A-Za-z]*)$`)

// listInText is the membership of a list in a text: a range, JSON, or one text.
func (t *translation) listInText(operator string, s *sequence, value string, quantify func(*sequence, func(node) string) string) string {
	single := and(s.present, s.count()+" == 1", s.exists(func(e node) string { return t.sprint(e) + " == " + quote(value) }))
	positive := !strings.Contains(operator, "not")
	around := func(rest string) string {
		if positive {
			return or(single, rest)
		}
		return and(not(atom(single)), rest)
	}
	if m := inRange.FindStringSubmatch(value); m != nil {
		within := func(e node) string { return t.within(t.sprint(e), value, m[1], m[2]) }
		switch operator {
		case "anynotin":
			outside := func(e node) string { return t.outside(t.sprint(e), value, m[1], m[2]) }
			return around(and(s.present, s.exists(outside)))
		case "allnotin":
			return around(and(s.present, s.all(func(e node) string { return not(within(e)) })))
		}
		return around(quantify(s, within))
	}
	texts := []string{value}
	if json.Valid([]byte(value)) {
		texts = nil
		if json.Unmarshal([]byte(value), &texts) != nil {
			if positive {
				return single
			}
			return no
		}
	}
	return around(quantify(s, func(e node) string { return t.inTexts(t.sprint(e), texts, isPlainKey(e)) }))
}

// oldMembership is one of the operators In and NotIn, which take lists literally.
func (t *translation) oldMembership(operator string, key, value node) string {
	if !value.constant {
		panic(unsupported("operator "+operator, "only constant values are translated: use AnyIn and its like"))
	}
	scalar := func(k node) string {
		in := t.scalarIn(k, value)
		if text, ok := value.literal.(string); ok {
			in = t.oldText(k, text)
		}
		if operator == "notin" {
			return and(in.valid, not(in.holds))
		}
		return and(in.valid, in.holds)
	}
	list := func(s *sequence) string { return t.oldList(operator, s, value.literal) }
	switch {
	case key.typ == Null || key.typ == Map:
		return no
	case key.constant:
		if _, isList := key.literal.([]any); !isList {
			return scalar(key)
		}
		return list(t.elements(key))
	case key.list != nil || key.typ == List:
		return list(t.elements(key))
	case key.typ != Dyn:
		return scalar(key)
	}
	return t.holds(key.val(), func(v string) string {
		k := node{text: v, missing: no, failing: no}
		return or(and(typeIs(v, "list"), atom(list(t.listed(v, yes)))),
			and(v+" != null", "!("+typeIs(v, "list")+")", "!("+typeIs(v, "map")+")", atom(scalar(k))))
	})
}

func (t *translation) oldText(k node, value string) scalarMembership {
	match := matchesWildcard(value, t.sprint(k))
	var members []string
	if json.Unmarshal([]byte(value), &members) != nil {
		return scalarMembership{match, match}
	}
	return scalarMembership{yes, or(match, t.oneOf(t.sprint(k), members))}
}

// holdsOthers says that a list holds something else than texts, of which Kyverno's old operators panic.
func (t *translation) holdsOthers(key node) string {
	s := t.elements(key)
	if s == nil {
		return no
	}
	return s.exists(func(e node) string { return not(e.is(String, e.val())) })
}

func (t *translation) oldList(operator string, s *sequence, value any) string {
	var texts []string
	single := no
	switch value := value.(type) {
	case []any:
		for _, v := range value {
			text, ok := v.(string)
			if !ok {
				return no
			}
			texts = append(texts, text)
		}
	case string:
		single = and(s.present, s.count()+" == 1", s.exists(func(e node) string { return t.sprint(e) + " == " + quote(value) }))
		if json.Unmarshal([]byte(value), &texts) != nil {
			return single
		}
	default:
		return no
	}
	in := s.all(func(e node) string { return t.oneOf(t.sprint(e), texts) })
	if operator == "notin" {
		in = not(in)
	}
	return or(single, and(s.present, in))
}
