package control

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac"
	"github.com/plimsoll-io/plimsoll/rbac/attack"
)

func escalationPath() Control {
	return Control{
		ID:    "escalation-path",
		Title: "The token of a workload leads to the whole cluster",
		Why: "Whoever runs code in these pods, through a bug in the application or in one of its libraries, finds a service " +
			"account token there. What the account may do, alone or in several steps, ends at every right in the cluster, at root " +
			"on a node or at the Secrets of kube-system. Only ways that begin with a token in the pod are told here: what a pod " +
			"can do to its node is found by the controls of pod security. The control plane's own pods are static and hold no " +
			"token, so that no workload is left out by its name.",
		Remedy: "Take the right of any one step away: the bindings and rules are named with the steps, and `plimsoll rbac cut` names " +
			"the fewest whose removal closes all ways. Where the pods do not talk to the API server, set " +
			"automountServiceAccountToken: false.",
		Severity:   finding.High,
		Capability: RBACLeastPrivilege,
		References: []string{"CWE-250", "CWE-269", "T1528", "T1078.001"},
		Enforce:    ScanOnly,
		Reads:      escalationNeeds(),
		Check:      checkEscalationPath,
	}
}

// escalationNeeds are the kinds without which a way might be told that is none: a service account may withhold its
// token, a namespace or a policy may refuse the pod.
func escalationNeeds() []schema.GroupKind {
	return append(workloadKinds(rbac.Reads()...),
		schema.GroupKind{Kind: "ServiceAccount"}, schema.GroupKind{Kind: "Namespace"},
		schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicy"},
		schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicyBinding"},
	)
}

// escalationHelps are the kinds that can only give more ways: without them what is found is still true.
var escalationHelps = []schema.GroupKind{
	{Kind: "Secret"}, {Kind: "Node"}, {Kind: "ConfigMap"}, {Kind: "PersistentVolume"}, {Kind: "PersistentVolumeClaim"},
	{Group: "admissionregistration.k8s.io", Kind: "MutatingWebhookConfiguration"},
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration"},
	{Group: "admissionregistration.k8s.io", Kind: "MutatingAdmissionPolicy"},
	{Group: "admissionregistration.k8s.io", Kind: "MutatingAdmissionPolicyBinding"},
	{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"},
}

// directSteps is how long a way to every right is at most that no further find is needed for: the token, one move, and
// the right itself.
const directSteps = 3

func checkEscalationPath(f *Facts) Judgement {
	var j Judgement
	if gap, incomplete := f.Incomplete(escalationHelps...); incomplete {
		j.Skipped = "could not see every way: " + gap.Reason
	}
	for _, w := range f.Workloads() {
		e, ok := f.Escalation(w)
		if !ok {
			continue
		}
		j.Examined = append(j.Examined, w.Object)
		if !e.Leads() {
			continue
		}
		_, field := w.ServiceAccount()
		if field == "" {
			field = "serviceAccountName"
		}
		text := e.String()
		out := found(w.Object, finding.Path(w.At).Field(field), strings.ToUpper(text[:1])+text[1:], e.Because...)
		switch {
		case e.ToAdmin() && e.Steps <= directSteps:
			out.Severity = finding.Critical
		case e.Goal == attack.KubeSystemSecrets: // what they are good for, nobody knows here, or it would be a way to more
			out.Severity = finding.Medium
		}
		j.Findings = append(j.Findings, out)
	}
	return j
}
