package policy

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A plan says how the objects of one resource are judged. Resources that the same policies match share a plan.
type plan struct {
	batches  []*batch // those whose verdicts can be remembered first
	alone    []int    // policies that need the exact evaluator
	metadata []string // fields of metadata that the remembered batches read
	status   bool     // some batch reads the status
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
	groups := map[libraryKind][]int{}
	for _, i := range matching {
		policy := s.policies[i]
		kind := libraryKind{policy.Source.Spec.ParamKind != nil, policy.Trusted}
		switch ok, _ := policy.InDialect(); {
		case !ok:
			p.alone = append(p.alone, i)
		case kind.params: // each has its own parameters
			p.add(s, kind, []int{i})
		default:
			groups[kind] = append(groups[kind], i)
		}
	}
	for kind, indexes := range groups {
		p.add(s, kind, indexes)
	}
	slices.SortStableFunc(p.batches, func(a, b *batch) int { return a.rank() - b.rank() })
	p.metadata = metadataOf(p.batches)
	p.status = slices.ContainsFunc(p.batches, func(b *batch) bool { return b.fields == nil || slices.Contains(b.fields, "status") })
	return p
}

// add makes batches of policies of one kind, those whose verdicts can be remembered apart.
func (p *plan) add(s *Set, kind libraryKind, indexes []int) {
	b, misfits := s.libraries[kind]().batch(s.policies, indexes)
	p.alone = append(p.alone, misfits...)
	p.batches = append(p.batches, b.split()...)
}
