package policy

import (
	"context"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/ext"
	"github.com/google/cel-go/interpreter"
	"k8s.io/apimachinery/pkg/runtime"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
	kubernetes "k8s.io/apiserver/pkg/cel/library"
)

// maxUncounted is the size of the content, in bytes, above which the cost of the catalogue's expressions is counted
// too. Below it they stay far from an API server's limits.
const maxUncounted = 16 << 10

// uncountedEnv plans programs that do not count their cost. Counting takes a third of the time of judging, and tells
// nothing about the catalogue's own expressions on objects of ordinary size. The functions are those that an API server
// has; the expressions were parsed and checked in its own environment.
var uncountedEnv = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.DefaultUTCTimeZone(true), cel.OptionalTypes(), cel.CrossTypeNumericComparisons(true),
		kubernetes.URLs(), kubernetes.Regex(), kubernetes.Lists(kubernetes.ListsVersion(1)), kubernetes.Quantity(), kubernetes.IP(), kubernetes.CIDR(),
		kubernetes.Format(), kubernetes.SemverLib(kubernetes.SemverVersion(1)),
		ext.Strings(ext.StringsVersion(2)), ext.Sets(), ext.TwoVarComprehensions(), ext.Lists(ext.ListsVersion(3)),
	)
})

// planner makes the environment that plans programs for expressions checked in env.
func planner(env *cel.Env) (*cel.Env, error) {
	base, err := uncountedEnv()
	if err != nil {
		return nil, err
	}
	return base.Extend(cel.CustomTypeProvider(env.CELTypeProvider()), cel.CustomTypeAdapter(env.CELTypeAdapter()))
}

// runUncounted evaluates the conditions of a batch in one frame.
func (b *batch) runUncounted(ctx context.Context, s *situation, params runtime.Object) ([]plugincel.EvaluationResult, error) {
	a, err := newActivation(s, params)
	if err != nil {
		return nil, err
	}
	frame, err := interpreter.NewExecutionFrame(a)
	if err != nil {
		return nil, err
	}
	defer frame.Close()
	if err := frame.SetContext(ctx, celconfig.CheckFrequency); err != nil {
		return nil, err
	}
	composed := &composition{Context: ctx, frame: frame, programs: b.programs, values: make([]ref.Val, len(b.programs))}
	a.variables = composed.Variables(a)
	results := make([]plugincel.EvaluationResult, len(b.results))
	for i, r := range b.results {
		v, _, err := r.Program.Eval(frame)
		results[i].EvalResult, results[i].Error = v, err
	}
	return results, nil
}

// An activation resolves the names that an API server gives to expressions.
type activation struct {
	object, request, namespace, params, variables any
}

func newActivation(s *situation, params runtime.Object) (*activation, error) {
	// The field is marked as temporary: it will be what always happens.
	s.attrs.VersionedObject.UseSchemalessTypeRef = true //nolint:staticcheck
	object, err := s.attrs.VersionedObject.CELValue()
	if err != nil {
		return nil, err
	}
	a := &activation{
		object: object, request: common.SchemalessTypedToVal(s.request),
		namespace: common.SchemalessTypedToVal(plugincel.CreateNamespaceObject(s.namespace)),
	}
	if params != nil {
		a.params = common.SchemalessTypedToVal(params)
	}
	return a, nil
}

// ResolveName implements the interpreter's Activation.
func (a *activation) ResolveName(name string) (any, bool) {
	switch name {
	case plugincel.ObjectVarName:
		return a.object, true
	case plugincel.OldObjectVarName:
		return nil, true
	case plugincel.ParamsVarName:
		return a.params, true
	case plugincel.RequestVarName:
		return a.request, true
	case plugincel.NamespaceVarName:
		return a.namespace, true
	case plugincel.VariableVarName:
		return a.variables, true
	}
	return nil, false
}

// Parent implements the interpreter's Activation.
func (a *activation) Parent() interpreter.Activation { return nil }
