package control

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

func automountedToken() Control {
	return Control{
		ID:    "automounted-token",
		Title: "A service account token is mounted without need",
		Why: "Unless told otherwise, Kubernetes puts a token of the pod's service account into every container, at a path that " +
			"everybody knows. Whoever reads one file of the container, through a path traversal or a shell, talks to the API " +
			"server as the workload and does whatever roles the account has, now or later. Most applications never call the API.",
		Remedy: "Set automountServiceAccountToken: false on the pod, or on its service account. Where the application does call the " +
			"API, keep the token, bind only the rights it needs, and except this finding.",
		Severity:   finding.Medium,
		Capability: RBACLeastPrivilege,
		References: []string{"CWE-668", "T1528", "T1552.007"},
		Enforce:    Webhook,
		Fix:        &finding.Fix{Op: finding.Set, Value: false, Risky: true},
		Reads:      workloadKinds(schema.GroupKind{Kind: "ServiceAccount"}),
		Check:      checkAutomountedToken,
	}
}

func checkAutomountedToken(f *Facts) Judgement {
	type account struct{ namespace, name string }
	accounts := map[account][]*inventory.Object{}
	for _, o := range f.Of("", "ServiceAccount") {
		at := account{o.Namespace, o.Name}
		accounts[at] = append(accounts[at], o)
	}
	var j Judgement
	for _, w := range f.Workloads() {
		j.Examined = append(j.Examined, w.Object)
		name, _ := w.ServiceAccount()
		mounted, because := inventory.MountsToken(w.Template, name, accounts[account{w.Object.Namespace, name}])
		if !mounted {
			continue
		}
		j.Findings = append(j.Findings, found(w.Object, finding.Path(w.At).Field("automountServiceAccountToken"),
			"The token of service account "+name+" is mounted into every container", because))
	}
	return j
}
