package attack

// identityTechniques are the techniques of identities and API objects, those of installed controllers last.
func identityTechniques() []Technique {
	return []Technique{
		bind,
		escalate,
		impersonateUsers,
		impersonateGroups,
		impersonateAccounts,
		readSecrets,
		tokenSecret,
		createTokenSecret,
		csrApprove,
		csrNodeClient,
		bootstrapToken,
		awsAuth,
		danglingAccount,
		mutatingWebhooks,
		validatingWebhooks,
		mutatingAdmissionPolicies,
		relaxPodSecurity,
		removeAdmissionPolicy,
		apiServices,
		scriptConfigMap,
		crdConversion,
		flux,
		argoCD,
		certManager,
		externalSecrets,
		kyverno,
		crossplane,
		velero,
		tekton,
		nodeIdentity, // after all that lead to it
	}
}
