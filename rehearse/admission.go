package rehearse

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/policy/admission"
	"github.com/plimsoll-io/plimsoll/policy/kyverno"
)

const admissionSort = "admission"

// concernsAdmission says whether a change has to do with policies that judge objects, or is one that they judge. Of changes
// that are neither policies nor bindings, only those are settled by it whose kinds do nothing else: see settled.
func concernsAdmission(c Change) bool {
	return judgesObjects(c.Ref()) || c.New != nil && settled(c.New)
}

// judgesObjects says whether objects of a kind are policies of admission, or bind them, that can be judged here.
func judgesObjects(ref finding.Ref) bool {
	switch ref.Group() {
	case admission.Group:
		return ref.Kind == admission.ValidatingKind || ref.Kind == admission.ValidatingBindingKind
	case kyverno.Group, kyverno.CELGroup:
		return kyverno.Is(&inventory.Object{Ref: ref})
	}
	return false
}

// settled says whether an object does nothing to others, so that all is said of it when an API server takes it.
func settled(o *inventory.Object) bool {
	if _, workload := inventory.PodPath(o.GroupKind()); workload {
		return true
	}
	switch o.GroupKind() {
	case schema.GroupKind{Kind: "ConfigMap"}, schema.GroupKind{Kind: "Secret"}, schema.GroupKind{Kind: "ServiceAccount"},
		schema.GroupKind{Kind: "PersistentVolumeClaim"}, schema.GroupKind{Kind: "Namespace"}:
		return true
	}
	return false
}

// An admissionRun is one rehearsal of policies.
type admissionRun struct {
	*state
	out part

	before, after *policies
	// wide are the policies that the change touches, which judge everything; local are those that look at labels of
	// namespaces, which judge what is in a namespace that changes.
	wide, local *panel
	// relabelled are the namespaces that change.
	relabelled map[string]bool
	judged     int64
	ignored    map[string]int
}

// rehearseAdmission judges what is there by the policies that the change touches, and what the change itself brings by all.
func rehearseAdmission(ctx context.Context, s *state, changes []Change) (part, error) {
	r := &admissionRun{
		state: s, relabelled: map[string]bool{}, ignored: map[string]int{},
		before: policiesOf(s.before, s.evidence.Minor), after: policiesOf(s.after, s.evidence.Minor),
	}
	for _, c := range s.changes {
		if isNamespace(c.Ref()) {
			r.relabelled[c.Ref().Name] = true
		}
	}
	touched := r.touched()
	r.faults(touched)
	r.wide = r.panel(func(p *policyGroup) bool { return touched[p.key] })
	r.local = r.panel(func(p *policyGroup) bool { return !touched[p.key] && p.asksNamespaces() && len(r.relabelled) > 0 })
	if err := r.judgeAll(ctx); err != nil {
		return part{}, err
	}
	if err := r.judgeChange(ctx); err != nil {
		return part{}, err
	}
	r.users()
	r.limits(changes)
	for _, c := range s.changes {
		if slices.ContainsFunc(r.after.groups, func(g *policyGroup) bool { return g.takes(c.Ref()) }) {
			r.out.settled = append(r.out.settled, c.Ref())
		}
	}
	return r.out, nil
}

// touched are the policies that the change touches: by themselves, by a binding or by parameters.
func (r *admissionRun) touched() map[policyKey]bool {
	out := map[policyKey]bool{}
	for _, c := range r.changes {
		for _, o := range []*inventory.Object{c.Old, c.New} {
			if o == nil {
				continue
			}
			if key, ok := keyOf(o); ok {
				out[key] = true
			}
		}
		for _, all := range []*policies{r.before, r.after} {
			for _, p := range all.groups {
				if p.takes(c.Ref()) {
					out[p.key] = true
				}
			}
		}
	}
	return out
}

// A subject is an object to judge, real or what a template makes.
type subject struct {
	request admission.Request
	// top is what the object belongs to; what says what it is of top: "", "its pods", "its ReplicaSets".
	top  *inventory.Object
	what string
	// real says that the object is there.
	real *inventory.Object
}

// pods is how many running pods of something a subject is.
func (s *subject) pods() int64 {
	if s.real != nil && s.real != s.top && s.real.Kind == "Pod" {
		return 1
	}
	return 0
}

// An objection is one thing that a policy has against a subject.
type objection struct {
	subject *subject
	result  admission.Result
	on      string // "" for the creation, else "update"
	already bool
}

// judgeAll judges all that is there, and all that it makes, side by side.
func (r *admissionRun) judgeAll(ctx context.Context) error {
	if r.wide.empty() && r.local.empty() {
		return nil
	}
	changed := map[*inventory.Object]bool{}
	for _, c := range r.changes {
		changed[c.New] = true
	}
	subjects := subjectsOf(r.state)
	found := make([][]objection, len(subjects))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range subjects {
		s := &subjects[i]
		if changed[s.top] {
			continue // judged with the change
		}
		group.Go(func() error {
			found[i] = r.wide.objections(ctx, s)
			if r.relabelled[s.request.Ref.Namespace] || isNamespace(s.request.Ref) && r.relabelled[s.request.Ref.Name] {
				found[i] = append(found[i], r.local.objections(ctx, s)...)
			}
			return ctx.Err()
		})
		r.judged++
	}
	if err := group.Wait(); err != nil {
		return err
	}
	r.tell(slices.Concat(found...), nil)
	return nil
}

// judgeChange judges what the change brings by all policies that are in force then.
func (r *admissionRun) judgeChange(ctx context.Context) error {
	if !slices.ContainsFunc(r.changes, func(c Change) bool { return c.New != nil && !judgesObjects(c.Ref()) }) {
		return nil
	}
	all := r.panel(func(*policyGroup) bool { return true })
	if all.empty() {
		return nil
	}
	for i := range r.changes {
		c := &r.changes[i]
		if c.New == nil || admission.Is(c.New) || kyverno.Is(c.New) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		var found []objection
		for _, s := range subjectsOfChange(c) {
			found = append(found, all.objections(ctx, &s)...)
			r.judged++
		}
		r.tell(found, c)
	}
	return nil
}

// limits says what was judged, and what could not be.
func (r *admissionRun) limits(changes []Change) {
	n := len(r.wide.groups) + len(r.local.groups)
	if r.judged > 0 {
		what := display.Plural(int(r.judged), "object") + " and templates"
		if n > 0 {
			what += ", by " + display.Plural(n, "policy") + " that the change touches"
		}
		r.out.covered = append(r.out.covered, Coverage{admissionSort, len(changes), r.judged, what})
	}
	for _, p := range slices.Sorted(maps.Keys(r.ignored)) {
		r.out.notes = append(r.out.notes, fmt.Sprintf(
			"policy %s cannot judge %d objects, and its failurePolicy lets them through (Ignore)", p, r.ignored[p]))
	}
	if n == 0 {
		return
	}
	r.out.cannotKnow = append(r.out.cannotKnow, "What policies say of secret values, which are taken out of everything that is read",
		"Objects of kinds that were not read, and those that do not exist yet")
	if r.before.source != "cluster" {
		r.out.cannotKnow = append(r.out.cannotKnow, "Fields that the API server fills in: manifests do not have them")
	}
	if names := r.wide.beyond(); len(names) > 0 {
		if len(names) > 4 {
			names = append(names[:3:3], display.Plural(len(names)-3, "other policy"))
		}
		r.out.cannotKnow = append(r.out.cannotKnow, "Requests that delete or connect, or are for subresources, which "+strings.Join(names, ", ")+
			" also judge: those are not rehearsed")
	}
	for _, kind := range []string{"MutatingAdmissionPolicy", "MutatingWebhookConfiguration"} {
		if len(r.after.inv.Of(admission.Group, kind)) > 0 {
			r.out.cannotKnow = append(r.out.cannotKnow, "What the cluster's "+kind+"s make of new objects before policies see them")
		}
	}
}
