package policy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	admissionapi "k8s.io/api/admission/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/plimsoll-io/plimsoll/finding"
)

// timeLimit ends a judgement that the cost budget does not end, of one policy and one object.
const timeLimit = 10 * time.Second

// someone is the user who creates an object that is judged: nobody in particular.
const someone = "plimsoll:someone"

// Evaluate judges one object with one policy, exactly as an API server judges the request: matchConstraints,
// matchConditions, variables, parameters, failurePolicy and cost budget, all by the API server's own code. Expressions
// that ask the authorizer fail, and so become errors.
//
// When the object could not be decoded as its kind (no API server would take it), what the policy finds in it is
// still found, but it never passes.
func (p *Policy) Evaluate(ctx context.Context, in Input) Verdict {
	applies, err := p.applies(in)
	if err != nil {
		return Verdict{Matched: true, Err: err}
	}
	if !applies {
		return Verdict{}
	}
	s, err := newSituation(in)
	if err != nil {
		return Verdict{Matched: true, Err: err}
	}
	return p.evaluate(ctx, s, in.Params)
}

// A situation is an input, decoded.
type situation struct {
	in        Input
	attrs     *admission.VersionedAttributes
	namespace *corev1.Namespace
	request   *admissionapi.AdmissionRequest
	// broken says why the object could not be decoded; attrs then hold its JSON shape.
	broken error
}

func newSituation(in Input) (*situation, error) {
	namespace, err := decodeNamespace(in.Namespace)
	if err != nil {
		return nil, err
	}
	s := &situation{in: in, namespace: namespace}
	obj, old := s.read(in.Object), s.read(in.OldObject)
	gvk := Current(in.Kind)
	does, options := in.operation()
	record := admission.NewAttributesRecord(obj, old, gvk, in.meta("namespace"), in.meta("name"), in.Resource, "", does, options, false, in.user())
	s.attrs = &admission.VersionedAttributes{Attributes: record, VersionedKind: gvk}
	if obj != nil {
		s.attrs.VersionedObject.Set(obj)
	}
	if old != nil {
		s.attrs.VersionedOldObject.Set(old)
	}
	s.request = plugincel.CreateAdmissionRequest(record, metav1.GroupVersionResource(in.Resource), metav1.GroupVersionKind(gvk))
	return s, nil
}

// read decodes one of the request's objects, or notes why it cannot be; nil stays nil.
func (s *situation) read(content map[string]any) runtime.Object {
	if content == nil {
		return nil
	}
	obj, err := decode(content, s.in.Kind)
	if err != nil {
		s.broken = err
		shape, _ := withoutNulls(content).(map[string]any)
		return &unstructured.Unstructured{Object: shape}
	}
	return obj
}

// operation is what is done, and the options that an API server gives to the request.
func (in Input) operation() (admission.Operation, runtime.Object) {
	switch in.Operation {
	case admissionv1.Update:
		return admission.Update, &metav1.UpdateOptions{}
	case admissionv1.Delete:
		return admission.Delete, &metav1.DeleteOptions{}
	}
	return admission.Create, &metav1.CreateOptions{}
}

func (in Input) user() user.Info {
	if in.User == nil {
		return &user.DefaultInfo{Name: someone, Groups: []string{user.AllAuthenticated}}
	}
	return &user.DefaultInfo{Name: in.User.Username, UID: in.User.UID, Groups: in.User.Groups, Extra: in.User.Extra}
}

// mend keeps an object that could not be decoded from passing.
func (s *situation) mend(v Verdict) Verdict {
	if s.broken != nil && (v.Err != nil || v.Matched && !v.Denied) {
		v = Verdict{Matched: true, Err: s.broken}
	}
	return v
}

func (p *Policy) evaluate(ctx context.Context, s *situation, paramsContent map[string]any) Verdict {
	c := p.compile()
	if c.err != nil {
		return Verdict{Matched: true, Err: c.err}
	}
	params, err := decodeParams(paramsContent)
	if err != nil {
		return Verdict{Matched: true, Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	v := readResult(c.judge(ctx, s, params))
	if v.Denied && v.Err == nil && c.violations != nil {
		v.Violations, v.Err = c.paths(ctx, s, params)
	}
	if v.Err != nil {
		v.Err = fmt.Errorf("judge by policy %q: %w", p.Source.Name, v.Err)
	}
	return s.mend(v)
}

// judge lets the API server's code decide.
func (c *compiled) judge(ctx context.Context, s *situation, params runtime.Object) validating.ValidateResult {
	return safely(func() validating.ValidateResult {
		return c.validator.Validate(ctx, s.in.Resource, s.attrs, params, s.namespace, celconfig.RuntimeCELCostBudget, nil)
	})
}

// safely turns a panic in the evaluator into an error decision: one strange object must not end a scan.
func safely(validate func() validating.ValidateResult) (result validating.ValidateResult) {
	defer func() {
		if r := recover(); r != nil {
			result = validating.ValidateResult{Decisions: []validating.PolicyDecision{{
				Action: validating.ActionDeny, Evaluation: validating.EvalError, Message: fmt.Sprintf("the evaluator panicked: %v", r),
			}}}
		}
	}()
	return validate()
}

// readResult sums up what the API server would do and say.
func readResult(result validating.ValidateResult) Verdict {
	if result.Decisions == nil && result.AuditAnnotations == nil {
		return Verdict{} // a matchCondition was false
	}
	v := Verdict{Matched: true}
	for _, d := range result.Decisions {
		if d.Action == validating.ActionDeny {
			v.Denied = true
		}
		switch {
		case d.Evaluation == validating.EvalError && v.Err == nil:
			v.Err = errors.New(d.Message)
		case d.Evaluation == validating.EvalDeny && v.Message == "":
			v.Message = d.Message
		}
	}
	for _, a := range result.AuditAnnotations {
		switch a.Action {
		case validating.AuditAnnotationActionPublish:
			if v.Annotations == nil {
				v.Annotations = map[string]string{}
			}
			v.Annotations[a.Key] = a.Value
		case validating.AuditAnnotationActionError:
			v.Denied = true
			if v.Err == nil {
				v.Err = errors.New(a.Error)
			}
		}
	}
	return v
}

// paths evaluates the variable "violations", of which an audit annotation may hold only a part.
func (c *compiled) paths(ctx context.Context, s *situation, params runtime.Object) ([]finding.Path, error) {
	results, _, err := c.violations.ForInput(ctx, s.attrs, s.request, plugincel.OptionalVariableBindings{VersionedParams: params},
		plugincel.CreateNamespaceObject(s.namespace), celconfig.RuntimeCELCostBudget)
	if err != nil {
		return nil, err
	}
	if results[0].Error != nil {
		return nil, results[0].Error
	}
	return pathsOf(results[0].EvalResult)
}

// pathsOf reads a list of strings.
func pathsOf(v ref.Val) ([]finding.Path, error) {
	list, ok := v.(traits.Lister)
	if !ok {
		return nil, fmt.Errorf("variable %q is no list", violationsVariable)
	}
	var paths []finding.Path
	for it := list.Iterator(); it.HasNext().Value() == true; {
		path, ok := it.Next().Value().(string)
		if !ok {
			return nil, fmt.Errorf("variable %q is no list of strings", violationsVariable)
		}
		paths = append(paths, finding.Path(path))
	}
	return paths, nil
}
