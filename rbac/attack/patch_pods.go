package attack

var patchPods = Technique{
	ID: "patch-pods", Title: "Change the image of a running pod", MITRE: "T1525",
	What: "Most of a pod's spec cannot be changed, but spec.containers[*].image can. The kubelet then restarts the container with the new " +
		"image in the same pod: the attacker's code runs with the pod's service account, Secrets and access to the node. Command and " +
		"arguments stay, which an image of one's own obeys as it likes. Labels can be changed too, which moves a pod under another " +
		"Service. Static pods cannot be changed: their copies in the API server are only shown. Pod Security admission judges the whole " +
		"pod again when an image changes, so that a pod that breaks a level set after it was made cannot be changed either.",
	Needs: "update or patch on pods; resourceNames limit it to living pods of these names.",
	Proof: "The binding and the rule. Check with: kubectl set image pod/NAME '*=registry.k8s.io/pause:3.10' -n NAMESPACE --dry-run=server --as SUBJECT",
	Cut:   "Controllers that label pods need patch on pods; nobody else does. An admission policy can refuse images of other registries.",
	find: func(b *builder) {
		for _, h := range b.holders(right{verbs: []string{"update", "patch"}, resource: "pods", named: true}) {
			b.addPods(h, h.proof(), AnyEditablePodKind, notStatic)
		}
	},
}
