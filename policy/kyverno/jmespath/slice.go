package jmespath

import (
	"strings"

	jp "github.com/kyverno/go-jmespath"
)

type node struct{ val string }

func (n node) value() Value { return Value{CEL: n.val, Total: n.val} }

func (s Scope) translate(jmes string, _ bool) (node, error) {
	ast, err := jp.NewParser().Parse(jmes)
	if err != nil {
		return node{}, unsupported(jmes, "%v", err)
	}
	path, ok := fields(ast)
	if !ok || len(path) < 2 || path[0] != "request" || path[1] != "object" {
		return node{}, unsupported(jmes, "not translated yet")
	}
	return node{s.Object + "." + strings.Join(path[2:], ".")}, nil
}

func fields(ast jp.ASTNode) ([]string, bool) {
	switch ast.NodeType {
	case jp.ASTField:
		return []string{ast.Value.(string)}, true
	case jp.ASTSubexpression:
		left, ok := fields(ast.Children[0])
		right, ok2 := fields(ast.Children[1])
		return append(left, right...), ok && ok2
	default:
		return nil, false
	}
}

func (s Scope) text(template string) (node, error) {
	inner, ok := strings.CutPrefix(strings.TrimSpace(template), "{{")
	if !ok {
		return node{}, unsupported(template, "not translated yet")
	}
	return s.translate(strings.TrimSuffix(inner, "}}"), true)
}

func (s Scope) conditions(any) (Condition, error) {
	return Condition{}, unsupported("conditions", "not translated yet")
}

func (s Scope) context(entries []any) (Scope, []Variable, error) {
	if len(entries) == 0 {
		return s, nil, nil
	}
	return s, nil, unsupported("context", "not translated yet")
}

func (s Scope) foreach(list string) (*Foreach, error) {
	n, err := s.translate(list, false)
	if err != nil {
		return nil, err
	}
	inside := s
	inside.elements++
	return &Foreach{Scope: inside, list: n, element: "e1"}, nil
}

func (f *Foreach) quantify(macro, condition string) string {
	return f.list.val + "." + macro + "(" + f.element + ", " + condition + ")"
}
