package attack

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

var externalSecrets = Technique{
	ID: "external-secrets", Title: "Have the External Secrets Operator send tokens and Secrets", MITRE: "T1528",
	What: "A SecretStore of the External Secrets Operator names a server and how to log in there. With the provider kubernetes that can be " +
		"a token that the operator mints for a service account (auth.serviceAccount), or a Secret (auth.token.bearerToken); it sends " +
		"either to server.url as soon as the store is made, and the author names that URL. So who may write SecretStores in a " +
		"namespace gets tokens of its service accounts and the content of its Secrets, and who may write ClusterSecretStores, which " +
		"may refer to any namespace, gets those of all. Who can write a Secret as well takes the operator's own token: authRef names a " +
		"Secret with a kubeconfig, and a kubeconfig may log in with a file, such as the operator's token, at any server. A store that " +
		"exists and reads Secrets of this cluster copies those of its namespace to whoever may write ExternalSecrets where the store " +
		"counts and read the result. Stores of clouds and vaults, and PushSecrets to them, lead out of the cluster and give no step; " +
		"nor do stores with conditions, which limit who may use them.",
	Needs: "The operator running, with create on serviceaccounts/token or get on secrets there; create, update or patch on secretstores or " +
		"clustersecretstores of external-secrets.io, and a server that it can reach; or create, update or patch on externalsecrets and " +
		"a right to read Secrets in the same namespace.",
	Proof: "The binding and the rule, and the operator or the store. The flags --namespace, --enable-secret-store-reconciler and " +
		"--enable-cluster-store-reconciler are heeded. Check with: kubectl auth can-i create secretstores.external-secrets.io -n " +
		"NAMESPACE --as SUBJECT",
	Cut: "Let only administrators write stores, give ClusterSecretStores conditions, run the operator per namespace where tenants write " +
		"stores, and limit its traffic with a NetworkPolicy.",
	find: func(b *builder) {
		runs := false
		for _, w := range b.deputies(deputy{
			group: externalSecretsGroup, image: imageNamed("external-secrets"), labels: []string{"app.kubernetes.io/name=external-secrets"},
		}) {
			if w.executes("webhook") || w.executes("certcontroller") { // the same image in other parts
				continue
			}
			runs = true
			b.findStoreWriters(w)
		}
		if runs {
			b.findStores()
		}
	},
}

const externalSecretsGroup = "external-secrets.io"

func (b *builder) findStoreWriters(w *workload) {
	stores := b.writing(externalSecretsGroup, "secretstores", "SecretStore", false)
	clusterStores := b.writing(externalSecretsGroup, "clustersecretstores", "ClusterSecretStore", true)
	if only, given := w.flag("namespace"); given && only != "" {
		stores = stores.at(only)
	}
	secrets := either(b.creating("", "secrets", false), b.changing("", "secrets", false))
	const own = "a store that logs in with a kubeconfig makes it send its own token to the server that the kubeconfig names"
	if enabled, given := w.flag("enable-secret-store-reconciler"); !given || enabled == "true" {
		for _, h := range b.joint(stores) {
			b.addStore(h, w, h.namespace)
		}
		for _, h := range b.joint(stores, secrets) {
			b.acts(h, w, own)
		}
	}
	if enabled, given := w.flag("enable-cluster-store-reconciler"); !given || enabled == "true" {
		for _, h := range b.joint(clusterStores) {
			b.addStore(h, w, "")
		}
		for _, h := range b.joint(clusterStores, secrets) {
			b.acts(h, w, own)
		}
	}
}

// addStore adds what a store sends to the server that it names.
func (b *builder) addStore(h holder, w *workload, namespace string) {
	b.sendsTokens(h, w, namespace, "a store makes it send a token of a service account to the server that it names")
	b.sendsSecrets(h, w, namespace, "a store makes it send a Secret to the server that it names")
}

// findStores adds steps for who may have Secrets copied by a store of this cluster, and read the copy.
func (b *builder) findStores() {
	read := b.holding(right{verbs: []string{"get", "list", "watch"}, resource: "secrets", named: true})
	copying := b.writing(externalSecretsGroup, "externalsecrets", "ExternalSecret", false)
	for _, kind := range []string{"ClusterSecretStore", "SecretStore"} {
		for _, o := range b.inv.Of(externalSecretsGroup, kind) {
			from, ok := b.copiesFrom(o)
			if !ok {
				continue
			}
			ways := []holding{copying, read}
			if o.Namespace != "" {
				ways = []holding{copying.at(o.Namespace), read.at(o.Namespace)}
			}
			p := proof{object: o, path: "spec.provider.kubernetes", note: "the store copies Secrets of namespace " + from}
			for _, h := range b.joint(ways[0], ways[1]) {
				p.grants = h.grants
				b.add(subject(h), set(AnySecretKind, from), p)
			}
		}
	}
}

// copiesFrom is the namespace of this cluster whose Secrets a store reads as a service account that may read them all.
func (b *builder) copiesFrom(store *inventory.Object) (namespace string, ok bool) {
	provider := inventory.Map(store.Content, "spec", "provider", "kubernetes")
	url := inventory.String(provider, "server", "url")
	if provider == nil || len(inventory.List(store.Content, "spec", "conditions")) > 0 ||
		url != "" && !strings.HasPrefix(strings.TrimPrefix(url, "https://"), "kubernetes.default") {
		return "", false
	}
	namespace = inventory.String(provider, "remoteNamespace")
	if namespace == "" {
		namespace = "default"
	}
	as := inventory.Map(provider, "auth", "serviceAccount")
	account := rbac.Account(store.Namespace, inventory.String(as, "name"))
	if store.Namespace == "" {
		account.Namespace = inventory.String(as, "namespace")
	}
	if account.Name == "" || account.Namespace == "" {
		return "", false
	}
	return namespace, b.may(account, right{verbs: []string{"get"}, resource: "secrets", named: true}, namespace)
}
