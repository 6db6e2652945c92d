package policy

import (
	"context"
	"fmt"

	"github.com/google/cel-go/cel"
	celtypes "github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	metadata   []string // fields of the object's metadata that the members read, and "namespace"; sorted

	results []plugincel.CompilationResult // what conditions evaluate
}

// newBatch makes a batch of members whose indexes are into results.
func newBatch(members []member, results []plugincel.CompilationResult, programs []cel.Program) *batch {
	b := &batch{programs: programs}
	at := map[int]int{} // index into results → into b.results
	use := func(i int) int {
		if _, ok := at[i]; !ok {
			at[i] = len(b.results)
			b.results = append(b.results, results[i])
		}
		return at[i]
	}
	metadata := map[string]any{"namespace": true}
	for _, m := range members {
		moved := member{index: m.index, reads: m.reads}
		for _, i := range m.matchers {
			moved.matchers = append(moved.matchers, use(i))
		}
		moved.violations = use(m.violations)
		b.members = append(b.members, moved)
		for name := range m.reads.metadata {
			metadata[name] = true
		}
	}
	b.conditions, b.metadata = plugincel.NewCondition(b.results), sortedKeys(metadata)
	return b
}

// split parts the members into those whose verdicts can be remembered and the rest; nil when there are none.
func (b *batch) split() (shared, rest *batch) {
	var own, others []member
	for _, m := range b.members {
		if m.reads.sharable() {
			own = append(own, m)
		} else {
			others = append(others, m)
		}
	}
	if len(own) > 0 {
		shared = newBatch(own, b.results, b.programs)
	}
	if len(others) > 0 {
		rest = newBatch(others, b.results, b.programs)
	}
	return shared, rest
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
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	request := plugincel.CreateAdmissionRequest(s.attrs.Attributes, metav1.GroupVersionResource(s.in.Resource),
		metav1.GroupVersionKind(s.attrs.VersionedKind))
	composed := &composition{Context: ctx, programs: b.programs, values: make([]ref.Val, len(b.programs))}
	results, _, err = b.conditions.ForInput(composed, s.attrs, request,
		plugincel.OptionalVariableBindings{VersionedParams: params}, plugincel.CreateNamespaceObject(s.namespace),
		celconfig.RuntimeCELCostBudget)
	return results, err
}
