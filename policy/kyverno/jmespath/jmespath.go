// Package jmespath translates the expressions of Kyverno policies into CEL: JMESPath with Kyverno's functions, texts
// with {{ variables }}, conditions, context variables and foreach lists.
//
// A translation means exactly what Kyverno 1.19 makes of the expression in an admission request, or there is none: what
// CEL cannot say exactly is an [*Unsupported] that names the construct. The CEL needs an API server of 1.30 or newer.
//
// # Errors
//
// Where Kyverno ends in a rule error (a path that names no field, an argument of the wrong type, a context variable
// that cannot be loaded), the strict form of a translation (Value.CEL, Condition.CEL) ends in an evaluation error,
// so that the policy's failurePolicy decides, as it does in Kyverno. Fails is the same knowledge as an expression, for
// places where Kyverno does something else than to give up, such as the preconditions of a foreach.
//
// A few values that no API server stores in practice are refused at run time instead of being judged by a wrong rule,
// also as an evaluation error: numbers whose text differs between Go and CEL, letters outside of ASCII whose case is
// to be changed, lists of lists where a list of them has to be flattened, a field that is asked of a list, and an
// element that is asked of an object by its number.
//
// One difference is on purpose: the texts of a document are data. Kyverno would take a {{ }} in them for one more
// variable, and resolve it.
package jmespath

import "fmt"

// Type is what is known of a value before it is evaluated.
type Type int

// The types. Dyn may be anything, null included.
const (
	Dyn Type = iota
	Null
	Bool
	Number
	String
	List
	Map
)

// A Value is an expression in CEL.
type Value struct {
	// CEL is the expression. Its evaluation fails exactly where Kyverno's fails.
	CEL string
	// Total is the same expression, but some value, mostly null, where CEL fails. It never fails.
	Total string
	// Fails is a CEL condition that never fails: whether CEL would. "" means that it never does.
	Fails string
	// Type is the value's type, Dyn if it is not known.
	Type Type
	// Constant says that the value depends on nothing; Literal is then the value as encoding/json decodes it.
	Constant bool
	Literal  any
}

// A Condition is a CEL expression of type bool.
type Condition struct {
	// CEL is the condition. Its evaluation fails exactly where Kyverno's fails.
	CEL string
	// Total is the same condition, but one or the other where CEL fails. It never fails.
	Total string
	// Fails is a CEL condition that never fails: whether CEL would. "" means that it never does.
	Fails string
}

// Unsupported says which construct has no exact translation, and why. Every error of this package is one.
type Unsupported struct {
	Construct string // as the policy's author wrote it, or named: "function time_now", "operator Between"
	Reason    string // "CEL in an API server has no clock"
}

func (u *Unsupported) Error() string { return fmt.Sprintf("%s: %s", u.Construct, u.Reason) }

func unsupported(construct, format string, args ...any) *Unsupported {
	return &Unsupported{Construct: construct, Reason: fmt.Sprintf(format, args...)}
}

// Expression translates a JMESPath expression, as a context variable's jmesPath or a foreach list holds it.
func (s Scope) Expression(jmes string) (v Value, err error) {
	defer guard(&err)
	n, err := s.translate(jmes, false)
	if err != nil {
		return Value{}, err
	}
	return bounded(n.value()), nil
}

// Text translates a text that may hold {{ variables }}. A text that is one variable has the variable's type, every
// other text is a string. A nil error is not a promise that the text is a message that an API server takes: see Value.Type.
func (s Scope) Text(template string) (v Value, err error) {
	defer guard(&err)
	n, err := s.text(template)
	if err != nil {
		return Value{}, err
	}
	return bounded(n.value()), nil
}
