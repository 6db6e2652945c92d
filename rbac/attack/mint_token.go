package attack

var mintToken = Technique{
	ID: "mint-token", Title: "Mint a token of another service account", MITRE: "T1528",
	What: "The TokenRequest API gives a fresh token of a service account to whoever may create serviceaccounts/token, and with it " +
		"all rights of that account. No pod is needed and nothing has to run.",
	Needs: "create serviceaccounts/token, in the namespace or cluster-wide; resourceNames limit it to the named accounts.",
	Proof: "The binding and the rule. Check with: kubectl create token ACCOUNT -n NAMESPACE --as SUBJECT",
	Cut:   "Drop the rule, or name with resourceNames the accounts that the controller really mints tokens for.",
	find: func(b *builder) {
		for _, h := range b.holders(right{verbs: []string{"create"}, resource: "serviceaccounts/token", named: true}) {
			b.addAccounts(h, h.proof())
		}
	},
}
