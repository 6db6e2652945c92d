package attack

var runtimeSocket = Technique{
	ID: "runtime-socket", Title: "Use the socket of the container runtime", MITRE: "T1611",
	What: "Docker, containerd, CRI-O and podman do what whoever opens their socket says, as root: start a privileged container with the node's " +
		"root directory, for example. A hostPath volume of the socket or of a directory above it (/run, /var/run, /) brings it into the " +
		"container. readOnly does not help: it keeps the file from being replaced, not the socket from being used. The sockets belong " +
		"to root and its group (docker's to the group docker), so that the container has to be root or have such a group. On nodes that " +
		"enforce SELinux, containers of the usual type may not use it.",
	Needs: "A mount of the socket, and code that runs as root or with a group of the socket's; groups that the pod names count, with a note. " +
		"Whether the node has that runtime is not looked at, but for directories, which hold the socket of whichever it has.",
	Proof: "The workload and the volume. Check with: kubectl exec -n NAMESPACE POD -- ls -l /var/run/docker.sock",
	Cut:   "Build images without a daemon (BuildKit rootless, Kaniko); read container metadata from the kubelet's API; enforce Pod Security baseline.",
	find:  func(b *builder) { b.addHoles(socketHole) },
}

// runtimeSockets are where container runtimes listen.
func runtimeSockets() []string {
	return []string{
		"/run/docker.sock", "/run/containerd/containerd.sock", "/run/crio/crio.sock", "/run/cri-dockerd.sock",
		"/run/k3s/containerd/containerd.sock", "/run/podman/podman.sock", "/run/dockershim.sock",
	}
}

func socketHole(_ *surface, e *exposed) (hole, bool) {
	if e.root == notRoot && !e.groups {
		return hole{}, false
	}
	return e.mount(func(m hostMount) (string, bool) {
		socket, ok := holdsAny(m.path, runtimeSockets())
		note := "a volume holds the socket of the container runtime"
		if m.path == socket {
			note = "a volume is the socket " + socket
		}
		if e.root == notRoot {
			note += "; the container is not root, but in groups of the pod's choice"
		}
		return note, ok
	})
}
