package policy

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A Set judges objects with many policies at once, much faster than each policy alone and with the same verdicts.
// It compiles what an object needs when the first such object comes, and remembers the verdicts of identical content,
// so that the replicas of one workload cost a look-up. Safe for concurrent use.
type Set struct {
	policies []*Policy
	memo     *memo
	// The libraries of policies without and with parameters.
	plain, withParams func() *library

	mu     sync.Mutex
	plans  map[schema.GroupVersionResource]*lazyPlan
	shared map[string]*lazyPlan // by the policies that match
}

// NewSet prepares policies for judging together. It compiles nothing yet.
func NewSet(policies []*Policy) *Set {
	return &Set{
		policies: policies, memo: newMemo(),
		plain:      sync.OnceValue(func() *library { return newLibrary(false) }),
		withParams: sync.OnceValue(func() *library { return newLibrary(true) }),
		plans:      map[schema.GroupVersionResource]*lazyPlan{}, shared: map[string]*lazyPlan{},
	}
}

// Evaluate judges one object with every policy, in the order given to NewSet. params are the parameter objects by
// policy; nil entries, and nil for all, mean that there is none. Input.Params is not used.
//
// The verdicts equal those of Policy.Evaluate, except that Message and Annotations may be missing for policies in the
// dialect of the catalogue: Policy.Explain gives them.
func (s *Set) Evaluate(ctx context.Context, in Input, params []map[string]any) []Verdict {
	verdicts := make([]Verdict, len(s.policies))
	plan := s.plan(in.Resource)
	if plan.empty() {
		return verdicts
	}
	e := &evaluation{set: s, ctx: ctx, in: in, params: params, verdicts: verdicts}
	if plan.shared != nil {
		e.remembered(plan.shared)
	}
	for _, b := range plan.batches {
		e.batch(b, nil)
	}
	for _, b := range plan.withParams {
		e.batch(b, e.paramsOf(b.members[0].index))
	}
	for _, i := range plan.alone {
		e.alone(i)
	}
	return verdicts
}

// An evaluation is one object on its way through a plan.
type evaluation struct {
	set       *Set
	ctx       context.Context
	in        Input
	params    []map[string]any
	verdicts  []Verdict
	situation *situation
	err       error
}

func (e *evaluation) paramsOf(i int) map[string]any {
	if e.params == nil {
		return nil
	}
	return e.params[i]
}

// prepare decodes the object, once.
func (e *evaluation) prepare() bool {
	if e.situation == nil && e.err == nil {
		e.situation, e.err = newSituation(e.in)
	}
	return e.err == nil
}

// alone judges with one policy by itself, exactly.
func (e *evaluation) alone(i int) {
	in := e.in
	in.Params = e.paramsOf(i)
	e.verdicts[i] = e.set.policies[i].Evaluate(e.ctx, in)
}

// batch judges with all members of a batch, and with those alone that failed in it.
func (e *evaluation) batch(b *batch, paramsContent map[string]any) {
	var params runtime.Object
	if e.prepare() {
		params, e.err = decodeParams(paramsContent)
	}
	if e.err != nil {
		for _, m := range b.members {
			e.alone(m.index)
		}
		return
	}
	b.evaluate(e.ctx, e.situation, params, func(i int, v Verdict) { e.verdicts[i] = e.situation.mend(v) }, func(i int) {
		if e.situation.broken != nil {
			e.verdicts[i] = Verdict{Matched: true, Err: e.situation.broken}
			return
		}
		e.alone(i)
	})
}

// remembered judges with a batch whose verdicts depend on the content only.
func (e *evaluation) remembered(b *batch) {
	key, ok := b.key(e.in)
	if !ok {
		e.batch(b, nil)
		return
	}
	if known, ok := e.set.memo.get(key); ok {
		for _, m := range b.members {
			e.verdicts[m.index] = Verdict{Matched: true}
		}
		for _, k := range known {
			e.verdicts[k.index] = k.verdict
		}
		return
	}
	e.batch(b, nil)
	if e.ctx.Err() == nil {
		e.set.memo.put(key, b, e.verdicts)
	}
}
