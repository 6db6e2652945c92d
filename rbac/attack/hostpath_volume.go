package attack

var hostPathVolume = Technique{
	ID: "hostpath-volume", Title: "Mount the node's files through a PersistentVolume", MITRE: "T1611",
	What: "A PersistentVolume of type hostPath (or local) is a piece of a node's file system, and no admission of Pod Security looks at it: the " +
		"standards forbid hostPath volumes in pods, but allow persistentVolumeClaim at every level. Who may create PersistentVolumes, a " +
		"claim in his namespace and a pod there mounts the node's root directory, on the node that he names, through a claim. Even as " +
		"restricted demands, without root, a process in group 0 opens the socket of containerd or CRI-O in it. So this goes around " +
		"the refusal that cuts create-pods. The source of an existing PersistentVolume cannot be changed, so that update gives nothing.",
	Needs: "create persistentvolumes, by a ClusterRoleBinding; create persistentvolumeclaims, and create pods or a workload that makes pods, " +
		"in one namespace. A StatefulSet makes its claims itself.",
	Proof: "The bindings and rules for all rights. Check with: kubectl auth can-i create persistentvolumes --as SUBJECT",
	Cut: "Leave PersistentVolumes to storage provisioners and cluster administrators; a validating admission policy can refuse hostPath " +
		"and local PersistentVolumes.",
	find: func(b *builder) {
		volumes := b.creatingByName("", "persistentvolumes", true)
		claims := b.creatingByName("", "persistentvolumeclaims", false)
		sets := b.creatingByName("apps", "statefulsets", false)
		for _, h := range append(b.joint(volumes, claims, b.podsMade()), b.joint(volumes, sets)...) {
			access := b.nodeAccess(&b.claimants, newClaimants, h.namespace)
			b.add(subject(h), set(AnyNodeKind, ""), proof{grants: h.grants, cut: access.cut, note: access.note})
		}
	},
}

// podsMade is how subjects may make pods, themselves or through a workload.
func (b *builder) podsMade() holding {
	ways := []holding{b.creatingByName("", "pods", false)}
	for _, kind := range podMakers() {
		ways = append(ways, b.creatingByName(kind.group, kind.resource, false))
	}
	return either(ways...)
}
