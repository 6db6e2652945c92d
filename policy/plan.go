package policy

import (
	"strconv"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A plan says how the objects of one resource are judged. Resources that the same policies match share a plan.
type plan struct {
	shared     *batch   // verdicts depend on nothing that the memo leaves out; nil when there are none
	batches    []*batch // the other policies of the dialect
	withParams []*batch // one policy each
	alone      []int    // policies that need the exact evaluator
}

func (p *plan) empty() bool {
	return p.shared == nil && len(p.batches)+len(p.withParams)+len(p.alone) == 0
}

// A lazyPlan compiles on first use.
type lazyPlan struct {
	once sync.Once
	plan plan
}

// plan finds or makes the plan of a resource. Different plans compile at the same time.
func (s *Set) plan(gvr schema.GroupVersionResource) *plan {
	s.mu.Lock()
	l, ok := s.plans[gvr]
	var matching []int
	if !ok {
		matching = s.matching(gvr)
		key := keyOf(matching)
		if l, ok = s.shared[key]; !ok {
			l = &lazyPlan{}
			s.shared[key] = l
		}
		s.plans[gvr] = l
	}
	s.mu.Unlock()
	l.once.Do(func() { l.plan = s.newPlan(s.matching(gvr)) })
	return &l.plan
}

func (s *Set) matching(gvr schema.GroupVersionResource) []int {
	var out []int
	for i, p := range s.policies {
		if p.Matches(gvr) {
			out = append(out, i)
		}
	}
	return out
}

func keyOf(indexes []int) string {
	var key strings.Builder
	for _, i := range indexes {
		key.WriteString(strconv.Itoa(i) + ",")
	}
	return key.String()
}

// newPlan sorts policies by how they can be judged, and compiles them.
func (s *Set) newPlan(matching []int) plan {
	var p plan
	var dialect []int
	for _, i := range matching {
		switch ok, _ := s.policies[i].InDialect(); {
		case !ok:
			p.alone = append(p.alone, i)
		case s.policies[i].Source.Spec.ParamKind != nil:
			b, misfits := s.withParams().batch(s.policies, []int{i})
			if p.alone = append(p.alone, misfits...); len(misfits) == 0 {
				p.withParams = append(p.withParams, b)
			}
		default:
			dialect = append(dialect, i)
		}
	}
	if len(dialect) == 0 {
		return p
	}
	b, misfits := s.plain().batch(s.policies, dialect)
	p.alone = append(p.alone, misfits...)
	shared, rest := b.split()
	p.shared = shared
	if rest != nil {
		p.batches = append(p.batches, rest)
	}
	return p
}
