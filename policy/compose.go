package policy

import (
	"context"
	"math"
	"strconv"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/interpreter"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
)

// A composition is one evaluation's view of the variables of a batch: each is evaluated when it is first used, and
// then kept. It does what the API server's own composition does, without building a map of all variables for every
// object, of which most objects use few.
type composition struct {
	context.Context
	programs   []cel.Program // of the variables, by number
	activation any
	frame      *interpreter.ExecutionFrame // of programs that do not count their cost; else nil
	values     []ref.Val                   // by the variable's number; nil until it is used
	cost       int64
}

var _ plugincel.CompositionContext = (*composition)(nil)

// Variables implements the API server's CompositionContext.
func (c *composition) Variables(activation any) ref.Val {
	c.activation = activation
	return &variables{composition: c}
}

// GetAndResetCost implements the API server's CompositionContext.
func (c *composition) GetAndResetCost() int64 {
	cost := c.cost
	c.cost = 0
	return cost
}

// value evaluates a variable, once.
func (c *composition) value(number int) ref.Val {
	if v := c.values[number]; v != nil {
		return v
	}
	v := c.evaluate(number)
	c.values[number] = v
	return v
}

func (c *composition) evaluate(number int) ref.Val {
	if c.frame != nil {
		v, _, err := c.programs[number].Eval(c.frame)
		if err != nil {
			return types.NewErr("a variable fails to evaluate: %v", err)
		}
		return v
	}
	v, details, err := c.programs[number].ContextEval(c, c.activation)
	if details == nil || details.ActualCost() == nil {
		return types.NewErr("the cost of a variable is not known")
	}
	c.cost += int64(min(*details.ActualCost(), math.MaxInt64))
	if err != nil {
		return types.NewErr("a variable fails to evaluate: %v", err)
	}
	return v
}

// variables is what "variables" is to an expression.
type variables struct {
	traits.Mapper // what the dialect does not do with variables: iterate, compare, count
	composition   *composition
}

var variablesType = types.NewTypeValue("kubernetes.variables", traits.IndexerType|traits.FieldTesterType)

// Type implements ref.Val.
func (v *variables) Type() ref.Type { return variablesType }

// Value implements ref.Val; nobody may look at it as a Go value.
func (v *variables) Value() any { return types.NoSuchOverloadErr() }

// Find implements traits.Mapper.
func (v *variables) Find(key ref.Val) (ref.Val, bool) {
	text, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key), true
	}
	number, ok := variableNumber(string(text))
	if !ok || number >= len(v.composition.programs) {
		return nil, false
	}
	return v.composition.value(number), true
}

// Get implements traits.Indexer.
func (v *variables) Get(key ref.Val) ref.Val {
	if value, ok := v.Find(key); ok {
		return value
	}
	return types.ValOrErr(key, "no such key: %v", key)
}

// Contains implements traits.Container.
func (v *variables) Contains(key ref.Val) ref.Val {
	value, found := v.Find(key)
	if value != nil && types.IsUnknownOrError(value) {
		return value
	}
	return types.Bool(found)
}

// variableName is the name of a variable in a library.
func variableName(number int) string { return "v" + strconv.Itoa(number) }

func variableNumber(name string) (number int, ok bool) {
	digits, ok := strings.CutPrefix(name, "v")
	if !ok {
		return 0, false
	}
	number, err := strconv.Atoi(digits)
	return number, err == nil && number >= 0
}
