package rehearse

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// An allowance is what the quotas and limit ranges of a namespace leave to its objects.
type allowance struct {
	namespace string
	families  []*family
	others    []*inventory.Object // what is in the namespace and has no pods
	quotas    []*quota
	ranges    []*corev1.LimitRange
	rangeRefs []finding.Ref
	priority  string // class of pods that name none
	faults    []refusal
	live      bool // pods are there as they run
	pods      map[*inventory.Object]*corev1.Pod
	podErr    map[*inventory.Object]error
}

// A quota is a ResourceQuota and what is used of it.
type quota struct {
	ref  finding.Ref
	spec corev1.ResourceQuotaSpec
	used corev1.ResourceList
}

// A refusal is why an object would be refused.
type refusal struct {
	culprit finding.Ref
	reason  string
	unsure  bool
}

func newAllowance(inv *inventory.Inventory, namespace string, families []*family) *allowance {
	a := &allowance{
		namespace: namespace, families: families, live: inv.Source.Kind == "cluster",
		pods: map[*inventory.Object]*corev1.Pod{}, podErr: map[*inventory.Object]error{},
	}
	for _, o := range inv.All() {
		if o.Namespace == namespace && namespace != "" {
			if spec, _ := o.PodSpec(); spec == nil {
				a.others = append(a.others, o)
			}
			a.read(o)
		}
		if o.Kind == "PriorityClass" && o.Content["globalDefault"] == true {
			a.priority = o.Name
		}
	}
	if len(a.quotas) == 0 {
		return a
	}
	for _, o := range a.others {
		a.use(nil, objectUsage(o), 1)
	}
	for _, f := range families {
		a.useFamily(f)
	}
	return a
}

// read reads a quota or a limit range.
func (a *allowance) read(o *inventory.Object) {
	if !limitsObjects(o.Ref) {
		return
	}
	var err error
	if o.Kind == "LimitRange" {
		r := &corev1.LimitRange{}
		if err = decodeInto(o, r); err == nil {
			completeLimits(r)
			a.ranges, a.rangeRefs = append(a.ranges, r), append(a.rangeRefs, o.Ref)
		}
	} else {
		q := &corev1.ResourceQuota{}
		if err = decodeInto(o, q); err == nil {
			a.quotas = append(a.quotas, &quota{ref: o.Ref, spec: q.Spec, used: corev1.ResourceList{}})
		}
	}
	if err != nil {
		a.faults = append(a.faults, refusal{culprit: o.Ref, reason: "the API server refuses it: " + err.Error()})
	}
}

// useFamily counts a workload and its pods: those that run, and where what runs is not known, those that it wants.
func (a *allowance) useFamily(f *family) {
	if f.top.Kind != "Pod" {
		a.use(nil, objectUsage(f.top), 1)
	}
	for _, o := range f.made {
		if o.Kind != "Pod" {
			a.use(nil, objectUsage(o), 1)
			continue
		}
		if pod := a.asItRuns(o); pod != nil {
			a.use(pod, podUsage(pod), 1)
		}
	}
	if f.top.Kind == "Pod" {
		if pod := a.asItRuns(f.top); pod != nil {
			usage := podUsage(pod)
			if over(f.top) {
				usage = corev1.ResourceList{"count/pods": one}
			}
			a.use(pod, usage, 1)
		}
		return
	}
	if missing := f.wanted() - f.running(); missing > 0 && !a.live {
		if pod := a.pod(f.top); pod != nil {
			a.use(pod, podUsage(pod), missing)
		}
	}
}

// pod is the pod of an object with the defaults of limit ranges; nil when it cannot be read.
func (a *allowance) pod(o *inventory.Object) *corev1.Pod {
	if pod, known := a.pods[o]; known {
		return pod
	}
	pod, err := decodePod(o)
	if err != nil {
		a.podErr[o] = err
	} else {
		for _, r := range a.ranges {
			applyDefaults(r, pod)
		}
	}
	a.pods[o] = pod
	return pod
}

// asItRuns is a pod as quotas count it now: one that runs has got its defaults when it was made, and no others since.
func (a *allowance) asItRuns(o *inventory.Object) *corev1.Pod {
	if !a.live {
		return a.pod(o)
	}
	pod, err := decodePod(o)
	if err != nil {
		return nil
	}
	return pod
}

// use adds to what is used of the quotas that count the pod, or the object where there is no pod.
func (a *allowance) use(pod *corev1.Pod, usage corev1.ResourceList, times int64) {
	for _, q := range a.quotas {
		if applies, _ := q.applies(pod, a.priority); !applies {
			continue
		}
		for name := range q.spec.Hard {
			quantity, there := usage[name]
			if !there {
				continue
			}
			sum := q.used[name].DeepCopy()
			quantity = quantity.DeepCopy()
			quantity.Mul(times)
			sum.Add(quantity)
			q.used[name] = sum
		}
	}
}

// refuse is why pods of a family would be refused when they are made again, or for the first time.
func (a *allowance) refuse(f *family) []refusal {
	pod := a.pod(f.top)
	if pod == nil {
		return []refusal{{reason: "its pods cannot be counted: " + fmt.Sprint(a.podErr[f.top]), unsure: true}}
	}
	out := a.outOfRange(pod)
	more := max(0, f.wanted()-f.running())
	if !a.live {
		more = 0 // what is wanted is counted as used already
	}
	replaced := f.pod()
	if replaced == nil || over(replaced) {
		replaced = nil
		if a.live || f.wanted() == 0 {
			more = max(1, more)
		}
	}
	for _, q := range a.quotas {
		out = append(out, q.refuse(pod, a.priority, q.after(a, pod, replaced, more), "its pods would be refused")...)
	}
	if f.top.Kind != "Pod" {
		out = append(out, a.refuseObject(f.top)...)
	}
	return out
}

// refuseObject is why an object that is no pod would be refused when it is made again.
func (a *allowance) refuseObject(o *inventory.Object) []refusal {
	var out []refusal
	if o.Kind == "PersistentVolumeClaim" && o.Group() == "" {
		for i, r := range a.ranges {
			if faults := claimFaults(r, claimOf(o)); len(faults) > 0 {
				out = append(out, refusal{culprit: a.rangeRefs[i], reason: fmt.Sprintf("%s refuses it: %s", a.rangeRefs[i], strings.Join(faults, "; "))})
			}
		}
	}
	for _, q := range a.quotas {
		need := corev1.ResourceList{}
		for name := range objectUsage(o) {
			need[name] = q.used[name]
		}
		out = append(out, q.refuse(nil, "", need, "it would be refused when it is made again")...)
	}
	return out
}

func (a *allowance) outOfRange(pod *corev1.Pod) []refusal {
	var out []refusal
	for i, r := range a.ranges {
		faults := slices.Concat(limitFaults(r, pod), defaultFaults(r, pod))
		if len(faults) == 0 {
			continue
		}
		if len(faults) > 3 {
			faults = append(faults[:3:3], fmt.Sprintf("and %d more", len(faults)-3))
		}
		out = append(out, refusal{culprit: a.rangeRefs[i], reason: fmt.Sprintf("%s refuses its pods: %s", a.rangeRefs[i], strings.Join(faults, "; "))})
	}
	return out
}

// after is what is used once a pod is there in the place of one that runs, nil for none, and more of its like beside it: of
// the resources that it asks for.
func (q *quota) after(a *allowance, pod *corev1.Pod, replaced *inventory.Object, more int64) corev1.ResourceList {
	usage := podUsage(pod)
	was := corev1.ResourceList{}
	if replaced != nil {
		if old := a.asItRuns(replaced); old != nil {
			if counted, _ := q.applies(old, a.priority); counted {
				was = podUsage(old)
			}
			more++
		}
	}
	out := corev1.ResourceList{}
	for name, quantity := range usage {
		sum := q.used[name].DeepCopy()
		quantity = quantity.DeepCopy()
		quantity.Mul(more)
		sum.Add(quantity)
		sum.Sub(was[name])
		out[name] = sum
	}
	return out
}

// refuse is why a quota refuses an object; need is what would be used with it.
func (q *quota) refuse(pod *corev1.Pod, priority string, need corev1.ResourceList, what string) []refusal {
	applies, known := q.applies(pod, priority)
	if !known {
		return []refusal{{culprit: q.ref, reason: fmt.Sprintf("%s has a scope that is not known here", q.ref), unsure: true}}
	}
	if !applies {
		return nil
	}
	if missing := q.missing(pod); missing != "" {
		return []refusal{{culprit: q.ref, reason: fmt.Sprintf("%s needs every container to say its %s, and no LimitRange gives it: %s", q.ref, missing, what)}}
	}
	var over []string
	for _, name := range namesOf(q.spec.Hard) {
		quantity, counted := need[name]
		if hard := q.spec.Hard[name]; counted && quantity.Cmp(hard) > 0 {
			over = append(over, fmt.Sprintf("%s %s of %s", quantity.String(), name, hard.String()))
		}
	}
	if len(over) == 0 {
		return nil
	}
	return []refusal{{culprit: q.ref, reason: fmt.Sprintf("%s is exceeded (%s): %s", q.ref, strings.Join(over, ", "), what)}}
}

// mustSay are the resources that every container has to name when a quota limits them.
var mustSay = []corev1.ResourceName{
	corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceRequestsCPU, corev1.ResourceRequestsMemory,
	corev1.ResourceLimitsCPU, corev1.ResourceLimitsMemory,
}

// missing are the resources that a container does not name though it has to; "" when none are.
func (q *quota) missing(pod *corev1.Pod) string {
	if pod == nil || podLevel(pod) {
		return ""
	}
	lacking := map[string]bool{}
	for _, c := range containersOf(pod) {
		has := quotaNames(c.Resources.Requests, c.Resources.Limits)
		for _, name := range mustSay {
			_, limited := q.spec.Hard[name]
			if _, said := has[name]; limited && !said {
				lacking[string(name)] = true
			}
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(lacking)), ", ")
}

// podLevel says whether a pod asks for resources as a whole.
func podLevel(pod *corev1.Pod) bool {
	if pod.Spec.Resources == nil {
		return false
	}
	for _, list := range [...]corev1.ResourceList{pod.Spec.Resources.Requests, pod.Spec.Resources.Limits} {
		for name := range list {
			if name == corev1.ResourceCPU || name == corev1.ResourceMemory || strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix) {
				return true
			}
		}
	}
	return false
}
