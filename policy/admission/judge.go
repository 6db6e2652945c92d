package admission

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"

	"golang.org/x/sync/errgroup"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy"
)

// A World is what policies see besides the object.
type World struct {
	// Namespaces and parameters are looked up here.
	Inventory *inventory.Inventory
	// Params are further parameters, which win.
	Params []*inventory.Object
	// Complete says that there are no other parameters than these.
	Complete bool
	// Redact takes the secrets out of an object, of what mutating policies put in; nil leaves them.
	Redact func(map[string]any) int
}

// A Request is what is judged.
type Request struct {
	Ref       finding.Ref
	Position  finding.Position
	Operation admissionv1.OperationType // "" means the creation
	Object    map[string]any
	OldObject map[string]any
	User      *policy.User
	// Namespace is the Namespace object; nil means the one of the world, if it is there.
	Namespace map[string]any
}

// Judge judges objects as if each were being created. The results are in the order of the objects, then of the policies;
// an object that no policy looks at has none.
func (s *Set) Judge(ctx context.Context, w World, objects []*inventory.Object) ([]Result, error) {
	parts := make([][]Result, len(objects))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, o := range objects {
		if Is(o) {
			continue
		}
		group.Go(func() error {
			parts[i] = s.Review(ctx, w, RequestOf(o))
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(parts...), nil
}

// RequestOf is the request that creates an object.
func RequestOf(o *inventory.Object) Request {
	return Request{Ref: o.Ref, Position: o.Origin, Object: named(o)}
}

// named is the content of an object with the namespace that it was taken to be in, which an API server would fill in.
func named(o *inventory.Object) map[string]any {
	meta := inventory.Map(o.Content, "metadata")
	if o.Namespace == "" || meta == nil || inventory.String(meta, "namespace") == o.Namespace {
		return o.Content
	}
	meta = maps.Clone(meta)
	meta["namespace"] = o.Namespace
	content := maps.Clone(o.Content)
	content["metadata"] = meta
	return content
}

// Review judges one request by all policies.
func (s *Set) Review(ctx context.Context, w World, r Request) []Result {
	out, _ := s.review(ctx, w, r)
	return out
}

// review is Review with the object that mutating policies make.
func (s *Set) review(ctx context.Context, w World, r Request) ([]Result, map[string]any) {
	in, out := s.mutate(ctx, &w, &r)
	for _, p := range s.Policies {
		j := judgement{ctx: ctx, world: &w, request: &r, policy: p, in: in}
		j.judge()
		out = append(out, j.results...)
	}
	return out, in.Object
}

// A judgement is one policy and one request.
type judgement struct {
	ctx     context.Context
	world   *World
	request *Request
	policy  *Policy
	in      policy.Input
	results []Result
	changed bool // by a mutating policy
}

func (j *judgement) judge() {
	switch p := j.policy; {
	case len(p.problems) > 0:
		// Said once, of the policy: nothing can be judged by it.
	case p.mutating != nil:
		// Applied before any policy judges.
	default:
		covered, err := p.validating.Covers(j.in)
		j.covered(covered, err, j.review)
	}
}

// covered goes on with a policy that looks at the request, under each of its bindings.
func (j *judgement) covered(covered bool, err error, review func(*Binding)) {
	if err != nil {
		j.say(nil, Skip, err.Error())
	}
	if !covered || err != nil {
		return
	}
	if len(j.policy.Bindings) == 0 {
		j.bound(nil, review)
	}
	for _, b := range j.policy.Bindings {
		j.bound(b, review)
	}
}

// bound judges under one binding; nil binds to everything, with Deny.
func (j *judgement) bound(b *Binding, review func(*Binding)) {
	if b != nil {
		covered, err := policy.Selects(b.spec.MatchResources, j.in)
		if err != nil {
			j.say(b, Skip, err.Error())
		}
		if !covered || err != nil {
			return
		}
	}
	params, missing := j.params(b)
	if missing != nil {
		j.without(b, missing)
		return
	}
	for _, param := range params {
		j.in.Params = param
		review(b)
	}
}

// without is what comes of missing parameters.
func (j *judgement) without(b *Binding, missing *missingParams) {
	switch {
	case !missing.sure:
		j.say(b, Skip, missing.reason)
	case missing.refused:
		r := j.result(b, Fail, missing.reason)
		r.denied = j.failClosed()
		if !r.denied {
			r.Result, r.Message = Skip, r.Message+ignored
		}
		j.results = append(j.results, r)
	default:
		// parameterNotFoundAction is Allow: the binding does not apply.
	}
}

const ignored = "; failurePolicy is Ignore, so an API server lets the object through"

func (j *judgement) failClosed() bool {
	f := j.policy.failurePolicy()
	return f == nil || *f == admissionv1.Fail
}

// blind says of a policy that reads a namespace which is not known that it cannot be judged.
func (j *judgement) blind(b *Binding) bool {
	if j.in.Namespace != nil || j.request.Ref.Namespace == "" || !j.policy.asks("namespaceObject") {
		return false
	}
	j.say(b, Skip, fmt.Sprintf("the policy reads the namespace %s, which is not in what was read", j.request.Ref.Namespace))
	return true
}

func (j *judgement) review(b *Binding) {
	v := j.policy.validating
	if j.blind(b) {
		return
	}
	review, err := v.Review(j.ctx, j.in)
	if err != nil {
		r := j.result(b, Error, err.Error())
		r.err, r.denied, r.broken = err.Error(), true, true // no API server takes the object
		j.results = append(j.results, r)
		return
	}
	asks := v.Asks("authorizer")
	failed := false
	for _, o := range review.Outcomes {
		if o.Err != nil && asks {
			continue
		}
		failed = true
		j.results = append(j.results, j.outcome(b, o))
	}
	switch {
	case failed:
	case asks:
		j.say(b, Unsupported, "the policy asks the authorizer of the cluster, which is not there")
	case review.Matched:
		j.say(b, Pass, "")
	}
}

// outcome is the result of one validation that does not hold.
func (j *judgement) outcome(b *Binding, o policy.Outcome) Result {
	r := j.result(b, Fail, o.Message)
	r.Rule = o.Path
	r.denied = o.Refused && (o.Always || slices.Contains(r.Actions, string(admissionv1.Deny)))
	if o.Err != nil {
		r.Result, r.err = Error, o.Err.Error()
		r.Message = r.err + "; failurePolicy is Fail, so it counts as a failure"
		if !o.Refused {
			r.Message, r.ignored = r.err+ignored, true
		}
	}
	return r
}

func (j *judgement) say(b *Binding, o Outcome, message string) {
	j.results = append(j.results, j.result(b, o, message))
}

func (j *judgement) result(b *Binding, o Outcome, message string) Result {
	r := Result{
		Policy: j.policy.Object.Name, Resource: j.request.Ref, Position: j.request.Position, Result: o, Message: message,
		Actions: []string{string(admissionv1.Deny)}, mutating: j.policy.mutating != nil,
	}
	if b != nil {
		r.Binding = b.Object.Name
	}
	if b != nil && !r.mutating {
		r.Actions = b.Actions()
	}
	return r
}
