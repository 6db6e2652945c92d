package policy

import (
	"fmt"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"k8s.io/apimachinery/pkg/util/version"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// A library compiles the policies of a set into one composed environment, each when it is first needed. Variables
// whose expressions are the same (the preamble of workload policies) are one variable there, compiled and evaluated
// once; the others are renamed apart.
type library struct {
	mu       sync.Mutex
	compiler *plugincel.CompositedCompiler
	env      *cel.Env // parses and checks
	planner  *cel.Env // makes programs
	counted  bool     // programs count their cost
	err      error    // why nothing compiles

	programs []cel.Program // of the variables v0, v1, …
	results  []plugincel.CompilationResult
	matchers map[string]int    // bound matchCondition → index into results
	names    map[string]string // bound variable → its name
	syntaxes map[string]uses   // by text
	members  map[int]member
	misfits  map[int]bool
}

// A member is one compiled policy.
type member struct {
	index      int   // in the set
	matchers   []int // indexes of results
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

// newLibrary makes a library of policies with or without parameters. Only trusted policies are not counted.
func newLibrary(params, trusted bool) *library {
	l := &library{
		counted:  !trusted,
		matchers: map[string]int{}, syntaxes: map[string]uses{}, names: map[string]string{},
		members: map[int]member{}, misfits: map[int]bool{},
	}
	which := 0
	if params {
		which = 1
	}
	base, err := batchEnv[which]()
	if err != nil {
		l.err = err
		return l
	}
	if l.compiler, l.err = plugincel.NewCompositedCompilerForTypeChecking(base); l.err != nil {
		return l
	}
	l.compiler.Compiler = (*libraryCompiler)(l)
	if l.env, l.err = l.compiler.Env(environment.StoredExpressions); l.err != nil {
		return l
	}
	if l.planner = l.env; trusted {
		l.planner, l.err = planner(l.env)
	}
	return l
}

// batch makes a batch of policies, by their indexes in the set. It returns the indexes of those that do not compile
// here; they need the exact evaluator.
func (l *library) batch(policies []*Policy, indexes []int) (b *batch, misfits []int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var members []member
	for _, i := range indexes {
		if m, ok := l.member(policies[i], i); ok {
			members = append(members, m)
		} else {
			misfits = append(misfits, i)
		}
	}
	return newBatch(members, l.results, l.programs, !l.counted), misfits
}

func (l *library) member(p *Policy, index int) (m member, ok bool) {
	if m, ok = l.members[index]; ok || l.misfits[index] || l.err != nil {
		return m, ok
	}
	m, err := l.compile(p, index)
	if err != nil {
		l.misfits[index] = true
		return member{}, false
	}
	l.members[index] = m
	return m, true
}

func (l *library) compile(p *Policy, index int) (member, error) {
	spec := &p.Source.Spec
	own := map[string]string{} // the policy's variables → the library's
	m := member{index: index, reads: newReads()}
	last := len(spec.Variables) - 1
	if spec.Variables[last].Name != violationsVariable {
		return m, fmt.Errorf("the last variable is not %q", violationsVariable)
	}
	for _, v := range spec.Variables[:last] {
		name, err := l.variable(v.Expression, own)
		if err != nil {
			return m, err
		}
		own[v.Name] = name
		m.reads.add(l.syntaxes[v.Expression].reads)
	}
	for _, c := range spec.MatchConditions {
		i, err := l.matcher(c.Expression, own)
		if err != nil {
			return m, err
		}
		m.matchers = append(m.matchers, i)
		m.reads.add(l.syntaxes[c.Expression].reads)
	}
	_, e, err := l.bind(spec.Variables[last].Expression, own)
	if err != nil {
		return m, err
	}
	m.reads.add(l.syntaxes[e.text].reads)
	m.violations, err = l.condition(e)
	return m, err
}

// variable compiles a variable and returns its name in the library.
func (l *library) variable(text string, own map[string]string) (string, error) {
	key, e, err := l.bind(text, own)
	if err != nil {
		return "", err
	}
	if name, ok := l.names[key]; ok {
		return name, nil
	}
	e.name = variableName(len(l.programs))
	result := l.compiler.CompileAndStoreVariable(e, plugincel.OptionalVariableDeclarations{}, environment.StoredExpressions)
	if result.Error != nil {
		return "", result.Error
	}
	l.programs = append(l.programs, result.Program)
	l.names[key] = e.name
	return e.name, nil
}

// matcher compiles a matchCondition and returns its index in the results.
func (l *library) matcher(text string, own map[string]string) (int, error) {
	key, e, err := l.bind(text, own)
	if err != nil {
		return 0, err
	}
	if i, ok := l.matchers[key]; ok {
		return i, nil
	}
	e.want = cel.BoolType
	i, err := l.condition(e)
	if err == nil {
		l.matchers[key] = i
	}
	return i, err
}

func (l *library) condition(e *boundExpression) (int, error) {
	result := l.compiler.CompileCELExpression(e, plugincel.OptionalVariableDeclarations{}, environment.StoredExpressions)
	if result.Error != nil {
		return 0, result.Error
	}
	l.results = append(l.results, result)
	return len(l.results) - 1, nil
}

// bind gives the variables of an expression their names in the library. The key identifies the expression by its text
// and by what the variables in it stand for.
func (l *library) bind(text string, own map[string]string) (key string, e *boundExpression, err error) {
	var unknown error
	e = &boundExpression{text: text, want: cel.AnyType}
	u, known := l.syntaxes[text]
	if !known {
		s, err := parse(l.env, text, func(name string) string { return own[name] })
		if err != nil {
			return "", nil, err
		}
		u = uses{s.variables, s.reads}
		l.syntaxes[text] = u
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

// A boundExpression is an expression of a policy whose variables have other names in the library.
type boundExpression struct {
	text   string
	name   string // of a variable, in the library
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

// libraryCompiler compiles expressions as the API server's compiler does, but renames their variables and uses one
// environment, where that one builds sixteen.
type libraryCompiler library

// CompileCELExpression implements the API server's Compiler.
func (c *libraryCompiler) CompileCELExpression(e plugincel.ExpressionAccessor, _ plugincel.OptionalVariableDeclarations,
	_ environment.Type) plugincel.CompilationResult {
	program, output, err := c.program(e.(*boundExpression))
	result := plugincel.CompilationResult{Program: program, OutputType: output, ExpressionAccessor: e}
	if err != nil {
		result.Error = &apiservercel.Error{Type: apiservercel.ErrorTypeInvalid, Detail: err.Error(), Cause: err}
	}
	return result
}

func (c *libraryCompiler) program(e *boundExpression) (cel.Program, *cel.Type, error) {
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
	program, err := c.planner.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.InterruptCheckFrequency(celconfig.CheckFrequency))
	return program, checked.OutputType(), err
}
