package attack

import "github.com/plimsoll-io/plimsoll/inventory"

var mutatingAdmissionPolicies = Technique{
	ID: "mutating-admission-policies", Title: "Change pods by a policy", MITRE: "T1543",
	What: "A MutatingAdmissionPolicy changes objects while they are written, by CEL expressions in the API server itself: no endpoint is " +
		"needed. Who may write one, and a binding that puts it to work, changes the image, command, service account and mounted Secrets of " +
		"pods as they are created, in every namespace. It takes hold when a pod is next created. Nothing is sent anywhere, so that no " +
		"content of other objects is revealed. The API is on by default since 1.36 (stable); in 1.32 to 1.35 it was alpha or beta and off " +
		"unless asked for, so that it counts there only if the inventory holds such a policy.",
	Needs: "create mutatingadmissionpolicies and create mutatingadmissionpolicybindings; or update or patch on a policy that a binding " +
		"names.",
	Proof: "The bindings and rules. Check with: kubectl auth can-i create mutatingadmissionpolicies --as SUBJECT, and the same for " +
		"mutatingadmissionpolicybindings.",
	Cut: "Let only administrators write admission policies and their bindings.",
	find: func(b *builder) {
		if !b.atLeast(36) && len(b.inv.Of(admissionGroup, "MutatingAdmissionPolicy")) == 0 {
			return
		}
		policies, bindings := "mutatingadmissionpolicies", "mutatingadmissionpolicybindings"
		for _, h := range b.joint(b.creating(admissionGroup, policies, true), b.creating(admissionGroup, bindings, true)) {
			p := h.proof()
			p.note = "it takes hold on pods that are created from then on"
			b.addPodChanges(h, p)
		}
		for _, h := range b.joint(b.changing(admissionGroup, policies, true)) {
			if o := b.boundPolicy(h); o != nil {
				b.addPodChanges(h, proof{grants: h.grants, object: o, note: "the policy is bound, and can be changed to change pods"})
			}
		}
	},
}

// boundPolicy is a MutatingAdmissionPolicy that the holder may change and that a binding puts to work.
func (b *builder) boundPolicy(h holder) *inventory.Object {
	for _, binding := range b.inv.Of(admissionGroup, "MutatingAdmissionPolicyBinding") {
		name := inventory.String(binding.Content, "spec", "policyName")
		if o := b.inv.Get(admissionGroup, "MutatingAdmissionPolicy", "", name); o != nil && h.covers(name) {
			return o
		}
	}
	return nil
}
