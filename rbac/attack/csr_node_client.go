package attack

var csrNodeClient = Technique{
	ID: "csr-node-client", Title: "Get a kubelet's certificate approved", MITRE: "T1649",
	What: "The controller manager itself approves requests for kubelet client certificates (user system:node:NAME, group system:nodes) of " +
		"whoever may create certificatesigningrequests/nodeclient: that is how new nodes join. So that right and the one to create " +
		"requests make the identity of any node, one that exists already too. Joining nodes hold them through bootstrap tokens.",
	Needs: "create certificatesigningrequests and create certificatesigningrequests/nodeclient, both cluster-wide. The right to selfnodeclient " +
		"is not enough: it serves who is that node already.",
	Proof: "The bindings and rules for both rights. Check with: kubectl auth can-i create certificatesigningrequests --subresource nodeclient " +
		"--as SUBJECT",
	Cut: "Bind system:certificates.k8s.io:certificatesigningrequests:nodeclient to bootstrap tokens only, and let those end.",
	find: func(b *builder) {
		create := b.holding(right{verbs: []string{"create"}, group: certificates, resource: "certificatesigningrequests", cluster: true})
		client := b.holding(right{
			verbs: []string{"create"}, group: certificates, resource: "certificatesigningrequests/nodeclient", cluster: true,
		})
		for _, h := range b.joint(client, create) {
			b.add(subject(h), nodesGroup.Ref(), h.proof())
		}
	},
}
