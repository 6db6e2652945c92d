package attack

var nodePods = Technique{
	ID: "node-pods", Title: "Enter the pods of a node", MITRE: "T1611",
	What: "Root on a node is root in every container that runs there: their processes, files, tokens and Secrets are the node's own. " +
		"What an attacker gains depends on what the scheduler puts beside the first pod: a DaemonSet with strong rights is on every node.",
	Needs: "Root on a node on which pods of the workload run. Where the inventory holds no pods (manifests), nothing is claimed.",
	Proof: "The workload, one of whose pods runs on the node. Check with: kubectl get pods -A --field-selector spec.nodeName=NODE",
	Cut: "Keep workloads with strong rights on nodes of their own (taints and node affinity, which only protect as long as nobody can change " +
		"nodes); give DaemonSets as few rights as a single node may have.",
	find: func(b *builder) {
		for i := range b.workloads {
			w := &b.workloads[i]
			for _, node := range w.nodes {
				b.add(nodeRef(node), w.object.Ref, proof{object: w.object, note: "one of its pods runs on the node"})
			}
		}
	},
}
