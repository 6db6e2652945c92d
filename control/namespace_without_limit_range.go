package control

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

func namespaceWithoutLimitRange() Control {
	return Control{
		ID:    "namespace-without-limit-range",
		Title: "Namespace has no limit range for containers",
		Why: "A container that sets no limits may use all memory and processor time of its node. A LimitRange gives such " +
			"containers a limit when they are created, also those that an attacker starts; without one, a single forgotten " +
			"field, or one pod made for it, starves its neighbours until the kernel kills them.",
		Remedy: "Create a LimitRange with an item of type Container that sets default (the limit) or max for cpu or memory. The " +
			"namespaces of the system, such as kube-system, are left out.",
		Severity:   finding.Low,
		Capability: MultiTenancy,
		References: []string{"CWE-770", "T1499"},
		Enforce:    ScanOnly,
		Reads:      namespaceKinds(schema.GroupKind{Kind: "LimitRange"}),
		Check:      checkNamespaceLimitRange,
	}
}

func checkNamespaceLimitRange(f *Facts) Judgement {
	ranges := map[string][]*inventory.Object{}
	for _, o := range f.Of("", "LimitRange") {
		ranges[o.Namespace] = append(ranges[o.Namespace], o)
	}
	return judgeNamespaces(f, func(ns *inventory.Object) (string, []finding.Reason) {
		var because []finding.Reason
		for _, o := range ranges[ns.Name] {
			if limitsContainers(o) {
				return "", nil
			}
			because = append(because, proves("limit-range-elsewhere", o.String()+" sets no limit for containers or pods", o))
		}
		return "Namespace has no limit range for containers", because
	})
}

// limitsContainers says whether a LimitRange caps what a container or pod can use.
func limitsContainers(o *inventory.Object) bool {
	for _, item := range inventory.List(o.Content, "spec", "limits") {
		limit, _ := item.(map[string]any)
		switch kind := inventory.String(limit, "type"); {
		case kind == "Container" && (len(inventory.Map(limit, "default")) > 0 || len(inventory.Map(limit, "max")) > 0),
			kind == "Pod" && len(inventory.Map(limit, "max")) > 0:
			return true
		}
	}
	return false
}
