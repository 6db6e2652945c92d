package attack

var validatingWebhooks = Technique{
	ID: "validating-webhooks", Title: "See Secrets while they are written", MITRE: "T1557",
	What: "A ValidatingWebhookConfiguration makes the API server send objects that are being written, changed or deleted to an endpoint: " +
		"the new object and the old one, Secrets with their values. Who may write one reads every Secret that is written from then on, " +
		"of every namespace; one that is never touched again is not seen. Tokens of the TokenRequest API are not sent: they are issued after " +
		"admission. Objects cannot be changed this way; that is what mutating webhooks do.",
	Needs: "create validatingwebhookconfigurations, or update or patch on one that exists; and an endpoint with a certificate that the API " +
		"server can reach.",
	Proof: "The binding and the rule. Check with: kubectl auth can-i create validatingwebhookconfigurations --as SUBJECT",
	Cut:   "Let only the installer of a webhook write its configuration, by name.",
	find: func(b *builder) {
		for _, h := range b.webhookWriters("validatingwebhookconfigurations", "ValidatingWebhookConfiguration") {
			p := h.proof()
			p.note = "Secrets are seen when they are next written, and the API server has to reach the webhook"
			b.add(subject(h), set(AnySecretKind, ""), p)
		}
	},
}
