package attack

var impersonateAccounts = Technique{
	ID: "impersonate-accounts", Title: "Impersonate a service account", MITRE: "T1078",
	What: "With the verb impersonate on serviceaccounts, a request with the header Impersonate-User: " +
		"system:serviceaccount:NAMESPACE:NAME has all rights of that account and of its groups (system:serviceaccounts, " +
		"system:serviceaccounts:NAMESPACE and system:authenticated). The account need not exist. No token is made, so that nothing " +
		"outlives the right.",
	Needs: "impersonate on serviceaccounts of the core group, in the account's namespace or cluster-wide; resourceNames name the accounts.",
	Proof: "The binding and the rule. Check with: kubectl auth can-i impersonate serviceaccounts/NAME -n NAMESPACE --as SUBJECT",
	Cut:   "Bind the right in the namespaces that need it, by a RoleBinding, and name the accounts with resourceNames.",
	find: func(b *builder) {
		for _, h := range b.holders(impersonation("serviceaccounts")) {
			b.addAccounts(h, h.proof())
		}
	},
}
