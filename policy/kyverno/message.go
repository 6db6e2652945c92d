package kyverno

import (
	"encoding/json"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/kyverno/jmespath"
)

// message writes what people are told. A message with variables is an expression; where that fails, people see the
// message as it is written.
func (c *ruleConversion) message(v *admissionv1.Validation) {
	text := oneLine(inventory.String(c.validate, "message"))
	if text == "" {
		text = "rule " + c.rule.Name + " of the policy " + c.policy.Object.Name + " is broken"
	}
	v.Message = text
	if !strings.Contains(text, "{{") {
		return
	}
	said, err := c.scope.Text(text)
	switch {
	case err != nil:
		c.rule.Warnings = append(c.rule.Warnings, "the message is not filled in: "+err.Error())
	case said.Constant:
		if s, ok := said.Literal.(string); ok && oneLine(s) != "" {
			v.Message = oneLine(s)
		}
	case said.Type == jmespath.String:
		v.MessageExpression = said.CEL
	default:
		c.rule.Warnings = append(c.rule.Warnings, "the message is not filled in: it is no text")
	}
}

// oneLine is a text without line breaks, which messages may not have.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// lines puts each part of a conjunction on a line of its own.
func lines(e expr) string {
	if e.tie != tieAnd || len(e.text) < 100 {
		return e.text
	}
	return strings.Join(topLevel(e.text, " && "), " &&\n")
}

// topLevel cuts an expression at an operator that stands in no brackets and no text.
func topLevel(s, operator string) []string {
	var out []string
	depth, quoted, start := 0, false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case quoted:
		case strings.IndexByte("([{", s[i]) >= 0:
			depth++
		case strings.IndexByte(")]}", s[i]) >= 0:
			depth--
		case depth == 0 && strings.HasPrefix(s[i:], operator):
			out = append(out, s[start:i])
			start = i + len(operator)
		}
	}
	return append(out, s[start:])
}

// asJSON is a JSON shape in bytes; never an error for what a decoder made.
func asJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		return []byte("null")
	}
	return data
}
