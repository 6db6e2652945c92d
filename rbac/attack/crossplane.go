package attack

import (
	"github.com/plimsoll-io/plimsoll/inventory"
)

var crossplane = Technique{
	ID: "crossplane", Title: "Have Crossplane apply objects", MITRE: "T1072",
	What: "Crossplane's provider-kubernetes applies the manifest in an Object, and provider-helm the chart in a Release, with the credentials " +
		"that a ProviderConfig names. With the source InjectedIdentity that is the provider's own service account, cluster-admin in most " +
		"guides. So who may write Objects or Releases has its rights if such a ProviderConfig exists, or if he may write one. Credentials in " +
		"a Secret can be of any cluster and give no step. Who may install a Provider or Function together with a DeploymentRuntimeConfig " +
		"says which image runs in Crossplane's namespace, as which service account. Writing Compositions gives no step here, though those " +
		"that compose Objects do the same in turn.",
	Needs: "The provider running; create, update or patch on objects of kubernetes.crossplane.io (or kubernetes.m.crossplane.io), or on " +
		"releases of helm.crossplane.io (or helm.m.crossplane.io), and a ProviderConfig with InjectedIdentity; or create on providers or " +
		"functions and on deploymentruntimeconfigs of pkg.crossplane.io.",
	Proof: "The bindings and rules, and the provider or its configuration. Check with: kubectl auth can-i create " +
		"objects.kubernetes.crossplane.io --as SUBJECT, and kubectl get providerconfigs.kubernetes.crossplane.io -o yaml",
	Cut: "Give the provider's account only what it manages, and let only administrators write Objects, Releases and packages.",
	find: func(b *builder) {
		for _, p := range crossplaneProviders() {
			for _, w := range b.deputies(deputy{group: p.group, image: imageNamed(p.image)}) {
				b.findManaged(p, w)
			}
		}
		b.findPackages()
	},
}

// A crossplaneProvider applies what its managed resources hold.
type crossplaneProvider struct {
	image, group, resource, kind string
	cluster                      bool // the managed resource and its ProviderConfig lie in no namespace
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
	for _, h := range b.joint(b.writing(p.group, "providerconfigs", "ProviderConfig", p.cluster), managed) {
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
func (b *builder) findPackages() {
	const group = "pkg.crossplane.io"
	for _, w := range b.deputies(deputy{group: group, image: imageNamed("crossplane")}) {
		packages := either(
			b.writing(group, "providers", "Provider", true), b.writing(group, "functions", "Function", true),
		)
		for _, h := range b.joint(packages, b.writing(group, "deploymentruntimeconfigs", "DeploymentRuntimeConfig", true)) {
			p := proof{grants: h.grants, object: w.object, path: w.at, note: "a package runs any image in its namespace, as any service account"}
			b.add(subject(h), set(AnyAccountKind, w.object.Namespace), p)
			b.addNodes(h, p, []string{w.object.Namespace})
		}
	}
}
