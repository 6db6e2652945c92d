package attack

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

var externalSecrets = Technique{
	ID: "external-secrets", Title: "Have the External Secrets Operator send tokens and Secrets", MITRE: "T1528",
	What: "A SecretStore of the External Secrets Operator names a server and how to log in there: with a Secret, or with a token that the " +
		"operator mints for a service account. The server may be the attacker's. So who may write SecretStores in a namespace gets tokens of " +
		"its service accounts and the content of its Secrets, and who may write ClusterSecretStores, which may refer to any namespace, gets " +
		"those of all. A ClusterSecretStore that exists and reads Secrets of this cluster (provider kubernetes) copies those of its " +
		"namespace to whoever may write ExternalSecrets and read the result. Stores of clouds and vaults lead out of the cluster and give no " +
		"step.",
	Needs: "The operator running, with create on serviceaccounts/token or get on secrets there; create, update or patch on secretstores or " +
		"clustersecretstores of external-secrets.io, and a server that it can reach; or create on externalsecrets and a right to read Secrets.",
	Proof: "The binding and the rule, and the operator or the store. Check with: kubectl auth can-i create secretstores.external-secrets.io " +
		"-n NAMESPACE --as SUBJECT",
	Cut: "Let only administrators write stores, give ClusterSecretStores conditions, run the operator per namespace where tenants write " +
		"stores, and limit its traffic with a NetworkPolicy.",
	find: func(b *builder) {
		for _, w := range b.deputies(deputy{group: externalSecretsGroup, image: imageNamed("external-secrets")}) {
			for _, h := range b.joint(b.writing(externalSecretsGroup, "secretstores", "SecretStore", false)) {
				b.addStore(h, w, h.namespace)
			}
			for _, h := range b.joint(b.writing(externalSecretsGroup, "clustersecretstores", "ClusterSecretStore", true)) {
				b.addStore(h, w, "")
			}
			b.findStores()
		}
	},
}

const externalSecretsGroup = "external-secrets.io"

// addStore adds what a store sends to the server that it names.
func (b *builder) addStore(h holder, w *workload, namespace string) {
	if b.may(w.account(), right{verbs: []string{"create"}, resource: "serviceaccounts/token", named: true}, namespace) {
		b.add(subject(h), set(AnyAccountKind, namespace), proof{
			grants: h.grants, object: w.object, path: w.at, note: "a store makes it send a token of a service account to the server that it names",
		})
	}
	b.sendsSecrets(h, w, namespace, "a store makes it send a Secret to the server that it names")
}

// findStores adds steps for who may have Secrets copied by a store of this cluster, and read the copy.
func (b *builder) findStores() {
	read := b.holding(right{verbs: []string{"get", "list", "watch"}, resource: "secrets", named: true})
	for _, o := range b.inv.Of(externalSecretsGroup, "ClusterSecretStore") {
		provider := inventory.Map(o.Content, "spec", "provider", "kubernetes")
		url := inventory.String(provider, "server", "url")
		if provider == nil || len(inventory.List(o.Content, "spec", "conditions")) > 0 ||
			url != "" && !strings.HasPrefix(strings.TrimPrefix(url, "https://"), "kubernetes.default") {
			continue
		}
		from := inventory.String(provider, "remoteNamespace")
		if from == "" {
			from = "default"
		}
		for _, h := range b.joint(b.writing(externalSecretsGroup, "externalsecrets", "ExternalSecret", false), read) {
			b.add(subject(h), set(AnySecretKind, from), proof{
				grants: h.grants, object: o, path: "spec.provider.kubernetes", note: "the store copies Secrets of namespace " + from,
			})
		}
	}
}
