package attack

import (
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

var crdConversion = Technique{
	ID: "crd-conversion", Title: "Rewrite custom resources by a conversion webhook", MITRE: "T1557",
	What: "Who may change a CustomResourceDefinition adds a version to it, stores objects in that version and names a conversion webhook of " +
		"his own. From then on the API server asks the webhook for every object of the kind that is read in another version than it is " +
		"stored in, and controllers get what the webhook answers: any spec, for objects that exist already. So he gives orders to the " +
		"controller without a right over its objects: Argo CD applies another repository, stores of the External Secrets Operator and " +
		"Issuers of cert-manager send tokens and Secrets to another server, Flux, Kyverno and Crossplane apply what he likes, and " +
		"Schedules of Velero run commands in pods. It takes hold when an object is next written, which " +
		"controllers do by themselves to keep its status. Kinds without a known controller, or without objects, give no step; what their " +
		"specs hold is revealed all the same.",
	Needs: "update or patch on the CustomResourceDefinition, an object of its kind, the controller, and an endpoint with a certificate that " +
		"the API server can reach.",
	Proof: "The binding and the rule, and the controller. Check with: kubectl auth can-i patch customresourcedefinitions/NAME --as SUBJECT",
	Cut:   "Let only installers write CustomResourceDefinitions; operators that keep their CA bundle in them need patch on those names only.",
	find: func(b *builder) {
		for _, h := range b.joint(b.changing("apiextensions.k8s.io", "customresourcedefinitions", true)) {
			b.rewriteApplications(h)
			b.rewriteStores(h)
			b.rewriteIssuers(h)
			b.rewriteKustomizations(h)
			b.rewritePolicies(h)
			b.rewriteObjects(h)
			b.rewriteSchedules(h)
		}
	},
}

// rewritten are the namespaces of a kind's objects, if the holder can change its definition; nil when there are none.
func (b *builder) rewritten(h holder, group, resource, kind string) []string {
	if !h.covers(resource + "." + group) {
		return nil
	}
	var out []string
	for _, o := range b.inv.Of(group, kind) {
		if !slices.Contains(out, o.Namespace) {
			out = append(out, o.Namespace)
		}
	}
	return out
}

func (b *builder) rewriteApplications(h holder) {
	namespaces := b.rewritten(h, argoGroup, "applications", "Application")
	if len(namespaces) == 0 {
		return
	}
	for _, w := range b.deputies(deputy{group: argoGroup, image: imageNamed("argocd")}) {
		controls := slices.ContainsFunc(containers(w.spec), func(c map[string]any) bool {
			words := append(texts(c["command"]), texts(c["args"])...)
			return slices.ContainsFunc(words, func(word string) bool { return strings.HasSuffix(word, "argocd-application-controller") })
		})
		if controls && slices.Contains(namespaces, w.object.Namespace) && b.hasOpenProject(w.object.Namespace) {
			b.acts(h, w, "it applies what Applications say, and these can be rewritten while it reads them")
		}
	}
}

// hasOpenProject says that an Application in Argo CD's namespace may name a project that allows everything.
func (b *builder) hasOpenProject(namespace string) bool {
	return slices.ContainsFunc(b.inv.Of(argoGroup, "AppProject"), func(o *inventory.Object) bool {
		spec := inventory.Map(o.Content, "spec")
		everywhere := slices.ContainsFunc(inventory.Maps(spec["destinations"]), func(d map[string]any) bool {
			return inventory.String(d, "namespace") == "*" && inventory.String(d, "server") == "*"
		})
		everything := slices.ContainsFunc(inventory.Maps(spec["clusterResourceWhitelist"]), func(k map[string]any) bool {
			return inventory.String(k, "group") == "*" && inventory.String(k, "kind") == "*"
		})
		return o.Namespace == namespace && everywhere && everything && slices.Contains(texts(spec["sourceRepos"]), "*")
	})
}

func (b *builder) rewriteStores(h holder) {
	stores := b.rewritten(h, externalSecretsGroup, "secretstores", "SecretStore")
	cluster := b.rewritten(h, externalSecretsGroup, "clustersecretstores", "ClusterSecretStore")
	if len(stores)+len(cluster) == 0 {
		return
	}
	for _, w := range b.deputies(deputy{group: externalSecretsGroup, image: imageNamed("external-secrets")}) {
		for _, namespace := range append(stores, cluster...) { // "" of those of the cluster
			b.addStore(h, w, namespace)
		}
	}
}

func (b *builder) rewriteIssuers(h holder) {
	const group = "cert-manager.io"
	issuers := b.rewritten(h, group, "issuers", "Issuer")
	if len(issuers) == 0 {
		return
	}
	for _, w := range b.deputies(deputy{group: group, image: imageNamed("cert-manager-controller")}) {
		for _, namespace := range issuers {
			b.sendsSecrets(h, w, namespace, "an Issuer can be rewritten to one for Vault, which sends a Secret to the server that it names")
		}
	}
}
