package attack

import "slices"

// What else follows from rewriting custom resources while their controllers read them, besides what crd_conversion.go
// says of Argo CD, the External Secrets Operator and cert-manager.

func (b *builder) rewriteKustomizations(h holder) {
	for _, a := range b.fluxAppliers() {
		for _, namespace := range b.rewritten(h, a.group, a.resource, a.kind) {
			a.step(h, namespace, "", proof{
				grants: h.grants, object: a.workload.object, path: a.workload.at,
				note: "it applies what a " + a.kind + " says, and these can be rewritten while it reads them",
			})
		}
	}
}

func (b *builder) rewritePolicies(h holder) {
	if len(b.rewritten(h, kyvernoGroup, "clusterpolicies", "ClusterPolicy")) == 0 {
		return
	}
	for _, w := range b.deputies(kyvernoBackground()) {
		b.acts(h, w, "it makes and changes objects as policies say, and these can be rewritten while it reads them")
	}
	for _, w := range b.deputies(kyvernoAdmission()) {
		b.addMutations(h, w, b.kyvernoPlaces(w))
	}
}

// rewriteObjects needs a ProviderConfig by which the provider uses its own account.
func (b *builder) rewriteObjects(h holder) {
	for _, p := range crossplaneProviders() {
		namespaces := b.rewritten(h, p.group, p.resource, p.kind)
		usable := slices.ContainsFunc(namespaces, func(ns string) bool { return b.injected(p.group, ns) != nil })
		if !usable {
			continue
		}
		for _, w := range b.deputies(p.deputy()) {
			b.acts(h, w, "it applies what a "+p.kind+" holds, and these can be rewritten while it reads them")
		}
	}
}

func (b *builder) rewriteSchedules(h holder) {
	namespaces := b.rewritten(h, veleroGroup, "schedules", "Schedule")
	if len(namespaces) == 0 {
		return
	}
	for _, w := range b.veleroServers() {
		if slices.Contains(namespaces, w.object.Namespace) && w.veleroRuns("backup") && w.veleroRuns("schedule") {
			b.addHooks(h, w)
		}
	}
}
