package policy

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/util/version"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	"k8s.io/apiserver/pkg/cel/environment"
	"sigs.k8s.io/yaml"
)

// OldestMutating is the oldest minor that knows MutatingAdmissionPolicies (alpha; beta since 1.34, stable since 1.36).
const OldestMutating = "1.32"

// A Mutating is a MutatingAdmissionPolicy ready to be applied. It compiles on first use and is safe for concurrent use.
type Mutating struct {
	// Source is the policy as written. Never write to it.
	Source *admissionv1.MutatingAdmissionPolicy

	once  sync.Once
	exact *compiledMutating
}

// ParseMutating reads one MutatingAdmissionPolicy (admissionregistration.k8s.io/v1) from YAML or JSON. Unknown and
// repeated fields are errors. Expressions are not compiled: see Check.
func ParseMutating(data []byte) (*Mutating, error) {
	if len(data) > maxPolicySize {
		return nil, fmt.Errorf("parse policy: %d bytes is more than the limit of %d", len(data), maxPolicySize)
	}
	source := &admissionv1.MutatingAdmissionPolicy{}
	if err := yaml.UnmarshalStrict(data, source); err != nil {
		return nil, fmt.Errorf("parse policy: %w", err)
	}
	if err := checkMutating(source); err != nil {
		return nil, fmt.Errorf("parse policy %q: %w", source.Name, err)
	}
	return &Mutating{Source: source}, nil
}

// checkMutating refuses what the API server would refuse and what would make no sense to apply.
func checkMutating(source *admissionv1.MutatingAdmissionPolicy) error {
	spec := &source.Spec
	switch {
	case source.Name == "":
		return errors.New("metadata.name is missing")
	case spec.MatchConstraints == nil || len(spec.MatchConstraints.ResourceRules) == 0:
		return errors.New("spec.matchConstraints.resourceRules is missing")
	case spec.FailurePolicy != nil && *spec.FailurePolicy != admissionv1.Fail && *spec.FailurePolicy != admissionv1.Ignore:
		return fmt.Errorf("spec.failurePolicy is %q: want Fail or Ignore", *spec.FailurePolicy)
	case len(spec.Mutations) == 0:
		return errors.New("spec.mutations is missing")
	}
	for i, m := range spec.Mutations {
		json, apply := m.PatchType == admissionv1.PatchTypeJSONPatch, m.PatchType == admissionv1.PatchTypeApplyConfiguration
		if !json && !apply {
			return fmt.Errorf("spec.mutations[%d].patchType is %q: want ApplyConfiguration or JSONPatch", i, m.PatchType)
		}
		if json != (m.JSONPatch != nil) || apply != (m.ApplyConfiguration != nil) {
			return fmt.Errorf("spec.mutations[%d] has to hold the patch of its patchType, and no other", i)
		}
	}
	return nil
}

// Covers says whether the policy looks at the request, as far as its matchConstraints tell. An error means that it cannot
// be known, because the labels of the namespace are missing.
func (m *Mutating) Covers(in Input) (bool, error) {
	return covered(m.Source.Spec.MatchConstraints, in.subject(), in)
}

// Asks says whether an expression of the policy names one of the variables that an API server gives to it, as Policy.Asks.
func (m *Mutating) Asks(variable string) bool {
	var all []string
	for _, v := range m.Source.Spec.Variables {
		all = append(all, v.Expression)
	}
	for _, c := range m.Source.Spec.MatchConditions {
		all = append(all, c.Expression)
	}
	for _, mutation := range m.Source.Spec.Mutations {
		all = append(all, expressionOf(mutation))
	}
	return strings.Contains(strings.Join(all, "\n"), variable)
}

func expressionOf(m admissionv1.Mutation) string {
	if m.JSONPatch != nil {
		return m.JSONPatch.Expression
	}
	return m.ApplyConfiguration.Expression
}

// Check compiles the policy as an API server of this minor version would when the policy is created there, and returns
// every expression that does not compile. Other errors than ExpressionErrors are mistakes of the caller.
func (m *Mutating) Check(minor string) []error {
	v, err := version.ParseMajorMinor(minor)
	if err != nil {
		return []error{fmt.Errorf("compile policy %q: %w", m.Source.Name, err)}
	}
	if v.LessThan(version.MustParse(OldestMutating)) {
		return []error{&ExpressionError{Path: "", Message: "Kubernetes " + minor + " has no MutatingAdmissionPolicies: " + OldestMutating + " is the first that does"}}
	}
	return m.compileFor(v, environment.NewExpressions).errs
}

// A compiledMutating is what one application needs.
type compiledMutating struct {
	matcher  matchconditions.Matcher
	patchers []patch.Patcher
	compiler *plugincel.CompositedCompiler
	errs     []error
}

func (m *Mutating) compile() *compiledMutating {
	m.once.Do(func() { m.exact = m.compileFor(newestVersion(), environment.StoredExpressions) })
	return m.exact
}

// compileFor compiles the parts in the order and with the declarations of the API server.
func (m *Mutating) compileFor(v *version.Version, mode environment.Type) *compiledMutating {
	compiler, err := plugincel.NewCompositedCompiler(environment.MustBaseEnvSet(v))
	if err != nil {
		return &compiledMutating{errs: []error{err}}
	}
	spec := &m.Source.Spec
	opts := plugincel.OptionalVariableDeclarations{HasParams: spec.ParamKind != nil, HasAuthorizer: true}
	c := &exactCompiler{CompositedCompiler: compiler, mode: mode, full: opts, plain: opts}
	c.variables(spec.Variables)
	out := &compiledMutating{compiler: compiler}
	if len(spec.MatchConditions) > 0 {
		out.matcher = matchconditions.NewMatcher(c.matchConditions(spec.MatchConditions), spec.FailurePolicy, "policy", "mutate", m.Source.Name)
	}
	opts.HasPatchTypes = true
	for i, mutation := range spec.Mutations {
		out.patchers = append(out.patchers, c.patcher(i, mutation, opts))
	}
	out.errs = c.errs
	return out
}

func (c *exactCompiler) patcher(i int, m admissionv1.Mutation, opts plugincel.OptionalVariableDeclarations) patch.Patcher {
	if m.PatchType == admissionv1.PatchTypeJSONPatch {
		evaluator := c.CompileMutatingEvaluator(&patch.JSONPatchCondition{Expression: m.JSONPatch.Expression}, opts, c.mode)
		c.mutation(i, evaluator)
		return patch.NewJSONPatcher(evaluator)
	}
	evaluator := c.CompileMutatingEvaluator(&patch.ApplyConfigurationCondition{Expression: m.ApplyConfiguration.Expression}, opts, c.mode)
	c.mutation(i, evaluator)
	return patch.NewApplyConfigurationPatcher(evaluator)
}

func (c *exactCompiler) mutation(i int, evaluator plugincel.MutatingEvaluator) {
	for _, err := range evaluator.CompilationErrors() {
		c.fail("mutations", i, err)
	}
}
