package jmespath

import (
	"fmt"
	"strconv"
	"strings"

	jp "github.com/kyverno/go-jmespath"
)

// projection translates a[*].b, a[].b, a[?c].b and a.*.b.
func (t *translation) projection(ast jp.ASTNode, value node) node {
	left := t.node(ast.Children[0], value)
	failing := left.failing
	if ast.NodeType != jp.ASTProjection { // these take every error for null
		left = t.nullIf(left, or(left.failing, no))
		failing = no
	}
	left = t.soft(left)
	if ast.NodeType == jp.ASTValueProjection {
		return t.valueProjection(ast, left)
	}
	s := t.elements(left)
	if s == nil {
		n := nothing()
		n.failing, n.constant = failing, failing == no
		return n
	}
	switch ast.NodeType {
	case jp.ASTFlatten:
		return listOf(t.flatten(s), no, no)
	case jp.ASTFilterProjection:
		condition := ast.Children[2]
		failing = or(failing, s.exists(func(e node) string { return t.node(condition, e).failing }))
		s = t.filter(s, func(e node) string { return not(t.falsy(t.soft(t.node(condition, e)))) })
	}
	right := ast.Children[1]
	projected, failed := t.project(s, false, func(e node) node { return t.node(right, e) })
	return listOf(projected, no, or(failing, failed))
}

// valueProjection translates a.*: the members of a map. Kyverno's interpreter applies what follows to as many nulls, too.
func (t *translation) valueProjection(ast jp.ASTNode, left node) node {
	if left.typ != Dyn && left.typ != Map {
		return nothing()
	}
	right := ast.Children[1]
	if r := t.node(right, constant(nil)); r.typ != Null || r.failing != no {
		panic(unsupported("* in "+excerpt(t.source), "Kyverno applies what follows to null, too, which this does not leave as null"))
	}
	s := t.members(left, true)
	projected, failed := t.project(s, false, func(e node) node { return t.node(right, e) })
	return listOf(projected, no, failed)
}

// members are the values of a map, or its keys, in no defined order.
func (t *translation) members(n node, values bool) *sequence {
	v := n.val()
	isMap := func(m string) string { return n.is(Map, m) }
	member := func(m, k string) node {
		if values {
			return node{text: m + "[" + k + "]", missing: no, failing: no}
		}
		return made(k, String)
	}
	s := &sequence{unordered: true, present: t.holds(v, isMap)}
	s.exists = func(condition func(node) string) string {
		return t.holds(v, func(m string) string {
			k := t.fresh()
			return and(isMap(m), m+".exists("+k+", "+condition(member(m, k))+")")
		})
	}
	s.sum = func(amount func(node) string) string {
		return t.let(v, func(m string) string {
			k := t.fresh()
			sum := m + ".map(" + k + ", " + amount(member(m, k)) + ").sum()"
			return choose(isMap(m), sum, "0")
		})
	}
	s.make = func() string {
		return t.let(v, func(m string) string {
			k := t.fresh()
			return choose(isMap(m), m+".map("+k+", "+member(m, k).text+")", "[]")
		})
	}
	return s
}

// multiSelect translates [a, b] and {a: b}.
func (t *translation) multiSelect(ast jp.ASTNode, value node) node {
	if value.typ == Null {
		return nothing()
	}
	var items []node
	failing := no
	for _, child := range ast.Children {
		item := t.node(child, value)
		failing = or(failing, item.failing)
		items = append(items, t.soft(item))
	}
	absent := no
	if value.root == noRoot {
		absent = value.is(Null, value.val())
		if value.list != nil {
			absent = not(value.list.present)
		}
	}
	failing = and(not(absent), failing)
	var n node
	if list, ok := literals(items); ok && ast.NodeType == jp.ASTMultiSelectList {
		n = constant(list)
	} else if ast.NodeType == jp.ASTMultiSelectList {
		n = listOf(t.fixed(items), no, failing)
	} else {
		n = t.hash(ast, items)
		n.failing = failing
	}
	return t.nullIf(n, absent)
}

// literals are the values of constants.
func literals(items []node) ([]any, bool) {
	list := make([]any, len(items))
	for i, item := range items {
		if !item.constant {
			return nil, false
		}
		list[i] = item.literal
	}
	return list, true
}

func (t *translation) hash(ast jp.ASTNode, items []node) node {
	values := map[string]node{}
	for i, child := range ast.Children {
		key, ok := child.Value.(string)
		if !ok {
			panic(unsupported(excerpt(t.source), "not a JMESPath expression"))
		}
		values[key] = items[i] // the last one counts
	}
	var members []string
	for _, key := range sortedKeys(values) {
		members = append(members, quote(key)+": dyn("+values[key].val()+")")
	}
	return made("{"+strings.Join(members, ", ")+"}", Map)
}

// comparator translates ==, !=, <, <=, > and >=.
func (t *translation) comparator(ast jp.ASTNode, value node) node {
	left, right := t.soft(t.node(ast.Children[0], value)), t.soft(t.node(ast.Children[1], value))
	failing := or(left.failing, right.failing)
	if left.goes || right.goes {
		panic(unsupported("comparison in "+excerpt(t.source), "Kyverno does not take this number (elementIndex, compare) for one"))
	}
	var n node
	switch operator := token(ast.Value); operator {
	case "tEQ", "tNE":
		equal := t.same(left, right)
		if operator == "tNE" {
			equal = not(equal)
		}
		n = made(equal, Bool)
	default:
		sign := map[string]string{"tGT": ">", "tGTE": ">=", "tLT": "<", "tLTE": "<="}[operator]
		if sign == "" {
			panic(unsupported(excerpt(t.source), "unknown comparison"))
		}
		n = t.less(left, right, sign)
	}
	n.failing = failing
	return n
}

func token(v any) string {
	if s, ok := v.(fmt.Stringer); ok {
		return s.String()
	}
	return ""
}

// same is the condition that two values are equal, of whatever types.
func (t *translation) same(left, right node) string {
	for _, n := range []node{left, right} {
		if n.list != nil && (n.list.unordered || n.list.objects) {
			panic(unsupported("comparison in "+excerpt(t.source), "the order of a map's members is not defined"))
		}
	}
	if left.typ != Dyn && right.typ != Dyn && left.typ != right.typ && left.list == nil && right.list == nil {
		return no
	}
	if left.constant && right.constant {
		return yesIf(literal(left.literal) == literal(right.literal))
	}
	if left.typ == Bool && right.constant && right.typ == Bool {
		if right.literal == true {
			return left.val()
		}
		return not(left.val())
	}
	if left.constant {
		left, right = right, left
	}
	if left.list != nil && left.list.items != nil {
		return t.sameItems(left, right)
	} else if right.list != nil && right.list.items != nil && !right.constant {
		return t.sameItems(right, left)
	}
	if left.list != nil && !right.constant || right.list != nil && !left.constant {
		panic(unsupported("comparison of computed lists", "CEL in an API server overlooks differences between their elements"))
	}
	l, r := left.val(), right.val()
	scalar := func(n node) bool { return n.typ == String || n.typ == Bool || n.typ == Number || n.typ == Null }
	switch {
	case left.typed && right.typed && left.typ == right.typ && scalar(left):
		return atom(l) + " == " + atom(r)
	case scalar(left):
		return atom(left.dyn()) + " == " + atom(r)
	case scalar(right) || right.constant: // see emptyValues
		return atom(r) + " == " + atom(left.dyn())
	}
	return t.sameKind(left, right)
}

// sameItems compares a list of known length, element by element: CEL takes lists for equal whose elements cannot be compared.
func (t *translation) sameItems(left, right node) string {
	items := left.list.items
	if right.list != nil && right.list.items != nil {
		if len(right.list.items) != len(items) {
			return no
		}
		conditions := []string{left.list.present, right.list.present}
		for i, item := range items {
			conditions = append(conditions, t.same(item, right.list.items[i]))
		}
		return and(conditions...)
	}
	return and(left.list.present, t.holds(right.dyn(), func(v string) string {
		conditions := []string{typeIs(v, "list"), "size(" + v + ") == " + strconv.Itoa(len(items))}
		for i, item := range items {
			conditions = append(conditions, t.same(item, element(v+"["+strconv.Itoa(i)+"]")))
		}
		return and(conditions...)
	}))
}

// sameKind compares two values that may both be lists or objects of the document, and may be of different kinds.
func (t *translation) sameKind(left, right node) string {
	return t.holds(left.dyn(), func(l string) string {
		return t.holds(right.dyn(), func(r string) string {
			return "(" + typeIs(l, "list") + ") == (" + typeIs(r, "list") + ") && (" + typeIs(l, "map") + ") == (" + typeIs(r, "map") + ") && " +
				l + " == " + r
		})
	})
}

// less compares two numbers; what is none makes the result null.
func (t *translation) less(left, right node, sign string) node {
	for _, n := range []node{left, right} {
		if n.typ != Dyn && n.typ != Number {
			return nothing()
		}
	}
	if left.typ == Number && right.typ == Number {
		return made("dyn("+left.val()+") "+sign+" "+atom(right.val()), Bool)
	}
	text := t.let(left.val(), func(l string) string {
		return t.let(right.val(), func(r string) string {
			numbers := and(atom(left.is(Number, l)), atom(right.is(Number, r)))
			return choose(numbers, "dyn(dyn("+l+") "+sign+" dyn("+r+"))", "dyn(null)")
		})
	})
	return node{text: text, missing: no, failing: no}
}
