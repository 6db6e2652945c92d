package jmespath

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Conditions translates the preconditions of a rule or the conditions of deny: an object with any and all, or the old
// form, a list of conditions that must all hold. Nil is no condition, which holds.
func (s Scope) Conditions(conditions any) (c Condition, err error) {
	defer guard(&err)
	data, err := json.Marshal(conditions)
	if err != nil {
		return Condition{}, unsupported("conditions", "not JSON: %v", err)
	}
	t := &translation{names: s.fresh(), scope: s, template: true, source: "conditions"}
	var old []any
	if json.Unmarshal(data, &old) == nil {
		return t.condition(t.sequential(old, false)), nil
	}
	var both map[string]any
	if err := json.Unmarshal(data, &both); err != nil {
		return Condition{}, unsupported("conditions", "neither an object with any and all nor a list")
	}
	for key := range both {
		if key != "any" && key != "all" {
			return Condition{}, unsupported("conditions", "unknown field %s", excerpt(key))
		}
	}
	return t.condition(t.anyAll(both)), nil
}

func (t *translation) condition(c check) Condition {
	if len(c.strict)+len(c.total)+len(c.failing) > 2*maxCEL {
		panic(unsupported("conditions", "the translation is too large"))
	}
	result := Condition{CEL: c.strict, Total: c.total}
	if c.failing != no {
		result.Fails = c.failing
	}
	return result
}

// A check is a translated condition.
type check struct {
	total   string
	failing string
	strict  string // fails where failing holds
}

// failed makes the strict form from the others.
func failed(total, failing string) check {
	if failing == no {
		return check{total, no, total}
	}
	return check{total, failing, choose(failing, refusal("the condition cannot be evaluated")+" == true", total)}
}

// anyAll is: one of the any, if there is such a field, and all of the all. Kyverno evaluates the second part in any case.
func (t *translation) anyAll(both map[string]any) check {
	one, all := check{yes, no, yes}, check{yes, no, yes}
	if list, ok := both["any"].([]any); ok {
		one = t.sequential(list, true)
	} else if both["any"] != nil {
		panic(unsupported("conditions", "any is not a list"))
	}
	if list, ok := both["all"].([]any); ok {
		all = t.sequential(list, false)
	} else if both["all"] != nil {
		panic(unsupported("conditions", "all is not a list"))
	}
	total := and(one.total, all.total)
	switch {
	case one.failing == no && all.failing == no:
		return check{total, no, total}
	case one.failing == no && one.total == yes:
		return all
	case all.failing == no:
		return check{total, one.failing, chooseElse(one.strict, all.strict)}
	case one.failing == no:
		return check{total, all.failing, chooseElse(all.strict, one.strict)}
	}
	return failed(total, or(one.failing, all.failing))
}

// chooseElse is "first and second", but an error of the first is always one of the whole.
func chooseElse(first, second string) string {
	if second == yes {
		return first
	}
	return choose(atom(first), second, no)
}

// sequential joins conditions, of which Kyverno evaluates no more than it needs.
func (t *translation) sequential(list []any, isAny bool) check {
	result := check{yesIf(!isAny), no, yesIf(!isAny)}
	for i := len(list) - 1; i >= 0; i-- {
		c := t.one(list[i])
		last := i == len(list)-1
		switch {
		case last:
			result = c
		case isAny:
			result.failing = or(c.failing, and(not(c.total), result.failing))
			result.total = or(c.total, result.total)
			if c.failing == no {
				result.strict = or(c.strict, result.strict)
			} else {
				result.strict = choose(atom(c.strict), yes, result.strict)
			}
		default:
			result.failing = or(c.failing, and(c.total, result.failing))
			result.total = and(c.total, result.total)
			if c.failing == no {
				result.strict = and(c.strict, result.strict)
			} else {
				result.strict = chooseElse(c.strict, result.strict)
			}
		}
	}
	return result
}

// one translates a single condition.
func (t *translation) one(v any) check {
	m, ok := v.(map[string]any)
	if !ok {
		panic(unsupported("conditions", "a condition that is no object"))
	}
	name, _ := m["operator"].(string)
	for key := range m {
		switch key {
		case "key", "value", "operator", "message":
		default:
			panic(unsupported("condition", "unknown field %s", excerpt(key)))
		}
	}
	key, value := t.operand(m["key"], true), t.operand(m["value"], true)
	switch strings.ToLower(name) {
	case "equal", "equals":
		return t.check(key, value, t.equal)
	case "notequal", "notequals":
		return t.check(key, value, t.notEqual)
	case "anyin", "allin", "anynotin", "allnotin":
		return t.check(key, value, func(k, v node) string { return t.membership(strings.ToLower(name), k, v) })
	case "in", "notin":
		key.failing = or(key.failing, t.holdsOthers(key))
		return t.check(key, value, func(k, v node) string { return t.oldMembership(strings.ToLower(name), k, v) })
	}
	if sign, ok := signs[strings.TrimPrefix(name, "Duration")]; ok {
		if strings.HasPrefix(name, "Duration") {
			return t.check(key, value, func(k, v node) string { return t.compareDurations(k, v, sign) })
		}
		return t.check(key, value, func(k, v node) string { return t.compare(k, v, sign) })
	}
	panic(unsupported("operator "+excerpt(name), "Kyverno has no such operator"))
}

var signs = map[string]string{"GreaterThan": ">", "GreaterThanOrEquals": ">=", "LessThan": "<", "LessThanOrEquals": "<="}

// check is a condition on two values, whose failures are its own.
func (t *translation) check(key, value node, body func(k, v node) string) check {
	failing := or(key.missing, key.failing, value.missing, value.failing)
	total := body(t.soft(key), t.soft(value))
	if failing != no && key.path != nil && key.failing == no && key.missing == key.path.missing && value.missing == no && value.failing == no {
		return check{total, failing, t.strictly(key.path.strictNode(), func(k node) string { return body(k, value) })}
	}
	return failed(total, failing)
}

// strictly is a condition on a value whose evaluation may fail. The value is evaluated first, since the operators of CEL
// can overlook an error of one side.
func (t *translation) strictly(n node, body func(node) string) string {
	plain := body(n)
	if strings.HasPrefix(plain, n.text) {
		if rest := plain[len(n.text):]; lonely.MatchString(rest) {
			return plain
		}
	} else if rest, ok := strings.CutSuffix(plain, " == "+atom(n.text)); ok && lonelyLeft.MatchString(rest) {
		return plain
	}
	v := t.fresh()
	text := n.text
	n.text = v
	return "[" + text + "].exists(" + v + ", " + body(n) + ")"
}

var lonelyLeft = regexp.MustCompile(`^("[^"]*"|[a-z0-9.]+)$`)

// lonely is what may follow the only mention of a value.
var lonely = regexp.MustCompile(`^ (==|!=|in) ([^ ]+|\[[^\]]*\])$|^[.](startsWith|endsWith|contains|matches)\("[^"]*"\)$`)

// operand is a key or a value of a condition: JSON that may hold variables.
func (t *translation) operand(v any, top bool) node {
	switch v := v.(type) {
	case string:
		n, err := t.scope.text(v)
		if err != nil {
			panic(err)
		}
		return n
	case []any:
		return t.operandList(v)
	case map[string]any:
		data, _ := json.Marshal(v)
		if HasVariables(string(data)) {
			panic(unsupported("condition", "an object with variables"))
		}
		return constant(v)
	case float64:
		if !top && !t.json && v == float64(int64(v)) {
			return constant(wholeNumber(int64(v)))
		}
	}
	return constant(v)
}

// wholeNumber is a whole number within a list or an object of a policy: Kyverno keeps it as an integer, which is written
// in other ways than the numbers of documents, and equal to none of them.
type wholeNumber int64

func (t *translation) operandList(list []any) node {
	items := make([]node, len(list))
	plain := make([]any, len(list))
	missing, failing, isConstant := no, no, true
	for i, v := range list {
		n := t.operand(v, false)
		missing, failing = or(missing, n.missing), or(failing, n.failing)
		items[i], plain[i] = t.soft(n), n.literal
		isConstant = isConstant && n.constant
	}
	if isConstant {
		n := constant(plain)
		return n
	}
	for i := range items {
		items[i].failing = no
	}
	return listOf(t.fixed(items), missing, failing)
}

// holdsWhole says whether a constant holds whole numbers of a policy.
func holdsWhole(v any) bool { return strings.Contains(fmt.Sprintf("%T%#v", v, v), "wholeNumber") }
