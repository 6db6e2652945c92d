package attack

import (
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

var kyverno = Technique{
	ID: "kyverno", Title: "Have Kyverno make and change objects", MITRE: "T1072",
	What: "Kyverno does what its policies say. Rules that generate objects or change existing ones run in its background controller, with " +
		"that controller's rights: those of every ClusterRole with the label rbac.kyverno.io/aggregate-to-background-controller. Such " +
		"a rule can copy any Secret that it may read into the attacker's namespace. A ClusterPolicy has all these rights, a Policy " +
		"only those that count in its own namespace; Kyverno refuses a Policy that reaches out of it. Rules that change objects while " +
		"they are written run in the admission controller, need no rights at all, and change pods as they are created: image, service " +
		"account, mounted Secrets. They reach every namespace but those that Kyverno's ConfigMap leaves out, by default kube-system " +
		"and its own. When a policy is made Kyverno checks that its controllers have the rights that it needs, not that the author has " +
		"them. The newer kinds of policies.kyverno.io (1.15 and later) do the same. Policies that validate, clean up or make " +
		"exceptions give no step.",
	Needs: "Kyverno running; create, update or patch on clusterpolicies or policies of kyverno.io, or on mutatingpolicies, " +
		"generatingpolicies, namespacedmutatingpolicies or namespacedgeneratingpolicies of policies.kyverno.io.",
	Proof: "The binding and the rule, and the controller. Check with: kubectl auth can-i create clusterpolicies.kyverno.io --as SUBJECT, " +
		"and for the rights of the background controller: kubectl auth can-i --list --as " +
		"system:serviceaccount:kyverno:kyverno-background-controller",
	Cut: "Let only administrators write policies, and give the background controller only the rights that the policies in use need.",
	find: func(b *builder) {
		for _, w := range b.deputies(kyvernoBackground()) {
			b.findKyvernoGeneration(w)
		}
		for _, w := range b.deputies(kyvernoAdmission()) {
			b.findKyvernoMutations(w)
		}
	},
}

const (
	kyvernoGroup    = "kyverno.io"
	kyvernoPolicies = "policies.kyverno.io"
)

// kyvernoBackground is the controller that generates objects and changes existing ones.
func kyvernoBackground() deputy {
	return deputy{
		group: kyvernoGroup, image: imageNamed("kyverno/background-controller", "kyverno-background-controller"),
		labels: []string{"app.kubernetes.io/part-of=kyverno", "app.kubernetes.io/component=background-controller"},
	}
}

// kyvernoAdmission is the controller that changes objects while they are written.
func kyvernoAdmission() deputy {
	return deputy{
		group: kyvernoGroup, image: imageNamed("kyverno"),
		labels: []string{"app.kubernetes.io/part-of=kyverno", "app.kubernetes.io/component=admission-controller"},
	}
}

// findKyvernoGeneration adds what the background controller does for authors of policies.
func (b *builder) findKyvernoGeneration(w *workload) {
	for _, h := range b.joint(either(
		b.writing(kyvernoGroup, "clusterpolicies", "ClusterPolicy", true),
		b.writing(kyvernoPolicies, "generatingpolicies", "GeneratingPolicy", true),
		b.writing(kyvernoPolicies, "mutatingpolicies", "MutatingPolicy", true),
	)) {
		b.acts(h, w, "it makes and changes objects as policies say")
	}
	anyKind := func(string, string) bool { return true }
	for _, h := range b.joint(either(
		b.writing(kyvernoGroup, "policies", "Policy", false),
		b.writing(kyvernoPolicies, "namespacedgeneratingpolicies", "NamespacedGeneratingPolicy", false),
	)) {
		p := proof{grants: h.grants, object: w.object, path: w.at, note: "it makes workloads in the namespace of the policy"}
		for _, ns := range b.namespacesOf(h) {
			if !b.kyvernoSkips(w, ns) && b.runsPods(w.account(), ns, anyKind) {
				h.namespace = ns
				b.addMadePods(h, p)
			}
		}
	}
}

// findKyvernoMutations adds what the admission controller does for authors of policies.
func (b *builder) findKyvernoMutations(w *workload) {
	places := b.kyvernoPlaces(w)
	for _, h := range b.joint(either(
		b.writing(kyvernoGroup, "clusterpolicies", "ClusterPolicy", true),
		b.writing(kyvernoPolicies, "mutatingpolicies", "MutatingPolicy", true),
	)) {
		b.addMutations(h, w, places)
	}
	for _, h := range b.joint(either(
		b.writing(kyvernoGroup, "policies", "Policy", false),
		b.writing(kyvernoPolicies, "namespacedmutatingpolicies", "NamespacedMutatingPolicy", false),
	)) {
		if h.namespace == "" {
			b.addMutations(h, w, places)
		} else if slices.Contains(places, h.namespace) {
			b.addMutations(h, w, []string{h.namespace})
		}
	}
}

// kyvernoPlaces are the namespaces where pods run that Kyverno may change.
func (b *builder) kyvernoPlaces(w *workload) []string {
	return slices.DeleteFunc(b.placesOfPods(), func(ns string) bool { return b.kyvernoSkips(w, ns) })
}

// addMutations adds what follows from changing pods of the namespaces while they are created.
func (b *builder) addMutations(h holder, w *workload, places []string) {
	p := proof{grants: h.grants, object: w.object, path: w.at, note: "it changes pods that are created from then on"}
	for _, ns := range places {
		b.add(subject(h), set(AnyAccountKind, ns), p)
		b.add(subject(h), set(AnySecretKind, ns), p)
	}
	b.addNodes(h, p, places)
}

// kyvernoSkips says that Kyverno leaves a namespace out, as its ConfigMap says, or by default.
func (b *builder) kyvernoSkips(w *workload, namespace string) bool {
	settings := b.inv.Get("", "ConfigMap", w.object.Namespace, kyvernoConfig(w))
	if settings == nil {
		return namespace == w.object.Namespace || slices.Contains([]string{"kube-system", "kube-public", "kube-node-lease"}, namespace)
	}
	data := inventory.Map(settings.Content, "data")
	filters, webhooks := inventory.String(data, "resourceFilters"), inventory.String(data, "webhooks")
	return strings.Contains(filters, "[*/*,"+namespace+",*]") || strings.Contains(filters, "[*,"+namespace+",*]") ||
		strings.Contains(webhooks, `"`+namespace+`"`)
}

// kyvernoConfig is the name of the ConfigMap that a container of Kyverno reads.
func kyvernoConfig(w *workload) string {
	for _, c := range containers(w.spec) {
		for _, env := range inventory.Maps(c["env"]) {
			if name := inventory.String(env, "value"); name != "" && inventory.String(env, "name") == "INIT_CONFIG" {
				return name
			}
		}
	}
	return "kyverno"
}
