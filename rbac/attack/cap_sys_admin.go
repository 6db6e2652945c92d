package attack

var capSysAdmin = Technique{
	ID: "cap-sys-admin", Title: "Leave a container with CAP_SYS_ADMIN", MITRE: "T1611",
	What: "SYS_ADMIN is the capability that allows most of what root can do. In a container it allows to mount, to set the release agent " +
		"of a version 1 cgroup, which the node runs as root, and to load BPF programs, which read and change the memory of any process of " +
		"the node. The default seccomp profile of container runtimes lets these calls pass when the capability is there. A default " +
		"AppArmor profile refuses mounts, but not BPF. A kernel in lockdown refuses BPF's writes, and a user namespace keeps the " +
		"capability inside: then no step is claimed.",
	Needs: "capabilities.add with SYS_ADMIN (or ALL), and code in that container that runs as root.",
	Proof: "The workload and the field. Check with: kubectl exec -n NAMESPACE POD -- grep CapEff /proc/1/status",
	Cut:   "Drop the capability: for BPF alone BPF and PERFMON do, for mounts a CSI driver; enforce Pod Security baseline.",
	find:  func(b *builder) { b.addHoles(sysAdminHole) },
}

func sysAdminHole(s *surface, e *exposed) (hole, bool) { return s.capabilityHole(e, "SYS_ADMIN") }

// capabilityHole is an added capability that counts on the node.
func (s *surface) capabilityHole(e *exposed, name string) (hole, bool) {
	at, ok := e.capability(name)
	return hole{below(e.at(), at), "a container has the capability " + name}, ok && !s.ownUsers
}
