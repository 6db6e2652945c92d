package jmespath

import (
	"regexp"
	"strconv"
	"strings"
)

// strings translates the functions on texts.
func (c *call) strings() node {
	switch c.name {
	case "starts_with":
		return c.method2("startsWith", Bool)
	case "ends_with":
		return c.method2("endsWith", Bool)
	case "split":
		n := c.method2("split", List)
		return listOf(c.listed("dyn("+n.text+")", yes), no, n.failing)
	case "to_upper", "to_lower":
		return c.changeCase()
	case "trim":
		return c.trim()
	case "trim_prefix":
		c.want(2)
		c.need(0, String)
		c.need(1, String)
		return made(c.let(c.text(0), func(s string) string {
			return c.let(c.text(1), func(p string) string {
				return choose(s+".startsWith("+p+")", s+".substring(size("+p+"))", s)
			})
		}), String)
	case "replace", "replace_all":
		return c.replace()
	case "regex_match", "pattern_match":
		return c.match()
	case "to_boolean":
		return c.toBoolean()
	case "equal_fold":
		c.want(2)
		c.need(0, String)
		c.need(1, String)
		return made(c.ascii(c.text(0), ".lowerAscii()")+" == "+c.ascii(c.text(1), ".lowerAscii()"), Bool)
	case "compare":
		c.want(2)
		c.need(0, String)
		c.need(1, String)
		n := made(c.let(c.text(0), func(a string) string {
			return c.let(c.text(1), func(b string) string {
				return choose(a+" < "+b, "-1", choose(a+" == "+b, "0", "1"))
			})
		}), Number)
		n.goes = true
		return n
	}
	c.want(1)
	return c.toString(c.args[0])
}

// method2 is a function of two texts that is a method in CEL.
func (c *call) method2(method string, typ Type) node {
	c.want(2)
	c.need(0, String)
	c.need(1, String)
	return made(atom(c.text(0))+"."+method+"("+c.text(1)+")", typ)
}

// ascii applies a method that CEL knows for ASCII only, and refuses other texts.
func (c *call) ascii(text, method string) string {
	return c.let(text, func(v string) string {
		return "(" + choose(v+`.matches("^[[:ascii:]]*$")`, v+method, "string("+refusal("letters outside of ASCII")+")") + ")"
	})
}

func (c *call) changeCase() node {
	c.want(1)
	c.need(0, String)
	if c.args[0].constant && c.args[0].typ == String {
		if c.name == "to_upper" {
			return constant(strings.ToUpper(c.args[0].literal.(string)))
		}
		return constant(strings.ToLower(c.args[0].literal.(string)))
	}
	method := ".lowerAscii()"
	if c.name == "to_upper" {
		method = ".upperAscii()"
	}
	return made(c.ascii(c.text(0), method), String)
}

// trim takes away the characters of a constant set from both ends.
func (c *call) trim() node {
	c.want(2)
	c.need(0, String)
	if !c.args[1].constant {
		panic(unsupported("function trim", "only a constant set of characters is translated"))
	}
	c.need(1, String)
	set, ok := c.args[1].literal.(string)
	if !ok || set == "" {
		return made(c.text(0), String)
	}
	var class strings.Builder
	for _, r := range set {
		class.WriteString(`\x{` + strconv.FormatInt(int64(r), 16) + `}`)
	}
	outside := "[^" + class.String() + "]"
	return made(atom(c.text(0))+".find("+quote("(?s)"+outside+"(.*"+outside+")?")+")", String)
}

func (c *call) replace() node {
	if c.name == "replace" {
		c.want(4)
		c.need(3, Number)
	} else {
		c.want(3)
	}
	for i := range 3 {
		c.need(i, String)
	}
	arguments := c.text(1) + ", " + c.text(2)
	if c.name == "replace" {
		n, ok := c.args[3].literal.(float64)
		if !ok || n != float64(int(n)) {
			panic(unsupported("function replace", "only a constant number of replacements is translated"))
		}
		arguments += ", " + number(n)
	}
	return made(atom(c.text(0))+".replace("+arguments+")", String)
}

// match translates regex_match and pattern_match. A number is matched as it is written.
func (c *call) match() node {
	c.want(2)
	c.need(0, String)
	c.need(1, String, Number)
	source := c.text(1)
	if a := c.args[1]; a.typ == Number {
		source = c.shortNumber(a.val())
	} else if a.typ == Dyn {
		source = c.let(a.val(), func(v string) string {
			return "(" + choose(typeIs(v, "string"), "string("+v+")", choose(isNumber2(v), c.shortNumber(v), `""`)) + ")"
		})
	}
	if !c.args[0].constant {
		if c.name == "regex_match" {
			return made(atom(source)+".matches("+c.text(0)+")", Bool)
		}
		return made(c.let(c.text(0), func(p string) string { return atom(source) + ".matches(" + wildcardText(p) + ")" }), Bool)
	}
	expression, _ := c.args[0].literal.(string)
	if c.name == "pattern_match" {
		return made(matchesWildcard(expression, source), Bool)
	}
	if _, err := regexp.Compile(expression); err != nil {
		c.failing = yes
		return made(no, Bool)
	}
	return made(atom(source)+".matches("+quote(expression)+")", Bool)
}

func isNumber2(v string) string { return "(" + isNumber(v) + ")" }

// shortNumber is the text of a number as Kyverno's regex_match sees it, which rounds it to 32 bits: whole numbers that
// 32 bits hold exactly, others are refused.
func (c *call) shortNumber(v string) string {
	return c.let(v, func(v string) string {
		exact := "double(" + v + ") == double(int(" + v + ")) && int(" + v + ") <= 16777216 && int(" + v + ") >= -16777216"
		return "(" + choose("("+exact+")", "string(int("+v+"))", "string("+refusal("a number that is not whole, or large")+")") + ")"
	})
}

func (c *call) toBoolean() node {
	c.want(1)
	c.need(0, String)
	c.failing = or(c.failing, not(atom(c.text(0))+`.matches("^(?i:true|false)$")`))
	return made(atom(c.text(0))+`.matches("^(?i:true)$")`, Bool)
}

// toString is a value as text: texts as they are, everything else as JSON.
func (t *translation) toString(a node) node {
	switch {
	case a.constant:
		return constant(plainText(a.literal))
	case a.typ == String:
		return a
	case a.typ == Bool:
		return made("string("+a.val()+")", String)
	case a.typ == Number:
		return made(t.jsonNumber(a.val()), String)
	case a.list != nil || a.typ == List || a.typ == Map:
		panic(unsupported("the text of a list or a map", "CEL in an API server cannot write JSON"))
	}
	return made(t.let(a.val(), func(v string) string {
		return "(" + choose(typeIs(v, "string"), "string("+v+")", choose(v+" == null", `"null"`, choose(typeIs(v, "bool"), "string("+v+")",
			choose(isNumber2(v), t.jsonNumber(v), "string("+refusal("the text of a list or a map")+")")))) + ")"
	}), String)
}

// jsonNumber is the text of a number in JSON.
func (t *translation) jsonNumber(v string) string {
	return t.let(v, func(v string) string {
		d := "double(" + v + ")"
		plain := "string(" + v + `).matches("^-?[0-9]{1,15}([.][0-9]{1,15})?$")`
		whole := d + " == double(int(" + v + "))"
		return "(" + choose(typeIs("dyn("+v+")", "int"), "string("+v+")", choose(plain, "string("+v+")",
			choose(whole, "string(int("+v+"))", "string("+refusal("a very large or small number")+")"))) + ")"
	})
}
