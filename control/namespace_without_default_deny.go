package control

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// networkPolicyKind is what the network controls join with workloads.
var networkPolicyKind = schema.GroupKind{Group: "networking.k8s.io", Kind: "NetworkPolicy"}

func namespaceWithoutDefaultDeny() Control {
	return Control{
		ID:    "namespace-without-default-deny",
		Title: "Namespace does not deny traffic by default",
		Why: "Pods that no NetworkPolicy selects accept connections from every pod of the cluster and may call anything outside. " +
			"Policies for single applications leave gaps: a new deployment, a debugging pod or one with a mistyped label starts " +
			"out reachable by an attacker who holds any other pod, and can send what it reads anywhere.",
		Remedy: "Create a NetworkPolicy with an empty podSelector and the policyTypes Ingress and Egress, and allow what is needed " +
			"in further policies. The namespaces of the system, such as kube-system, are left out.",
		Severity:   finding.Medium,
		Capability: NetworkSegmentation,
		References: []string{"CWE-1327", "T1046", "T1210"},
		Enforce:    ScanOnly,
		Reads:      namespaceKinds(networkPolicyKind),
		Check:      checkNamespaceDefaultDeny,
	}
}

func checkNamespaceDefaultDeny(f *Facts) Judgement {
	policies := f.policies()
	j := judgeNamespaces(f, func(ns *inventory.Object) (string, []finding.Reason) {
		var forAll []*networkPolicy
		if inNamespace := policies.byNamespace[ns.Name]; inNamespace != nil {
			for _, p := range inNamespace.rest {
				if p.Selects.EveryPod() {
					forAll = append(forAll, p)
				}
			}
		}
		isolated, opened := isolation(forAll)
		names, because := lacking(isolated, opened)
		if names == "" {
			return "", nil
		}
		return "Namespace does not deny " + names + " by default", because
	})
	j.Errors = policies.errors
	return j
}
