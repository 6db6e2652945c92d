package attack

import (
	"github.com/plimsoll-io/plimsoll/rbac"
)

var csrApprove = Technique{
	ID: "csr-approve", Title: "Approve one's own client certificate", MITRE: "T1649",
	What: "Who creates a CertificateSigningRequest for the signer kubernetes.io/kube-apiserver-client and approves it gets a client " +
		"certificate with any name that he asks for: a user, a service account under its user name, a node, in any groups. It stays valid " +
		"until it ends, since Kubernetes cannot revoke certificates. Only the group system:masters is out of reach: the admission plugin " +
		"CertificateSubjectRestriction refuses the request when it is made. The signer kubernetes.io/kube-apiserver-client-kubelet signs " +
		"names of nodes only. Approving takes two rights: the admission plugin CertificateApproval asks for the verb approve on the signer " +
		"besides the right to change the approval. The verb sign and the right to write certificatesigningrequests/status do not issue " +
		"anything: they store a certificate that somebody with the CA's key has signed, and whoever has that key needs no API. They give " +
		"no step. Some managed clusters, such as EKS, do not sign for kube-apiserver-client at all; the inventory does not show that.",
	Needs: "create certificatesigningrequests; update or patch certificatesigningrequests/approval; approve on signers, whose " +
		"resourceNames are exact (kubernetes.io/kube-apiserver-client) or a whole domain (kubernetes.io/*); all cluster-wide. Reading the " +
		"certificate needs no more: a second change of the approval answers with the whole object.",
	Proof: "The bindings and rules for the three rights. Check with: kubectl auth can-i approve signers/kubernetes.io/kube-apiserver-client " +
		"--as SUBJECT, and create certificatesigningrequests, update certificatesigningrequests/approval in the same way.",
	Cut: "Separate who requests from who approves, and limit approve with resourceNames to the signers that are needed.",
	find: func(b *builder) {
		create := b.holding(right{verbs: []string{"create"}, group: certificates, resource: "certificatesigningrequests", cluster: true})
		approval := b.changing(certificates, "certificatesigningrequests/approval", true)
		signers := b.holding(right{verbs: []string{"approve"}, group: certificates, resource: "signers", named: true, cluster: true})
		for _, h := range b.joint(signers, create, approval) {
			switch {
			case h.covers(clientSigner) || h.covers("kubernetes.io/*"):
				b.addCertificate(h)
			case h.covers(kubeletSigner):
				b.add(subject(h), nodesGroup.Ref(), h.proof())
			}
		}
	},
}

const (
	certificates  = "certificates.k8s.io"
	clientSigner  = "kubernetes.io/kube-apiserver-client"
	kubeletSigner = "kubernetes.io/kube-apiserver-client-kubelet"
)

// addCertificate adds steps to everything that a client certificate can name.
func (b *builder) addCertificate(h holder) {
	from, p := subject(h), h.proof()
	b.add(from, set(AnyUserKind, ""), p)
	b.add(from, set(AnyAccountKind, ""), p)
	b.add(from, nodesGroup.Ref(), p)
	for _, s := range b.subjects {
		if s.Kind == rbac.GroupKind && s.Name != rbac.Masters && s != nodesGroup {
			b.add(from, s.Ref(), p)
		}
	}
}
