package attack

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

var controlPlaneNode = Technique{
	ID: "control-plane-node", Title: "Take the cluster from a control plane node", MITRE: "T1552.004",
	What: "A node that runs the API server holds what the cluster is built on: the key of the certificate authority, with which a " +
		"certificate for the group system:masters is written in a minute, the key that signs service account tokens, and etcd with " +
		"everything in it. Root there is more than cluster-admin, and RBAC cannot take it back. Managed services (EKS, GKE, AKS) run " +
		"the control plane elsewhere and show no such nodes.",
	Needs: "Root on a node with a mirror of the static pod kube-apiserver, or with the label node-role.kubernetes.io/control-plane (or " +
		"master, its old name), which kubeadm, k3s, RKE2 and kOps set.",
	Proof: "The node with the label, or the pod. Check with: kubectl get nodes -l node-role.kubernetes.io/control-plane",
	Cut: "Let no workload run on control plane nodes: keep their taint, refuse tolerations of it and spec.nodeName by an admission policy, and " +
		"privileged pods everywhere.",
	find: func(b *builder) {
		for _, node := range b.controlPlane() {
			b.add(nodeRef(node.name), SystemMasters, proof{object: node.object, path: node.at, note: node.note})
		}
	},
}

// A controlNode is a node of the control plane, and what shows it.
type controlNode struct {
	name   string
	object *inventory.Object
	at     finding.Path
	note   string
}

// controlPlane are the nodes that hold the keys of the cluster.
func (b *builder) controlPlane() []controlNode {
	var out []controlNode
	seen := map[string]bool{}
	for _, o := range b.inv.Of("", NodeKind) {
		labels := inventory.Map(o.Content, "metadata", "labels")
		for _, label := range []string{"node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"} {
			if _, has := labels[label]; has && !seen[o.Name] {
				seen[o.Name] = true
				out = append(out, controlNode{o.Name, o, finding.Path("metadata.labels").Field(label), "it is a node of the control plane"})
			}
		}
	}
	for i := range b.workloads {
		w := &b.workloads[i]
		if !w.static() || w.object.Namespace != "kube-system" || inventory.String(w.object.Content, "metadata", "labels", "component") != "kube-apiserver" {
			continue
		}
		for _, node := range w.nodes {
			if !seen[node] {
				seen[node] = true
				out = append(out, controlNode{node, w.object, "spec.nodeName", "the API server runs on node " + node})
			}
		}
	}
	return out
}

// isControlPlane says whether a node holds the keys of the cluster.
func (b *builder) isControlPlane(node string) bool {
	if b.controlNodes == nil {
		b.controlNodes = map[string]bool{}
		for _, n := range b.controlPlane() {
			b.controlNodes[n.name] = true
		}
	}
	return b.controlNodes[node]
}
