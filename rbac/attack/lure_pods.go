package attack

import (
	"slices"
)

var lurePods = Technique{
	ID: "lure-pods", Title: "Drive pods to a node that is held", MITRE: "T1528",
	What: "Who may change nodes puts a taint with the effect NoExecute on all nodes but one: the pods there are evicted at once, and their " +
		"controllers make them again on the one that is left, where the attacker is root and takes their tokens and Secrets. Labels " +
		"of nodes can be changed likewise, so that node selectors do not help. It takes both: the right, and root on a node; a " +
		"workload that can break out of its container and whose service account has the right holds both. Pods of DaemonSets are on the " +
		"node already, pods without a controller are not made again. A node's own kubelet cannot do this: NodeRestriction keeps it from " +
		"taints and from other nodes. nodes/status carries no taints, and gives no step.",
	Needs: "update or patch on nodes by a ClusterRoleBinding, for all nodes but the one that is held, for the service account of a workload, " +
		"whose token is mounted and which has a way to its node.",
	Proof: "The binding and the rule, the workload and the field that opens its container. Check with: kubectl auth can-i patch nodes " +
		"--as system:serviceaccount:NAMESPACE:ACCOUNT",
	Cut: "Give agents nodes/status or nothing; let taints be set by a controller that runs no privileged container; keep workloads with strong " +
		"rights on nodes of their own by an admission policy too.",
	find: func(b *builder) {
		r := right{verbs: []string{"update", "patch"}, resource: "nodes", named: true, cluster: true}
		for i := range b.hostSurfaces() {
			s := &b.surfaces[i]
			h, ok := s.escapes()
			if !ok {
				continue
			}
			if _, has := b.token(s.workload); !has {
				continue
			}
			for _, held := range b.held(s.workload.account(), r, "") {
				if b.drivesAway(held, s.workload) {
					p := s.proof(h)
					p.grants = held.grants
					b.add(s.workload.object.Ref, set(AnyMovablePodKind, ""), p)
				}
			}
		}
	},
}

// drivesAway says that a right covers all nodes but those of the workload.
func (b *builder) drivesAway(h holder, w *workload) bool {
	return h.names == nil || !slices.ContainsFunc(b.nodeNames(), func(node string) bool {
		return !h.covers(node) && !slices.Contains(w.nodes, node)
	})
}
