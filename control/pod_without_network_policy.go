package control

import (
	"github.com/plimsoll-io/plimsoll/finding"
)

func podWithoutNetworkPolicy() Control {
	return Control{
		ID:    "pod-without-network-policy",
		Title: "No NetworkPolicy isolates the pods",
		Why: "A pod that no NetworkPolicy selects accepts connections from every pod of the cluster and may open connections to " +
			"anything. An attacker who takes over one container scans the cluster from there, reaches databases and internal " +
			"consoles that were never meant to face strangers, and carries the data out. Both directions count: isolating only " +
			"ingress leaves the way out open.",
		Remedy: "Select the pods with NetworkPolicies that list Ingress and Egress in policyTypes and allow only the peers and " +
			"ports that they need.",
		Severity:   finding.Medium,
		Capability: NetworkSegmentation,
		References: []string{"CWE-1327", "T1046", "T1210"},
		Enforce:    Webhook,
		Reads:      workloadKinds(networkPolicyKind),
		Check:      checkPodNetworkPolicy,
	}
}

func checkPodNetworkPolicy(f *Facts) Judgement {
	policies := f.policies()
	j := Judgement{Errors: policies.errors}
	for _, w := range f.Workloads() {
		j.Examined = append(j.Examined, w.Object)
		if host, _ := w.Template["hostNetwork"].(bool); host {
			j.Findings = append(j.Findings, found(w.Object, "",
				"No NetworkPolicy can isolate the pods: they use the network of their node",
				proves("host-network", w.At+".hostNetwork is true", nil)))
			continue
		}
		names, because := lacking(isolation(policies.selecting(w.Object.Namespace, w.labels())))
		if names != "" {
			j.Findings = append(j.Findings, found(w.Object, "", "No NetworkPolicy isolates "+names+" of the pods", because...))
		}
	}
	return j
}
