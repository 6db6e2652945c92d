package policy

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A Set judges objects with many policies at once, much faster than each policy alone and with the same verdicts.
// It compiles what an object needs when the first such object comes, and remembers the verdicts of identical content,
// so that the replicas of one workload cost a look-up. Safe for concurrent use.
type Set struct {
	policies []*Policy
	memo     *memo
	// libraries hold compiled policies: those with parameters, and trusted ones, apart.
	libraries map[libraryKind]func() *library

	mu     sync.Mutex
	plans  map[schema.GroupVersionResource]*lazyPlan
	shared map[string]*lazyPlan // by the policies that match
}

// NewSet prepares policies for judging together. It compiles nothing yet.
func NewSet(policies []*Policy) *Set {
	s := &Set{
		policies: policies, memo: newMemo(),
		libraries: map[libraryKind]func() *library{},
		plans:     map[schema.GroupVersionResource]*lazyPlan{}, shared: map[string]*lazyPlan{},
	}
	for _, kind := range []libraryKind{{false, false}, {false, true}, {true, false}, {true, true}} {
		s.libraries[kind] = sync.OnceValue(func() *library { return newLibrary(kind.params, kind.trusted) })
	}
	return s
}

type libraryKind struct{ params, trusted bool }

// Evaluate judges one object with every policy, in the order given to NewSet. params are the parameter objects by
// policy; nil entries, and nil for all, mean that there is none. Input.Params is not used.
//
// The verdicts equal those of Policy.Evaluate, except that Message and Annotations may be missing for policies in the
// dialect of the catalogue: Policy.Explain gives them.
func (s *Set) Evaluate(ctx context.Context, in Input, params []map[string]any) []Verdict {
	return s.EvaluateInto(nil, ctx, in, params)
}

// Compile prepares to judge objects of these resources, which otherwise happens when the first one comes.
func (s *Set) Compile(resources ...schema.GroupVersionResource) {
	for _, r := range resources {
		s.plan(r)
	}
}

// EvaluateInto is Evaluate that writes to a slice which an earlier call returned and nobody needs any more.
func (s *Set) EvaluateInto(verdicts []Verdict, ctx context.Context, in Input, params []map[string]any) []Verdict {
	if cap(verdicts) < len(s.policies) {
		verdicts = make([]Verdict, len(s.policies))
	}
	verdicts = verdicts[:len(s.policies)]
	clear(verdicts)
	plan := s.plan(in.Resource)
	if in.Operation != "" || in.OldObject != nil || in.User != nil {
		for i, p := range s.policies { // plans are made for creations by nobody in particular
			in.Params = nil
			if params != nil {
				in.Params = params[i]
			}
			verdicts[i] = p.Evaluate(ctx, in)
		}
		return verdicts
	}
	if len(plan.batches)+len(plan.alone) == 0 {
		return verdicts
	}
	e := &evaluation{set: s, plan: plan, ctx: ctx, in: in, params: params, verdicts: verdicts}
	e.content = contentOf(in, plan.metadata)
	for _, b := range plan.batches {
		e.judge(b)
	}
	for _, i := range plan.alone {
		e.alone(i)
	}
	return verdicts
}
