package policy

import (
	"slices"
	"strings"
	"sync"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A kindEntry is one built-in kind: where the API server serves it, and the Go type that it decodes it into.
type kindEntry struct {
	gvk        schema.GroupVersionKind
	resource   string
	namespaced bool
	decode     func() runtime.Object
	// former are group versions of the same kind that were served once; their objects are judged as the current one.
	former []string
}

const namespaced = true

// builtinKinds lists the kinds of Kubernetes that policies are written about, in their storage version of today.
func builtinKinds() []kindEntry {
	core, apps, batch := corev1.SchemeGroupVersion, appsv1.SchemeGroupVersion, batchv1.SchemeGroupVersion
	net, rbac, adm := networkingv1.SchemeGroupVersion, rbacv1.SchemeGroupVersion, admissionregistrationv1.SchemeGroupVersion
	oldApps := []string{"apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"}
	oldRBAC := []string{"rbac.authorization.k8s.io/v1beta1", "rbac.authorization.k8s.io/v1alpha1"}
	oldAdm := []string{"admissionregistration.k8s.io/v1beta1"}
	return []kindEntry{
		{core.WithKind("ConfigMap"), "configmaps", namespaced, newOf[corev1.ConfigMap], nil},
		{core.WithKind("Endpoints"), "endpoints", namespaced, newOf[corev1.Endpoints], nil},
		{core.WithKind("LimitRange"), "limitranges", namespaced, newOf[corev1.LimitRange], nil},
		{core.WithKind("Namespace"), "namespaces", false, newOf[corev1.Namespace], nil},
		{core.WithKind("Node"), "nodes", false, newOf[corev1.Node], nil},
		{core.WithKind("PersistentVolume"), "persistentvolumes", false, newOf[corev1.PersistentVolume], nil},
		{core.WithKind("PersistentVolumeClaim"), "persistentvolumeclaims", namespaced, newOf[corev1.PersistentVolumeClaim], nil},
		{core.WithKind("Pod"), "pods", namespaced, newOf[corev1.Pod], nil},
		{core.WithKind("PodTemplate"), "podtemplates", namespaced, newOf[corev1.PodTemplate], nil},
		{core.WithKind("ReplicationController"), "replicationcontrollers", namespaced, newOf[corev1.ReplicationController], nil},
		{core.WithKind("ResourceQuota"), "resourcequotas", namespaced, newOf[corev1.ResourceQuota], nil},
		{core.WithKind("Secret"), "secrets", namespaced, newOf[corev1.Secret], nil},
		{core.WithKind("Service"), "services", namespaced, newOf[corev1.Service], nil},
		{core.WithKind("ServiceAccount"), "serviceaccounts", namespaced, newOf[corev1.ServiceAccount], nil},
		{apps.WithKind("ControllerRevision"), "controllerrevisions", namespaced, newOf[appsv1.ControllerRevision], nil},
		{apps.WithKind("DaemonSet"), "daemonsets", namespaced, newOf[appsv1.DaemonSet], oldApps},
		{apps.WithKind("Deployment"), "deployments", namespaced, newOf[appsv1.Deployment], oldApps},
		{apps.WithKind("ReplicaSet"), "replicasets", namespaced, newOf[appsv1.ReplicaSet], oldApps},
		{apps.WithKind("StatefulSet"), "statefulsets", namespaced, newOf[appsv1.StatefulSet], oldApps},
		{batch.WithKind("CronJob"), "cronjobs", namespaced, newOf[batchv1.CronJob], []string{"batch/v1beta1", "batch/v2alpha1"}},
		{batch.WithKind("Job"), "jobs", namespaced, newOf[batchv1.Job], nil},
		{net.WithKind("Ingress"), "ingresses", namespaced, newOf[networkingv1.Ingress],
			[]string{"extensions/v1beta1", "networking.k8s.io/v1beta1"}},
		{net.WithKind("IngressClass"), "ingressclasses", false, newOf[networkingv1.IngressClass],
			[]string{"networking.k8s.io/v1beta1"}},
		{net.WithKind("NetworkPolicy"), "networkpolicies", namespaced, newOf[networkingv1.NetworkPolicy],
			[]string{"extensions/v1beta1"}},
		{rbac.WithKind("ClusterRole"), "clusterroles", false, newOf[rbacv1.ClusterRole], oldRBAC},
		{rbac.WithKind("ClusterRoleBinding"), "clusterrolebindings", false, newOf[rbacv1.ClusterRoleBinding], oldRBAC},
		{rbac.WithKind("Role"), "roles", namespaced, newOf[rbacv1.Role], oldRBAC},
		{rbac.WithKind("RoleBinding"), "rolebindings", namespaced, newOf[rbacv1.RoleBinding], oldRBAC},
		{adm.WithKind("MutatingWebhookConfiguration"), "mutatingwebhookconfigurations", false,
			newOf[admissionregistrationv1.MutatingWebhookConfiguration], oldAdm},
		{adm.WithKind("ValidatingWebhookConfiguration"), "validatingwebhookconfigurations", false,
			newOf[admissionregistrationv1.ValidatingWebhookConfiguration], oldAdm},
		{adm.WithKind("ValidatingAdmissionPolicy"), "validatingadmissionpolicies", false,
			newOf[admissionregistrationv1.ValidatingAdmissionPolicy], oldAdm},
		{adm.WithKind("ValidatingAdmissionPolicyBinding"), "validatingadmissionpolicybindings", false,
			newOf[admissionregistrationv1.ValidatingAdmissionPolicyBinding], oldAdm},
		{autoscalingv2.SchemeGroupVersion.WithKind("HorizontalPodAutoscaler"), "horizontalpodautoscalers", namespaced,
			newOf[autoscalingv2.HorizontalPodAutoscaler], nil},
		{certificatesv1.SchemeGroupVersion.WithKind("CertificateSigningRequest"), "certificatesigningrequests", false,
			newOf[certificatesv1.CertificateSigningRequest], nil},
		{discoveryv1.SchemeGroupVersion.WithKind("EndpointSlice"), "endpointslices", namespaced,
			newOf[discoveryv1.EndpointSlice], nil},
		{nodev1.SchemeGroupVersion.WithKind("RuntimeClass"), "runtimeclasses", false, newOf[nodev1.RuntimeClass], nil},
		{policyv1.SchemeGroupVersion.WithKind("PodDisruptionBudget"), "poddisruptionbudgets", namespaced,
			newOf[policyv1.PodDisruptionBudget], []string{"policy/v1beta1"}},
		{schedulingv1.SchemeGroupVersion.WithKind("PriorityClass"), "priorityclasses", false, newOf[schedulingv1.PriorityClass], nil},
		{storagev1.SchemeGroupVersion.WithKind("CSIDriver"), "csidrivers", false, newOf[storagev1.CSIDriver], nil},
		{storagev1.SchemeGroupVersion.WithKind("StorageClass"), "storageclasses", false, newOf[storagev1.StorageClass], nil},
		{schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"},
			"customresourcedefinitions", false, nil, nil},
		{schema.GroupVersionKind{Group: "apiregistration.k8s.io", Version: "v1", Kind: "APIService"}, "apiservices", false, nil, nil},
	}
}

// newOf makes an empty object of a type whose pointer is a runtime.Object.
func newOf[T any, P interface {
	*T
	runtime.Object
}]() runtime.Object {
	return P(new(T))
}

// A kindIndex finds built-in kinds.
type kindIndex struct {
	exact  map[schema.GroupVersionKind]*kindEntry // by every group version that they have or had
	byName map[string]*kindEntry                  // by kind alone
	groups map[string]bool                        // that only Kubernetes itself defines kinds in
}

var builtin = sync.OnceValue(func() *kindIndex {
	index := &kindIndex{map[schema.GroupVersionKind]*kindEntry{}, map[string]*kindEntry{}, map[string]bool{"extensions": true}}
	for _, e := range builtinKinds() {
		index.exact[e.gvk] = &e
		index.byName[e.gvk.Kind] = &e
		index.groups[e.gvk.Group] = true
		for _, gv := range e.former {
			index.exact[schema.FromAPIVersionAndKind(gv, e.gvk.Kind)] = &e
		}
	}
	return index
})

// find finds the built-in kind that an object is or means to be: a Deployment of "v1" can be nothing but a slip for one
// of apps/v1, since nobody else can define kinds in that group. It is nil for kinds that are not built in.
func find(gvk schema.GroupVersionKind) *kindEntry {
	index := builtin()
	if e := index.exact[gvk]; e != nil || !index.groups[gvk.Group] {
		return e
	}
	return index.byName[gvk.Kind]
}

// ResourceFor names the resource that an API server serves a kind under. Group versions that are gone are answered
// with the current one, as an API server converts their objects before it judges them (matchPolicy Equivalent): a
// Deployment of extensions/v1beta1 is a "deployments" of apps/v1, and so is one of a group version that never was. For
// kinds that are not built in, the plural is guessed.
func ResourceFor(gvk schema.GroupVersionKind) schema.GroupVersionResource {
	if e := find(gvk); e != nil {
		return e.gvk.GroupVersion().WithResource(e.resource)
	}
	return gvk.GroupVersion().WithResource(guessPlural(gvk.Kind))
}

func guessPlural(kind string) string {
	lower := strings.ToLower(kind)
	switch {
	case strings.HasSuffix(lower, "s"), strings.HasSuffix(lower, "x"), strings.HasSuffix(lower, "ch"):
		return lower + "es"
	case strings.HasSuffix(lower, "y") && !strings.HasSuffix(lower, "ay") && !strings.HasSuffix(lower, "ey"):
		return strings.TrimSuffix(lower, "y") + "ies"
	}
	return lower + "s"
}

// Current is the group version kind that objects of a former one are judged as; gvk itself in all other cases.
func Current(gvk schema.GroupVersionKind) schema.GroupVersionKind {
	if e := find(gvk); e != nil {
		return e.gvk
	}
	return gvk
}

// Kinds are the built-in kinds that the policy's resource rules name, sorted by group and kind.
func (p *Policy) Kinds() []schema.GroupKind {
	var kinds []schema.GroupKind
	for _, e := range builtinKinds() {
		if p.Matches(e.gvk.GroupVersion().WithResource(e.resource)) {
			kinds = append(kinds, e.gvk.GroupKind())
		}
	}
	slices.SortFunc(kinds, func(a, b schema.GroupKind) int {
		return strings.Compare(a.Group+"\x00"+a.Kind, b.Group+"\x00"+b.Kind)
	})
	return kinds
}

// Namespaced says whether objects of a kind live in namespaces. Kinds that are not built in are taken to.
func Namespaced(gvk schema.GroupVersionKind) bool {
	e := find(gvk)
	return e == nil || e.namespaced
}

// BuiltInNamespaced says whether a kind is built in and its objects live in namespaces.
func BuiltInNamespaced(apiVersion, kind string) bool {
	e := find(schema.FromAPIVersionAndKind(apiVersion, kind))
	return e != nil && e.namespaced
}
