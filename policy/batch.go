package policy

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	celtypes "github.com/google/cel-go/common/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/version"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// A batch judges one object with many policies of the dialect in one evaluation. All variables of all policies live
// in one composed environment. Variables whose expressions are the same (the preamble of workload policies) are one
// variable, so they are compiled and evaluated once; the others are renamed apart.
type batch struct {
	compiler *plugincel.CompositedCompiler
	env      *cel.Env
	members  []member
	// conditions yield the matchConditions and the violations that members refer to by index.
	conditions plugincel.ConditionEvaluator
	metadata   []string // fields of the object's metadata that the members read, and "namespace"; sorted

	// While compiling:
	results  []plugincel.CompilationResult
	matchers map[string]int    // bound matchCondition → index into results
	names    map[string]string // bound variable → its name
	syntaxes map[string]uses   // by text
}

// A member is one policy of a batch.
type member struct {
	index      int   // in the set
	matchers   []int // indexes of conditions
	violations int
	reads      reads
}

// uses is what an expression refers to.
type uses struct {
	variables []string
	reads     reads
}

// batchEnv is the environment of policies without parameters, of those with, as API servers declare it, but without
// an authorizer: policies that ask one do not compile in it and are judged one by one.
var batchEnv = [2]func() (*environment.EnvSet, error){
	sync.OnceValues(func() (*environment.EnvSet, error) { return newBatchEnv(false) }),
	sync.OnceValues(func() (*environment.EnvSet, error) { return newBatchEnv(true) }),
}

func newBatchEnv(params bool) (*environment.EnvSet, error) {
	request, namespace := plugincel.BuildRequestType(), plugincel.BuildNamespaceType()
	opts := []cel.EnvOption{
		cel.Variable(plugincel.ObjectVarName, cel.DynType), cel.Variable(plugincel.OldObjectVarName, cel.DynType),
		cel.Variable(plugincel.NamespaceVarName, namespace.CelType()), cel.Variable(plugincel.RequestVarName, request.CelType()),
	}
	if params {
		opts = append(opts, cel.Variable(plugincel.ParamsVarName, cel.DynType))
	}
	return environment.MustBaseEnvSet(newestVersion()).Extend(environment.VersionedOptions{
		IntroducedVersion: version.MajorMinor(1, 0), EnvOptions: opts,
		DeclTypes: []*apiservercel.DeclType{namespace, request},
	}, environment.StrictCostOpt)
}

// newBatch compiles the policies that fit into one batch. It returns the indexes of those that do not.
func newBatch(policies []*Policy, indexes []int, params bool) (b *batch, misfits []int, err error) {
	which := 0
	if params {
		which = 1
	}
	base, err := batchEnv[which]()
	if err != nil {
		return nil, nil, err
	}
	b = &batch{matchers: map[string]int{}, syntaxes: map[string]uses{}, names: map[string]string{}}
	if b.compiler, err = plugincel.NewCompositedCompilerForTypeChecking(base); err != nil {
		return nil, nil, err
	}
	b.compiler.Compiler = (*batchCompiler)(b)
	if b.env, err = b.compiler.Env(environment.StoredExpressions); err != nil {
		return nil, nil, err
	}
	for _, i := range indexes {
		if err := b.add(policies[i], i); err != nil {
			misfits = append(misfits, i)
		}
	}
	return b.finish(func(member) bool { return true }), misfits, nil
}

func (b *batch) add(p *Policy, index int) error {
	spec := &p.Source.Spec
	own := map[string]string{} // the policy's variables → the batch's
	m := member{index: index, reads: newReads()}
	last := len(spec.Variables) - 1
	if spec.Variables[last].Name != violationsVariable {
		return fmt.Errorf("the last variable is not %q", violationsVariable)
	}
	for _, v := range spec.Variables[:last] {
		name, err := b.variable(v.Expression, own)
		if err != nil {
			return err
		}
		own[v.Name] = name
		m.reads.add(b.syntaxes[v.Expression].reads)
	}
	for _, c := range spec.MatchConditions {
		i, err := b.matcher(c.Expression, own)
		if err != nil {
			return err
		}
		m.matchers = append(m.matchers, i)
		m.reads.add(b.syntaxes[c.Expression].reads)
	}
	_, e, err := b.bind(spec.Variables[last].Expression, own)
	if err != nil {
		return err
	}
	m.reads.add(b.syntaxes[e.text].reads)
	if m.violations, err = b.condition(e); err != nil {
		return err
	}
	b.members = append(b.members, m)
	return nil
}

// finish makes a batch of those members that are wanted, over the same compiled variables.
func (b *batch) finish(wanted func(member) bool) *batch {
	out := &batch{compiler: b.compiler, env: b.env}
	at := map[int]int{} // index into b.results → into the new conditions
	var results []plugincel.CompilationResult
	use := func(i int) int {
		if _, ok := at[i]; !ok {
			at[i] = len(results)
			results = append(results, b.results[i])
		}
		return at[i]
	}
	metadata := map[string]any{"namespace": true}
	for _, m := range b.members {
		if !wanted(m) {
			continue
		}
		moved := member{index: m.index, reads: m.reads}
		for _, i := range m.matchers {
			moved.matchers = append(moved.matchers, use(i))
		}
		moved.violations = use(m.violations)
		out.members = append(out.members, moved)
		for name := range m.reads.metadata {
			metadata[name] = true
		}
	}
	out.conditions, out.results, out.metadata = plugincel.NewCondition(results), results, sortedKeys(metadata)
	return out
}

// variable compiles a variable and returns its name in the batch.
func (b *batch) variable(text string, own map[string]string) (string, error) {
	key, e, err := b.bind(text, own)
	if err != nil {
		return "", err
	}
	if name, ok := b.names[key]; ok {
		return name, nil
	}
	e.name = "v" + strconv.Itoa(len(b.names))
	result := b.compiler.CompileAndStoreVariable(e, plugincel.OptionalVariableDeclarations{}, environment.StoredExpressions)
	if result.Error != nil {
		return "", result.Error
	}
	b.names[key] = e.name
	return e.name, nil
}

// matcher compiles a matchCondition and returns its index in the results.
func (b *batch) matcher(text string, own map[string]string) (int, error) {
	key, e, err := b.bind(text, own)
	if err != nil {
		return 0, err
	}
	if i, ok := b.matchers[key]; ok {
		return i, nil
	}
	e.want = cel.BoolType
	i, err := b.condition(e)
	if err == nil {
		b.matchers[key] = i
	}
	return i, err
}

func (b *batch) condition(e *boundExpression) (int, error) {
	result := b.compiler.CompileCELExpression(e, plugincel.OptionalVariableDeclarations{}, environment.StoredExpressions)
	if result.Error != nil {
		return 0, result.Error
	}
	b.results = append(b.results, result)
	return len(b.results) - 1, nil
}

// bind gives the variables of an expression their names in the batch. The key identifies the expression by its text
// and by what the variables in it stand for.
func (b *batch) bind(text string, own map[string]string) (key string, e *boundExpression, err error) {
	var unknown error
	e = &boundExpression{text: text, want: cel.AnyType}
	u, known := b.syntaxes[text]
	if !known {
		s, err := parse(b.env, text, func(name string) string { return own[name] })
		if err != nil {
			return "", nil, err
		}
		u = uses{s.variables, s.reads}
		b.syntaxes[text] = u
		e.parsed = s.ast
	}
	e.rename = func(name string) string { return own[name] }
	parts := []string{text}
	for _, name := range u.variables {
		if own[name] == "" {
			unknown = fmt.Errorf("uses variable %q before it is defined", name)
		}
		parts = append(parts, own[name])
	}
	return strings.Join(parts, "\x00"), e, unknown
}

// A boundExpression is an expression of a policy whose variables have other names in the batch.
type boundExpression struct {
	text   string
	name   string // of a variable, in the batch
	want   *cel.Type
	rename func(string) string
	parsed *cel.Ast // nil when it has yet to be parsed
}

// GetName implements the API server's NamedExpressionAccessor.
func (e *boundExpression) GetName() string { return e.name }

// GetExpression implements the API server's ExpressionAccessor.
func (e *boundExpression) GetExpression() string { return e.text }

// ReturnTypes implements the API server's ExpressionAccessor.
func (e *boundExpression) ReturnTypes() []*cel.Type { return []*cel.Type{e.want} }

// batchCompiler compiles expressions as the API server's compiler does, but renames their variables and uses one
// environment, where that one builds sixteen.
type batchCompiler batch

// CompileCELExpression implements the API server's Compiler.
func (c *batchCompiler) CompileCELExpression(e plugincel.ExpressionAccessor, _ plugincel.OptionalVariableDeclarations,
	_ environment.Type) plugincel.CompilationResult {
	program, output, err := c.program(e.(*boundExpression))
	result := plugincel.CompilationResult{Program: program, OutputType: output, ExpressionAccessor: e}
	if err != nil {
		result.Error = &apiservercel.Error{Type: apiservercel.ErrorTypeInvalid, Detail: err.Error(), Cause: err}
	}
	return result
}

func (c *batchCompiler) program(e *boundExpression) (cel.Program, *cel.Type, error) {
	parsed := e.parsed
	if parsed == nil {
		s, err := parse(c.env, e.text, e.rename)
		if err != nil {
			return nil, nil, err
		}
		parsed = s.ast
	}
	checked, issues := c.env.Check(parsed)
	if err := issues.Err(); err != nil {
		return nil, nil, err
	}
	if e.want != cel.AnyType && !checked.OutputType().IsExactType(e.want) {
		return nil, nil, fmt.Errorf("must evaluate to %v but got %v", e.want, checked.OutputType())
	}
	program, err := c.env.Program(checked, cel.InterruptCheckFrequency(celconfig.CheckFrequency))
	return program, checked.OutputType(), err
}

// evaluate judges one object with every member, and calls give for each. again tells the members that have to be
// judged alone, because something failed.
func (b *batch) evaluate(ctx context.Context, s *situation, params runtime.Object, give func(index int, v Verdict), again func(index int)) {
	results, err := b.run(ctx, s, params)
	if err != nil {
		for _, m := range b.members {
			again(m.index)
		}
		return
	}
	for _, m := range b.members {
		matched, failed := true, false
		for _, i := range m.matchers {
			failed = failed || results[i].Error != nil
			matched = matched && results[i].EvalResult != celtypes.False
		}
		r := results[m.violations]
		switch {
		case !matched: // one false condition decides, even next to a failed one
			give(m.index, Verdict{})
		case failed || r.Error != nil:
			again(m.index)
		default:
			paths, err := pathsOf(r.EvalResult)
			if err != nil {
				again(m.index)
				continue
			}
			give(m.index, Verdict{Matched: true, Violations: paths, Denied: len(paths) > 0})
		}
	}
}

func (b *batch) run(ctx context.Context, s *situation, params runtime.Object) (results []plugincel.EvaluationResult, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the evaluator panicked: %v", r)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	request := plugincel.CreateAdmissionRequest(s.attrs.Attributes, metav1.GroupVersionResource(s.in.Resource),
		metav1.GroupVersionKind(s.attrs.VersionedKind))
	results, _, err = b.conditions.ForInput(b.compiler.CreateContext(ctx), s.attrs, request,
		plugincel.OptionalVariableBindings{VersionedParams: params}, plugincel.CreateNamespaceObject(s.namespace),
		celconfig.RuntimeCELCostBudget)
	return results, err
}
