package attack

import "slices"

var kyverno = Technique{
	ID: "kyverno", Title: "Have Kyverno make and change objects", MITRE: "T1072",
	What: "Kyverno does what its policies say. Rules that generate objects or change existing ones run in its background controller, with " +
		"that controller's rights, and can copy any Secret that it may read into the attacker's namespace. Rules that change objects while " +
		"they are written run in the admission controller and change pods as they are created: image, service account, mounted Secrets. A " +
		"ClusterPolicy reaches every namespace but kube-system and Kyverno's own, which its webhooks leave out by default; a Policy its own " +
		"namespace. When a generating policy is made Kyverno checks that its background controller has the rights, not that the author has.",
	Needs: "Kyverno running; create, update or patch on clusterpolicies or policies of kyverno.io, or on mutatingpolicies or " +
		"generatingpolicies of policies.kyverno.io.",
	Proof: "The binding and the rule, and the controller. Check with: kubectl auth can-i create clusterpolicies.kyverno.io --as SUBJECT",
	Cut:   "Let only administrators write policies, and give the background controller only the rights that the policies in use need.",
	find: func(b *builder) {
		for _, w := range b.deputies(deputy{group: kyvernoGroup, image: imageNamed("background-controller")}) {
			for _, h := range b.joint(either(
				b.writing(kyvernoGroup, "clusterpolicies", "ClusterPolicy", true),
				b.writing(kyvernoPolicies, "generatingpolicies", "GeneratingPolicy", true),
			)) {
				b.acts(h, w, "it makes and changes objects as policies say")
			}
		}
		for _, w := range b.deputies(deputy{group: kyvernoGroup, image: imageNamed("kyverno")}) {
			b.findKyvernoMutations(w)
		}
	},
}

const (
	kyvernoGroup    = "kyverno.io"
	kyvernoPolicies = "policies.kyverno.io"
)

func (b *builder) findKyvernoMutations(w *workload) {
	places := slices.DeleteFunc(b.placesOfPods(), func(ns string) bool { return ns == "kube-system" || ns == w.object.Namespace })
	mutates := func(h holder, places []string) {
		p := proof{grants: h.grants, object: w.object, path: w.at, note: "it changes pods that are created from then on"}
		for _, ns := range places {
			b.add(subject(h), set(AnyAccountKind, ns), p)
			b.add(subject(h), set(AnySecretKind, ns), p)
		}
		b.addNodes(h, p, places)
	}
	for _, h := range b.joint(either(
		b.writing(kyvernoGroup, "clusterpolicies", "ClusterPolicy", true),
		b.writing(kyvernoPolicies, "mutatingpolicies", "MutatingPolicy", true),
	)) {
		mutates(h, places)
	}
	for _, h := range b.joint(b.writing(kyvernoGroup, "policies", "Policy", false)) {
		if h.namespace == "" {
			mutates(h, places)
		} else if slices.Contains(places, h.namespace) {
			mutates(h, []string{h.namespace})
		}
	}
}
