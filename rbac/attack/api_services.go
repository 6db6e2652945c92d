package attack

var apiServices = Technique{
	ID: "api-services", Title: "Serve an API group oneself", MITRE: "T1557",
	What: "An APIService says who serves an API group. The built-in groups have one each, which nothing restores while the API server runs. " +
		"Who changes v1.rbac.authorization.k8s.io to point to a Service of his own answers every request for Roles and bindings, those of " +
		"the API server's own authorizer included, which reads them through the same door and asks anew every few minutes: it is then " +
		"shown bindings that make anybody cluster-admin. The core group v1. is open to the same, with the content of every Secret that " +
		"clients write. Creating an APIService takes over no group that is served already, and gives no step; nor does changing the one of " +
		"another extension, such as v1beta1.metrics.k8s.io, beyond what its clients believe.",
	Needs: "update or patch on apiservices, for v1.rbac.authorization.k8s.io or every name; and a Service with an endpoint that the API " +
		"server can reach, such as of type ExternalName.",
	Proof: "The binding and the rule. Check with: kubectl auth can-i patch apiservices/v1.rbac.authorization.k8s.io --as SUBJECT",
	Cut:   "Name the APIServices of the extension with resourceNames.",
	find: func(b *builder) {
		for _, h := range b.joint(b.changing("apiregistration.k8s.io", "apiservices", true)) {
			if h.covers("v1.rbac.authorization.k8s.io") {
				p := h.proof()
				p.note = "the API server has to reach the attacker's endpoint"
				b.add(subject(h), ClusterAdmin, p)
			}
		}
	},
}
