package attack

var certManager = Technique{
	ID: "cert-manager", Title: "Have cert-manager send Secrets", MITRE: "T1552.007",
	What: "An Issuer of cert-manager for Vault names a server and a Secret to log in with. The controller reads the Secret with its own " +
		"rights and sends its content to the server as soon as the Issuer is made. Who may write Issuers in a namespace so reads any Secret " +
		"of it, and who may write ClusterIssuers any Secret of the cluster resource namespace, which is that of cert-manager itself unless " +
		"--cluster-resource-namespace says otherwise. Certificates of an issuer that exists give no step: whether the API server trusts that " +
		"issuer's CA is not visible.",
	Needs: "cert-manager running, with get on secrets there; create, update or patch on issuers in the namespace, or on clusterissuers; and a " +
		"server that the controller can reach.",
	Proof: "The binding and the rule, and the controller. Check with: kubectl auth can-i create issuers.cert-manager.io -n NAMESPACE --as SUBJECT",
	Cut: "Let only administrators write Issuers and ClusterIssuers, or check them with an admission policy; limit the controller's traffic " +
		"with a NetworkPolicy.",
	find: func(b *builder) {
		const group = "cert-manager.io"
		for _, w := range b.deputies(deputy{group: group, image: imageNamed("cert-manager-controller")}) {
			for _, h := range b.joint(b.writing(group, "issuers", "Issuer", false)) {
				b.sendsSecrets(h, w, h.namespace, "an Issuer for Vault sends a Secret to the server that it names")
			}
			namespace := w.object.Namespace
			if ns, set := w.flag("cluster-resource-namespace"); set && ns != "" && ns != "$(POD_NAMESPACE)" {
				namespace = ns
			}
			for _, h := range b.joint(b.writing(group, "clusterissuers", "ClusterIssuer", true)) {
				b.sendsSecrets(h, w, namespace, "a ClusterIssuer for Vault sends a Secret to the server that it names")
			}
		}
	},
}

// sendsSecrets adds the step to the Secrets of a namespace, if the deputy may read them.
func (b *builder) sendsSecrets(h holder, w *workload, namespace, note string) {
	if b.may(w.account(), right{verbs: []string{"get"}, resource: "secrets", named: true}, namespace) {
		b.add(subject(h), set(AnySecretKind, namespace), proof{grants: h.grants, object: w.object, path: w.at, note: note})
	}
}
