package attack

import "github.com/plimsoll-io/plimsoll/rbac"

var kubeletCredentials = Technique{
	ID: "kubelet-credentials", Title: "Use the credentials of a node's kubelet", MITRE: "T1552.001",
	What: "The kubelet's client certificate lies on the node, under /var/lib/kubelet/pki as a rule. It is the user system:node:NAME in the " +
		"group system:nodes, whose rights the Node authorizer decides: see node-authorizer. Outlasting the node's pods, it is good " +
		"until it expires, a year as a rule, from wherever the API server can be reached.",
	Needs: "Root on the node.",
	Proof: "The node. Check on it with: kubectl --kubeconfig /etc/kubernetes/kubelet.conf auth whoami",
	Cut: "Nothing but not losing the node: the kubelet needs this. Keep NodeRestriction on, rotate certificates, and bind nothing to " +
		"system:node:NAME.",
	find: func(b *builder) {
		for _, o := range b.inv.Of("", NodeKind) {
			b.add(nodeRef(o.Name), nodeUser(o.Name).Ref(), proof{object: o, note: "the kubelet of the node is this user"})
		}
	},
}

// nodeUser is who the kubelet of a node is.
func nodeUser(node string) rbac.Subject {
	return rbac.Subject{Kind: rbac.UserKind, Name: "system:node:" + node}
}
