package attack

import (
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

var crossplane = Technique{
	ID: "crossplane", Title: "Have Crossplane apply objects or run packages", MITRE: "T1072",
	What: "Crossplane's provider-kubernetes applies the manifest in an Object, and provider-helm the chart in a Release, with the " +
		"credentials that a ProviderConfig names. With the source InjectedIdentity that is the provider's own service account, " +
		"cluster-admin in most guides. So who may write Objects or Releases has its rights if such a ProviderConfig exists, or if he " +
		"may write one. Credentials in a Secret can be of any cluster and give no step. A package runs an image of its author's choice " +
		"in Crossplane's namespace. A DeploymentRuntimeConfig says how: who may write one besides a Provider or Function has it run as " +
		"any service account of that namespace, and with the rights of the node as far as admission lets pods have them. A Provider " +
		"alone, or a Configuration that depends on one, runs as an account of its own, to which Crossplane's RBAC manager gives all " +
		"rights over Secrets and ConfigMaps, everywhere; without the RBAC manager it has none. Compositions and Operations give no " +
		"step here: what their functions may make, and which composite resources use them, is not read.",
	Needs: "The provider running; create, update or patch on objects of kubernetes.crossplane.io (or kubernetes.m.crossplane.io), or on " +
		"releases of helm.crossplane.io (or helm.m.crossplane.io), and a ProviderConfig with InjectedIdentity; or create, update or " +
		"patch on providers or configurations of pkg.crossplane.io; or on providers or functions together with " +
		"deploymentruntimeconfigs. What is only changed has to exist.",
	Proof: "The bindings and rules, and the provider or its configuration. Check with: kubectl auth can-i create " +
		"objects.kubernetes.crossplane.io --as SUBJECT, and kubectl get providerconfigs.kubernetes.crossplane.io -o yaml",
	Cut: "Give the provider's account only what it manages, and let only administrators write Objects, Releases and packages.",
	find: func(b *builder) {
		for _, p := range crossplaneProviders() {
			for _, w := range b.deputies(p.deputy()) {
				b.findManaged(p, w)
			}
		}
		for _, w := range b.deputies(deputy{group: packageGroup, image: imageNamed("crossplane")}) {
			if w.executes("core") {
				b.findPackages(w)
			} else if w.executes("rbac") {
				b.findProviders(w)
			}
		}
	},
}

const packageGroup = "pkg.crossplane.io"

// A crossplaneProvider applies what its managed resources hold.
type crossplaneProvider struct {
	image, group, resource, kind string
	cluster                      bool // the managed resource and its ProviderConfig lie in no namespace
}

func (p crossplaneProvider) deputy() deputy {
	return deputy{group: p.group, image: imageNamed(p.image), labels: []string{"pkg.crossplane.io/provider=" + p.image}}
}

func crossplaneProviders() []crossplaneProvider {
	return []crossplaneProvider{
		{"provider-kubernetes", "kubernetes.crossplane.io", "objects", "Object", true},
		{"provider-kubernetes", "kubernetes.m.crossplane.io", "objects", "Object", false},
		{"provider-helm", "helm.crossplane.io", "releases", "Release", true},
		{"provider-helm", "helm.m.crossplane.io", "releases", "Release", false},
	}
}

func (b *builder) findManaged(p crossplaneProvider, w *workload) {
	managed := b.writing(p.group, p.resource, p.kind, p.cluster)
	for _, h := range b.joint(managed) {
		if o := b.injected(p.group, h.namespace); o != nil {
			b.add(subject(h), w.account().Ref(), proof{
				grants: h.grants, object: o, path: "spec.credentials.source", note: "the provider applies with its own service account",
			})
		}
	}
	configs := b.writing(p.group, "providerconfigs", "ProviderConfig", p.cluster)
	if !p.cluster {
		configs = either(configs, b.writing(p.group, "clusterproviderconfigs", "ClusterProviderConfig", true))
	}
	for _, h := range b.joint(configs, managed) {
		b.acts(h, w, "a ProviderConfig can make it apply with its own service account")
	}
}

// injected is a ProviderConfig by which the provider uses its own account, usable from the namespace.
func (b *builder) injected(group, namespace string) *inventory.Object {
	for _, kind := range []string{"ProviderConfig", "ClusterProviderConfig"} {
		for _, o := range b.inv.Of(group, kind) {
			if inventory.String(o.Content, "spec", "credentials", "source") == "InjectedIdentity" &&
				(namespace == "" || o.Namespace == "" || o.Namespace == namespace) {
				return o
			}
		}
	}
	return nil
}

// findPackages adds steps for who may install packages and say how they run.
func (b *builder) findPackages(w *workload) {
	packages := either(
		b.writing(packageGroup, "providers", "Provider", true), b.writing(packageGroup, "functions", "Function", true),
	)
	for _, h := range b.joint(packages, b.writing(packageGroup, "deploymentruntimeconfigs", "DeploymentRuntimeConfig", true)) {
		p := proof{grants: h.grants, object: w.object, path: w.at, note: "a package runs any image in its namespace, as any service account"}
		h.namespace = w.object.Namespace
		b.addMadePods(h, p)
	}
}

// findProviders adds steps for who may install providers, to which the RBAC manager gives rights over Secrets.
func (b *builder) findProviders(manager *workload) {
	if !b.may(manager.account(), right{verbs: []string{"bind"}, group: rbac.Group, resource: "clusterroles", cluster: true}, "") {
		return
	}
	for _, h := range b.joint(either(
		b.writing(packageGroup, "providers", "Provider", true), b.writing(packageGroup, "configurations", "Configuration", true),
	)) {
		b.add(subject(h), set(AnySecretKind, ""), proof{
			grants: h.grants, object: manager.object, path: manager.at, note: "a provider of any image gets rights over all Secrets",
		})
	}
}
