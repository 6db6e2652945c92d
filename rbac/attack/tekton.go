package attack

import "strings"

var tekton = Technique{
	ID: "tekton", Title: "Have Tekton run pods", MITRE: "T1610",
	What: "Tekton makes a pod of every TaskRun and of every task of a PipelineRun, with the images, commands, volumes and security contexts " +
		"that they name and as the service account in spec.serviceAccountName or taskRunTemplate, any of the namespace. So who may create " +
		"them can do what creating pods allows, without the right to create pods. Admission judges the pods as it does all others.",
	Needs: "Tekton's pipeline controller running; create on taskruns or pipelineruns of tekton.dev in the namespace. Changing one that exists " +
		"does not help: their specs cannot be changed.",
	Proof: "The binding and the rule, and the controller. Check with: kubectl auth can-i create taskruns.tekton.dev -n NAMESPACE --as SUBJECT",
	Cut:   "Run pipelines in namespaces without stronger service accounts and Secrets, and let triggers that name their tasks create the runs.",
	find: func(b *builder) {
		for _, w := range b.deputies(deputy{group: tektonGroup, image: isTekton}) {
			for _, h := range b.joint(either(b.creating(tektonGroup, "taskruns", false), b.creating(tektonGroup, "pipelineruns", false))) {
				p := proof{grants: h.grants, object: w.object, path: w.at, note: "it makes the pods that runs describe"}
				b.add(subject(h), set(AnyAccountKind, h.namespace), p)
				b.add(subject(h), set(AnySecretKind, h.namespace), p)
				b.addNodes(h, p, b.namespacesOf(h))
			}
		}
	},
}

const tektonGroup = "tekton.dev"

// isTekton knows the images of the pipeline controller: ".../pipeline/cmd/controller-<hash>", ".../pipeline/controller-<hash>".
func isTekton(image string) bool {
	name := imageName(image)
	return strings.Contains(image, "tektoncd/pipeline/") && (name == "controller" || strings.HasPrefix(name, "controller-"))
}
