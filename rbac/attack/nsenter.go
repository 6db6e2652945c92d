package attack

var nsenter = Technique{
	ID: "nsenter", Title: "Enter the namespaces of the node's first process", MITRE: "T1611",
	What: "With hostPID a container sees the node's processes, and as privileged root it enters the namespaces of process 1: nsenter " +
		"--target 1 --mount --uts --ipc --net --pid -- sh is a shell on the node, no disk or kernel trick needed. hostPID without " +
		"privileges shows command lines and, of the same user, environments, which may hold passwords: that is no step here.",
	Needs: "hostPID: true, and code in a container with securityContext.privileged: true that runs as root.",
	Proof: "The workload and the field hostPID. Check with: kubectl exec -n NAMESPACE POD -- nsenter --target 1 --mount -- cat /etc/hostname",
	Cut:   "Drop hostPID and privileged; enforce Pod Security baseline.",
	find: func(b *builder) {
		b.addHoles(func(s *surface, e *exposed) (hole, bool) {
			_, ok := privilegedHole(s, e)
			return hole{"hostPID", "a privileged container sees the processes of the node"}, ok && s.hostPID
		})
	},
}
