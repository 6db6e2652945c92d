package attack

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// CustomResources are the kinds of installed controllers that techniques look at, besides what every inventory holds.
// Without them, rights to change what exists give no step.
func CustomResources() []schema.GroupKind {
	var out []schema.GroupKind
	for _, g := range []struct{ group, kinds string }{
		{"argoproj.io", "AppProject Application ApplicationSet"},
		{"cert-manager.io", "ClusterIssuer Issuer"},
		{"external-secrets.io", "ClusterSecretStore ExternalSecret SecretStore"},
		{"helm.crossplane.io", "ProviderConfig Release"},
		{"helm.m.crossplane.io", "ClusterProviderConfig ProviderConfig Release"},
		{"helm.toolkit.fluxcd.io", "HelmRelease"},
		{"kubernetes.crossplane.io", "Object ProviderConfig"},
		{"kubernetes.m.crossplane.io", "ClusterProviderConfig Object ProviderConfig"},
		{"kustomize.toolkit.fluxcd.io", "Kustomization"},
		{"kyverno.io", "ClusterPolicy Policy"},
		{"pkg.crossplane.io", "Configuration DeploymentRuntimeConfig Function Provider"},
		{"policies.kyverno.io", "GeneratingPolicy MutatingPolicy NamespacedGeneratingPolicy NamespacedMutatingPolicy"},
		{"source.toolkit.fluxcd.io", "Bucket GitRepository HelmChart HelmRepository OCIRepository"},
		{"velero.io", "Backup BackupStorageLocation Schedule"},
	} {
		for kind := range strings.FieldsSeq(g.kinds) {
			out = append(out, schema.GroupKind{Group: g.group, Kind: kind})
		}
	}
	return out
}
