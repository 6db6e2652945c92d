package cluster

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// defaultKinds are what the controls and the models of rights and reachability read, by group.
var defaultKinds = []struct {
	group string
	kinds string
}{
	{"", "ConfigMap Endpoints LimitRange Namespace Node PersistentVolume PersistentVolumeClaim Pod PodTemplate " +
		"ReplicationController ResourceQuota Secret Service ServiceAccount"},
	{"admissionregistration.k8s.io", "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration " +
		"ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration"},
	{"apiextensions.k8s.io", "CustomResourceDefinition"},
	{"apiregistration.k8s.io", "APIService"},
	{"apps", "DaemonSet Deployment ReplicaSet StatefulSet"},
	{"autoscaling", "HorizontalPodAutoscaler"},
	{"batch", "CronJob Job"},
	{"certificates.k8s.io", "CertificateSigningRequest"},
	{"cilium.io", "CiliumClusterwideNetworkPolicy CiliumNetworkPolicy"},
	{"crd.antrea.io", "ClusterNetworkPolicy NetworkPolicy"},
	{"crd.projectcalico.org", "GlobalNetworkPolicy NetworkPolicy"},
	{"discovery.k8s.io", "EndpointSlice"},
	{"gateway.networking.k8s.io", "GRPCRoute Gateway GatewayClass HTTPRoute ReferenceGrant TCPRoute TLSRoute UDPRoute"},
	{"k8s.ovn.org", "ClusterUserDefinedNetwork EgressFirewall UserDefinedNetwork"},
	{"network.openshift.io", "EgressNetworkPolicy"},
	{"networking.gke.io", "FQDNNetworkPolicy"},
	{"networking.k8s.aws", "ApplicationNetworkPolicy ClusterNetworkPolicy"},
	{"networking.k8s.io", "Ingress IngressClass NetworkPolicy"},
	{"node.k8s.io", "RuntimeClass"},
	{"policy", "PodDisruptionBudget"},
	{"policy.linkerd.io", "Server"},
	{"policy.networking.k8s.io", "AdminNetworkPolicy BaselineAdminNetworkPolicy ClusterNetworkPolicy"},
	{"projectcalico.org", "GlobalNetworkPolicy NetworkPolicy"},
	{"rbac.authorization.k8s.io", "ClusterRole ClusterRoleBinding Role RoleBinding"},
	{"route.openshift.io", "Route"},
	{"scheduling.k8s.io", "PriorityClass"},
	{"security.istio.io", "AuthorizationPolicy"},
	{"storage.k8s.io", "CSIDriver StorageClass"},
}

// DefaultKinds are the kinds that Read reads when nothing else is asked for, sorted by group and kind. Kinds that the
// API server does not serve are passed over.
func DefaultKinds() []schema.GroupKind {
	var kinds []schema.GroupKind
	for _, g := range defaultKinds {
		for _, kind := range strings.Fields(g.kinds) {
			kinds = append(kinds, schema.GroupKind{Group: g.group, Kind: kind})
		}
	}
	return kinds
}

// noise are kinds that say nothing about how a cluster is set up, and come in great numbers.
var noise = []schema.GroupKind{
	{Kind: "Event"}, {Group: "events.k8s.io", Kind: "Event"}, {Kind: "ComponentStatus"},
	{Group: "coordination.k8s.io", Kind: "Lease"}, {Group: "coordination.k8s.io", Kind: "LeaseCandidate"},
}

// wants says whether objects of a kind are read.
func (c Config) wants(gk schema.GroupKind) bool {
	if len(c.Only) > 0 {
		return slices.Contains(c.Only, gk)
	}
	if c.All {
		return !slices.Contains(noise, gk)
	}
	return slices.Contains(DefaultKinds(), gk) || slices.Contains(c.Kinds, gk)
}

// wantsGroup says whether any kind of an API group is read.
func (c Config) wantsGroup(group string) []schema.GroupKind {
	all := append(DefaultKinds(), c.Kinds...)
	if len(c.Only) > 0 {
		all = c.Only
	}
	var kinds []schema.GroupKind
	for _, gk := range all {
		if gk.Group == group && !slices.Contains(kinds, gk) {
			kinds = append(kinds, gk)
		}
	}
	return kinds
}
