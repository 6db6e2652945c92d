package attack

import "github.com/plimsoll-io/plimsoll/inventory"

var nodeAuthorizer = Technique{
	ID: "node-authorizer", Title: "Ask as a kubelet for what its pods need", MITRE: "T1528",
	What: "The Node authorizer lets system:node:NAME read the Secrets that the pods bound to that node refer to, those of imagePullSecrets and " +
		"of storage drivers included, and make tokens of their service accounts, bound to those pods. Since 1.33 the admission plugin " +
		"NodeRestriction lets it make tokens only for audiences that a pod asks for (ServiceAccountNodeAudienceRestriction), so that a pod " +
		"without a token gives none; before, it did. NodeRestriction also keeps a node from changing other nodes, its own taints and " +
		"protected labels, and from creating pods other than mirrors of its static ones: no step leads there. RBAC shows nothing of this.",
	Needs: "To be system:node:NAME in the group system:nodes, by its certificate, and --authorization-mode with Node, as every common " +
		"distribution sets.",
	Proof: "The workload, one of whose pods is bound to the node, and the field that names the account or Secret. Check with: " +
		"kubectl get secret NAME -n NAMESPACE --as system:node:NODE --as-group system:nodes",
	Cut: "Close the step that gave the kubelet's certificate; keep NodeRestriction on.",
	find: func(b *builder) {
		for _, node := range b.nodeNames() {
			_, known := b.ids[nodeUser(node).Ref()]
			for _, i := range b.workloadsOn(node) {
				if w := &b.workloads[i]; !w.static() {
					b.addKubeletReads(node, w, known)
				}
			}
		}
	},
}

// addKubeletReads adds what the kubelet of a node may have for a workload's pods. What their containers have themselves
// is added only when the kubelet's credentials can be read without being root on the node: root has the pods anyway
// (node-pods), and one step earlier.
func (b *builder) addKubeletReads(node string, w *workload, all bool) {
	from := nodeUser(node).Ref()
	old := !b.atLeast(33)
	secrets := secretsOutside(w.spec)
	if all {
		secrets = append(secrets, secretsInside(w.spec)...)
	}
	if all || old {
		if _, mounted := b.token(w); old && !mounted || all && mounted {
			b.add(from, w.account().Ref(), proof{object: w.object, path: b.accountField(w), note: "one of its pods is bound to the node"})
		}
	}
	for _, s := range secrets {
		b.add(from, secretRef(w.object.Namespace, s.name), proof{
			object: w.object, path: below(w.at, s.at), note: "one of its pods on the node refers to the Secret",
		})
	}
}

// secretsOutside are the Secrets that a pod names for the kubelet alone: its containers do not get them.
func secretsOutside(spec map[string]any) []usedSecret {
	var out []usedSecret
	for i, ref := range inventory.Maps(spec["imagePullSecrets"]) {
		if name := inventory.String(ref, "name"); name != "" {
			out = append(out, usedSecret{name, itemPath("imagePullSecrets", ref, i)})
		}
	}
	for i, v := range inventory.Maps(spec["volumes"]) {
		if name := inventory.String(v, "csi", "nodePublishSecretRef", "name"); name != "" {
			out = append(out, usedSecret{name, itemPath("volumes", v, i).Field("csi").Field("nodePublishSecretRef").Field("name")})
		}
	}
	return out
}
