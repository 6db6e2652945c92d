package baseline

import (
	"github.com/plimsoll-io/plimsoll/harden/plan"
)

// visible is what viewers see of a whole cluster: what it is made of, and no contents of namespaces that may be secret.
// ConfigMaps and logs of all namespaces are for those who work in them.
func visible() []right {
	return []right{
		{[]string{""}, []string{
			"endpoints", "events", "limitranges", "namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes", "pods",
			"replicationcontrollers", "resourcequotas", "serviceaccounts", "services",
		}, reading, nil},
		{[]string{"apps"}, []string{"controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"}, reading, nil},
		{[]string{"batch"}, []string{"cronjobs", "jobs"}, reading, nil},
		{[]string{"autoscaling"}, []string{"horizontalpodautoscalers"}, reading, nil},
		{[]string{"policy"}, []string{"poddisruptionbudgets"}, reading, nil},
		{[]string{"networking.k8s.io"}, []string{"ingressclasses", "ingresses", "networkpolicies"}, reading, nil},
		{[]string{"discovery.k8s.io"}, []string{"endpointslices"}, reading, nil},
		{[]string{"events.k8s.io"}, []string{"events"}, reading, nil},
		{[]string{"rbac.authorization.k8s.io"}, []string{"clusterrolebindings", "clusterroles", "rolebindings", "roles"}, reading, nil},
		{[]string{"storage.k8s.io"}, []string{"csidrivers", "csinodes", "storageclasses", "volumeattachments"}, reading, nil},
		{[]string{"scheduling.k8s.io"}, []string{"priorityclasses"}, reading, nil},
		{[]string{"node.k8s.io"}, []string{"runtimeclasses"}, reading, nil},
		{[]string{"apiextensions.k8s.io"}, []string{"customresourcedefinitions"}, reading, nil},
		{[]string{"apiregistration.k8s.io"}, []string{"apiservices"}, reading, nil},
		{[]string{"admissionregistration.k8s.io"}, []string{
			"mutatingwebhookconfigurations", "validatingadmissionpolicies", "validatingadmissionpolicybindings", "validatingwebhookconfigurations",
		}, reading, nil},
		{[]string{"metrics.k8s.io"}, []string{"nodes", "pods"}, []string{"get", "list"}, nil},
	}
}

// drainable is what taking a node out of service needs.
func drainable() []right {
	return []right{
		{[]string{""}, []string{"nodes"}, []string{"patch"}, nil},
		{[]string{""}, []string{"pods/eviction"}, []string{"create"}, nil},
	}
}

// clusterRoles is the step that lets people see the cluster, and take nodes out of service.
func (b *builder) clusterRoles() error {
	s := plan.Step{
		Title: "Roles of viewers and operators of the cluster",
		Why: "Each is bound to a group. Who deploys does so in namespaces: a deployer of the whole cluster runs pods in kube-system, and is " +
			"cluster-admin by another name. " +
			"Contents of ConfigMaps and logs of all namespaces are for those who work there.",
		Before: []string{"see that the identity provider has the groups, and who is in them"},
	}
	if g := b.Groups.Viewer; g != "" {
		s.Changes = append(s.Changes, role("", viewerRole, visible()), bound("", viewerRole, g))
		s.Changes[0].Because = []string{"Reads what the cluster is made of; no Secrets, no ConfigMaps, no logs"}
	}
	if g := b.Groups.Operator; g != "" {
		c := role("", operatorRole, append(visible(), drainable()...))
		c.Because = []string{"Reads, closes nodes for new pods and drains them (kubectl cordon, drain)"}
		c.Risk = "who may patch nodes can steer where new pods run, by labels and taints; NodeRestriction keeps only kubelets from it"
		s.Changes = append(s.Changes, c, bound("", operatorRole, g))
	}
	if len(s.Changes) > 0 {
		b.step("roles", s)
	}
	if b.Groups.Deployer != "" {
		b.decide(plan.Decision{
			Question: "In which namespaces does the group " + b.Groups.Deployer + " deploy? No role was written for it here: plimsoll harden " +
				"baseline namespace has one for each.",
			Because: []string{"a deployer of the whole cluster would be cluster-admin by another name"},
		})
	}
	b.decide(plan.Decision{
		Question: "Who holds cluster-admin, in an emergency only? No binding was written for it.",
		Because: []string{"a certificate with the group system:masters cannot be revoked: keep kubeadm's in a safe, and bind a group that " +
			"is empty in peace"},
	})
	return nil
}
