package policy

import (
	"context"
	"maps"
	"slices"
)

// An evaluation is one object on its way through a plan.
type evaluation struct {
	set      *Set
	plan     *plan
	ctx      context.Context
	in       Input
	content  content
	params   []map[string]any
	verdicts []Verdict

	whole    *situation // the object decoded; nil until it is needed
	err      error      // why it cannot be
	familiar bool       // content was judged before, and found to be well formed
}

// judge judges with a batch, or remembers what it said of the same content.
func (e *evaluation) judge(b *batch) {
	if b.uncounted && e.content.size > maxUncounted {
		for _, m := range b.members {
			e.alone(m.index)
		}
		return
	}
	params := e.paramsOf(b.members[0].index)
	key, ok := b.key(e.content, params)
	if !ok {
		e.batch(b, params)
		return
	}
	if known, ok := e.set.memo.get(key); ok {
		e.familiar = true
		for _, m := range b.members {
			e.verdicts[m.index] = Verdict{Matched: true}
		}
		for _, k := range known {
			e.verdicts[k.index] = k.verdict
		}
		return
	}
	e.batch(b, params)
	if e.ctx.Err() == nil {
		e.set.memo.put(key, b, e.verdicts)
	}
}

func (e *evaluation) paramsOf(i int) map[string]any {
	if e.params == nil {
		return nil
	}
	return e.params[i]
}

// alone judges with one policy by itself, exactly.
func (e *evaluation) alone(i int) {
	in := e.in
	in.Params = e.paramsOf(i)
	e.verdicts[i] = e.set.policies[i].Evaluate(e.ctx, in)
}

// batch judges with all members of a batch, and with those alone that failed in it.
func (e *evaluation) batch(b *batch, paramsContent map[string]any) {
	s, err := e.situation(b)
	params, paramsErr := decodeParams(paramsContent)
	if err != nil || paramsErr != nil {
		for _, m := range b.members {
			e.alone(m.index)
		}
		return
	}
	b.evaluate(e.ctx, s, params, func(i int, v Verdict) { e.verdicts[i] = s.mend(v) }, func(i int) {
		if s.broken != nil {
			e.verdicts[i] = Verdict{Matched: true, Err: s.broken}
			return
		}
		e.alone(i)
	})
}

// situation decodes the object, once, without a status that nobody reads. Of a familiar object, which is known to be
// well formed, it only decodes the fields that the batch reads: replicas of a workload then cost next to nothing.
func (e *evaluation) situation(b *batch) (*situation, error) {
	if e.familiar && e.whole == nil && b.fields != nil {
		in := e.in
		in.Object = maps.Clone(in.Object)
		maps.DeleteFunc(in.Object, func(field string, _ any) bool { return !slices.Contains(b.fields, field) })
		return newSituation(in)
	}
	if e.whole == nil && e.err == nil {
		in := e.in
		if _, ok := in.Object["status"]; ok && !e.plan.status {
			in.Object = maps.Clone(in.Object)
			delete(in.Object, "status")
		}
		e.whole, e.err = newSituation(in)
	}
	return e.whole, e.err
}
