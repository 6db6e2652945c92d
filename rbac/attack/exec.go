package attack

var execIntoPods = Technique{
	ID: "exec", Title: "Run a command in a pod", MITRE: "T1609",
	What: "The exec subresource runs any program of a container's image in the container, as its user, with its token, its Secrets and its " +
		"access to the node. The name of the pod is part of the request; it need not be listed first, but has to be known. " +
		"Clients ask by POST, which is the verb create, or by the GET of a websocket (kubectl does since 1.31). Until 1.34 the API server " +
		"let that GET pass with the verb get alone, so that a role meant to read pods/exec was the right to run commands; since 1.35 it " +
		"demands create for it too (feature AuthorizePodWebsocketUpgradeCreatePermission, on unless switched off). A container without " +
		"a shell can still be entered with whatever program it holds.",
	Needs: "create pods/exec, or get pods/exec on clusters before 1.35; resourceNames limit it to pods of these names: living pods, and " +
		"the numbered pods of a StatefulSet.",
	Proof: "The binding and the rule. Check with: kubectl auth can-i create pods/exec -n NAMESPACE --as SUBJECT",
	Cut:   "Leave exec to a break-glass role that is bound for an hour; debug with logs and copies of pods instead.",
	find: func(b *builder) {
		for _, h := range b.holders(b.streams("exec")) {
			b.addPods(h, h.proof(), AnyPodKind, nil)
		}
	},
}
