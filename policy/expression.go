package policy

import "github.com/google/cel-go/cel"

// anyExpression is an expression that may evaluate to any type.
type anyExpression string

// GetExpression implements the API server's ExpressionAccessor.
func (e anyExpression) GetExpression() string { return string(e) }

// ReturnTypes implements the API server's ExpressionAccessor.
func (e anyExpression) ReturnTypes() []*cel.Type { return []*cel.Type{cel.AnyType} }
