package jmespath

import "strconv"

// decimal are the numbers in texts that Go and CEL read alike; other spellings that Go takes for numbers are odd.
const (
	decimal = `^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$`
	odd     = `^[+-]?((?i:inf|infinity|nan|0x.*)|[0-9.]+[eE][+-]?[0-9]{3,}|.*_.*)$`
)

// numbers translates the functions on numbers.
func (c *call) numbers() node {
	switch c.name {
	case "to_number":
		return c.toNumber()
	case "abs":
		c.want(1)
		c.need(0, Number)
		return made(c.let(c.number(0), func(v string) string { return choose(v+" < 0.0", "-"+v, v) }), Number)
	case "sum":
		return c.total()
	}
	return c.arithmetic()
}

// number is the argument as a double; what is no number becomes 0, because the call then fails anyway.
func (c *call) number(i int) string {
	a := c.args[i]
	if a.typ == Number {
		return "double(" + a.val() + ")"
	}
	if a.typ != Dyn {
		return "0.0"
	}
	return c.let(a.val(), func(v string) string { return "(" + choose(isNumber2(v), "double("+v+")", "0.0") + ")" })
}

// parsedNumber is the number that a text spells, or null.
func parsedNumber(v string) string {
	return choose(v+".matches("+quote(decimal)+")", "dyn(double("+v+"))",
		choose(v+".matches("+quote(odd)+")", refusal("an odd number"), "dyn(null)"))
}

func (c *call) toNumber() node {
	c.want(1)
	a := c.args[0]
	if a.constant {
		return constant(toNumber(a.literal))
	}
	switch {
	case a.typ == Number:
		return a
	case a.typ == String:
		return node{text: c.let(a.val(), parsedNumber), missing: no, failing: no}
	case a.typ != Dyn:
		return nothing()
	}
	return node{text: c.let(a.val(), func(v string) string {
		return choose(isNumber2(v), v, choose(typeIs(v, "string"), parsedNumber("string("+v+")"), "dyn(null)"))
	}), missing: no, failing: no}
}

func toNumber(v any) any {
	switch v := v.(type) {
	case float64:
		return v
	case string:
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			return f
		}
	}
	return nil
}

// arithmetic is the sum or difference of two numbers. Kyverno also calculates with quantities and durations, and
// writes them in ways that CEL cannot.
func (c *call) arithmetic() node {
	c.want(2)
	for i, a := range c.args {
		if a.typ == String || a.constant && a.typ != Number {
			panic(unsupported("function "+c.name, "only numbers are translated: CEL cannot write quantities and durations as text"))
		}
		c.need(i, Number, String)
	}
	sign := map[string]string{"add": " + ", "subtract": " - "}[c.name]
	numbers := yes
	for _, a := range c.args {
		if a.typ == Dyn {
			numbers = and(numbers, c.holds(a.val(), isNumber2))
		}
	}
	result := c.number(0) + sign + c.number(1)
	if numbers == yes {
		return made(result, Number)
	}
	refused := and(not(or(no, c.failing)), not(numbers))
	return made(choose(refused, "double("+refusal("quantities and durations")+")", result), Number)
}

// total is the sum of a list of numbers.
func (c *call) total() node {
	c.want(1)
	s := c.elements(c.args[0])
	if s == nil {
		c.failing = yes
		return made("0", Number)
	}
	c.failing = or(c.failing, not(s.present), not(s.exists(func(node) string { return yes })))
	numbers := s.all(func(e node) string { return atom(e.is(Number, e.val())) })
	e := c.fresh()
	sum := atom(s.make()) + ".map(" + e + ", double(" + e + ")).sum()"
	return made(choose(numbers, sum, "double("+refusal("quantities and durations")+")"), Number)
}

const rfc3339 = `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{1,2}:[0-9]{2}:[0-9]{2}([.,][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$`

// times translates the comparisons of times.
func (c *call) times() node {
	count := 2
	if c.name == "time_between" {
		count = 3
	}
	c.want(count)
	at := make([]string, count)
	for i := range count {
		c.need(i, String)
		text := c.text(i)
		c.failing = or(c.failing, not(atom(text)+".matches("+quote(rfc3339)+")"))
		at[i] = c.let(text, func(v string) string {
			return "timestamp(" + choose(v+".matches("+quote(rfc3339)+")", v, `"1970-01-01T00:00:00Z"`) + ")"
		})
	}
	switch c.name {
	case "time_before":
		return made(at[0]+" < "+at[1], Bool)
	case "time_after":
		return made(at[0]+" > "+at[1], Bool)
	}
	return made(at[0]+" > "+at[1]+" && "+at[0]+" < "+at[2], Bool)
}

func (c *call) semver() node {
	panic(unsupported("function semver_compare", "CEL in an API server before 1.33 cannot compare versions"))
}
