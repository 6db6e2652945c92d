package admission

import (
	"cmp"
	"context"
	"errors"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/plimsoll-io/plimsoll/policy"
)

// mutate applies the mutating policies to a request, as an API server does before any policy judges: in the order of
// their names, and once more those that ask for it when a later one has changed the object. It returns what the judging
// policies see, and what was changed.
//
// An API server promises no order. Where it matters, policies disagree, and no answer holds.
func (s *Set) mutate(ctx context.Context, w *World, r *Request) (policy.Input, []Result) {
	in := r.input(w)
	var mutating []*Policy
	for _, p := range s.Policies {
		if p.mutating != nil && len(p.problems) == 0 {
			mutating = append(mutating, p)
		}
	}
	if len(mutating) == 0 || in.Object == nil {
		return in, nil
	}
	slices.SortStableFunc(mutating, func(a, b *Policy) int { return cmp.Compare(a.Object.Name, b.Object.Name) })
	var out []Result
	last := -1 // the last policy that changed the object
	apply := func(i int) {
		j := judgement{ctx: ctx, world: w, request: r, policy: mutating[i], in: in}
		covered, err := mutating[i].mutating.Covers(in)
		j.covered(covered, err, j.apply)
		if j.changed {
			last = i
		}
		in.Object = j.in.Object
		out = append(out, j.results...)
	}
	for i := range mutating {
		apply(i)
	}
	for i, p := range mutating {
		if i < last && p.mutating.Source.Spec.ReinvocationPolicy == admissionv1.IfNeededReinvocationPolicy {
			apply(i)
		}
	}
	return in, out
}

// apply applies a mutating policy under one binding.
func (j *judgement) apply(b *Binding) {
	m := j.policy.mutating
	if j.blind(b) {
		return
	}
	if m.Asks("authorizer") {
		j.say(b, Unsupported, "the policy asks the authorizer of the cluster, which is not there")
		return
	}
	mutation, err := m.Mutate(j.ctx, j.in)
	if errors.Is(err, policy.ErrNoSchema) {
		j.say(b, Unsupported, err.Error())
		return
	}
	if err != nil {
		r := j.result(b, Error, err.Error())
		r.err, r.denied = err.Error(), true // no API server takes the object
		j.results = append(j.results, r)
		return
	}
	for _, o := range mutation.Outcomes {
		j.results = append(j.results, j.outcome(b, o))
	}
	if len(mutation.Outcomes) == 0 && mutation.Matched {
		r := j.result(b, Pass, "")
		r.Patch = j.world.patch(j.in.Object, mutation.Object)
		j.results = append(j.results, r)
	}
	if mutation.Changed {
		j.in.Object, j.changed = mutation.Object, true
	}
}

// patch is what was changed, without the secrets that policies put in.
func (w *World) patch(before, after map[string]any) []Operation {
	if w.Redact == nil {
		return patchOf(before, after)
	}
	shown := [2]map[string]any{runtime.DeepCopyJSON(before), runtime.DeepCopyJSON(after)}
	for _, o := range shown {
		w.Redact(o)
	}
	return patchOf(shown[0], shown[1])
}

// failurePolicy is what becomes of requests that the policy cannot judge; nil means that they are refused.
func (p *Policy) failurePolicy() *admissionv1.FailurePolicyType {
	if p.mutating != nil {
		return p.mutating.Source.Spec.FailurePolicy
	}
	return p.validating.Source.Spec.FailurePolicy
}
