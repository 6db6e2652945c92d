package jmespath

import "maps"

// A Scope says what the names in a rule stand for. The zero value is not usable: start with NewScope.
// Scopes are values: every method that changes one returns a new one.
type Scope struct {
	// Object and OldObject are the CEL expressions that request.object and request.oldObject stand for.
	Object, OldObject string
	// Deletes says that the expressions are evaluated for DELETE too. Kyverno's templates then read the old object
	// where they say request.object, and outside of templates request.object is null.
	Deletes bool

	names    map[string]binding // the rule's context variables, element, elementIndex
	elements int                // how many foreach loops surround the expression
}

// NewScope is the scope of a rule: object and oldObject, no context variables, no foreach, no DELETE.
func NewScope() Scope { return Scope{Object: "object", OldObject: "oldObject"} }

// A Variable is an expression that the policy has to declare under spec.variables, in this order.
type Variable struct{ Name, Expression string }

// A binding is what one root name stands for: a translated expression, or the reason why there is none.
type binding struct {
	node   node
	refuse *Unsupported
}

func (s Scope) bind(name string, b binding) Scope {
	s.names = maps.Clone(s.names)
	if s.names == nil {
		s.names = map[string]binding{}
	}
	s.names[name] = b
	return s
}
