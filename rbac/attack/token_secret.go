package attack

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

var tokenSecret = Technique{
	ID: "token-secret", Title: "Use the token in a Secret", MITRE: "T1528",
	What: "A Secret of type kubernetes.io/service-account-token holds a token of the service account in its annotation " +
		"kubernetes.io/service-account.name. It never expires, and is valid everywhere, as long as the Secret and the account exist. " +
		"Before 1.24 every account had one; since then they exist where somebody made them. The legacy token cleaner labels those that " +
		"were made by Kubernetes and lie unused with kubernetes.io/legacy-token-invalid-since, after which the API server refuses them: " +
		"these give no step. What other Secrets hold (kubeconfigs, client certificates, passwords) is not looked at, and so not claimed.",
	Needs: "The Secret can be read; it is filled, not being deleted, and not invalidated; its account is the one with the UID in the " +
		"annotation kubernetes.io/service-account.uid.",
	Proof: "The Secret. Check with: kubectl get secret NAME -n NAMESPACE -o jsonpath='{.type} {.metadata.annotations} {.metadata.labels}'",
	Cut:   "Delete the Secret and use tokens of the TokenRequest API, which pods get by themselves.",
	find: func(b *builder) {
		for _, o := range b.inv.Of("", "Secret") {
			if account, ok := b.tokenOf(o); ok {
				b.add(secretRef(o.Namespace, o.Name), account.Ref(), proof{object: o, path: "metadata.annotations"})
			}
		}
	},
}

const (
	legacyType   = "kubernetes.io/service-account-token"
	ownerName    = "kubernetes.io/service-account.name"
	ownerUID     = "kubernetes.io/service-account.uid"
	invalidSince = "kubernetes.io/legacy-token-invalid-since"
)

// tokenOf is the account whose token a Secret holds; ok is false when it holds none that the API server would take.
func (b *builder) tokenOf(o *inventory.Object) (account rbac.Subject, ok bool) {
	meta := inventory.Map(o.Content, "metadata")
	name := inventory.String(meta, "annotations", ownerName)
	if inventory.String(o.Content, "type") != legacyType || name == "" || meta["deletionTimestamp"] != nil {
		return account, false
	}
	if inventory.String(meta, "labels", invalidSince) != "" {
		return account, false
	}
	if b.inv.Source.Kind == "cluster" && inventory.Map(o.Content, "data")["token"] == nil { // in files, the cluster fills it
		return account, false
	}
	if !slices.Contains(b.accounts[o.Namespace], name) {
		return account, false
	}
	if sa := b.inv.Get("", "ServiceAccount", o.Namespace, name); sa != nil {
		uid, want := inventory.String(sa.Content, "metadata", "uid"), inventory.String(meta, "annotations", ownerUID)
		if uid != "" && want != "" && uid != want {
			return account, false
		}
	}
	return rbac.Account(o.Namespace, name), true
}
