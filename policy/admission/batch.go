package admission

import (
	"context"
	"slices"
	"sync/atomic"

	admissionv1 "k8s.io/api/admissionregistration/v1"
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
	// same says of each policy that what it says of an object does not depend on what is done to it, once it looks at it.
	same   []bool
	looked []atomic.Bool // by policy of the set: an ordinary user's request was looked at
}

// Looked says whether a policy looked at any request so far, as far as it was judged together with others.
func (b *Batch) Looked(name string) bool {
	for i, p := range b.set.Policies {
		if p.Object.Name == name && b.looked[i].Load() {
			return true
		}
	}
	return false
}

// Batch prepares to judge many requests in one world.
func (s *Set) Batch(w World) *Batch {
	b := &Batch{set: s, world: w, looked: make([]atomic.Bool, len(s.Policies)), same: make([]bool, len(s.Policies))}
	var policies []*policy.Policy
	for i, p := range s.Policies {
		v := p.validating
		if v == nil || len(p.problems) > 0 || v.Source.Spec.ParamKind != nil || v.Asks("authorizer") {
			continue // judged alone
		}
		b.together = append(b.together, i)
		b.same[i] = sameLater(v)
		policies = append(policies, v)
	}
	b.fast = policy.NewSet(policies)
	return b
}

// Objections are the results of the creation of an object but for passes; later are those of an update that changes nothing,
// by policies that say nothing against the creation. Of validations that are false, one stands for all of a policy and
// a binding, and its Rule is "".
func (b *Batch) Objections(ctx context.Context, r Request, updates func(policy string) bool) (create, later []Result) {
	in := r.input(&b.world)
	verdicts := make([]*policy.Verdict, len(b.set.Policies))
	fast := b.fast.Evaluate(ctx, in, nil)
	for i := range fast {
		unknownNamespace := in.Namespace == nil && r.Ref.Namespace != "" && b.set.Policies[b.together[i]].validating.Asks("namespaceObject")
		if fast[i].Matched {
			b.looked[b.together[i]].Store(true)
		}
		if fast[i].Err == nil && !unknownNamespace {
			verdicts[b.together[i]] = &fast[i]
		}
	}
	for i, p := range b.set.Policies {
		if v := verdicts[i]; v == nil || v.Denied {
			j := judgement{ctx: ctx, world: &b.world, request: &r, policy: p, in: in}
			if v != nil {
				j.denied(v)
			} else {
				j.judge()
			}
			create = append(create, slices.DeleteFunc(j.results, func(one Result) bool { return one.Result == Pass })...)
		}
	}
	if updates == nil {
		return create, nil
	}
	in.Operation, in.OldObject = admissionv1.Update, in.Object
	update := r
	update.Operation, update.OldObject = in.Operation, in.OldObject
	for i, p := range b.set.Policies {
		if v := verdicts[i]; v != nil && v.Matched && b.same[i] || !updates(p.Object.Name) {
			continue
		}
		j := judgement{ctx: ctx, world: &b.world, request: &update, policy: p, in: in}
		j.judge()
		later = append(later, slices.DeleteFunc(j.results, func(one Result) bool { return one.Result == Pass })...)
	}
	return create, later
}

// sameLater says whether only the matchConditions of a policy can tell an update from a creation.
func sameLater(v *policy.Policy) bool {
	judges := policy.New(v.Source.DeepCopy())
	judges.Source.Spec.MatchConditions = nil
	return !judges.Asks("oldObject") && !judges.Asks("request")
}

// denied tells of a policy whose validation is false, by each binding that covers the request.
func (j *judgement) denied(v *policy.Verdict) {
	message := v.Message
	if message == "" && len(v.Violations) > 0 {
		message, _ = j.policy.validating.Explain(v.Violations)
	}
	one := func(b *Binding) {
		r := j.result(b, Fail, message)
		r.denied = slices.Contains(r.Actions, string(admissionv1.Deny))
		j.results = append(j.results, r)
	}
	if len(j.policy.Bindings) == 0 {
		one(nil)
	}
	for _, b := range j.policy.Bindings {
		switch covered, err := policy.Selects(b.spec.MatchResources, j.in); {
		case err != nil:
			j.say(b, Skip, err.Error())
		case covered:
			one(b)
		}
	}
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
