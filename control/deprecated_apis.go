package control

import (
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// newestMinor is the newest Kubernetes release that deprecatedAPIs knows, 1.37.
const newestMinor = 37

// deprecatedAPIs says in which minor release of Kubernetes 1 an API was deprecated and removed, "-" for not yet, and what
// replaces it, "-" for nothing. "=" after the replacement says that the same object is valid there, so that changing
// apiVersion is enough. Sources: the lifecycle methods of the types in k8s.io/api (a test compares), and for what has
// left that module the deprecation guide of Kubernetes.
const deprecatedAPIs = `
v1 Endpoints 33 - discovery.k8s.io/v1
v1 ComponentStatus 19 - -
extensions/v1beta1 DaemonSet 8 16 apps/v1
extensions/v1beta1 Deployment 8 16 apps/v1
extensions/v1beta1 DeploymentRollback 8 16 -
extensions/v1beta1 ReplicaSet 8 16 apps/v1
extensions/v1beta1 Scale 2 16 autoscaling/v1
extensions/v1beta1 NetworkPolicy 9 16 networking.k8s.io/v1 =
extensions/v1beta1 PodSecurityPolicy 11 16 -
extensions/v1beta1 Ingress 14 22 networking.k8s.io/v1
apps/v1beta1 ControllerRevision 8 16 apps/v1 =
apps/v1beta1 Deployment 8 16 apps/v1
apps/v1beta1 DeploymentRollback 8 16 -
apps/v1beta1 Scale 8 16 autoscaling/v1
apps/v1beta1 StatefulSet 8 16 apps/v1
apps/v1beta2 ControllerRevision 9 16 apps/v1 =
apps/v1beta2 DaemonSet 9 16 apps/v1
apps/v1beta2 Deployment 9 16 apps/v1
apps/v1beta2 ReplicaSet 9 16 apps/v1
apps/v1beta2 Scale 9 16 autoscaling/v1
apps/v1beta2 StatefulSet 9 16 apps/v1
batch/v2alpha1 CronJob 8 21 batch/v1 =
batch/v1beta1 CronJob 21 25 batch/v1 =
policy/v1beta1 PodSecurityPolicy 21 25 -
policy/v1beta1 PodDisruptionBudget 21 25 policy/v1
policy/v1beta1 Eviction 22 25 policy/v1 =
autoscaling/v2beta1 HorizontalPodAutoscaler 22 25 autoscaling/v2
autoscaling/v2beta2 HorizontalPodAutoscaler 23 26 autoscaling/v2 =
networking.k8s.io/v1beta1 Ingress 19 22 networking.k8s.io/v1
networking.k8s.io/v1beta1 IngressClass 19 22 networking.k8s.io/v1 =
networking.k8s.io/v1beta1 IPAddress 34 37 networking.k8s.io/v1 =
networking.k8s.io/v1beta1 ServiceCIDR 34 37 networking.k8s.io/v1 =
networking.k8s.io/v1alpha1 ClusterCIDR 28 31 -
rbac.authorization.k8s.io/v1alpha1 ClusterRole 17 23 rbac.authorization.k8s.io/v1 =
rbac.authorization.k8s.io/v1alpha1 ClusterRoleBinding 17 23 rbac.authorization.k8s.io/v1
rbac.authorization.k8s.io/v1alpha1 Role 17 23 rbac.authorization.k8s.io/v1 =
rbac.authorization.k8s.io/v1alpha1 RoleBinding 17 23 rbac.authorization.k8s.io/v1
rbac.authorization.k8s.io/v1beta1 ClusterRole 17 22 rbac.authorization.k8s.io/v1 =
rbac.authorization.k8s.io/v1beta1 ClusterRoleBinding 17 22 rbac.authorization.k8s.io/v1 =
rbac.authorization.k8s.io/v1beta1 Role 17 22 rbac.authorization.k8s.io/v1 =
rbac.authorization.k8s.io/v1beta1 RoleBinding 17 22 rbac.authorization.k8s.io/v1 =
admissionregistration.k8s.io/v1beta1 MutatingWebhookConfiguration 16 22 admissionregistration.k8s.io/v1
admissionregistration.k8s.io/v1beta1 ValidatingWebhookConfiguration 16 22 admissionregistration.k8s.io/v1
admissionregistration.k8s.io/v1alpha1 ValidatingAdmissionPolicy 29 32 admissionregistration.k8s.io/v1 =
admissionregistration.k8s.io/v1alpha1 ValidatingAdmissionPolicyBinding 29 32 admissionregistration.k8s.io/v1 =
admissionregistration.k8s.io/v1beta1 ValidatingAdmissionPolicy 31 34 admissionregistration.k8s.io/v1 =
admissionregistration.k8s.io/v1beta1 ValidatingAdmissionPolicyBinding 31 34 admissionregistration.k8s.io/v1 =
admissionregistration.k8s.io/v1alpha1 MutatingAdmissionPolicy 35 38 admissionregistration.k8s.io/v1 =
admissionregistration.k8s.io/v1alpha1 MutatingAdmissionPolicyBinding 35 38 admissionregistration.k8s.io/v1 =
admissionregistration.k8s.io/v1beta1 MutatingAdmissionPolicy 37 40 admissionregistration.k8s.io/v1 =
admissionregistration.k8s.io/v1beta1 MutatingAdmissionPolicyBinding 37 40 admissionregistration.k8s.io/v1 =
apiextensions.k8s.io/v1beta1 CustomResourceDefinition 16 22 apiextensions.k8s.io/v1
apiextensions.k8s.io/v1beta1 ConversionReview 19 22 apiextensions.k8s.io/v1
apiregistration.k8s.io/v1beta1 APIService 19 22 apiregistration.k8s.io/v1 =
authentication.k8s.io/v1alpha1 SelfSubjectReview 29 32 authentication.k8s.io/v1 =
authentication.k8s.io/v1beta1 SelfSubjectReview 30 33 authentication.k8s.io/v1 =
authentication.k8s.io/v1beta1 TokenReview 19 22 authentication.k8s.io/v1 =
authorization.k8s.io/v1beta1 LocalSubjectAccessReview 19 22 authorization.k8s.io/v1
authorization.k8s.io/v1beta1 SelfSubjectAccessReview 19 22 authorization.k8s.io/v1
authorization.k8s.io/v1beta1 SelfSubjectRulesReview 19 22 authorization.k8s.io/v1
authorization.k8s.io/v1beta1 SubjectAccessReview 19 22 authorization.k8s.io/v1
certificates.k8s.io/v1beta1 CertificateSigningRequest 19 22 certificates.k8s.io/v1
certificates.k8s.io/v1alpha1 ClusterTrustBundle 34 37 certificates.k8s.io/v1
certificates.k8s.io/v1beta1 ClusterTrustBundle 37 40 certificates.k8s.io/v1 =
certificates.k8s.io/v1beta1 PodCertificateRequest 37 40 certificates.k8s.io/v1
coordination.k8s.io/v1beta1 Lease 19 22 coordination.k8s.io/v1 =
coordination.k8s.io/v1alpha2 LeaseCandidate 35 38 -
coordination.k8s.io/v1beta1 LeaseCandidate 36 39 -
discovery.k8s.io/v1beta1 EndpointSlice 21 25 discovery.k8s.io/v1
events.k8s.io/v1beta1 Event 22 25 events.k8s.io/v1
flowcontrol.apiserver.k8s.io/v1alpha1 FlowSchema 20 24 flowcontrol.apiserver.k8s.io/v1
flowcontrol.apiserver.k8s.io/v1alpha1 PriorityLevelConfiguration 20 24 flowcontrol.apiserver.k8s.io/v1
flowcontrol.apiserver.k8s.io/v1beta1 FlowSchema 23 26 flowcontrol.apiserver.k8s.io/v1 =
flowcontrol.apiserver.k8s.io/v1beta1 PriorityLevelConfiguration 23 26 flowcontrol.apiserver.k8s.io/v1
flowcontrol.apiserver.k8s.io/v1beta2 FlowSchema 26 29 flowcontrol.apiserver.k8s.io/v1 =
flowcontrol.apiserver.k8s.io/v1beta2 PriorityLevelConfiguration 26 29 flowcontrol.apiserver.k8s.io/v1
flowcontrol.apiserver.k8s.io/v1beta3 FlowSchema 29 32 flowcontrol.apiserver.k8s.io/v1 =
flowcontrol.apiserver.k8s.io/v1beta3 PriorityLevelConfiguration 29 32 flowcontrol.apiserver.k8s.io/v1
node.k8s.io/v1alpha1 RuntimeClass 20 24 node.k8s.io/v1
node.k8s.io/v1beta1 RuntimeClass 22 25 node.k8s.io/v1 =
auditregistration.k8s.io/v1alpha1 AuditSink 19 19 -
settings.k8s.io/v1alpha1 PodPreset 19 20 -
resource.k8s.io/v1alpha1 ResourceClaim 27 27 resource.k8s.io/v1
resource.k8s.io/v1alpha1 ResourceClaimTemplate 27 27 resource.k8s.io/v1
resource.k8s.io/v1alpha1 ResourceClass 27 27 resource.k8s.io/v1
resource.k8s.io/v1alpha1 PodScheduling 27 27 -
resource.k8s.io/v1alpha2 ResourceClaim 31 31 resource.k8s.io/v1
resource.k8s.io/v1alpha2 ResourceClaimTemplate 31 31 resource.k8s.io/v1
resource.k8s.io/v1alpha2 ResourceClass 31 31 resource.k8s.io/v1
resource.k8s.io/v1alpha2 PodSchedulingContext 31 31 -
resource.k8s.io/v1alpha3 PodSchedulingContext 32 32 -
resource.k8s.io/v1alpha3 DeviceTaintRule 36 39 -
resource.k8s.io/v1alpha3 ResourcePoolStatusRequest 39 42 -
resource.k8s.io/v1beta1 DeviceClass 35 38 resource.k8s.io/v1
resource.k8s.io/v1beta1 ResourceClaim 35 38 resource.k8s.io/v1
resource.k8s.io/v1beta1 ResourceClaimTemplate 35 38 resource.k8s.io/v1
resource.k8s.io/v1beta1 ResourceSlice 35 38 resource.k8s.io/v1
resource.k8s.io/v1beta2 DeviceClass 36 39 resource.k8s.io/v1 =
resource.k8s.io/v1beta2 DeviceTaintRule 39 42 -
resource.k8s.io/v1beta2 ResourceClaim 36 39 resource.k8s.io/v1 =
resource.k8s.io/v1beta2 ResourceClaimTemplate 36 39 resource.k8s.io/v1 =
resource.k8s.io/v1beta2 ResourceSlice 36 39 resource.k8s.io/v1 =
lifecycle.k8s.io/v1alpha1 Eviction 40 43 -
lifecycle.k8s.io/v1alpha1 EvictionRequest 40 43 -
scheduling.k8s.io/v1alpha1 PriorityClass 14 23 scheduling.k8s.io/v1 =
scheduling.k8s.io/v1beta1 PriorityClass 14 22 scheduling.k8s.io/v1 =
scheduling.k8s.io/v1beta1 PodGroup 40 43 -
scheduling.k8s.io/v1beta1 Workload 40 43 -
storage.k8s.io/v1alpha1 CSIStorageCapacity 21 24 storage.k8s.io/v1 =
storage.k8s.io/v1alpha1 VolumeAttachment 21 24 storage.k8s.io/v1 =
storage.k8s.io/v1alpha1 VolumeAttributesClass 32 35 storage.k8s.io/v1 =
storage.k8s.io/v1beta1 CSIDriver 19 22 storage.k8s.io/v1 =
storage.k8s.io/v1beta1 CSINode 17 22 storage.k8s.io/v1 =
storage.k8s.io/v1beta1 CSIStorageCapacity 24 27 storage.k8s.io/v1 =
storage.k8s.io/v1beta1 StorageClass 19 22 storage.k8s.io/v1 =
storage.k8s.io/v1beta1 VolumeAttachment 19 22 storage.k8s.io/v1 =
storage.k8s.io/v1beta1 VolumeAttributesClass 34 37 storage.k8s.io/v1 =
storagemigration.k8s.io/v1beta1 StorageVersionMigration 37 40 storagemigration.k8s.io/v1
`

// A deprecation is one line of deprecatedAPIs.
type deprecation struct {
	deprecated, removed int    // minor releases; 0 for not yet
	replacement         string // "apps/v1", "" when there is none
	same                bool   // changing apiVersion is enough
}

// parseDeprecations reads deprecatedAPIs. Its form is held by a test.
func parseDeprecations() map[schema.GroupVersionKind]deprecation {
	table := map[schema.GroupVersionKind]deprecation{}
	for line := range strings.Lines(deprecatedAPIs) {
		field := strings.Fields(line)
		if len(field) < 5 {
			continue
		}
		var d deprecation
		d.deprecated, _ = strconv.Atoi(field[2])
		d.removed, _ = strconv.Atoi(field[3])
		if field[4] != "-" {
			d.replacement = field[4]
		}
		d.same = len(field) > 5 && field[5] == "="
		table[schema.FromAPIVersionAndKind(field[0], field[1])] = d
	}
	return table
}
