package attack

var corePattern = Technique{
	ID: "core-pattern", Title: "Have the kernel start a program on the node", MITRE: "T1611",
	What: "When a process crashes, the kernel starts the program that /proc/sys/kernel/core_pattern names, as root, in the namespaces of the " +
		"node. The file belongs to root, and the kernel asks for no capability: a container that has the node's /proc or a part of it that " +
		"holds the file, as a writable hostPath volume, writes a pattern and crashes a process of its own. kernel/modprobe and " +
		"sysrq-trigger under the same mount do as much. A container's own /proc/sys is read-only. With a user namespace root is not the " +
		"file's owner, and the write is refused.",
	Needs: "A hostPath volume of /proc, /proc/sys, /proc/sys/kernel or the file, not readOnly, and code in the container that runs as root.",
	Proof: "The workload and the volume. Check with: kubectl exec -n NAMESPACE POD -- cat MOUNT/core_pattern",
	Cut:   "Mount /proc readOnly where an agent only reads it; set sysctls when the node boots; enforce Pod Security baseline.",
	find:  func(b *builder) { b.addHoles(corePatternHole) },
}

func corePatternHole(s *surface, e *exposed) (hole, bool) {
	if e.root == notRoot || s.ownUsers {
		return hole{}, false
	}
	return e.mount(func(m hostMount) (string, bool) {
		return "a writable volume of " + m.path + " on the node holds core_pattern",
			!m.readOnly && m.path != "/" && holds(m.path, "/proc/sys/kernel/core_pattern")
	})
}
