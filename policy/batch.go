package policy

import (
	"context"
	"fmt"

	"github.com/google/cel-go/cel"
	celtypes "github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"k8s.io/apimachinery/pkg/runtime"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

// A batch judges one object with many policies of the dialect in one evaluation.
type batch struct {
	members  []member // their indexes are into conditions
	programs []cel.Program
	// conditions yield the matchConditions and the violations of the members.
	conditions plugincel.ConditionEvaluator
	sharable   bool // verdicts depend on nothing but the content
	// fields are the top-level fields of the object that the members read; nil when that is not known.
	fields []string

	results   []plugincel.CompilationResult // what conditions evaluate
	uncounted bool                          // the programs do not count their cost
}

// newBatch makes a batch of members whose indexes are into results.
func newBatch(members []member, results []plugincel.CompilationResult, programs []cel.Program, uncounted bool) *batch {
	b := &batch{programs: programs, uncounted: uncounted}
	at := map[int]int{} // index into results → into b.results
	use := func(i int) int {
		if _, ok := at[i]; !ok {
			at[i] = len(b.results)
			b.results = append(b.results, results[i])
		}
		return at[i]
	}
	for _, m := range members {
		moved := member{index: m.index, reads: m.reads}
		for _, i := range m.matchers {
			moved.matchers = append(moved.matchers, use(i))
		}
		moved.violations = use(m.violations)
		b.members = append(b.members, moved)
	}
	b.conditions, b.fields = plugincel.NewCondition(b.results), topFields(members)
	return b
}

// topFields are the top-level fields that members read, with those that every object has; nil when one of them reads
// the whole object.
func topFields(members []member) []string {
	fields := map[string]any{"apiVersion": true, "kind": true, "metadata": true}
	for _, m := range members {
		if m.reads.whole {
			return nil
		}
		for name := range m.reads.top {
			fields[name] = true
		}
	}
	return sortedKeys(fields)
}

// metadataOf are the fields of metadata that the remembered batches read, and the namespace; sorted.
func metadataOf(batches []*batch) []string {
	metadata := map[string]any{"namespace": true}
	for _, b := range batches {
		if !b.sharable {
			continue
		}
		for _, m := range b.members {
			for name := range m.reads.metadata {
				metadata[name] = true
			}
		}
	}
	return sortedKeys(metadata)
}

// rank puts batches whose verdicts can be remembered first, since they tell whether an object is familiar.
func (b *batch) rank() int {
	if b.sharable {
		return 0
	}
	return 1
}

// split parts the members into those whose verdicts can be remembered and the rest.
func (b *batch) split() []*batch {
	var own, others []member
	for _, m := range b.members {
		if m.reads.sharable() {
			own = append(own, m)
		} else {
			others = append(others, m)
		}
	}
	var out []*batch
	for _, members := range [][]member{own, others} {
		if len(members) > 0 {
			part := newBatch(members, b.results, b.programs, b.uncounted)
			part.sharable = len(out) == 0 && len(own) > 0
			out = append(out, part)
		}
	}
	return out
}

// evaluate judges one object with every member, and calls give for each. again tells the members that have to be
// judged alone, because something failed.
func (b *batch) evaluate(ctx context.Context, s *situation, params runtime.Object, give func(index int, v Verdict), again func(index int)) {
	results, err := b.run(ctx, s, params)
	if err != nil {
		for _, m := range b.members {
			again(m.index)
		}
		return
	}
	for _, m := range b.members {
		matched, failed := true, false
		for _, i := range m.matchers {
			failed = failed || results[i].Error != nil
			matched = matched && results[i].EvalResult != celtypes.False
		}
		r := results[m.violations]
		switch {
		case !matched: // one false condition decides, even next to a failed one
			give(m.index, Verdict{})
		case failed || r.Error != nil:
			again(m.index)
		default:
			paths, err := pathsOf(r.EvalResult)
			if err != nil {
				again(m.index)
				continue
			}
			give(m.index, Verdict{Matched: true, Violations: paths, Denied: len(paths) > 0})
		}
	}
}

func (b *batch) run(ctx context.Context, s *situation, params runtime.Object) (results []plugincel.EvaluationResult, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the evaluator panicked: %v", r)
		}
	}()
	if b.uncounted {
		return b.runUncounted(ctx, s, params)
	}
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	composed := &composition{Context: ctx, programs: b.programs, values: make([]ref.Val, len(b.programs))}
	results, _, err = b.conditions.ForInput(composed, s.attrs, s.request,
		plugincel.OptionalVariableBindings{VersionedParams: params}, plugincel.CreateNamespaceObject(s.namespace),
		celconfig.RuntimeCELCostBudget)
	return results, err
}
