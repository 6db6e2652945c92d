package jmespath

import (
	"maps"
	"slices"
)

// A Scope says what the names in a rule stand for. The zero value is not usable: start with NewScope.
// Scopes are values: every method that changes one returns a new one. A scope, and those that are made from it, are for
// one goroutine.
type Scope struct {
	// Object and OldObject are the CEL expressions that request.object and request.oldObject stand for.
	Object, OldObject string
	// Deletes says that the expressions are evaluated for DELETE too. Kyverno's templates then read the old object
	// where they say request.object, and outside of templates request.object is null.
	Deletes bool

	counter  *names             // the names of CEL variables: what is inlined must not hide what surrounds it
	names    map[string]binding // the rule's context variables, element, elementIndex
	elements int                // how many foreach loops surround the expression
}

// NewScope is the scope of a rule: object and oldObject, no context variables, no foreach, no DELETE.
func NewScope() Scope {
	return Scope{Object: "object", OldObject: "oldObject", counter: &names{}}
}

// A Variable is an expression that the policy has to declare under spec.variables, in this order.
type Variable struct{ Name, Expression string }

// A binding is what one root name stands for: a translated expression, or the reason why there is none.
type binding struct {
	node   node
	refuse *Unsupported
}

// fresh are the names for a new translation.
func (s Scope) fresh() *names {
	if s.counter == nil {
		return &names{}
	}
	return s.counter
}

func (s Scope) bind(name string, b binding) Scope {
	s.names = maps.Clone(s.names)
	if s.names == nil {
		s.names = map[string]binding{}
	}
	s.names[name] = b
	return s
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// member is a member of the evaluation context, or of its request.
func (t *translation) member(n node, key string) node {
	if n.root == requestRoot {
		return t.request(key)
	}
	if b, ok := t.scope.names[key]; ok {
		if b.refuse != nil {
			panic(b.refuse)
		}
		return b.node
	}
	switch key {
	case "request":
		return node{root: requestRoot, missing: no, failing: no}
	case "serviceAccountName":
		return made(t.account("1"), String)
	case "serviceAccountNamespace":
		return made(t.account("0"), String)
	case "images", "image":
		panic(unsupported("variable "+key, "CEL in an API server cannot take image references apart as Kyverno does"))
	case "target":
		panic(unsupported("variable target", "only mutations have one"))
	case "element", "elementIndex":
		panic(unsupported("variable "+key, "it stands outside of a foreach"))
	}
	panic(unsupported("variable "+excerpt(key), "the rule does not define it"))
}

// account is the name or the namespace of the service account that makes the request: Kyverno cuts off as many characters
// as the prefix of service accounts has, whatever they are.
func (t *translation) account(part string) string {
	return t.let("dyn(request).?userInfo.?username.orValue(\"\")", func(u string) string {
		rest := "string(" + u + ").substring(22).split(\":\")"
		return "(" + choose("size("+u+") > 22 && size("+rest+") > 1", rest+"["+part+"]", `""`) + ")"
	})
}

// request is a member of the admission request.
func (t *translation) request(key string) node {
	s := t.scope
	switch key {
	case "object":
		if !s.Deletes {
			return t.object(s.Object, true)
		}
		if t.template {
			return t.object("("+choose(`request.operation == "DELETE"`, s.OldObject, s.Object)+")", true)
		}
		return t.object(s.Object, false)
	case "oldObject":
		return t.object(s.OldObject, false)
	case "operation":
		n := made("request.operation", String)
		n.set = true
		return n
	case "roles", "clusterRoles":
		panic(unsupported("variable request."+key, "Kyverno looks them up in the cluster; an API server has no such field"))
	case "uid":
		panic(unsupported("variable request.uid", "an API server does not show it to policies"))
	case "options", "dryRun", "kind", "resource", "subResource", "requestKind", "requestResource", "requestSubResource",
		"name", "namespace", "userInfo":
		p := &path{root: requestText, rootMap: true, steps: []step{{key: key, field: true}}}
		p.missing = p.misses()
		return node{path: p, missing: p.missing, failing: no}
	}
	panic(unsupported("variable request."+excerpt(key), "admission requests have no such field"))
}

// object is a whole object. always says that there is one.
func (t *translation) object(text string, always bool) node {
	return node{text: text, missing: no, failing: no, path: &path{root: text, rootMap: always, object: true, missing: no}}
}
