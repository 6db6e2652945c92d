package admission

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/policy"
)

// A Batch judges many requests by the policies of a Set, with the same results as Set.Review and much faster: all policies
// together first, and by itself only each that may have something to say. Safe for concurrent use.
type Batch struct {
	set   *Set
	world World
	fast  *policy.Set
	// together are the indexes into set.Policies of those that fast judges.
	together []int
}

// Batch prepares to judge many requests in one world.
func (s *Set) Batch(w World) *Batch {
	b := &Batch{set: s, world: w}
	var policies []*policy.Policy
	for i, p := range s.Policies {
		v := p.validating
		if v == nil || len(p.problems) > 0 || v.Source.Spec.ParamKind != nil || v.Asks("authorizer") {
			continue // judged alone
		}
		b.together = append(b.together, i)
		policies = append(policies, v)
	}
	b.fast = policy.NewSet(policies)
	return b
}

// Objections are the results of one request but for passes.
func (b *Batch) Objections(ctx context.Context, r Request) []Result {
	in, out := b.set.mutate(ctx, &b.world, &r)
	passed := make([]bool, len(b.set.Policies))
	for i, v := range b.fast.Evaluate(ctx, in, nil) {
		at := b.together[i]
		unknownNamespace := in.Namespace == nil && r.Ref.Namespace != "" && b.set.Policies[at].validating.Asks("namespaceObject")
		passed[at] = v.Err == nil && !v.Denied && !unknownNamespace
	}
	out = slices.DeleteFunc(out, func(one Result) bool { return one.Result == Pass })
	for i, p := range b.set.Policies {
		if passed[i] {
			continue
		}
		j := judgement{ctx: ctx, world: &b.world, request: &r, policy: p, in: in}
		j.judge()
		out = append(out, slices.DeleteFunc(j.results, func(one Result) bool { return one.Result == Pass })...)
	}
	return out
}

// input is the request as policies see it.
func (r *Request) input(w *World) policy.Input {
	gvk := schema.FromAPIVersionAndKind(r.Ref.APIVersion, r.Ref.Kind)
	in := policy.Input{
		Object: r.Object, OldObject: r.OldObject, Operation: r.Operation, User: r.User, Namespace: r.Namespace,
		Kind: gvk, Resource: policy.ResourceFor(gvk),
	}
	if in.Namespace == nil && r.Ref.Namespace != "" && w.Inventory != nil {
		if ns := w.Inventory.Get("", "Namespace", "", r.Ref.Namespace); ns != nil {
			in.Namespace = ns.Content
		}
	}
	return in
}

// Denied says that an API server refuses the request for it.
func (r Result) Denied() bool { return r.denied }

// Ignored says that something could not be evaluated, and that an API server lets the request through all the same.
func (r Result) Ignored() bool { return r.ignored }

// Broken says that the object could not be read as its kind: no API server takes it as it is written.
func (r Result) Broken() bool { return r.broken }
