package jmespath

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"
)

// What Kyverno takes for a variable, and for a reference to another field of the policy.
var (
	variablePattern  = regexp.MustCompile(`(^|[^\\])(\{\{(?:\{[^{}]*\}|[^{}])*\}\})`)
	referencePattern = regexp.MustCompile(`^\$\(.[^ ]*\)|[^\\]\$\(.[^ ]*\)`)
	escapedReference = regexp.MustCompile(`\\\$\(.[^ )]*\)`)
)

// HasVariables says whether Kyverno would replace something in the text.
func HasVariables(text string) bool {
	return variablePattern.MatchString(text) || referencePattern.MatchString(text) ||
		escapedReference.MatchString(text) || strings.Contains(text, `\{{`)
}

// A piece is a part of a text: as it stands, or the expression of a variable.
type piece struct {
	literal    string
	expression string
	variable   bool
	shallow    bool // {{- x }}: what the value holds is not replaced again
}

// pieces cuts a text at its variables.
func pieces(template string) ([]piece, error) {
	switch {
	case len(template) > maxExpression:
		return nil, unsupported(excerpt(template), "longer than %d bytes", maxExpression)
	case !utf8.ValidString(template):
		return nil, unsupported(excerpt(template), "not UTF-8")
	case referencePattern.MatchString(template):
		return nil, unsupported(excerpt(template), "references to other fields of the policy are not translated")
	}
	template = escapedReference.ReplaceAllStringFunc(template, func(s string) string { return s[1:] })
	var list []piece
	rest := template
	for {
		m := variablePattern.FindStringSubmatchIndex(rest)
		if m == nil {
			break
		}
		list = append(list, piece{literal: rest[:m[4]]})
		inner := strings.ReplaceAll(strings.ReplaceAll(rest[m[4]:m[5]], "{{", ""), "}}", "")
		p := piece{variable: true, expression: strings.TrimSpace(inner)}
		if cut, ok := strings.CutPrefix(p.expression, "-"); ok {
			p.expression, p.shallow = strings.TrimSpace(cut), true
		}
		list = append(list, p)
		rest = rest[m[5]:]
	}
	list = append(list, piece{literal: rest})
	for i := range list {
		if len(list) > 1 && strings.Contains(strings.ReplaceAll(list[i].literal, `\{{`, ""), "{{") {
			return nil, unsupported(excerpt(template), "a variable within a variable")
		}
		list[i].literal = strings.ReplaceAll(list[i].literal, `\{{`, "{{")
	}
	return list, nil
}

// text translates a text with variables.
func (s Scope) text(template string) (n node, err error) {
	defer guard(&err)
	list, err := pieces(template)
	if err != nil {
		return node{}, err
	}
	if len(list) == 1 {
		return constant(list[0].literal), nil
	}
	if len(list) == 3 && list[0].literal == "" && list[2].literal == "" {
		return s.variable(list[1])
	}
	t := &translation{names: s.fresh(), scope: s, template: true, source: template}
	n = made("", String)
	var parts []string
	for _, p := range list {
		if !p.variable {
			if p.literal != "" {
				parts = append(parts, quote(p.literal))
			}
			continue
		}
		v, err := s.variable(p)
		if err != nil {
			return node{}, err
		}
		n.missing, n.failing = or(n.missing, v.missing), or(n.failing, v.failing)
		parts = append(parts, t.inserted(v))
	}
	n.text = strings.Join(parts, " + ")
	t.bound(n)
	return n, nil
}

// variable translates the expression of a variable. @ is the value at the place of the text, which only patterns have.
func (s Scope) variable(p piece) (node, error) {
	if p.expression == "@" {
		return node{}, unsupported("variable @", "it stands for the field of a pattern")
	}
	return s.translate(p.expression, true)
}

// inserted is the text of a value within a text.
func (t *translation) inserted(n node) string {
	if n.constant {
		return quote(plainText(n.literal))
	}
	return atom(t.toString(n).val())
}

// plainText is a value as Kyverno inserts it into a text.
func plainText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	data, err := json.Marshal(v)
	if err != nil {
		panic(unsupported("literal", "%v", err))
	}
	return string(data)
}

// Message translates a text for people to read: it is always a string, and it fails where a variable cannot be
// resolved. Unlike Text it can write lists of texts.
func (s Scope) Message(template string) (v Value, err error) {
	defer guard(&err)
	list, err := pieces(template)
	if err != nil {
		return Value{}, err
	}
	t := &translation{names: s.fresh(), scope: s, template: true, source: template}
	n := made("", String)
	var parts []string
	fixed := ""
	for _, p := range list {
		if !p.variable {
			if p.literal != "" {
				parts = append(parts, quote(p.literal))
				fixed += p.literal
			}
			continue
		}
		v, err := s.variable(p)
		if err != nil {
			return Value{}, err
		}
		n.missing, n.failing = or(n.missing, v.missing), or(n.failing, v.failing)
		parts = append(parts, atom(t.readable(v)))
	}
	n.text = strings.Join(parts, " + ")
	if n.text == "" {
		n.text = `""`
	}
	if len(list) == 1 {
		n.constant, n.literal = true, fixed
	}
	t.bound(n)
	return bounded(n.value()), nil
}

// readable is the text of a value in a message: lists of texts are joined.
func (t *translation) readable(n node) string {
	if n.list != nil || n.typ == List {
		s := t.elements(n)
		e := t.fresh()
		return `"[" + ` + atom(s.make()) + ".filter(" + e + ", " + typeIs(e, "string") + ").map(" + e + `, "\"" + ` + e + ` + "\"").join(",") + "]"`
	}
	if n.constant {
		return quote(plainText(n.literal))
	}
	return t.toString(n).val()
}
