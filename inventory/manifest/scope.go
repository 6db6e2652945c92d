package manifest

import (
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// clusterScoped lists the kinds that have no namespace, by API group: those of Kubernetes itself and of projects that
// many clusters run. A CustomResourceDefinition in the input decides over its own kind; every kind that nobody knows
// is taken as namespaced.
var clusterScoped = map[string]string{
	"": "Namespace Node PersistentVolume ComponentStatus",
	"admissionregistration.k8s.io": "MutatingWebhookConfiguration ValidatingWebhookConfiguration ValidatingAdmissionPolicy " +
		"ValidatingAdmissionPolicyBinding MutatingAdmissionPolicy MutatingAdmissionPolicyBinding",
	"apiextensions.k8s.io":         "CustomResourceDefinition",
	"apiregistration.k8s.io":       "APIService",
	"audit.k8s.io":                 "Policy",
	"certificates.k8s.io":          "CertificateSigningRequest ClusterTrustBundle",
	"extensions":                   "PodSecurityPolicy",
	"flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
	"internal.apiserver.k8s.io":    "StorageVersion",
	"networking.k8s.io":            "IngressClass IPAddress ServiceCIDR",
	"node.k8s.io":                  "RuntimeClass",
	"policy":                       "PodSecurityPolicy",
	"policy.networking.k8s.io":     "AdminNetworkPolicy BaselineAdminNetworkPolicy ClusterNetworkPolicy",
	"rbac.authorization.k8s.io":    "ClusterRole ClusterRoleBinding",
	"resource.k8s.io":              "DeviceClass DeviceTaintRule ResourceClass ResourceSlice",
	"scheduling.k8s.io":            "PriorityClass",
	"storage.k8s.io":               "CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass",
	"storagemigration.k8s.io":      "StorageVersionMigration",

	"cert-manager.io":     "ClusterIssuer",
	"cilium.io":           "CiliumClusterwideEnvoyConfig CiliumClusterwideNetworkPolicy CiliumIdentity CiliumNode",
	"config.openshift.io": "ClusterOperator ClusterVersion Infrastructure Network OAuth",
	"crd.projectcalico.org": "BGPConfiguration BGPPeer ClusterInformation FelixConfiguration GlobalNetworkPolicy " +
		"GlobalNetworkSet HostEndpoint IPPool KubeControllersConfiguration",
	"external-secrets.io":       "ClusterExternalSecret ClusterSecretStore",
	"gateway.networking.k8s.io": "GatewayClass",
	"karpenter.k8s.aws":         "EC2NodeClass",
	"karpenter.sh":              "NodeClaim NodePool",
	"kyverno.io":                "ClusterCleanupPolicy ClusterPolicy GlobalContextEntry",
	"metrics.k8s.io":            "NodeMetrics",
	"openreports.io":            "ClusterReport",
	"operator.openshift.io":     "ImageContentSourcePolicy",
	"projectcalico.org": "BGPConfiguration BGPPeer FelixConfiguration GlobalNetworkPolicy " +
		"GlobalNetworkSet HostEndpoint IPPool",
	"project.openshift.io":              "Project",
	"security.openshift.io":             "SecurityContextConstraints",
	"snapshot.storage.k8s.io":           "VolumeSnapshotClass VolumeSnapshotContent",
	"templates.gatekeeper.sh":           "ConstraintTemplate",
	"user.openshift.io":                 "Group Identity User",
	"wgpolicyk8s.io":                    "ClusterPolicyReport",
	"constraints.gatekeeper.sh":         "*",
	"groupsnapshot.storage.k8s.io":      "VolumeGroupSnapshotClass VolumeGroupSnapshotContent",
	"policies.kyverno.io":               "GeneratingPolicy ImageValidatingPolicy MutatingPolicy ValidatingPolicy DeletingPolicy",
	"trust.cert-manager.io":             "Bundle",
	"multicluster.x-k8s.io":             "ClusterProperty",
	"apiserver.openshift.io":            "APIRequestCount",
	"kueue.x-k8s.io":                    "AdmissionCheck ClusterQueue ResourceFlavor WorkloadPriorityClass",
	"console.openshift.io":              "ConsoleLink ConsolePlugin ConsoleYAMLSample",
	"machineconfiguration.openshift.io": "KubeletConfig MachineConfig MachineConfigPool",
}

// isClusterScoped says whether objects of this kind have no namespace; scopes are those that the input defines.
func isClusterScoped(gk schema.GroupKind, scopes map[schema.GroupKind]bool) bool {
	if namespaced, ok := scopes[gk]; ok {
		return !namespaced
	}
	kinds := clusterScoped[gk.Group]
	if kinds == "*" {
		return true
	}
	for kind := range strings.FieldsSeq(kinds) {
		if kind == gk.Kind {
			return true
		}
	}
	return false
}

// defineScope learns the scope of the kind that a CustomResourceDefinition defines.
func (f *file) defineScope(o *inventory.Object) {
	if o.Kind != "CustomResourceDefinition" || o.Group() != "apiextensions.k8s.io" {
		return
	}
	gk := schema.GroupKind{
		Group: inventory.String(o.Content, "spec", "group"), Kind: inventory.String(o.Content, "spec", "names", "kind"),
	}
	if scope := inventory.String(o.Content, "spec", "scope"); scope != "" && gk.Kind != "" {
		f.scopes[gk] = scope == "Namespaced"
	}
}

// assumeNamespaces gives every namespaced object a namespace and takes it from the others, in the content too, so
// that an object reads as the API server would store it.
func assumeNamespaces(objects []*inventory.Object, scopes map[schema.GroupKind]bool, namespace string) {
	for _, o := range objects {
		meta := inventory.Map(o.Content, "metadata")
		if isClusterScoped(o.GroupKind(), scopes) {
			o.Namespace = ""
			delete(meta, "namespace")
			continue
		}
		if o.Namespace != "" {
			continue
		}
		o.Namespace, o.NamespaceAssumed = namespace, true
		if meta == nil {
			meta = map[string]any{}
			o.Content["metadata"] = meta
		}
		meta["namespace"] = namespace
	}
}

// prune drops what nobody judges before it costs memory: who managed which field, and the schemas of
// CustomResourceDefinitions, which are most of the bytes of many repositories.
func prune(n *yaml.Node, t typeMeta) {
	if meta := field(n, "metadata"); meta != nil {
		dropField(meta, "managedFields")
	}
	if t.kind != "CustomResourceDefinition" || group(t) != "apiextensions.k8s.io" {
		return
	}
	spec := field(n, "spec")
	if spec == nil {
		return
	}
	dropField(spec, "validation")
	versions := field(spec, "versions")
	if versions == nil || versions.Kind != yaml.SequenceNode {
		return
	}
	for _, v := range versions.Content {
		dropField(v, "schema")
	}
}

// dropField removes a field of a map. An anchor in it keeps working, since aliases point to the node itself.
func dropField(n *yaml.Node, name string) {
	if n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			n.Content = append(n.Content[:i], n.Content[i+2:]...)
			return
		}
	}
}

// pruneContent is prune for content that is decoded already.
func pruneContent(content map[string]any, t typeMeta) {
	delete(inventory.Map(content, "metadata"), "managedFields")
	if t.kind != "CustomResourceDefinition" || group(t) != "apiextensions.k8s.io" {
		return
	}
	delete(inventory.Map(content, "spec"), "validation")
	for _, v := range inventory.List(content, "spec", "versions") {
		if version, ok := v.(map[string]any); ok {
			delete(version, "schema")
		}
	}
}

// isStored tells objects that a cluster can store from other documents that have an apiVersion and a kind: settings
// of programs (kubeconfig, kubeadm, kind, skaffold, kustomize), and requests.
func isStored(gk schema.GroupKind, content map[string]any) bool {
	if gk.Group == "kustomize.config.k8s.io" || strings.HasSuffix(gk.Group, ".config.k8s.io") || gk.Group == "audit.k8s.io" {
		return false
	}
	if gk.Group == "" && gk.Kind == "Config" {
		return false
	}
	if _, ok := content["metadata"]; ok {
		return true
	}
	return isBuiltIn(gk.Group) && !strings.HasSuffix(gk.Kind, "Review")
}

// isAuditPolicy says whether a document is a policy of what the API server records: a file of it, and no object.
func isAuditPolicy(gk schema.GroupKind) bool {
	return gk.Group == "audit.k8s.io" && gk.Kind == "Policy"
}

// auditPolicyName is that of audit policies, which need none: an API server has one.
const auditPolicyName = "audit-policy"

// isBuiltIn says whether Kubernetes itself serves the API group.
func isBuiltIn(group string) bool {
	switch group {
	case "", "apps", "batch", "autoscaling", "policy", "extensions", "apiextensions.k8s.io", "apiregistration.k8s.io":
		return true
	}
	_, ok := clusterScoped[group]
	return ok && strings.HasSuffix(group, ".k8s.io")
}
