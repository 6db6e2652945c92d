package attack

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
)

var ephemeralContainers = Technique{
	ID: "ephemeral-containers", Title: "Add a debugging container to a running pod", MITRE: "T1609",
	What: "An ephemeral container (kubectl debug) runs an image of the attacker's choice inside a running pod: in its network, on request in " +
		"the process namespace of a container, and with any volume of the pod mounted, the one with the token of its service account " +
		"included. It may ask for more than the pod has: a privileged one takes the node on which the pod runs, unless admission " +
		"refuses it, or the pod has a user namespace (hostUsers: false). It cannot be removed, only the pod can, and the API server refuses " +
		"it in static pods.",
	Needs: "update or patch on pods/ephemeralcontainers; the container starts by itself, so that exec and attach are not needed. " +
		"resourceNames limit it to pods of these names.",
	Proof: "The binding and the rule; for the step to a node, what admission says of ephemeral containers that take it. Check with: " +
		"kubectl auth can-i patch pods/ephemeralcontainers -n NAMESPACE --as SUBJECT, and kubectl debug POD --image=busybox " +
		"--profile=sysadmin -n NAMESPACE --as SUBJECT",
	Cut: "Leave it to a break-glass role, and label namespaces with pod-security.kubernetes.io/enforce: baseline, which judges ephemeral containers too.",
	find: func(b *builder) {
		for _, h := range b.holders(right{verbs: []string{"update", "patch"}, resource: "pods/ephemeralcontainers", named: true}) {
			b.addPods(h, h.proof(), AnyEditablePodKind, notStatic)
			b.addDebuggedNodes(h)
		}
	},
}

// addDebuggedNodes adds steps to the nodes of the pods that a holder may add a container to.
func (b *builder) addDebuggedNodes(h holder) {
	if h.namespace == "" && grantsEverything(h.grants[0].Of()) {
		return // holds every node anyway
	}
	open := map[finding.Ref]bool{} // nodes with a step, and whether it is not cut
	for _, ns := range b.namespacesOf(h) {
		nodes := b.debuggableNodes(ns, h.names)
		if len(nodes) == 0 {
			continue
		}
		access := b.nodeAccess(&b.debuggers, newDebuggers, ns)
		p := proof{grants: h.grants, cut: access.cut, note: access.note}
		for _, node := range nodes {
			if was, known := open[node]; !known || !was && access.cut == "" {
				open[node] = access.cut == ""
				b.add(subject(h), node, p)
			}
		}
	}
}

// debuggableNodes are the nodes of a namespace's pods that an ephemeral container would share, each once; of the pods of
// these names when there are any.
func (b *builder) debuggableNodes(namespace string, names []string) []finding.Ref {
	if names != nil {
		var pods []*workload
		for _, name := range names {
			pods = append(pods, b.podNamed(namespace, name)...)
		}
		return nodesOf(pods)
	}
	if nodes, known := b.debugNodes[namespace]; known {
		return nodes
	}
	var pods []*workload
	for _, i := range b.workloadsOf(namespace) {
		pods = append(pods, &b.workloads[i])
	}
	if b.debugNodes == nil {
		b.debugNodes = map[string][]finding.Ref{}
	}
	b.debugNodes[namespace] = nodesOf(pods)
	return b.debugNodes[namespace]
}

// nodesOf are the nodes of workloads whose node an ephemeral container could take: not of static pods, which get none,
// nor of those with a user namespace.
func nodesOf(pods []*workload) []finding.Ref {
	var names []string
	unknown := false
	for _, w := range pods {
		if users, set := w.spec["hostUsers"].(bool); w.static() || set && !users {
			continue
		}
		names = append(names, w.nodes...)
		unknown = unknown || len(w.nodes) == 0
	}
	slices.Sort(names)
	var out []finding.Ref
	for _, name := range slices.Compact(names) {
		out = append(out, nodeRef(name))
	}
	if unknown {
		out = append(out, finding.Ref{Kind: SomeNodeKind})
	}
	return out
}
