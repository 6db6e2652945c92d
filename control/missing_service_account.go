package control

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
)

func missingServiceAccount() Control {
	return Control{
		ID:    "missing-service-account",
		Title: "Pods name a service account that does not exist",
		Why: "The API server refuses pods whose service account does not exist, so the workload does not start. Worse, the name is " +
			"free: whoever may create service accounts in the namespace claims it, and with it every role that was bound to it " +
			"in advance or was left behind when the account was deleted.",
		Remedy:     "Create the service account beside the workload, or correct the name.",
		Severity:   finding.Medium,
		Capability: RBACLeastPrivilege,
		References: []string{"CWE-672", "T1078.001"},
		Enforce:    Webhook,
		Reads:      workloadKinds(schema.GroupKind{Kind: "ServiceAccount"}),
		Check:      checkMissingServiceAccount,
	}
}

func checkMissingServiceAccount(f *Facts) Judgement {
	var j Judgement
	for _, w := range f.Workloads() {
		name, field := w.ServiceAccount()
		if field == "" {
			continue
		}
		j.Examined = append(j.Examined, w.Object)
		// Every namespace gets the account "default" from Kubernetes.
		if name == "default" || f.Get("", "ServiceAccount", w.Object.Namespace, name) != nil {
			continue
		}
		j.Findings = append(j.Findings, found(w.Object, finding.Path(w.At).Field(field),
			"Pods run as the service account "+name+", which namespace "+w.Object.Namespace+" does not have"))
	}
	return j
}
