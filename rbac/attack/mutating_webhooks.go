package attack

var mutatingWebhooks = Technique{
	ID: "mutating-webhooks", Title: "Change objects while they are written", MITRE: "T1543",
	What: "A MutatingWebhookConfiguration makes the API server send objects that are being written, of any kind and namespace, to an " +
		"endpoint and store what it answers. Who may write one changes pods as they are created, those of kube-system too: image, command, " +
		"service account, mounted Secrets. It takes hold when a pod is next created, which every rollout, CronJob and node drain does. " +
		"Secrets are seen as they are written, and bindings can be changed while an administrator writes them. Pod Security and other " +
		"validating admission judge the changed pod. Webhook configurations and admission policies themselves are never sent to webhooks.",
	Needs: "create mutatingwebhookconfigurations, or update or patch on one that exists; and an endpoint with a certificate that the API " +
		"server can reach: any URL, or a Service, such as of a pod that the attacker already controls.",
	Proof: "The binding and the rule. Check with: kubectl auth can-i create mutatingwebhookconfigurations --as SUBJECT",
	Cut:   "Let only the installer of a webhook write its configuration, by name; operators that fill in their own CA need patch on one name.",
	find: func(b *builder) {
		for _, h := range b.webhookWriters("mutatingwebhookconfigurations", "MutatingWebhookConfiguration") {
			p := h.proof()
			p.note = "it takes hold on pods that are created from then on, and the API server has to reach the webhook"
			b.addPodChanges(h, p)
		}
	},
}

const admissionGroup = "admissionregistration.k8s.io"

// webhookWriters are who can make an admission configuration of a kind, or change one that exists.
func (b *builder) webhookWriters(resource, kind string) []holder {
	out := b.joint(b.creating(admissionGroup, resource, true))
	for _, h := range b.joint(b.changing(admissionGroup, resource, true)) {
		for _, o := range b.inv.Of(admissionGroup, kind) {
			if h.covers(o.Name) {
				out = append(out, h)
				break
			}
		}
	}
	return out
}
