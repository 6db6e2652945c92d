package attack

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/rbac"
)

var awsAuth = Technique{
	ID: "aws-auth", Title: "Map an AWS principal to system:masters", MITRE: "T1098",
	What: "On EKS the ConfigMap kube-system/aws-auth says which IAM roles and users are which Kubernetes users and groups, system:masters " +
		"included. Who can change it maps an IAM principal of his own, of whatever account, and logs in with it. EKS reads it unless the " +
		"cluster's authentication mode is API only; that setting is not visible in the cluster.",
	Needs: "update or patch on the ConfigMap aws-auth in kube-system, or create when there is none; and any AWS principal.",
	Proof: "The binding and the rule. Check with: kubectl auth can-i patch configmaps/aws-auth -n kube-system --as SUBJECT",
	Cut:   "Use access entries and set the authentication mode to API; keep writing ConfigMaps in kube-system away from workloads.",
	find: func(b *builder) {
		there := b.inv.Get("", "ConfigMap", "kube-system", "aws-auth")
		if there == nil && !strings.Contains(b.inv.Version, "-eks-") {
			return
		}
		ways := b.changing("", "configmaps", false)
		if there == nil {
			ways = b.creating("", "configmaps", false)
		}
		for _, h := range b.joint(ways) {
			if (h.namespace == "" || h.namespace == "kube-system") && h.covers("aws-auth") {
				p := h.proof()
				p.object = there
				b.add(subject(h), rbac.Subject{Kind: rbac.GroupKind, Name: rbac.Masters}.Ref(), p)
			}
		}
	},
}
