package jmespath

import (
	"regexp"
	"strconv"
	"strings"
)

// A node is a translated expression. Its texts are total: they never fail, but for the refusals that the package's
// documentation names. Whether Kyverno's evaluation would have failed is told by conditions beside them.
type node struct {
	text  string // the value; null where missing; anything where failing
	typ   Type
	typed bool // the checker knows the type of text: it is not dyn
	set   bool // the value is never empty, null or false
	plain bool // the value never holds wildcards

	missing string // whether a path names no field, which Kyverno tells from null; "false" for never
	failing string // whether the evaluation ends in another error; "false" for never

	constant bool
	literal  any

	path *path     // how the value is found, if it is by fields and indexes only
	list *sequence // what the value is made of, if it is a list that is computed
	root rootName  // the value is the evaluation context itself, or its member "request"
	goes bool      // a number that Kyverno holds as a Go integer, which JMESPath takes for no number
}

type rootName int

const (
	noRoot rootName = iota
	contextRoot
	requestRoot
)

// value is the node as the package's users see it.
func (n node) value() Value {
	v := Value{CEL: n.strict(), Total: n.val(), Type: n.typ, Constant: n.constant, Literal: n.literal}
	if f := or(n.failing, n.missing); f != no {
		v.Fails = f
	}
	return v
}

// val is the total text of the value.
func (n node) val() string {
	switch {
	case n.root != noRoot:
		panic(unsupported("the evaluation context as a value", "only its members can be translated"))
	case n.list != nil:
		return n.list.value()
	case n.path != nil:
		return n.path.value()
	}
	return n.text
}

// strictNode is the value where nothing is missing, of a path that may miss something.
func (p *path) strictNode() node {
	n := node{text: p.strict(), missing: no, failing: no}
	if text, plain := p.known(); text {
		n.typ, n.plain = String, plain
	}
	return n
}

// dyn is the total text with the type dyn, for places where values of other types stand beside it.
func (n node) dyn() string {
	if n.typed {
		return "dyn(" + n.val() + ")"
	}
	return n.val()
}

// strict is the text that fails where Kyverno's evaluation fails.
func (n node) strict() string {
	if n.failing == no && n.missing == no {
		return n.val()
	}
	if n.path != nil && n.failing == no && n.path.missing == n.missing {
		return n.path.strict()
	}
	return choose(or(n.failing, n.missing), refusal("the expression cannot be evaluated"), n.val())
}

func made(text string, typ Type) node {
	return node{text: text, typ: typ, typed: typ != Dyn && typ != Null, missing: no, failing: no}
}

func constant(v any) node {
	n := node{text: literal(v), missing: no, failing: no, constant: true, literal: v, typed: true}
	switch v.(type) {
	case nil:
		n.typ, n.typed, n.text = Null, false, "dyn(null)"
	case bool:
		n.typ = Bool
	case float64:
		n.typ = Number
	case string:
		n.typ = String
	case []any:
		n.typ = List
	case map[string]any:
		n.typ = Map
	}
	return n
}

// nothing is null, with the failures of the nodes that led to it.
func nothing(from ...node) node {
	n := constant(nil)
	for _, f := range from {
		n.missing, n.failing = or(n.missing, f.missing), or(n.failing, f.failing)
	}
	n.constant = n.missing == no && n.failing == no
	return n
}

// is says whether the value has the type: a constant, or a condition on v, which is the name of the value.
func (n node) is(typ Type, v string) string {
	if n.list != nil && typ == Null {
		return not(n.list.present)
	}
	if n.typ != Dyn {
		if n.typ != typ {
			return no
		}
		if n.list == nil {
			return yes
		}
		return n.list.present
	}
	switch typ {
	case Null:
		return v + " == null"
	case Bool:
		return typeIs(v, "bool")
	case Number:
		return isNumber(v)
	case String:
		return typeIs(v, "string")
	case List:
		return typeIs(v, "list")
	case Map:
		return typeIs(v, "map")
	}
	return yes
}

// A path is a value that is found from a root by fields and indexes.
type path struct {
	root    string
	rootMap bool // the root is known to be a map
	object  bool // the root is a Kubernetes object, whose metadata is known
	steps   []step
	missing string // whether a field is missing
}

type step struct {
	key   string
	index int // used if key is ""
	field bool
}

// field selects a member of a value.
func (t *translation) field(n node, key string) node {
	switch {
	case n.root != noRoot:
		return t.member(n, key)
	case n.typ != Dyn && n.typ != Map:
		return nothing(n)
	}
	return t.extend(n, step{key: key, field: true})
}

// index selects an element of a list.
func (t *translation) index(n node, index int) node {
	if n.list == nil && n.typ != Dyn && n.typ != List {
		return nothing(n)
	}
	if n.list != nil {
		if n.list.unordered {
			panic(unsupported("an element by its number", "the order of a map's members is not defined"))
		}
		n = node{text: n.list.value(), missing: n.missing, failing: n.failing}
	}
	if index < 0 {
		text := t.let(n.val(), func(v string) string {
			return choose(typeIs(v, "list"), v+"[?"+v+".size() - "+strconv.Itoa(-index)+"].orValue(dyn(null))", "dyn(null)")
		})
		return node{text: text, missing: n.missing, failing: n.failing}
	}
	return t.extend(n, step{index: index})
}

func (t *translation) extend(n node, s step) node {
	p := n.path
	if p == nil {
		p = &path{root: atom(n.dyn()), missing: no, rootMap: n.typ == Map}
	}
	longer := &path{root: p.root, rootMap: p.rootMap, object: p.object}
	longer.steps = append(append(longer.steps, p.steps...), s)
	longer.missing = longer.misses()
	// What the base misses beyond its own fields (a missing root) stays missing.
	base := n.missing
	if n.path != nil && n.missing == n.path.missing {
		base = no
	}
	return node{path: longer, missing: or(base, longer.missing), failing: n.failing}
}

// sure is the number of steps at the beginning that are always there and always maps.
func (p *path) sure() int {
	if p.object && p.rootMap && len(p.steps) > 1 && p.steps[0].key == "metadata" {
		return 1
	}
	return 0
}

// prefix is the text of the first n steps, an optional value if n > p.sure().
func (p *path) prefix(n int) string {
	text := p.root
	for i, s := range p.steps[:n] {
		text += s.text(i >= p.sure())
	}
	return text
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// reserved are the words that CEL does not take behind a dot, or may not in the future.
var reserved = regexp.MustCompile(`^(as|break|const|continue|else|false|for|function|if|import|in|let|loop|package|null|return|true|var|void|while)$`)

func (s step) text(optional bool) string {
	mark := ""
	if optional {
		mark = "?"
	}
	switch {
	case !s.field:
		return "[" + mark + strconv.Itoa(s.index) + "]"
	case identifier.MatchString(s.key) && !reserved.MatchString(s.key):
		return "." + mark + s.key
	}
	return "[" + mark + quote(s.key) + "]"
}

func (p *path) value() string {
	if len(p.steps) == 0 {
		return p.root
	}
	text := p.prefix(len(p.steps))
	if text[len(text)-1] == ']' {
		return text + ".orValue(dyn(null))" // the checker would take the whole for null
	}
	return text + ".orValue(null)"
}

// maps are the conditions that what the fields are asked of are maps, where that is not known.
func (p *path) maps() []string {
	var conditions []string
	for i, s := range p.steps {
		before := p.prefix(i)
		switch {
		case i == 0 && s.field && p.rootMap, i <= p.sure() && i > 0, p.knownMap(i):
		case i == 0 && s.field:
			conditions = append(conditions, typeIs(before, "map"))
		case i == 0:
			conditions = append(conditions, p.prefix(1)+".hasValue()")
		case s.field:
			conditions = append(conditions, typeIs(before+".orValue({})", "map"))
		default:
			conditions = append(conditions, or("!"+before+".hasValue()", p.prefix(i+1)+".hasValue()"))
		}
	}
	return conditions
}

// known says what an API server makes sure of: whether the value is a text if it is there, and whether it is one that holds
// no wildcards.
func (p *path) known() (text, plain bool) {
	switch keys := p.keys(); {
	case p.root == requestText:
		return keys == "namespace" || keys == "name" || keys == "userInfo.username", keys == "namespace"
	case !p.object || !p.rootMap:
		return false, false
	case keys == "kind" || keys == "apiVersion" || keys == "metadata.namespace":
		return true, true
	case keys == "metadata.name" || keys == "metadata.generateName":
		return true, false
	case len(p.steps) == 3 && p.steps[0].key == "metadata" && p.steps[2].field:
		return p.steps[1].key == "labels" || p.steps[1].key == "annotations", p.steps[1].key == "labels"
	}
	return false, false
}

func (p *path) keys() string {
	keys := make([]string, len(p.steps))
	for i, s := range p.steps {
		keys[i] = s.key
	}
	return strings.Join(keys, ".")
}

// requestText is the request as a value without fields that the checker knows.
const requestText = "dyn(request)"

// knownMap says that what the first n steps lead to is a map wherever it exists: labels and annotations.
func (p *path) knownMap(n int) bool {
	if !p.object || n != 2 || p.steps[0].key != "metadata" {
		return false
	}
	return p.steps[1].key == "labels" || p.steps[1].key == "annotations"
}

// missing is the condition that a field of the path is missing: it is not there, and what it is asked of is a map.
// JMESPath takes fields of other values for null, and so are elements of lists that are not there.
func (p *path) misses() string {
	for i, s := range p.steps {
		if s.field {
			return and(append([]string{"!" + p.prefix(len(p.steps)) + ".hasValue()"}, p.maps()...)...)
		}
		if i == len(p.steps)-1 {
			return no
		}
	}
	return no
}

// strict is the value, or an error where a field is missing.
func (p *path) strict() string {
	maps := p.maps()
	if len(maps) == 0 {
		text := p.root
		for _, s := range p.steps {
			text += s.text(false)
		}
		return text
	}
	return p.prefix(len(p.steps)) + ".orValue(" + choose(and(maps...), refusal("no such key: "+p.name()), "dyn(null)") + ")"
}

func (p *path) name() string {
	text := ""
	for _, s := range p.steps {
		text += s.text(false)
	}
	return text
}
