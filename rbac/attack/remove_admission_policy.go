package attack

import (
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

var removeAdmissionPolicy = Technique{
	ID: "remove-admission-policy", Title: "Take a validating admission policy away", MITRE: "T1562.001",
	What: "Where a ValidatingAdmissionPolicy is all that refuses a pod with the node's files, who may delete or change that policy or its " +
		"binding takes it away and then creates the pod. The API server forgets a deleted policy within seconds. Only refusals by " +
		"policies are counted as opened: a namespace that Pod Security labels protect as well stays closed (see relax-pod-security), and " +
		"validating webhooks are not judged at all. With rights on single names the step is claimed only when the cluster has one policy " +
		"that denies, since others might refuse the pod too.",
	Needs: "delete, update or patch on validatingadmissionpolicies or validatingadmissionpolicybindings, cluster-wide, and create on pods or " +
		"on an object that makes pods.",
	Proof: "The bindings and rules for both rights, and the Namespace where the policy refuses such pods. Check with: " +
		"kubectl auth can-i delete validatingadmissionpolicybindings --as SUBJECT",
	Cut: "Leave policies to those who run the cluster; resourceNames let a team manage its own ones.",
	find: func(b *builder) {
		protected := b.protectedByPolicy()
		if len(protected) == 0 {
			return
		}
		for _, h := range b.joint(b.unmaking(), b.making()) {
			for _, p := range protected {
				if (h.namespace == "" || h.namespace == p.namespace.Name) && (h.names == nil || p.only && slices.ContainsFunc(p.names, h.covers)) {
					b.add(subject(h), set(AnyNodeKind, ""), proof{grants: h.grants, object: p.namespace, note: "all that keeps it from there: " + p.why})
					break // one namespace is enough for every node
				}
			}
		}
	},
}

// unmaking is how subjects may end what policies refuse.
func (b *builder) unmaking() holding {
	verbs := []string{"delete", "update", "patch"}
	var ways []holding
	for _, resource := range []string{"validatingadmissionpolicies", "validatingadmissionpolicybindings"} {
		ways = append(ways, b.holding(right{verbs: verbs, group: admissionGroup, resource: resource, named: true, cluster: true}))
	}
	return either(ways...)
}

// A protection is a namespace in which policies alone refuse pods that take the node.
type protection struct {
	namespace *inventory.Object
	why       string
	only      bool     // one policy denies in this cluster
	names     []string // of that policy and its bindings
}

func (b *builder) protectedByPolicy() []protection {
	policies, bindings := b.denying()
	if len(policies) == 0 {
		return nil
	}
	var out []protection
	for _, o := range b.inv.Of("", "Namespace") {
		if level := o.Labels()[enforceLabel]; level == "baseline" || level == "restricted" {
			continue
		}
		if access := b.nodeAccess(&b.hosts, newHostPods, o.Name); strings.HasPrefix(access.cut, "ValidatingAdmissionPolicy ") {
			out = append(out, protection{o, access.cut, len(policies) == 1, append(slices.Clone(policies), bindings...)})
		}
	}
	return out
}

// denying are the names of the policies that some binding makes deny, and of these bindings.
func (b *builder) denying() (policies, bindings []string) {
	for _, o := range b.inv.Of(admissionGroup, "ValidatingAdmissionPolicyBinding") {
		if !slices.Contains(inventory.List(o.Content, "spec", "validationActions"), any("Deny")) {
			continue
		}
		bindings = append(bindings, o.Name)
		if name := inventory.String(o.Content, "spec", "policyName"); !slices.Contains(policies, name) {
			policies = append(policies, name)
		}
	}
	return policies, bindings
}
