package rehearse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
)

const quotaSort = "quota"

// concernsQuota says whether a change is a quota or a limit range, or counts under them.
func concernsQuota(c Change) bool {
	return limitsObjects(c.Ref()) || c.New != nil && settled(c.New) && !isNamespace(c.Ref())
}

func limitsObjects(ref finding.Ref) bool {
	return ref.Group() == "" && (ref.Kind == "ResourceQuota" || ref.Kind == "LimitRange")
}

// A quotaRun is one rehearsal of quotas and limit ranges.
type quotaRun struct {
	*state
	out    part
	judged int64
}

func rehearseQuota(ctx context.Context, s *state, changes []Change) (part, error) {
	r := &quotaRun{state: s}
	var whole, some []string // namespaces
	for _, c := range s.changes {
		list := &some
		if limitsObjects(c.Ref()) {
			list = &whole
		}
		if c.Ref().Namespace != "" && !slices.Contains(*list, c.Ref().Namespace) {
			*list = append(*list, c.Ref().Namespace)
		}
	}
	before := familiesOf(s.before)
	for _, namespace := range slices.Compact(slices.Sorted(slices.Values(append(whole, some...)))) {
		if err := ctx.Err(); err != nil {
			return part{}, err
		}
		was, is := newAllowance(s.before, namespace, before[namespace]), newAllowance(s.after, namespace, s.families()[namespace])
		r.namespace(was, is, slices.Contains(whole, namespace))
	}
	if r.judged > 0 {
		r.out.covered = []Coverage{{quotaSort, len(changes), r.judged, display.Plural(int(r.judged), "object") + " that quotas and limit ranges count"}}
		r.out.cannotKnow = []string{"Whether quotas leave room for the pods that a rollout adds for a time, or an autoscaler"}
	}
	return r.out, nil
}

// namespace judges what is in a namespace; only the objects of the change unless whole.
func (r *quotaRun) namespace(was, is *allowance, whole bool) {
	for _, fault := range is.faults {
		if r.changeOf(fault.culprit) {
			r.out.breaks = append(r.out.breaks, Break{
				Changes: []finding.Ref{fault.culprit}, Sort: quotaSort, Object: &fault.culprit, Count: 1, Reason: fault.reason,
			})
		}
	}
	if len(is.quotas)+len(is.ranges) == 0 {
		return
	}
	for _, f := range is.families {
		own := r.changeOf(f.top.Ref)
		if !whole && !own {
			continue
		}
		r.judged++
		r.judge(f.top, own, is.refuse(f), func() bool {
			return len(was.refuse(f)) > 0 && r.before.Get(f.top.Group(), f.top.Kind, f.top.Namespace, f.top.Name) != nil
		}, f.running())
	}
	for _, o := range is.others {
		own := r.changeOf(o.Ref)
		if limitsObjects(o.Ref) || !whole && !own {
			continue
		}
		r.judged++
		r.judge(o, own, is.refuseObject(o), func() bool {
			return len(was.refuseObject(o)) > 0 && r.before.Get(o.Group(), o.Kind, o.Namespace, o.Name) != nil
		}, 0)
	}
	if gap, missing := r.before.Incomplete(inventory.WorkloadKinds()...); missing && (gap.Namespace == "" || gap.Namespace == is.namespace) {
		r.out.doubts = append(r.out.doubts, Doubt{
			Changes: r.culprits(is.namespace), Sort: quotaSort, Count: 1, Reason: "what quotas count may be missing from what was read: " + gap.Reason,
		})
	}
}

func (r *quotaRun) changeOf(ref finding.Ref) bool {
	return slices.ContainsFunc(r.changes, func(c Change) bool { return identity(c.Ref()) == identity(ref) })
}

// culprits are the quotas and limit ranges of a namespace that change.
func (r *quotaRun) culprits(namespace string) []finding.Ref {
	var out []finding.Ref
	for _, c := range r.changes {
		if limitsObjects(c.Ref()) && c.Ref().Namespace == namespace {
			out = append(out, c.Ref())
		}
	}
	return out
}

// judge tells what refuses an object, one break for each quota or limit range.
func (r *quotaRun) judge(o *inventory.Object, own bool, refusals []refusal, already func() bool, pods int64) {
	for _, refusal := range refusals {
		blame := r.culprits(o.Namespace)
		switch {
		case own:
			blame = []finding.Ref{o.Ref}
		case r.changeOf(refusal.culprit):
			blame = []finding.Ref{refusal.culprit}
		}
		if refusal.unsure {
			r.out.doubts = append(r.out.doubts, Doubt{Changes: blame, Sort: quotaSort, Object: &o.Ref, Count: 1, Reason: refusal.reason})
			continue
		}
		r.out.breaks = append(r.out.breaks, Break{
			Changes: blame, Sort: quotaSort, Object: &o.Ref, Position: o.Origin, Count: max(1, pods), Reason: refusal.reason, Already: already(),
		})
	}
}

// running is how many pods of a family run.
func (f *family) running() int64 {
	if f.top.Kind == "Pod" {
		return 1
	}
	var n int64
	for _, o := range f.made {
		if o.Kind == "Pod" {
			n++
		}
	}
	return n
}

// pod is a pod of a family that runs, nil when none does.
func (f *family) pod() *inventory.Object {
	if f.top.Kind == "Pod" {
		return f.top
	}
	for _, o := range f.made {
		if o.Kind == "Pod" {
			return o
		}
	}
	return nil
}

// wanted is how many pods a family asks for by itself, and whether it has them all the time: jobs of the future, and what is
// scaled to zero, want none now.
func (f *family) wanted() int64 {
	spec := inventory.Map(f.top.Content, "spec")
	switch f.top.Kind {
	case "Deployment", "StatefulSet", "ReplicaSet", "ReplicationController":
		if n, there := number(spec["replicas"]); there {
			return min(max(0, n), 1<<20)
		}
		return 1
	case "Job":
		if n, there := number(spec["parallelism"]); there && spec["suspend"] != true && !over(f.top) {
			return min(max(0, n), 1<<20)
		}
		return map[bool]int64{true: 0, false: 1}[spec["suspend"] == true || over(f.top)]
	case "CronJob", "PodTemplate":
		return 0
	}
	return 1
}

// decodeInto reads an object into a type of Kubernetes.
func decodeInto(o *inventory.Object, into any) error {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Content, into); err != nil {
		return fmt.Errorf("decode %s: %w", strings.ToLower(o.Kind), err)
	}
	return nil
}

// claimOf is what a PersistentVolumeClaim asks for.
func claimOf(o *inventory.Object) corev1.ResourceList {
	out := corev1.ResourceList{}
	for name, v := range inventory.Map(o.Content, "spec", "resources", "requests") {
		if quantity, err := quantityOf(v); err == nil {
			out[corev1.ResourceName(name)] = quantity
		}
	}
	return out
}
