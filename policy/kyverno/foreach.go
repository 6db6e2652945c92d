package kyverno

import (
	"fmt"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/kyverno/jmespath"
)

// maxLoops bounds how deep loops nest.
const maxLoops = 4

// loops translates foreach: every element of every list has to meet the checks, or to be skipped. Without an element that
// meets them the rule says nothing.
func (c *ruleConversion) loops(scope jmespath.Scope, foreach any) (outcome, bool) {
	c.loopDepth++
	defer func() { c.loopDepth-- }()
	entries := inventory.Maps(foreach)
	if len(entries) == 0 || c.loopDepth > maxLoops {
		c.unsupported("validate.foreach", fmt.Sprintf("it has no loops, or nests deeper than %d", maxLoops))
		return failed, false
	}
	allowed, applied := always, never
	for _, entry := range entries {
		a, some, ok := c.loop(scope, entry)
		if !ok {
			return failed, false
		}
		allowed, applied = and(allowed, a), or(applied, some)
	}
	return outcome{allowed, and(allowed, not(applied))}, true
}

// loop is one foreach: what all elements must be, and that one of them meets the checks.
func (c *ruleConversion) loop(scope jmespath.Scope, entry map[string]any) (all, some expr, ok bool) {
	list, isText := entry["list"].(string)
	if !isText {
		c.unsupported("foreach.list", "it is no text")
		return never, never, false
	}
	loop, err := scope.Foreach(list)
	if err != nil {
		c.refused(err)
		return never, never, false
	}
	inner, variables, err := loop.Scope.Context(inventory.List(entry, "context"))
	if err == nil && len(variables) > 0 {
		c.unsupported("foreach.context", "variables of an element cannot be declared")
		return never, never, false
	}
	if err != nil {
		c.refused(err)
		return never, never, false
	}
	element, err := inner.Expression("element")
	if err != nil {
		c.refused(err)
		return never, never, false
	}
	o, ok := c.checks(inner, entry, value{expr: element.CEL, maybeNull: true})
	if !ok {
		return never, never, false
	}
	if entry["preconditions"] != nil {
		before, err := inner.Conditions(entry["preconditions"])
		if err != nil {
			c.refused(err)
			return never, never, false
		}
		applies := expr{before.Total, tieTernary}
		o = outcome{or(not(applies), o.allowed), or(not(applies), o.skipped)}
	}
	all, some = always, expr{loop.Exists(o.ok().text), tieTernary}
	if o.allowed != always {
		all = expr{loop.All(o.allowed.text), tieTernary}
	}
	if loop.Fails != "" {
		all = and(not(expr{loop.Fails, tieTernary}), all)
	}
	return all, some, true
}

// substitute puts what is known of the variables into a pattern.
func (c *ruleConversion) substitute(scope jmespath.Scope, pattern any, construct string) (any, bool) {
	switch p := pattern.(type) {
	case map[string]any:
		out := make(map[string]any, len(p))
		for k, item := range p {
			if strings.Contains(k, "{{") {
				c.unsupported(construct, "the key "+quote(k)+" holds a variable")
				return nil, false
			}
			sub, ok := c.substitute(scope, item, construct)
			if !ok {
				return nil, false
			}
			out[k] = sub
		}
		return out, true
	case []any:
		out := make([]any, len(p))
		for i, item := range p {
			sub, ok := c.substitute(scope, item, construct)
			if !ok {
				return nil, false
			}
			out[i] = sub
		}
		return out, true
	case string:
		return c.substituteText(scope, p, construct)
	}
	return pattern, true
}

// A dynamic is a pattern that is known only when a request is judged.
type dynamic struct{ cel string }

func (c *ruleConversion) substituteText(scope jmespath.Scope, text, construct string) (any, bool) {
	if strings.Contains(text, "$(") {
		c.unsupported("reference in a "+construct, "references to other fields, as in "+quote(text)+", are not translated")
		return nil, false
	}
	if !strings.Contains(text, "{{") {
		return text, true
	}
	v, err := scope.Text(text)
	switch {
	case err != nil:
		c.refused(err)
		return nil, false
	case v.Constant:
		return v.Literal, true
	case strings.HasPrefix(strings.TrimSpace(text), "{{") && v.Type != jmespath.List && v.Type != jmespath.Map:
		c.rule.Warnings = append(c.rule.Warnings, "what "+quote(text)+" stands for is compared word for word, wildcards and operators in it too")
		return dynamic{v.CEL}, true
	}
	c.unsupported("variable in a "+construct, quote(text)+" is known only when a request is judged, and may hold wildcards and operators")
	return nil, false
}
