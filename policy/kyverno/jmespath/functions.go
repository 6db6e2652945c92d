package jmespath

import (
	"slices"

	jp "github.com/kyverno/go-jmespath"
)

// function translates a function call.
func (t *translation) function(ast jp.ASTNode, value node) node {
	name, ok := ast.Value.(string)
	if !ok {
		panic(unsupported(excerpt(t.source), "not a JMESPath expression"))
	}
	if reason := untranslatable(name); reason != "" {
		panic(unsupported("function "+name, "%s", reason))
	}
	c := &call{translation: t, name: name, failing: no}
	if name == "map" {
		return c.mapped(ast, value)
	}
	for _, child := range ast.Children {
		arg := t.soft(t.node(child, value))
		if arg.goes {
			panic(unsupported("function "+name, "Kyverno does not take elementIndex or the result of compare for a number"))
		}
		c.failing = or(c.failing, arg.failing)
		arg.failing = no
		c.args = append(c.args, arg)
	}
	n := c.dispatch()
	n.failing = or(n.failing, c.failing)
	return n
}

// untranslatable says why a function of Kyverno has no translation.
func untranslatable(name string) string {
	switch name {
	case "time_now", "time_now_utc", "time_since":
		return "CEL in an API server has no clock"
	case "time_add", "time_parse", "time_to_cron", "time_utc", "time_diff", "time_truncate":
		return "CEL in an API server cannot write times as text"
	case "random":
		return "CEL has no random numbers"
	case "parse_json", "parse_yaml":
		return "CEL in an API server cannot parse documents"
	case "base64_decode", "base64_encode", "sha256", "sha1", "md5", "x509_decode":
		return "CEL in an API server has no such library"
	case "is_external_url":
		return "it asks the name service"
	case "image_normalize":
		return "it depends on Kyverno's configuration"
	case "regex_replace_all", "regex_replace_all_literal":
		return "CEL in an API server cannot replace by regular expressions"
	case "sort", "sort_by", "max_by", "min_by", "reverse":
		return "CEL in an API server before 1.34 cannot sort"
	case "object_from_lists", "items", "merge":
		return "CEL in an API server before 1.32 cannot make a map of unknown keys"
	case "path_canonicalize", "round", "truncate", "avg", "ceil", "floor", "multiply", "divide", "modulo":
		return "not translated"
	}
	return ""
}

// A call is a function call whose arguments are translated.
type call struct {
	*translation
	name    string
	args    []node
	failing string
}

// want checks the number of arguments.
func (c *call) want(n int) {
	if len(c.args) != n {
		panic(unsupported("function "+c.name, "Kyverno wants %d arguments", n))
	}
}

// need makes the call fail where the argument has none of the types.
func (c *call) need(i int, types ...Type) {
	a := c.args[i]
	if a.typ != Dyn && a.list == nil {
		if !slices.Contains(types, a.typ) {
			c.failing = yes
		}
		return
	}
	if a.list != nil {
		if slices.Contains(types, List) {
			c.failing = or(c.failing, not(a.list.present))
		} else {
			c.failing = yes
		}
		return
	}
	c.failing = or(c.failing, not(c.holds(a.val(), func(v string) string {
		alternatives := make([]string, len(types))
		for j, typ := range types {
			alternatives[j] = a.is(typ, v)
		}
		return or(alternatives...)
	})))
}

// text is the argument as a string; what is none becomes "", because the call then fails anyway.
func (c *call) text(i int) string {
	a := c.args[i]
	switch {
	case a.typ == String:
		return a.val()
	case a.typ != Dyn:
		return `""`
	}
	return c.let(a.val(), func(v string) string { return "(" + choose(typeIs(v, "string"), "string("+v+")", `""`) + ")" })
}

func (c *call) dispatch() node {
	switch c.name {
	case "length", "keys", "values", "contains", "to_array", "not_null", "type", "join", "max", "min", "lookup", "label_match":
		return c.collection()
	case "starts_with", "ends_with", "to_upper", "to_lower", "trim", "trim_prefix", "split", "replace", "replace_all",
		"regex_match", "pattern_match", "to_boolean", "equal_fold", "compare", "to_string":
		return c.strings()
	case "to_number", "abs", "add", "subtract", "sum":
		return c.numbers()
	case "time_before", "time_after", "time_between":
		return c.times()
	case "semver_compare":
		return c.semver()
	}
	panic(unsupported("function "+excerpt(c.name), "Kyverno has no such function"))
}

// collection translates the functions on lists and maps.
func (c *call) collection() node {
	switch c.name {
	case "length":
		return c.length()
	case "keys", "values":
		c.want(1)
		c.need(0, Map)
		s := c.members(c.args[0], c.name == "values")
		s.present = yes // anything else fails
		return listOf(s, no, no)
	case "contains":
		return c.contains()
	case "to_array":
		return c.toArray()
	case "not_null":
		return c.notNull()
	case "type":
		return c.typeName()
	case "join":
		return c.join()
	case "max", "min":
		return c.extreme()
	case "lookup":
		return c.lookup()
	}
	return c.labelMatch()
}

func (c *call) length() node {
	c.want(1)
	a := c.args[0]
	c.need(0, String, List, Map)
	switch {
	case a.list != nil:
		return made(a.list.count(), Number)
	case a.typ == String, a.typ == Map, a.typ == List:
		return made("size("+a.val()+")", Number)
	case a.typ != Dyn:
		return made("0", Number)
	}
	return made(c.let(a.val(), func(v string) string {
		sized := or(typeIs(v, "string"), typeIs(v, "list"), typeIs(v, "map"))
		return choose("("+sized+")", "size("+v+")", "0")
	}), Number)
}

// contains looks for a text in a text, or for a scalar in a list. Kyverno panics when it compares lists or maps.
func (c *call) contains() node {
	c.want(2)
	c.need(0, List, String)
	a, b := c.args[0], c.args[1]
	if b.list != nil || b.typ == List || b.typ == Map || b.typ == Dyn && b.path == nil && b.text == "" {
		panic(unsupported("contains of a list or a map", "Kyverno cannot compare them"))
	}
	inText := func(v string) string {
		switch b.typ {
		case String:
			return v + ".contains(" + b.val() + ")"
		case Dyn:
			return c.holds(b.val(), func(e string) string { return and(typeIs(e, "string"), v+".contains("+e+")") })
		}
		return no
	}
	inList := func(s *sequence) string {
		if b.typ != Dyn || simpleText.MatchString(b.val()) {
			return s.exists(func(e node) string { return c.same(e, b) })
		}
		return c.holds(b.val(), func(v string) string {
			return s.exists(func(e node) string { return c.same(e, element(v)) })
		})
	}
	if b.typ == Dyn {
		c.failing = or(c.failing, c.incomparable(a, b))
	}
	switch {
	case a.typ == String:
		return made(inText(atom(a.val())), Bool)
	case a.list != nil || a.typ == List:
		return made(inList(c.elements(a)), Bool)
	case a.typ != Dyn:
		return made(no, Bool)
	}
	return made(c.holds(a.val(), func(v string) string {
		return chooseIf(typeIs(v, "string"), inText(v), inList(c.elements(element(v))))
	}), Bool)
}

// incomparable is the condition that a list is asked for a list or a map while it holds one.
func (c *call) incomparable(list, wanted node) string {
	s := c.elements(list)
	if s == nil {
		return no
	}
	return c.holds(wanted.val(), func(v string) string {
		return and("("+or(typeIs(v, "list"), typeIs(v, "map"))+")", s.exists(func(e node) string {
			if e.typ != Dyn {
				return no
			}
			return "type(" + e.val() + ") == type(" + v + ")"
		}))
	})
}

func (c *call) toArray() node {
	c.want(1)
	a := c.args[0]
	if a.list != nil && a.list.present == yes {
		return a
	}
	if a.typ != Dyn && a.typ != List {
		return listOf(c.fixed([]node{a}), no, no)
	}
	if a.list != nil {
		s := *a.list
		present, exists, sum := s.present, s.exists, s.sum
		s.present, s.items = yes, nil
		s.exists = func(f func(node) string) string {
			return or(and(present, exists(f)), and(not(present), f(constant(nil))))
		}
		s.sum = func(f func(node) string) string { return "(" + choose(present, sum(f), f(constant(nil))) + ")" }
		inner := s.make
		s.make = func() string { return "(" + choose(present, "dyn("+inner()+")", "dyn([null])") + ")" }
		return listOf(&s, no, no)
	}
	return listOf(c.listed(c.lift(a), yes), no, no)
}

func (c *call) notNull() node {
	if len(c.args) == 0 {
		panic(unsupported("function not_null", "Kyverno wants an argument"))
	}
	n := c.args[len(c.args)-1]
	for i := len(c.args) - 2; i >= 0; i-- {
		a := c.args[i]
		if a.typ != Dyn && a.typ != Null && (a.list == nil || a.list.present == yes) {
			n = a
			continue
		}
		rest := n.dyn()
		text := c.let(a.val(), func(v string) string { return choose(not(a.is(Null, v)), v, rest) })
		n = node{text: text, missing: no, failing: no}
	}
	return n
}

func (c *call) typeName() node {
	c.want(1)
	a := c.args[0]
	if a.constant || a.typ != Dyn && (a.list == nil || a.list.present == yes) {
		return constant(map[Type]string{Null: "null", Bool: "boolean", Number: "number", String: "string", List: "array", Map: "object"}[a.typ])
	}
	return made(c.let(a.val(), func(v string) string {
		return choose(v+" == null", `"null"`, choose(typeIs(v, "bool"), `"boolean"`, choose(typeIs(v, "string"), `"string"`,
			choose(typeIs(v, "list"), `"array"`, choose(typeIs(v, "map"), `"object"`, `"number"`)))))
	}), String)
}

func (c *call) join() node {
	c.want(2)
	c.need(0, String)
	s := c.elements(c.args[1])
	if s == nil {
		c.failing = yes
		return made(`""`, String)
	}
	if s.unordered {
		panic(unsupported("join of a map's members", "their order is not defined"))
	}
	c.failing = or(c.failing, not(s.present), s.exists(func(e node) string { return not(e.is(String, e.val())) }))
	strings := c.filter(s, func(e node) string { return e.is(String, e.val()) })
	return made(atom(strings.make())+".join("+c.text(0)+")", String)
}

// extreme is the greatest or least of numbers, or of strings.
func (c *call) extreme() node {
	c.want(1)
	s := c.elements(c.args[0])
	if s == nil {
		c.failing = yes
		return nothing()
	}
	of := func(typ Type) string {
		return and(s.present, s.all(func(e node) string { return atom(e.is(typ, e.val())) }))
	}
	numbers, strings := of(Number), of(String)
	c.failing = or(c.failing, not("("+or(numbers, strings)+")"))
	e := c.fresh()
	list := atom(s.make())
	pick := func(convert, wanted string) string {
		return list + ".filter(" + e + ", " + wanted + ").map(" + e + ", " + convert + "(" + e + "))." + c.name + "()"
	}
	text := choose(not(s.exists(func(node) string { return yes })), "dyn(null)",
		choose(numbers, "dyn("+pick("double", isNumber(e))+")", choose(strings, "dyn("+pick("string", typeIs(e, "string"))+")", "dyn(null)")))
	return node{text: text, missing: no, failing: no}
}

// lookup is the member of a map, or the element of a list.
func (c *call) lookup() node {
	c.want(2)
	a, b := c.args[0], c.args[1]
	if a.list != nil || !b.constant {
		if a.list == nil && b.typ == String {
			c.need(0, Map)
			return node{text: c.let(a.val(), func(v string) string {
				return choose(a.is(Map, v), v+"[?"+b.val()+"].orValue(dyn(null))", "dyn(null)")
			}), missing: no, failing: no}
		}
		panic(unsupported("function lookup", "only a map with a text, or a constant, is translated"))
	}
	switch key := b.literal.(type) {
	case string:
		c.need(0, Map)
		return node{text: c.let(a.val(), func(v string) string {
			return choose(a.is(Map, v), v+"[?"+quote(key)+"].orValue(dyn(null))", "dyn(null)")
		}), missing: no, failing: no}
	case float64:
		if key == float64(int(key)) && key >= 0 {
			c.need(0, List)
			return node{text: c.let(a.val(), func(v string) string {
				return choose(a.is(List, v), v+"[?"+number(key)+"].orValue(dyn(null))", "dyn(null)")
			}), missing: no, failing: no}
		}
	}
	panic(unsupported("function lookup", "a key that is no text and no index"))
}

// labelMatch says that the second map has all members of the first.
func (c *call) labelMatch() node {
	c.want(2)
	c.need(0, Map)
	c.need(1, Map)
	return made(c.holds(c.args[0].val(), func(a string) string {
		return c.holds(c.args[1].val(), func(b string) string {
			k := c.fresh()
			return and(c.args[0].is(Map, a), c.args[1].is(Map, b),
				a+".all("+k+", "+k+" in "+b+" && "+c.sameKind(element(b+"["+k+"]"), element(a+"["+k+"]"))+")")
		})
	}), Bool)
}

// mapped is map(&expression, list).
func (c *call) mapped(ast jp.ASTNode, value node) node {
	if len(ast.Children) != 2 || ast.Children[0].NodeType != jp.ASTExpRef {
		panic(unsupported("function map", "Kyverno wants an expression and a list"))
	}
	list := c.soft(c.node(ast.Children[1], value))
	s := c.elements(list)
	if s == nil || s.objects {
		n := nothing()
		n.failing, n.constant = yes, false
		return n
	}
	failing := or(list.failing, not(s.present))
	mapped, failed := c.project(s, true, func(e node) node { return c.node(ast.Children[0].Children[0], e) })
	mapped.present = yes
	return listOf(mapped, no, or(failing, failed))
}
