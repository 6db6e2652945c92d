package attack

var clusterAdmin = Technique{
	ID: "cluster-admin", Title: "Holds every right", MITRE: "T1078",
	What: "The identity is bound, cluster-wide, to a role with every verb on every resource of every API group: it is " +
		"cluster-admin under whatever name.",
	Needs: "A ClusterRoleBinding to a ClusterRole with verbs, apiGroups and resources all \"*\" and no resourceNames.",
	Proof: "The binding and the rule. Check with: kubectl auth can-i '*' '*' --as SUBJECT",
	Cut:   "Remove the subject from the binding, and bind it to a role with the rights that it uses.",
	find: func(b *builder) {
		for _, h := range b.holders(right{verbs: []string{"*"}, group: "*", resource: "*"}) {
			if h.namespace == "" && h.names == nil {
				b.add(subject(h), ClusterAdmin, h.proof())
			}
		}
	},
}
