package rehearse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/policy/kyverno"
)

// told is what makes two objections one: the same policy has something against the same object, or against what belongs to
// it.
type told struct {
	top     *inventory.Object
	policy  string
	kind    weight
	already bool
}

// tell turns objections into breaks and doubts: one for each object and policy. Of an object that is refused itself, nothing
// is said of its pods. c is the change that the objects are of; nil for what is there.
func (r *admissionRun) tell(found []objection, c *Change) {
	at := map[told]int{} // into breaks or doubts
	pods := map[told]int64{}
	for _, o := range found {
		if o.result.Ignored() {
			r.ignored[o.result.Policy]++
			continue
		}
		blame := r.blame(o, c)
		if len(blame) == 0 {
			continue // the change has nothing to do with it
		}
		kind, why := r.weigh(o)
		key := told{o.subject.top, o.result.Policy, kind, o.already}
		i, known := at[key]
		pods[key] += o.subject.pods()
		switch {
		case known && kind != doubt:
			r.out.breaks[i].Count = max(1, pods[key])
		case known:
		case kind == doubt:
			at[key] = len(r.out.doubts)
			r.out.doubts = append(r.out.doubts, Doubt{Changes: blame, Sort: admissionSort, Object: &o.subject.top.Ref, Count: 1, Reason: why})
		default:
			at[key] = len(r.out.breaks)
			r.out.breaks = append(r.out.breaks, Break{
				Changes: blame, Sort: admissionSort, Object: &o.subject.top.Ref, Position: o.subject.top.Origin, Count: 1, Reason: why,
				Soft: kind == soft, Already: o.already,
			})
		}
	}
}

// weight is what an objection comes to.
type weight int

const (
	hard weight = iota
	soft
	doubt
)

// weigh says what an objection comes to, and why.
func (r *admissionRun) weigh(o objection) (weight, string) {
	result := o.result
	policy := "policy " + result.Policy
	what := o.subject.what
	if what == "" {
		what = "it"
	}
	if o.on != "" {
		what += " on every update"
	}
	message := strings.TrimSuffix(strings.TrimSpace(result.Message), ".")
	switch {
	case result.Result == admission.Skip || result.Result == admission.Unsupported:
		return doubt, fmt.Sprintf("%s cannot be asked about %s: %s", policy, what, message)
	case result.Broken():
		return doubt, fmt.Sprintf("%s cannot judge %s: %s", policy, what, message)
	case result.Result == admission.Error && r.before.source != "cluster" && strings.Contains(message, "no such key"):
		return doubt, fmt.Sprintf("%s cannot judge %s: a field is missing that the API server may fill in: %s", policy, what, message)
	}
	for _, p := range [...]*panel{r.wide, r.local} {
		if g := p.find(result); g == nil {
			continue
		} else if _, judges := g.asksUser(); judges {
			return doubt, fmt.Sprintf("%s refuses %s, or not, by who asks for it: %s", policy, what, message)
		}
	}
	if result.Denied() {
		return hard, fmt.Sprintf("%s refuses %s: %s", policy, what, message)
	}
	does := "warns of"
	if !slices.Contains(result.Actions, "Warn") {
		does = "notes in the audit log"
	}
	return soft, fmt.Sprintf("%s %s %s: %s", policy, does, what, message)
}

// blame are the changes that an objection comes from: the binding and the policy, parameters, the namespace. An object of
// the change that is refused is to blame itself.
func (r *admissionRun) blame(o objection, c *Change) []finding.Ref {
	if c != nil {
		return []finding.Ref{c.Ref()}
	}
	var bindings, policies, others []finding.Ref
	for _, change := range r.changes {
		ref := change.Ref()
		switch key, ok := keyOf(objectOf(change)); {
		case ok && ref.Kind == admission.ValidatingBindingKind && ref.Name == o.result.Binding:
			bindings = append(bindings, ref)
		case ok && ref.Kind != admission.ValidatingBindingKind && (key.name == o.result.Policy || key.namespace+"/"+key.name == o.result.Policy):
			policies = append(policies, ref)
		case isNamespace(ref) && ref.Name == o.subject.request.Ref.Namespace:
			others = append(others, ref)
		default:
			if g := r.wide.find(o.result); g != nil && g.takes(ref) {
				others = append(others, ref)
			}
		}
	}
	return slices.Concat(policies, bindings, others)
}

func objectOf(c Change) *inventory.Object {
	if c.New != nil {
		return c.New
	}
	return c.Old
}

// faults are mistakes in the policies that the change touches.
func (r *admissionRun) faults(touched map[policyKey]bool) {
	var objects []*inventory.Object
	for _, c := range r.changes {
		if c.New != nil && judgesObjects(c.Ref()) {
			objects = append(objects, c.New)
		}
	}
	for _, p := range r.after.set.Problems {
		if !slices.ContainsFunc(objects, func(o *inventory.Object) bool { return o.Ref == p.Resource }) {
			continue
		}
		if strings.Contains(p.Message, "looks like a secret") {
			r.out.doubts = append(r.out.doubts, Doubt{Changes: []finding.Ref{p.Resource}, Sort: admissionSort, Object: &p.Resource, Count: 1, Reason: p.Message})
			continue
		}
		r.out.breaks = append(r.out.breaks, Break{
			Changes: []finding.Ref{p.Resource}, Sort: admissionSort, Object: &p.Resource, Path: finding.Path(p.Rule), Position: p.Position,
			Count: 1, Reason: "the API server refuses the policy itself: " + p.Message,
		})
	}
	r.kyvernoFaults(objects)
	for _, g := range r.after.groups {
		if !touched[g.key] {
			continue
		}
		for _, b := range g.bindings {
			if g.policy == nil {
				r.out.doubts = append(r.out.doubts, Doubt{
					Changes: []finding.Ref{b.Ref}, Sort: admissionSort, Object: &b.Ref, Count: 1,
					Reason: fmt.Sprintf("it binds the policy %q, which is not there: nothing is enforced", g.key.name),
				})
			}
		}
		if g.policy != nil && !g.inForce() {
			r.out.notes = append(r.out.notes, g.policy.String()+" is bound by nothing: it enforces nothing")
		}
		r.unread(g)
	}
	for _, g := range r.before.groups {
		still := slices.ContainsFunc(r.after.groups, func(a *policyGroup) bool { return a.key == g.key && a.inForce() })
		if g.inForce() && touched[g.key] && !still {
			r.out.notes = append(r.out.notes, fmt.Sprintf("policy %s is no longer enforced", g.key.name))
		}
	}
}

// users tells of policies that ask who makes a request, which objects do not show. Where a policy looks at what ordinary
// users do, that is judged, and only others are not known.
func (r *admissionRun) users() {
	var some []string
	for _, g := range r.wide.groups {
		asks, judges := g.asksUser()
		switch {
		case asks && !judges && r.wide.looked(g.key.name):
			some = append(some, g.key.name)
		case asks:
			r.out.doubts = append(r.out.doubts, Doubt{
				Changes: []finding.Ref{g.policy.Ref}, Sort: admissionSort, Object: &g.policy.Ref, Count: 1,
				Reason: "it asks who makes a request, which objects do not show",
			})
		}
	}
	if len(some) > 0 {
		r.out.cannotKnow = append(r.out.cannotKnow, fmt.Sprintf("What %d policies say to users whom they name (%s): objects are judged as if any other user made them",
			len(some), some[0]+map[bool]string{true: ", …"}[len(some) > 1]))
	}
}

// kyvernoFaults are rules of Kyverno policies that have no equivalent: they refuse what is not known here.
func (r *admissionRun) kyvernoFaults(objects []*inventory.Object) {
	for _, p := range kyverno.Convert(objects) {
		for _, rule := range p.Rules {
			if rule.Supported() {
				continue
			}
			reason := "rule " + rule.Title() + " has no equivalent that can be judged"
			for i, u := range rule.Unsupported {
				reason += map[bool]string{true: ": ", false: "; "}[i == 0] + u.Construct + ": " + u.Reason
			}
			r.out.doubts = append(r.out.doubts, Doubt{Changes: []finding.Ref{p.Object.Ref}, Sort: admissionSort, Object: &p.Object.Ref, Count: 1, Reason: reason})
		}
		r.out.notes = append(r.out.notes, p.Warnings...)
	}
}

// unread are kinds that a policy judges, and that could not be read.
func (r *admissionRun) unread(g *policyGroup) {
	if g.policy == nil || !g.inForce() {
		return
	}
	for _, kind := range mentionedKinds(g.policy) {
		gap, missing := r.before.inv.Incomplete(kind)
		if !missing {
			continue
		}
		r.out.doubts = append(r.out.doubts, Doubt{
			Changes: []finding.Ref{g.policy.Ref}, Sort: admissionSort, Count: 1,
			Reason: kind.Kind + " objects, which it judges, may be missing from what was read: " + gap.Reason,
		})
		return
	}
}
