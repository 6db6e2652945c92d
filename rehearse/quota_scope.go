package rehearse

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// applies says whether a quota counts a pod, or with nil an object that is none. Quotas with scopes count only pods. known is
// false for scopes that are not known here.
func (q *quota) applies(pod *corev1.Pod, priority string) (yes, known bool) {
	var selectors []corev1.ScopedResourceSelectorRequirement
	for _, scope := range q.spec.Scopes {
		selectors = append(selectors, corev1.ScopedResourceSelectorRequirement{ScopeName: scope, Operator: corev1.ScopeSelectorOpExists})
	}
	if q.spec.ScopeSelector != nil {
		selectors = append(selectors, q.spec.ScopeSelector.MatchExpressions...)
	}
	if pod == nil {
		return len(selectors) == 0, true
	}
	for _, s := range selectors {
		yes, known := inScope(s, pod, priority)
		if !yes || !known {
			return false, known
		}
	}
	return true, true
}

func inScope(s corev1.ScopedResourceSelectorRequirement, pod *corev1.Pod, priority string) (yes, known bool) {
	switch s.ScopeName {
	case corev1.ResourceQuotaScopeTerminating:
		return terminating(pod), true
	case corev1.ResourceQuotaScopeNotTerminating:
		return !terminating(pod), true
	case corev1.ResourceQuotaScopeBestEffort:
		return bestEffort(pod), true
	case corev1.ResourceQuotaScopeNotBestEffort:
		return !bestEffort(pod), true
	case corev1.ResourceQuotaScopePriorityClass:
		class := pod.Spec.PriorityClassName
		if class == "" {
			class = priority
		}
		switch s.Operator {
		case corev1.ScopeSelectorOpExists:
			return class != "", true
		case corev1.ScopeSelectorOpDoesNotExist:
			return class == "", true
		case corev1.ScopeSelectorOpIn:
			return class != "" && slices.Contains(s.Values, class), true
		case corev1.ScopeSelectorOpNotIn:
			return !slices.Contains(s.Values, class), true
		}
	case corev1.ResourceQuotaScopeCrossNamespacePodAffinity:
		return crossesNamespaces(pod), true
	}
	return false, false
}

func terminating(pod *corev1.Pod) bool {
	return pod.Spec.ActiveDeadlineSeconds != nil && *pod.Spec.ActiveDeadlineSeconds >= 0
}

// bestEffort says whether no container asks for any CPU or memory.
func bestEffort(pod *corev1.Pod) bool {
	lists := []corev1.ResourceList{}
	if pod.Spec.Resources != nil {
		lists = append(lists, pod.Spec.Resources.Requests, pod.Spec.Resources.Limits)
	}
	for _, c := range containersOf(pod) {
		lists = append(lists, c.Resources.Requests, c.Resources.Limits)
	}
	for _, list := range lists {
		for _, name := range [...]corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			if quantity, there := list[name]; there && !quantity.IsZero() {
				return false
			}
		}
	}
	return true
}

func crossesNamespaces(pod *corev1.Pod) bool {
	if pod.Spec.Affinity == nil {
		return false
	}
	var terms []corev1.PodAffinityTerm
	if a := pod.Spec.Affinity.PodAffinity; a != nil {
		terms = append(terms, a.RequiredDuringSchedulingIgnoredDuringExecution...)
		for _, w := range a.PreferredDuringSchedulingIgnoredDuringExecution {
			terms = append(terms, w.PodAffinityTerm)
		}
	}
	if a := pod.Spec.Affinity.PodAntiAffinity; a != nil {
		terms = append(terms, a.RequiredDuringSchedulingIgnoredDuringExecution...)
		for _, w := range a.PreferredDuringSchedulingIgnoredDuringExecution {
			terms = append(terms, w.PodAffinityTerm)
		}
	}
	return slices.ContainsFunc(terms, func(t corev1.PodAffinityTerm) bool { return len(t.Namespaces) > 0 || t.NamespaceSelector != nil })
}
