package attack

var hostWrite = Technique{
	ID: "host-write", Title: "Write files that the node runs as root", MITRE: "T1611",
	What: "A writable hostPath volume over a place from which the node runs programs or reads orders as root is root on the node: static pod " +
		"manifests, systemd units, cron tables, keys of root's ssh, the password file, programs under /usr, CNI plugins, the kubelet's " +
		"configuration. A directory above them (/, /etc, /var, /opt, /usr) does as well. A claim for a PersistentVolume of type hostPath or " +
		"local counts like a hostPath volume. A user namespace does not help: the kubelet maps the ids of volumes back. Places that are " +
		"not listed here (an application's data directory, /dev without devices allowed, /sys, /lib/modules, /var/lib/docker) give no step, " +
		"though some of them are a way in on some nodes. On nodes that enforce SELinux, containers of the usual type cannot write there.",
	Needs: "A mount that is not readOnly, and code in the container that runs as root.",
	Proof: "The workload and the volume. Check with: kubectl exec -n NAMESPACE POD -- touch MOUNT/probe",
	Cut:   "Mount only the directory that is needed, readOnly where reading is enough; use a local volume of a directory of its own; enforce Pod Security baseline.",
	find:  func(b *builder) { b.addHoles(hostWriteHole) },
}

// rootRuns are the places of a node whose content root runs or obeys.
func rootRuns() []string {
	return []string{
		"/etc/kubernetes/manifests", "/etc/systemd/system", "/etc/cron.d", "/etc/crontab", "/etc/passwd", "/etc/shadow",
		"/etc/sudoers", "/etc/sudoers.d", "/etc/pam.d", "/etc/ld.so.preload", "/etc/cron.hourly", "/etc/cron.daily", "/etc/profile.d",
		"/root/.ssh", "/root/.bashrc", "/usr/bin", "/usr/sbin", "/usr/lib/systemd/system", "/usr/local/bin", "/usr/local/sbin",
		"/bin", "/sbin", "/lib/systemd/system", "/opt/cni/bin", "/var/lib/kubelet/config.yaml", "/var/lib/kubelet/kubeadm-flags.env",
		"/var/spool/cron", "/var/spool/cron/crontabs", "/var/lib/rancher/k3s/agent/pod-manifests", "/var/lib/rancher/rke2/agent/pod-manifests",
	}
}

func hostWriteHole(_ *surface, e *exposed) (hole, bool) {
	if e.root == notRoot {
		return hole{}, false
	}
	return e.mount(func(m hostMount) (string, bool) {
		place, ok := holdsAny(m.path, rootRuns())
		return "a writable volume of " + m.path + " on the node holds " + place, ok && !m.readOnly
	})
}
