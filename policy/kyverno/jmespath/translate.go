package jmespath

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	jp "github.com/kyverno/go-jmespath"
)

// What a policy may ask of the translator: more is refused. No policy that people write comes near.
const (
	maxExpression = 8 << 10  // bytes of JMESPath, or of a text with variables
	maxDepth      = 40       // nesting of JMESPath
	maxCEL        = 48 << 10 // bytes of CEL: an API server takes 100,000 characters
)

// A translation is the work on one expression.
type translation struct {
	*names
	scope    Scope
	template bool // the expression stands in {{ }}
	json     bool // numbers of the policy are those of JSON, as in context variables
	depth    int
	source   string
}

// guard turns the panics that carry an Unsupported through the translation into errors.
func guard(err *error) {
	switch r := recover().(type) {
	case nil:
	case *Unsupported:
		*err = r
	default:
		panic(r)
	}
}

// translate translates a JMESPath expression; template says that it stands in {{ }}.
func (s Scope) translate(jmes string, template bool) (n node, err error) {
	defer guard(&err)
	jmes = strings.TrimSpace(jmes)
	ast, err := parse(jmes)
	if err != nil {
		return node{}, unsupported(excerpt(jmes), "not a JMESPath expression: %v", err)
	}
	t := &translation{names: s.fresh(), scope: s, template: template, source: jmes}
	n = t.node(ast, node{root: contextRoot, missing: no, failing: no})
	t.bound(n)
	return n, nil
}

// bound makes sure that the translation is not too large, and that there is one.
func (t *translation) bound(n node) {
	size := len(n.missing) + len(n.failing)
	if n.list == nil && n.root == noRoot {
		size += len(n.val())
	}
	if size > maxCEL {
		panic(unsupported(excerpt(t.source), "the translation is too large"))
	}
}

// bounded refuses a translation that is too large.
func bounded(v Value) Value {
	if len(v.CEL)+len(v.Total)+len(v.Fails) > 2*maxCEL {
		panic(unsupported("expression", "the translation is too large"))
	}
	return v
}

// parse reads an expression with Kyverno's parser.
func parse(jmes string) (ast jp.ASTNode, err error) {
	switch {
	case jmes == "":
		return ast, errors.New("empty")
	case len(jmes) > maxExpression:
		return ast, fmt.Errorf("longer than %d bytes", maxExpression)
	case !utf8.ValidString(jmes):
		return ast, errors.New("not UTF-8")
	}
	defer func() {
		if r := recover(); r != nil { // the parser reads behind the end of some broken expressions
			err = errors.New("broken")
		}
	}()
	return jp.NewParser().Parse(jmes)
}

// excerpt shortens what a message quotes.
func excerpt(s string) string {
	s = strings.ToValidUTF8(s, "�")
	if r := []rune(s); len(r) > 120 {
		return string(r[:117]) + "..."
	}
	return s
}

// node translates the expression ast, applied to the value.
func (t *translation) node(ast jp.ASTNode, value node) node {
	t.depth++
	defer func() { t.depth-- }()
	if t.depth > maxDepth {
		panic(unsupported(excerpt(t.source), "nested more than %d deep", maxDepth))
	}
	switch ast.NodeType {
	case jp.ASTIdentity, jp.ASTCurrentNode:
		value.missing, value.failing = no, no
		return value
	case jp.ASTLiteral:
		return constant(ast.Value)
	case jp.ASTField:
		return t.field(value, ast.Value.(string))
	case jp.ASTIndex:
		return t.index(value, ast.Value.(int))
	case jp.ASTSubexpression, jp.ASTIndexExpression:
		return t.sub(ast, value)
	case jp.ASTPipe:
		return t.pipe(ast, value)
	case jp.ASTOrExpression, jp.ASTAndExpression, jp.ASTNotExpression:
		return t.logic(ast, value)
	case jp.ASTComparator:
		return t.comparator(ast, value)
	case jp.ASTProjection, jp.ASTFilterProjection, jp.ASTFlatten, jp.ASTValueProjection:
		return t.projection(ast, value)
	case jp.ASTMultiSelectList, jp.ASTMultiSelectHash:
		return t.multiSelect(ast, value)
	case jp.ASTFunctionExpression:
		return t.function(ast, value)
	case jp.ASTKeyValPair:
		return t.node(ast.Children[0], value)
	case jp.ASTSlice:
		panic(unsupported("slice in "+excerpt(t.source), "CEL in an API server before 1.34 has no slices of lists"))
	case jp.ASTExpRef:
		panic(unsupported("expression reference in "+excerpt(t.source), "only functions take one"))
	}
	panic(unsupported(excerpt(t.source), "unknown kind of expression"))
}

// apply is node for a value that is evaluated first: its failures become those of the result.
func (t *translation) apply(ast jp.ASTNode, left node) node {
	in := left
	if in.path == nil {
		in.missing = no
	}
	in.failing = no
	right := t.node(ast, in)
	if left.missing == no && left.failing == no {
		return right
	}
	r := right
	if right.path != nil && left.path != nil && extends(right.path, left.path) {
		return withFailing(r, left.failing)
	}
	r.missing = or(left.missing, right.missing)
	r.failing = or(left.failing, and(not(left.missing), right.failing)) // nothing is asked of what is missing
	return r
}

func withFailing(n node, failing string) node {
	n.failing = or(failing, n.failing)
	return n
}

func extends(longer, shorter *path) bool {
	return longer.root == shorter.root && len(longer.steps) >= len(shorter.steps)
}

// soft is the node where a missing path counts as null.
func (t *translation) soft(n node) node {
	if n.path == nil && n.typ != Null {
		n = t.nullIf(n, n.missing)
	}
	n.missing = no
	return n
}

// nullIf is the node with a value that is null under the condition.
func (t *translation) nullIf(n node, condition string) node {
	if condition == no {
		return n
	}
	if n.list != nil {
		s := *n.list
		exists, sum := s.exists, s.sum
		s.present = and(not(condition), s.present)
		s.exists = func(c func(node) string) string { return and(not(condition), exists(c)) }
		s.sum = func(a func(node) string) string { return "(" + choose(condition, "0", sum(a)) + ")" }
		n.list, n.typed = &s, false
		return n
	}
	text := choose(condition, "dyn(null)", n.dyn())
	return node{text: text, missing: n.missing, failing: n.failing, goes: n.goes}
}

// sub is left.right and left[right]: what left misses, the whole misses.
func (t *translation) sub(ast jp.ASTNode, value node) node {
	left := t.node(ast.Children[0], value)
	return t.apply(ast.Children[1], left)
}

// pipe evaluates one expression after the other; what one misses is null for the next.
func (t *translation) pipe(ast jp.ASTNode, value node) node {
	for _, child := range ast.Children {
		next := t.soft(t.node(child, t.plain(value)))
		next.failing = or(value.failing, next.failing)
		value = next
	}
	return value
}

// plain is a value that misses nothing, as the next expression sees it.
func (t *translation) plain(n node) node {
	n.missing, n.failing = no, no
	if n.path != nil { // a path that misses nothing ends here: what follows starts from its value
		return node{text: n.path.value(), missing: no, failing: no}
	}
	return n
}

// emptyValues are what counts as false. The values of a document stand on the right of every comparison with them, also
// in this one: an API server of 1.37 or newer fails to compare its lists and objects, on the left, with anything else.
const emptyValues = `[dyn(null), dyn(false), dyn(""), dyn([]), dyn({})]`

// falsy is the condition that the value counts as false: false, null, and what is empty.
func (t *translation) falsy(n node) string {
	switch {
	case n.set, n.root != noRoot:
		return no
	case n.list != nil:
		return not(n.list.exists(func(node) string { return yes }))
	case n.constant:
		return yesIf(isFalse(n.literal))
	}
	switch n.typ {
	case Null:
		return yes
	case Bool:
		return not(n.val())
	case Number:
		return no
	case String:
		return atom(n.val()) + ` == ""`
	case List, Map:
		return "size(" + n.val() + ") == 0"
	}
	return atom(n.val()) + " in " + emptyValues
}

func isFalse(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// logic translates ||, && and !.
func (t *translation) logic(ast jp.ASTNode, value node) node {
	left := t.node(ast.Children[0], value)
	if ast.NodeType == jp.ASTNotExpression {
		n := made(t.falsy(t.soft(left)), Bool)
		n.failing = left.failing
		return n
	}
	right := t.node(ast.Children[1], value)
	left = t.soft(left)
	falsy := t.falsy(left)
	if ast.NodeType == jp.ASTOrExpression {
		n := t.either(falsy, left, t.soft(right), true)
		n.failing = or(left.failing, and(falsy, right.failing))
		return n
	}
	n := t.either(falsy, right, left, false)
	n.missing = and(not(falsy), right.missing)
	n.failing = or(left.failing, and(not(falsy), right.failing))
	return n
}

// either is one of two values. For || it is left unless that is falsy; for && it is left (the right operand) unless the
// left operand, which is then the value, is falsy.
func (t *translation) either(falsy string, left, right node, isOr bool) node {
	switch {
	case falsy == no:
		return left
	case falsy == yes:
		return right
	}
	if left.typ == Bool && right.typ == Bool && left.typed && right.typed {
		if isOr {
			return made(or(left.val(), right.val()), Bool)
		}
		return made(and(right.val(), left.val()), Bool)
	}
	if left.list != nil {
		if s := t.alternative(falsy, left, right); s != nil {
			return listOf(s, no, no)
		}
	}
	n := node{missing: no, failing: no}
	if left.typ == right.typ && left.typed && right.typed {
		n.typ, n.typed = left.typ, true
		n.text = choose(falsy, right.val(), left.val())
		return n
	}
	if left.typ == String && right.set && right.typ == String {
		n.set = true
	}
	operand := left
	if !isOr {
		operand = right
	}
	if isOr && left.path != nil && right.constant && right.typ == String {
		if text, plain := left.path.known(); text {
			return t.textOr(left.path, plain, right.literal.(string))
		}
	}
	if operand.list == nil && operand.typ == Dyn {
		// The operand that decides is evaluated once.
		n.text = t.let(operand.val(), func(v string) string {
			decides := t.falsy(node{text: v, missing: no, failing: no})
			if isOr {
				return choose(decides, right.dyn(), v)
			}
			return choose(decides, v, left.dyn())
		})
		return n
	}
	n.text = choose(falsy, right.dyn(), left.dyn())
	return n
}

// textOr is a text that may be missing, or else another.
func (t *translation) textOr(p *path, plain bool, otherwise string) node {
	text := p.prefix(len(p.steps)) + `.orValue("")`
	if otherwise != "" {
		text = t.let(text, func(v string) string { return choose(v+` == ""`, quote(otherwise), v) })
	}
	return node{text: text, typ: String, missing: no, failing: no, plain: plain && !hasWildcard(otherwise), set: otherwise != ""}
}

// alternative is a computed list, or another list where it is empty. Nil if the other is not known to be a list.
func (t *translation) alternative(falsy string, list, other node) *sequence {
	s := t.elements(other)
	if s == nil || other.typ != List {
		return nil
	}
	left := list.list
	return &sequence{
		present:   chooseIf(falsy, s.present, yes),
		unordered: left.unordered || s.unordered,
		exists: func(c func(node) string) string {
			return or(left.exists(c), and(falsy, s.exists(c)))
		},
		sum: func(a func(node) string) string {
			return "(" + choose(falsy, s.sum(a), left.sum(a)) + ")"
		},
		make: func() string { return "(" + choose(falsy, s.make(), left.make()) + ")" },
	}
}
