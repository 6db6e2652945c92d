package policy

import (
	"context"
	"errors"
	"fmt"
	"sync"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apiserver/pkg/admission"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/client-go/applyconfigurations"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
)

// A Mutation is what a policy makes of a request.
type Mutation struct {
	// Matched says that the policy looks at the request: its matchConstraints and matchConditions hold.
	Matched bool
	// Object is the object afterwards, as a JSON shape of its own; the one that was given when nothing has changed.
	Object map[string]any
	// Changed says that it is another.
	Changed bool
	// Outcomes are mutations that could not be made; an API server goes on with the next.
	Outcomes []Outcome
}

// ErrNoSchema says that an apply configuration cannot be merged: only the definition of a custom resource says how its lists
// and maps are.
var ErrNoSchema = errors.New("how apply configurations merge into a custom resource is said by its definition, which is not used here")

// Mutate applies the policy to a request, by the API server's own code. Fields that the API server fills in by default are
// not filled in, before or after.
func (m *Mutating) Mutate(ctx context.Context, in Input) (Mutation, error) {
	out := Mutation{Object: in.Object}
	applies, err := m.Covers(in)
	if err != nil || !applies || in.Object == nil {
		return out, err
	}
	s, err := newSituation(in)
	if err != nil {
		return out, err
	}
	if s.broken != nil {
		return out, s.broken
	}
	c := m.compile()
	if err := errors.Join(c.errs...); err != nil {
		return out, fmt.Errorf("compile policy %q: %w", m.Source.Name, err)
	}
	params, err := decodeParams(in.Params)
	if err != nil {
		return out, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	ctx = c.compiler.CreateContext(ctx)
	refuses := m.Source.Spec.FailurePolicy == nil || *m.Source.Spec.FailurePolicy == admissionv1.Fail
	if c.matcher != nil {
		match := c.matcher.Match(ctx, s.attrs, params, nil)
		if match.Error != nil {
			out.Matched, out.Outcomes = true, []Outcome{{Err: match.Error, Refused: refuses}}
			return out, nil
		}
		if !match.Matches {
			return out, nil
		}
	}
	out.Matched = true
	before := s.attrs.VersionedObject.Object()
	for i, p := range c.patchers {
		if err := s.patch(ctx, p, params); errors.Is(err, ErrNoSchema) {
			return Mutation{Object: in.Object, Matched: true}, err
		} else if err != nil {
			out.Outcomes = append(out.Outcomes, Outcome{Path: pathOf("mutations", i), Err: err, Refused: refuses})
		}
	}
	if after := s.attrs.VersionedObject.Object(); after != before {
		out.Object, err = runtime.DefaultUnstructuredConverter.ToUnstructured(after)
		if err != nil {
			return out, fmt.Errorf("read what policy %q has made: %w", m.Source.Name, err)
		}
		out.Changed = true
	}
	return out, nil
}

// patch makes one mutation.
func (s *situation) patch(ctx context.Context, p patch.Patcher, params runtime.Object) error {
	gvk := s.attrs.VersionedKind
	object, err := p.Patch(ctx, patch.Request{
		MatchedResource: s.in.Resource, VersionedAttributes: s.attrs, ObjectInterfaces: objectInterfaces(),
		OptionalVariables: plugincel.OptionalVariableBindings{VersionedParams: params}, Namespace: s.namespace, TypeConverter: typeConverter(gvk),
	}, celconfig.RuntimeCELCostBudget)
	if err != nil {
		return err
	}
	if object, err = s.typed(object, gvk); err != nil {
		return err
	}
	s.attrs.UpdateObject(object)
	return nil
}

// typed is an object as the Go type of its kind, if it is built in.
func (s *situation) typed(object runtime.Object, gvk schema.GroupVersionKind) (runtime.Object, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, fmt.Errorf("read the patched object: %w", err)
	}
	return decode(content, gvk)
}

// builtinScheme knows the kinds that are built in.
var builtinScheme = sync.OnceValue(func() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, e := range builtinKinds() {
		if e.decode != nil {
			scheme.AddKnownTypeWithName(e.gvk, e.decode())
		}
	}
	return scheme
})

var objectInterfaces = sync.OnceValue(func() admission.ObjectInterfaces {
	return admission.NewObjectInterfacesFromScheme(builtinScheme())
})

var builtinConverter = sync.OnceValue(func() managedfields.TypeConverter {
	return applyconfigurations.NewTypeConverter(builtinScheme())
})

// typeConverter says how apply configurations merge into objects of a kind.
func typeConverter(gvk schema.GroupVersionKind) managedfields.TypeConverter {
	if builtinScheme().Recognizes(gvk) {
		return builtinConverter()
	}
	return noSchema{}
}

// noSchema is the converter of kinds whose schema is not known.
type noSchema struct{}

// ObjectToTyped implements managedfields.TypeConverter.
func (noSchema) ObjectToTyped(runtime.Object, ...typed.ValidationOptions) (*typed.TypedValue, error) {
	return nil, ErrNoSchema
}

// TypedToObject implements managedfields.TypeConverter.
func (noSchema) TypedToObject(*typed.TypedValue) (runtime.Object, error) { return nil, ErrNoSchema }
