package jmespath_test

import (
	"testing"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/interpreter"
	"k8s.io/apimachinery/pkg/util/version"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// evaluator evaluates expressions as an API server of the oldest version does, but of any type.
func evaluator(t testing.TB) func(expression string, vars map[string]any) (any, error) {
	t.Helper()
	request := plugincel.BuildRequestType()
	set, err := environment.MustBaseEnvSet(version.MajorMinor(1, 30)).Extend(environment.VersionedOptions{
		IntroducedVersion: version.MajorMinor(1, 0),
		EnvOptions: []cel.EnvOption{
			cel.Variable("object", cel.DynType),
			cel.Variable("oldObject", cel.DynType),
			cel.Variable("request", request.CelType()),
		},
		DeclTypes: []*apiservercel.DeclType{request},
	})
	if err != nil {
		t.Fatal(err)
	}
	env := set.StoredExpressionsEnv()
	return func(expression string, vars map[string]any) (any, error) {
		ast, issues := env.Compile(expression)
		if issues.Err() != nil {
			return nil, issues.Err()
		}
		program, err := env.Program(ast)
		if err != nil {
			return nil, err
		}
		activation, err := interpreter.NewActivation(vars)
		if err != nil {
			t.Fatal(err)
		}
		out, _, err := program.Eval(activation)
		if err != nil {
			return nil, err
		}
		return out.Value(), nil
	}
}
