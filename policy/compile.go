package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	admissionapi "k8s.io/api/admission/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/admission"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	"k8s.io/apiserver/pkg/cel/environment"
)

// Newest is the newest Kubernetes minor whose policy language this package knows, and the one it judges with.
const Newest = "1.37"

// Oldest is the oldest minor that serves ValidatingAdmissionPolicy v1.
const Oldest = "1.30"

// violationsVariable is the variable in which a policy of the catalogue collects paths.
const violationsVariable = "violations"

var newestVersion = sync.OnceValue(func() *version.Version { return version.MustParse(Newest) })

// A compiled policy is what one evaluation needs.
type compiled struct {
	validator validating.Validator
	// violations yields the paths beyond what an audit annotation can hold; nil when the policy computes none.
	violations plugincel.ConditionEvaluator
	err        error
}

// Compile compiles the policy as an API server of this minor version ("1.30") would when the policy is created there.
// It returns every expression that does not compile.
func (p *Policy) Compile(minor string) error {
	v, err := version.ParseMajorMinor(minor)
	if err != nil {
		return fmt.Errorf("compile policy %q: %w", p.Source.Name, err)
	}
	_, errs := p.compileFor(v, environment.NewExpressions)
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("compile policy %q for Kubernetes %s: %w", p.Source.Name, minor, err)
	}
	return nil
}

// compile compiles the policy for judging, once. Like the API server for a stored policy it accepts everything that
// the newest language knows.
func (p *Policy) compile() *compiled {
	p.once.Do(func() {
		c, errs := p.compileFor(newestVersion(), environment.StoredExpressions)
		if err := errors.Join(errs...); err != nil {
			c.err = fmt.Errorf("compile policy %q: %w", p.Source.Name, err)
		}
		p.exact = c
	})
	return p.exact
}

func (p *Policy) compileFor(v *version.Version, mode environment.Type) (*compiled, []error) {
	compiler, err := plugincel.NewCompositedCompiler(environment.MustBaseEnvSet(v))
	if err != nil {
		return &compiled{}, []error{err}
	}
	spec := &p.Source.Spec
	c := &exactCompiler{
		CompositedCompiler: compiler,
		mode:               mode,
		// Where an API server lets an expression ask the authorizer, and where it does not.
		full:  plugincel.OptionalVariableDeclarations{HasParams: spec.ParamKind != nil, HasAuthorizer: true},
		plain: plugincel.OptionalVariableDeclarations{HasParams: spec.ParamKind != nil},
	}
	c.variables(spec.Variables)
	var matcher matchconditions.Matcher
	if len(spec.MatchConditions) > 0 {
		matcher = matchconditions.NewMatcher(c.matchConditions(spec.MatchConditions), spec.FailurePolicy, "policy", "validate", p.Source.Name)
	}
	validator := validating.NewValidator(c.validations(spec.Validations), matcher,
		c.annotations(spec.AuditAnnotations), c.messages(spec.Validations), spec.FailurePolicy, nil)
	out := &compiled{validator: validator}
	if p.hasViolations() {
		e := anyExpression("variables." + violationsVariable)
		out.violations = c.condition([]plugincel.CompilationResult{c.CompileCELExpression(e, c.full, mode)})
	}
	return out, c.errs
}

// hasViolations says whether the policy follows the convention of the catalogue.
func (p *Policy) hasViolations() bool {
	for _, v := range p.Source.Spec.Variables {
		if v.Name == violationsVariable {
			return true
		}
	}
	return false
}

// An exactCompiler compiles the parts of a policy in the order and with the declarations of the API server, and
// collects errors with the field that they are in.
type exactCompiler struct {
	*plugincel.CompositedCompiler
	mode        environment.Type
	full, plain plugincel.OptionalVariableDeclarations
	errs        []error
}

// compile compiles one expression and notes its error.
func (c *exactCompiler) compile(what string, index int, e plugincel.ExpressionAccessor, opts plugincel.OptionalVariableDeclarations) plugincel.CompilationResult {
	result := c.CompileCELExpression(e, opts, c.mode)
	if result.Error != nil {
		c.fail(what, index, result.Error)
	}
	return result
}

// condition evaluates compiled expressions together with the policy's variables.
func (c *exactCompiler) condition(results []plugincel.CompilationResult) plugincel.ConditionEvaluator {
	return &composedCondition{plugincel.NewCondition(results), c.CompositedCompiler}
}

// A composedCondition gives expressions the variables of their policy, evaluated when they are first used.
type composedCondition struct {
	plugincel.ConditionEvaluator
	compiler *plugincel.CompositedCompiler
}

// ForInput implements the API server's ConditionEvaluator.
func (c *composedCondition) ForInput(ctx context.Context, attrs *admission.VersionedAttributes, request *admissionapi.AdmissionRequest,
	inputs plugincel.OptionalVariableBindings, namespace *corev1.Namespace, budget int64) ([]plugincel.EvaluationResult, int64, error) {
	return c.ConditionEvaluator.ForInput(c.compiler.CreateContext(ctx), attrs, request, inputs, namespace, budget)
}

func (c *exactCompiler) fail(what string, index int, err error) {
	c.errs = append(c.errs, &ExpressionError{
		Path: pathOf(what, index), Message: strings.TrimSpace(err.Error()),
	})
}

func (c *exactCompiler) variables(variables []admissionv1.Variable) {
	for i, v := range variables {
		e := &validating.Variable{Name: v.Name, Expression: v.Expression}
		if result := c.CompileAndStoreVariable(e, c.full, c.mode); result.Error != nil {
			c.fail("variables", i, result.Error)
		}
	}
}

func (c *exactCompiler) matchConditions(conditions []admissionv1.MatchCondition) plugincel.ConditionEvaluator {
	out := make([]plugincel.CompilationResult, len(conditions))
	for i := range conditions {
		out[i] = c.compile("matchConditions", i, (*matchconditions.MatchCondition)(&conditions[i]), c.full)
	}
	return c.condition(out)
}

func (c *exactCompiler) validations(validations []admissionv1.Validation) plugincel.ConditionEvaluator {
	out := make([]plugincel.CompilationResult, len(validations))
	for i, v := range validations {
		e := &validating.ValidationCondition{Expression: v.Expression, Message: v.Message, Reason: v.Reason}
		out[i] = c.compile("validations", i, e, c.full)
	}
	return c.condition(out)
}

// messages leaves an empty place where a validation has no messageExpression.
func (c *exactCompiler) messages(validations []admissionv1.Validation) plugincel.ConditionEvaluator {
	out := make([]plugincel.CompilationResult, len(validations))
	for i, v := range validations {
		if v.MessageExpression != "" {
			e := &validating.MessageExpressionCondition{MessageExpression: v.MessageExpression}
			out[i] = c.compile("validations.messageExpression", i, e, c.plain)
		}
	}
	return c.condition(out)
}

func (c *exactCompiler) annotations(annotations []admissionv1.AuditAnnotation) plugincel.ConditionEvaluator {
	out := make([]plugincel.CompilationResult, len(annotations))
	for i, a := range annotations {
		e := &validating.AuditAnnotationCondition{Key: a.Key, ValueExpression: a.ValueExpression}
		out[i] = c.compile("auditAnnotations", i, e, c.full)
	}
	return c.condition(out)
}
