package attack

var privilegedContainer = Technique{
	ID: "privileged-container", Title: "Leave a privileged container", MITRE: "T1611",
	What: "A privileged container has every capability, every device of the node, no seccomp and no AppArmor profile. Its root mounts " +
		"the node's disk and writes to it, or loads a kernel module, or sets a helper program of the kernel: it is root on the node in " +
		"every way but name. Only its file system looks different. A user namespace (hostUsers: false) keeps all that inside and " +
		"gives no step. So does a user other than root, which has no capabilities: it needs a setuid program or another bug first. " +
		"Privileged init containers are over before an attacker comes, unless they are sidecars (restartPolicy: Always).",
	Needs: "Code in a container with securityContext.privileged: true that runs as root.",
	Proof: "The workload and the field. Check with: kubectl get pod POD -n NAMESPACE -o jsonpath='{..securityContext.privileged}'",
	Cut: "Drop privileged; add the one capability or device that is needed; enforce Pod Security baseline. Where nothing less does " +
		"(CNI, CSI), treat the workload as part of the node.",
	find: func(b *builder) { b.addHoles(privilegedHole) },
}

func privilegedHole(s *surface, e *exposed) (hole, bool) {
	if !e.privileged || e.root == notRoot || s.ownUsers {
		return hole{}, false
	}
	return hole{e.at().Field("securityContext").Field("privileged"), "a container is privileged"}, true
}
