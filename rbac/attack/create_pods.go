package attack

import "github.com/plimsoll-io/plimsoll/rbac"

var createPods = Technique{
	ID: "create-pods", Title: "Create a pod", MITRE: "T1610",
	What: "Who creates a pod chooses what it runs, as which service account of the namespace, which Secrets of the namespace it mounts, and " +
		"on which node. None of this is checked against his own rights: the rights of every service account, and the content of every " +
		"Secret whose name he knows or guesses, are his. With spec.nodeName he passes by the scheduler, so that any node can be his too, " +
		"the control plane's included, when the pod may be privileged, or mount the node's files, or add a capability such as " +
		"SYS_ADMIN. Pod Security admission and admission policies can refuse that: then the step to the nodes is cut. They do not cut " +
		"the steps to accounts and Secrets, since even the restricted standard allows both.",
	Needs: "create pods, in the namespace or cluster-wide. A rule with resourceNames does not allow it, since the request carries no name, but " +
		"for server-side apply: create and patch on the same name make a pod of that name (PATCH with a name; the API server then " +
		"checks create with the name).",
	Proof: "The bindings and rules, and what admission says of several pods that take a node, each judged as it would be: privileged, with the " +
		"node's root directory, with the socket of the container runtime, with single capabilities, with the node's processes. Only when " +
		"all are refused, and a harmless one is not, is the step cut. Pods of Windows nodes are not judged. Check with: " +
		"kubectl auth can-i create pods -n NAMESPACE --as SUBJECT, and kubectl run probe --image=registry.k8s.io/pause:3.10 --privileged " +
		"-n NAMESPACE --dry-run=server --as SUBJECT",
	Cut: "Give create pods to controllers only; label namespaces with pod-security.kubernetes.io/enforce: baseline at least; keep accounts " +
		"and Secrets that are worth more in namespaces of their own.",
	find: func(b *builder) {
		for _, h := range b.joint(b.creatingByName("", "pods", false)) {
			b.addMadePods(h, proof{grants: h.grants})
		}
	},
}

// creatingByName is how subjects may make objects of whatever name. A rule with resourceNames allows it
// with server-side apply: its request is a PATCH of a name, and the check for create that follows carries the name too.
// No PUT makes these kinds of objects.
func (b *builder) creatingByName(group, resource string, cluster bool) holding {
	free := b.holding(right{verbs: []string{"create"}, group: group, resource: resource, cluster: cluster})
	named := b.holding(right{verbs: []string{"create"}, group: group, resource: resource, named: true, cluster: cluster})
	patch := b.holding(right{verbs: []string{"patch"}, group: group, resource: resource, named: true, cluster: cluster})
	return holding{
		subjects: named.subjects,
		of: func(s rbac.Subject) []holder {
			out := free.of(s)
			if !named.limited {
				return out
			}
			for _, h := range named.of(s) {
				if h.names == nil {
					continue
				}
				for _, p := range patch.of(s) {
					if joined, ok := h.and(p); ok {
						out = append(out, joined)
					}
				}
			}
			return out
		},
	}
}

// addMadePods adds what follows from making pods of any content where the holder's rights count: any service account,
// any Secret, and any node as far as admission lets them pass.
func (b *builder) addMadePods(h holder, p proof) {
	from := subject(h)
	b.add(from, set(AnyAccountKind, h.namespace), p)
	b.addMadeNodes(h, p)
	p.note = "the pod mounts the Secret; its name has to be known or guessed"
	b.add(from, set(AnySecretKind, h.namespace), p)
}

func (b *builder) addMadeNodes(h holder, p proof) {
	access := b.nodeAccess(&b.hosts, newHostPods, h.namespace)
	p.cut, p.note = access.cut, access.note
	b.add(subject(h), set(AnyNodeKind, ""), p)
}
