package attack

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

var relaxPodSecurity = Technique{
	ID: "relax-pod-security", Title: "Take a namespace's Pod Security label away", MITRE: "T1562.001",
	What: "The level of Pod Security admission is a label of the Namespace. Who may change the Namespace takes the label away, or sets it " +
		"to privileged, and then creates the pod that would have been refused: privileged, with the node's files. A request for a " +
		"Namespace counts as lying in it, so that update or patch on namespaces granted by a RoleBinding in the namespace is enough: " +
		"the default ClusterRoles edit and admin do not have it, but roles with every verb on everything do. Only refusals by Pod Security " +
		"labels are counted as opened; other admission policies may still refuse the pod.",
	Needs: "update or patch on the Namespace, and create on pods or on an object that makes pods, in that namespace.",
	Proof: "The bindings and rules for both rights, and the Namespace with the label. Check with: " +
		"kubectl label namespace NAMESPACE pod-security.kubernetes.io/enforce=privileged --overwrite --dry-run=server --as SUBJECT",
	Cut: "Do not let tenants change their Namespace; a validating admission policy can keep the labels of Pod Security as they are.",
	find: func(b *builder) {
		labelled := b.restricted()
		if len(labelled) == 0 {
			return
		}
		for _, h := range b.joint(b.changing("", "namespaces", false), b.making()) {
			for _, ns := range labelled {
				if h.covers(ns.Name) && (h.namespace == "" || h.namespace == ns.Name) {
					b.add(subject(h), set(AnyNodeKind, ""), proof{
						grants: h.grants, object: ns, path: "metadata.labels." + enforceLabel, note: "the label can be changed",
					})
					break // one namespace is enough for every node
				}
			}
		}
	},
}

const enforceLabel = "pod-security.kubernetes.io/enforce"

// restricted are the Namespaces in which only a Pod Security label refuses a privileged pod.
func (b *builder) restricted() []*inventory.Object {
	var out []*inventory.Object
	for _, o := range b.inv.Of("", "Namespace") {
		level := o.Labels()[enforceLabel]
		if level != "baseline" && level != "restricted" {
			continue
		}
		if refused, why := b.refusesPrivileged(o.Name); refused && strings.HasPrefix(why, "Pod Security") {
			out = append(out, o)
		}
	}
	return out
}
