package attack

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/inventory"
)

var createTokenSecret = Technique{
	ID: "create-token-secret", Title: "Have a token Secret filled", MITRE: "T1528",
	What: "Who creates a Secret of type kubernetes.io/service-account-token with the name of any service account of the namespace in the " +
		"annotation kubernetes.io/service-account.name has it filled by the token controller, still in every version: with a token that " +
		"never expires. Who can then read the Secret acts as that account. A token Secret that exists serves as well: changed to name " +
		"another account, with its token and UID annotation removed, it is filled again. The right to serviceaccounts/token is not " +
		"needed, and resourceNames on it do not help.",
	Needs: "create secrets, or update or patch on a token Secret that exists; and get, list or watch on the same Secret. The service " +
		"account has to exist.",
	Proof: "The bindings and rules for both rights. Check with: kubectl auth can-i create secrets -n NAMESPACE --as SUBJECT, and the same " +
		"for get.",
	Cut: "Do not give both rights over Secrets to one identity in a namespace with stronger accounts; an admission policy can refuse " +
		"Secrets of that type.",
	find: func(b *builder) {
		read := b.holding(right{verbs: []string{"get", "list", "watch"}, resource: "secrets", named: true})
		create, change := b.creating("", "secrets", false), b.changing("", "secrets", false)
		for _, h := range b.jointOnNames(create, read) {
			if b.isFree(h) {
				b.add(subject(h), set(AnyAccountKind, h.namespace), h.proof())
			}
		}
		tokens := b.tokenSecrets()
		for _, h := range b.jointOnNames(change, read) {
			b.refill(h, tokens)
		}
	},
}

// isFree says that no Secret of one of the holder's names exists yet, so that it can be made.
func (b *builder) isFree(h holder) bool {
	return h.names == nil || slices.ContainsFunc(h.names, func(name string) bool {
		return !slices.Contains(b.secrets[h.namespace], name)
	})
}

// tokenSecrets are the token Secrets that can be changed, by namespace.
func (b *builder) tokenSecrets() map[string][]*inventory.Object {
	out := map[string][]*inventory.Object{}
	for _, o := range b.inv.Of("", "Secret") {
		if inventory.String(o.Content, "type") == legacyType && o.Content["immutable"] != true {
			out[o.Namespace] = append(out[o.Namespace], o)
		}
	}
	return out
}

// refill adds a step for the first token Secret of each namespace that the holder can change and read.
func (b *builder) refill(h holder, tokens map[string][]*inventory.Object) {
	for _, namespace := range b.namespacesOf(h) {
		i := slices.IndexFunc(tokens[namespace], func(o *inventory.Object) bool { return h.covers(o.Name) })
		if i >= 0 {
			p := proof{grants: h.grants, object: tokens[namespace][i], note: "the Secret can be made out to another account"}
			b.add(subject(h), set(AnyAccountKind, namespace), p)
		}
	}
}
