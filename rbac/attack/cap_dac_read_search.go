package attack

var capDACReadSearch = Technique{
	ID: "cap-dac-read-search", Title: "Open the node's files by their handles", MITRE: "T1611",
	What: "DAC_READ_SEARCH allows open_by_handle_at, which opens any file of a file system by its inode number, whatever directory the " +
		"container sees: files that Kubernetes itself mounts (/etc/hosts) give away the node's file system, and the root inode is " +
		"number 2. With DAC_OVERRIDE, which containers have by default, files are opened for writing too: the node's password file, " +
		"for example. Known as shocker since 2014; container runtimes drop the capability by default since then, and their seccomp " +
		"profile lets the call pass only with it.",
	Needs: "capabilities.add with DAC_READ_SEARCH (or ALL), DAC_OVERRIDE not dropped or added again, and code in that container that runs " +
		"as root, without a user namespace.",
	Proof: "The workload and the field. Check with: kubectl exec -n NAMESPACE POD -- grep CapEff /proc/1/status",
	Cut:   "Drop the capability; backup agents that need it should read volumes, not the node; enforce Pod Security baseline.",
	find:  func(b *builder) { b.addHoles(readSearchHole) },
}

func readSearchHole(s *surface, e *exposed) (hole, bool) {
	h, ok := s.capabilityHole(e, "DAC_READ_SEARCH")
	if !ok || e.drops("DAC_OVERRIDE") {
		return hole{}, false
	}
	return h, true
}
