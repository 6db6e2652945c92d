package jmespath

import (
	"regexp"
	"strconv"
	"strings"
)

// The functions of this file build texts in CEL. Conditions are never empty texts here: yes and no are the constants.

const (
	yes = "true"
	no  = "false"
)

// quote is the CEL literal of a string of valid UTF-8.
func quote(s string) string { return strconv.Quote(s) }

// refusal is an expression of type dyn that fails and whose error names the reason.
func refusal(reason string) string { return "{}[" + quote(reason) + "]" }

var comparison = regexp.MustCompile(`^([A-Za-z_0-9.()]+) (==|!=) ([a-z0-9_]+|"[a-zA-Z0-9_-]*")$`)

// atom puts brackets around an expression unless it can be an operand as it stands.
func atom(s string) string {
	if s == "" || s[0] == '!' || s[0] == '-' || hasOperator(s) {
		return "(" + s + ")"
	}
	return s
}

// hasOperator says whether there is a space outside of brackets and literals: every operator is written between spaces.
func hasOperator(s string) bool {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			for i++; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case ' ':
			if depth == 0 {
				return true
			}
		}
	}
	return false
}

func not(a string) string {
	switch a {
	case yes:
		return no
	case no:
		return yes
	}
	if inner, ok := strings.CutPrefix(a, "!"); ok && !hasOperator(inner) {
		return inner
	}
	if m := comparison.FindStringSubmatch(a); m != nil {
		return m[1] + map[string]string{"==": " != ", "!=": " == "}[m[2]] + m[3]
	}
	return "!" + atom(a)
}

// and joins conditions; those that are "true" vanish.
func and(conditions ...string) string { return join(conditions, " && ", yes, no) }

// or joins conditions; those that are "false" vanish.
func or(conditions ...string) string { return join(conditions, " || ", no, yes) }

func join(conditions []string, operator, neutral, absorbing string) string {
	var kept []string
	for _, c := range conditions {
		if c == absorbing {
			return absorbing
		}
		if c != neutral {
			kept = append(kept, c)
		}
	}
	switch len(kept) {
	case 0:
		return neutral
	case 1:
		return kept[0]
	}
	for i, c := range kept {
		if strings.Contains(c, " ? ") || strings.Contains(c, strings.TrimSpace(other(operator))) {
			kept[i] = atom(c)
		}
	}
	return strings.Join(kept, operator)
}

func other(operator string) string {
	if operator == " && " {
		return " || "
	}
	return " && "
}

// choose is the conditional expression. One of the two values has to be of type dyn if their types differ.
func choose(condition, then, otherwise string) string {
	switch condition {
	case yes:
		return then
	case no:
		return otherwise
	}
	if strings.Contains(condition, " ? ") {
		condition = atom(condition)
	}
	return condition + " ? " + atom(then) + " : " + atom(otherwise)
}

// chooseIf is choose for conditions.
func chooseIf(condition, then, otherwise string) string {
	switch {
	case then == yes && otherwise == no:
		return condition
	case then == no && otherwise == yes:
		return not(condition)
	case then == otherwise:
		return then
	case otherwise == no:
		return and(condition, then)
	case then == yes:
		return or(condition, otherwise)
	}
	return choose(condition, then, otherwise)
}

var simpleText = regexp.MustCompile(`^[A-Za-z_0-9.]+$`)

// names gives out names for CEL variables that are unique within one translation.
type names struct{ last int }

func (n *names) fresh() string {
	n.last++
	return "v" + strconv.Itoa(n.last)
}

// let evaluates x once and uses it in body.
func (n *names) let(x string, body func(v string) string) string {
	if simpleText.MatchString(x) {
		return body(x)
	}
	v := n.fresh()
	return "[" + x + "].map(" + v + ", " + body(v) + ")[0]"
}

// holds is let for a condition.
func (n *names) holds(x string, body func(v string) string) string {
	if simpleText.MatchString(x) {
		return body(x)
	}
	v := n.fresh()
	condition := body(v)
	if condition == yes || condition == no {
		return condition
	}
	return "[" + x + "].exists(" + v + ", " + condition + ")"
}

// number is the literal of a number: an int where it is one, as an API server decodes it.
func number(f float64) string {
	if f == float64(int64(f)) && f < 1<<53 && f > -1<<53 {
		return strconv.FormatInt(int64(f), 10)
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".eE") {
		s += ".0"
	}
	return s
}

// literal is the expression of a decoded JSON value. Members of lists and maps are of type dyn.
func literal(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return number(v)
	case string:
		return quote(v)
	case wholeNumber:
		return strconv.FormatInt(int64(v), 10)
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = "dyn(" + literal(item) + ")"
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		items := make([]string, 0, len(v))
		for _, key := range sortedKeys(v) {
			items = append(items, quote(key)+": dyn("+literal(v[key])+")")
		}
		return "{" + strings.Join(items, ", ") + "}"
	}
	panic(unsupported("literal", "values of type %T are not JSON", v))
}

func typeIs(v, name string) string { return "type(" + v + ") == " + name }

func isNumber(v string) string { return or(typeIs(v, "int"), typeIs(v, "double")) }
