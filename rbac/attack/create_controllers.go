package attack

import (
	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/rbac"
)

var createControllers = Technique{
	ID: "create-controllers", Title: "Create a workload that makes pods", MITRE: "T1610",
	What: "A Deployment, DaemonSet, StatefulSet, ReplicaSet, ReplicationController, Job or CronJob makes the pods of its template with the " +
		"rights of a controller of kube-system, not with those of its author. Creating one is as good as creating a pod: any service " +
		"account, any Secret and any node, as create-pods tells. Admission judges the pods when the controller makes them, so that a " +
		"refusal of Pod Security holds here too, though the workload itself is accepted with a warning. The right to scale " +
		"(deployments/scale and so on), to create podtemplates, or only to read gives nothing.",
	Needs: "create on one of deployments, daemonsets, statefulsets, replicasets (apps), replicationcontrollers (core), jobs or cronjobs " +
		"(batch). A rule with resourceNames needs patch on the same name besides, for server-side apply.",
	Proof: "The bindings and rules, and what admission says of the pods. Check with: kubectl auth can-i create deployments.apps -n NAMESPACE --as SUBJECT",
	Cut:   "As for create-pods: who deploys into a namespace owns its service accounts and Secrets, so give each tenant a namespace of his own.",
	find: func(b *builder) {
		seen := map[grantedTo]bool{} // one rule often names many of the kinds
		for _, kind := range podMakers() {
			for _, h := range b.joint(b.creatingByName(kind.group, kind.resource, false)) {
				if len(h.grants) == 1 {
					key := grantedTo{subject(h), h.grants[0].Binding, h.grants[0].Rule}
					if seen[key] {
						continue
					}
					seen[key] = true
				}
				b.addMadePods(h, proof{grants: h.grants})
			}
		}
	},
}

type grantedTo struct {
	subject finding.Ref
	binding *rbac.Binding
	rule    int
}

// A podMaker is a kind of objects of which a controller makes pods.
type podMaker struct {
	group, resource, kind string
	fixed                 bool // the template cannot be changed once it is there
}

func podMakers() []podMaker {
	return []podMaker{
		{"apps", "deployments", "Deployment", false},
		{"apps", "daemonsets", "DaemonSet", false},
		{"apps", "statefulsets", "StatefulSet", false},
		{"apps", "replicasets", "ReplicaSet", false},
		{"", "replicationcontrollers", "ReplicationController", false},
		{"batch", "jobs", "Job", true},
		{"batch", "cronjobs", "CronJob", false},
	}
}
