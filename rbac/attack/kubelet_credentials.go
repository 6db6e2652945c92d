package attack

import (
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

var kubeletCredentials = Technique{
	ID: "kubelet-credentials", Title: "Use the credentials of a node's kubelet", MITRE: "T1552.001",
	What: "The kubelet's client certificate lies on the node, under /var/lib/kubelet/pki as a rule, and is the user system:node:NAME in the " +
		"group system:nodes. The Node authorizer lets it read the Secrets of the pods bound to that node, those of imagePullSecrets and of " +
		"storage drivers included, and make tokens of their service accounts. Since 1.33 the admission plugin NodeRestriction lets it " +
		"make tokens only for the audiences that a pod asks for (ServiceAccountNodeAudienceRestriction), so that a pod without a token does " +
		"not give one to the kubelet either; before, it did. NodeRestriction also keeps a node from changing other nodes, its own " +
		"taints and protected labels, and from creating pods other than mirrors of its static ones: no step leads there.",
	Needs: "Root on the node.",
	Proof: "The node's name; the workload whose pod runs there and the Secret or account that it refers to. Check on the node with: " +
		"kubectl --kubeconfig /etc/kubernetes/kubelet.conf get secret NAME -n NAMESPACE",
	Cut: "Nothing but not losing the node: the kubelet needs this. Keep NodeRestriction on, and bind nothing to system:nodes or system:node:NAME.",
	find: func(b *builder) {
		old := !b.atLeast(33)
		for _, o := range b.inv.Of("", NodeKind) {
			b.add(nodeRef(o.Name), rbac.Subject{Kind: rbac.UserKind, Name: "system:node:" + o.Name}.Ref(), proof{
				object: o, note: "the kubelet of the node is this user",
			})
		}
		for i := range b.workloads {
			if w := &b.workloads[i]; len(w.nodes) > 0 && !w.static() {
				b.addKubeletReads(w, old)
			}
		}
	},
}

// addKubeletReads adds what the kubelet may have for the workload's pods that their containers do not.
func (b *builder) addKubeletReads(w *workload, old bool) {
	secrets := secretsOutside(w.spec)
	mounted := !old
	if old {
		_, mounted = b.token(w)
	}
	for _, node := range w.nodes {
		if !mounted {
			b.add(nodeRef(node), w.account().Ref(), proof{
				object: w.object, path: b.accountField(w), note: "the kubelet may make tokens of the account",
			})
		}
		for _, s := range secrets {
			b.add(nodeRef(node), secretRef(w.object.Namespace, s.name), proof{
				object: w.object, path: below(w.at, s.at), note: "the kubelet may read the Secret",
			})
		}
	}
}

// secretsOutside are the Secrets that a pod names for the kubelet alone: its containers do not get them.
func secretsOutside(spec map[string]any) []usedSecret {
	var out []usedSecret
	for i, ref := range maps(spec["imagePullSecrets"]) {
		if name := inventory.String(ref, "name"); name != "" {
			out = append(out, usedSecret{name, itemPath("imagePullSecrets", ref, i)})
		}
	}
	for i, v := range maps(spec["volumes"]) {
		if name := inventory.String(v, "csi", "nodePublishSecretRef", "name"); name != "" {
			out = append(out, usedSecret{name, itemPath("volumes", v, i).Field("csi").Field("nodePublishSecretRef").Field("name")})
		}
	}
	return out
}
