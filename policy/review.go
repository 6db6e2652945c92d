package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/cel/environment"
)

// A Review is all that a policy says of a request, validation by validation.
type Review struct {
	// Matched says that the policy looks at the request: its matchConstraints and matchConditions hold.
	Matched bool
	// Outcomes are the validations that were false or could not be judged, in their order; empty when the request passes.
	Outcomes []Outcome
	// Annotations are the audit annotations by key; nil when there are none.
	Annotations map[string]string
}

// An Outcome is one thing that a policy objects to.
type Outcome struct {
	// Path is the validation, "spec.validations[0]", or another part of the policy; "" when it is not known.
	Path string
	// Message is what the API server would tell the user.
	Message string
	// Err says that something could not be judged; Message is then empty.
	Err error
	// Refused says that the failure policy, or a false validation, refuses the request.
	Refused bool
	// Always says that the request is refused whatever the binding's validationActions are.
	Always bool
}

// Review judges one request with one policy, like Evaluate, and tells all that it says.
func (p *Policy) Review(ctx context.Context, in Input) (Review, error) {
	applies, err := p.applies(in)
	if err != nil || !applies {
		return Review{}, err
	}
	s, err := newSituation(in)
	if err != nil {
		return Review{}, err
	}
	c := p.compile()
	if c.err != nil {
		return Review{}, c.err
	}
	params, err := decodeParams(in.Params)
	if err != nil {
		return Review{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	result := c.judge(ctx, s, params)
	sum := readResult(result)
	r := Review{Matched: sum.Matched, Annotations: sum.Annotations, Outcomes: outcomes(result)}
	if s.broken != nil && r.Matched && sum.Message == "" {
		return Review{}, s.broken
	}
	return r, nil
}

func outcomes(result validating.ValidateResult) []Outcome {
	var out []Outcome
	for i, d := range result.Decisions {
		o := Outcome{Path: pathOf("validations", i), Refused: d.Action == validating.ActionDeny}
		switch d.Evaluation {
		case validating.EvalDeny:
			o.Message = d.Message
		case validating.EvalError:
			o.Err = errors.New(d.Message)
			if len(result.Decisions) == 1 {
				o.Path = "" // it may be a matchCondition as well
			}
		default:
			continue
		}
		out = append(out, o)
	}
	for i, a := range result.AuditAnnotations {
		if a.Action == validating.AuditAnnotationActionError {
			out = append(out, Outcome{Path: pathOf("auditAnnotations", i), Err: errors.New(a.Error), Refused: true, Always: true})
		}
	}
	return out
}

func pathOf(what string, index int) string {
	list, field, nested := strings.Cut(what, ".")
	path := fmt.Sprintf("spec.%s[%d]", list, index)
	if nested {
		path += "." + field
	}
	return path
}

// Covers says whether the policy looks at the request, as far as its matchConstraints tell. An error means that it cannot
// be known, because the labels of the namespace are missing.
func (p *Policy) Covers(in Input) (bool, error) { return p.applies(in) }

// An ExpressionError says why an expression of a policy does not compile.
type ExpressionError struct {
	Path    string // "spec.validations[0]"
	Message string // with the line and column in the expression
}

func (e *ExpressionError) Error() string { return e.Path + ": " + e.Message }

// Check compiles the policy as an API server of this minor version would when the policy is created there, and returns
// every expression that does not compile. Other errors than ExpressionErrors are mistakes of the caller.
func (p *Policy) Check(minor string) []error {
	v, err := version.ParseMajorMinor(minor)
	if err != nil {
		return []error{fmt.Errorf("compile policy %q: %w", p.Source.Name, err)}
	}
	_, errs := p.compileFor(v, environment.NewExpressions)
	return errs
}

// Asks says whether an expression of the policy names one of the variables that an API server gives to it:
// "namespaceObject" or "authorizer". It may say so of a text that only looks like it.
func (p *Policy) Asks(variable string) bool {
	spec := &p.Source.Spec
	var all []string
	for _, v := range spec.Variables {
		all = append(all, v.Expression)
	}
	for _, c := range spec.MatchConditions {
		all = append(all, c.Expression)
	}
	for _, v := range spec.Validations {
		all = append(all, v.Expression, v.MessageExpression)
	}
	for _, a := range spec.AuditAnnotations {
		all = append(all, a.ValueExpression)
	}
	return strings.Contains(strings.Join(all, "\n"), variable)
}
