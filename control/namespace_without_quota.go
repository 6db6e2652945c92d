package control

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

func namespaceWithoutQuota() Control {
	return Control{
		ID:    "namespace-without-quota",
		Title: "Namespace has no resource quota",
		Why: "Without a ResourceQuota one namespace can ask for all of the cluster. Whoever takes over a service account that may " +
			"create pods, or just a runaway CronJob, schedules pods until no node has room, and workloads of every other team " +
			"stay pending or are evicted. The same open end is what coin miners live on.",
		Remedy: "Create a ResourceQuota that bounds cpu and memory (requests or limits) of the whole namespace. The namespaces of " +
			"the system, such as kube-system, are left out.",
		Severity:   finding.Low,
		Capability: MultiTenancy,
		References: []string{"CWE-770", "T1496", "T1499"},
		Enforce:    ScanOnly,
		Reads:      namespaceKinds(schema.GroupKind{Kind: "ResourceQuota"}),
		Check:      checkNamespaceQuota,
	}
}

func checkNamespaceQuota(f *Facts) Judgement {
	quotas := map[string][]*inventory.Object{}
	for _, o := range f.Of("", "ResourceQuota") {
		quotas[o.Namespace] = append(quotas[o.Namespace], o)
	}
	return judgeNamespaces(f, func(ns *inventory.Object) (string, []finding.Reason) {
		if len(quotas[ns.Name]) == 0 {
			return "Namespace has no resource quota", nil
		}
		var missing []string
		for _, resource := range []string{"cpu", "memory"} {
			if !bounded(quotas[ns.Name], resource) {
				missing = append(missing, resource)
			}
		}
		if len(missing) == 0 {
			return "", nil
		}
		var because []finding.Reason
		for _, q := range quotas[ns.Name] {
			because = append(because, proves("quota-elsewhere", q.String()+" bounds other things, or only some pods", q))
		}
		return "Namespace has no resource quota for " + strings.Join(missing, " and "), because
	})
}

// bounded says whether quotas bound a resource for all pods: one without scopes does, and so do two that together cover
// pods that terminate and pods that do not.
func bounded(quotas []*inventory.Object, resource string) bool {
	covered := map[string]bool{}
	for _, q := range quotas {
		hard := inventory.Map(q.Content, "spec", "hard")
		if hard[resource] == nil && hard["requests."+resource] == nil && hard["limits."+resource] == nil {
			continue
		}
		scopes := inventory.List(q.Content, "spec", "scopes")
		terms := inventory.List(q.Content, "spec", "scopeSelector", "matchExpressions")
		switch {
		case len(scopes) == 0 && len(terms) == 0:
			return true
		case len(scopes) == 1 && len(terms) == 0:
			name, _ := scopes[0].(string)
			covered[name] = true
		}
	}
	return covered["Terminating"] && covered["NotTerminating"]
}
