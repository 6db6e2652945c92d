package attack

var capSysModule = Technique{
	ID: "cap-sys-module", Title: "Load a kernel module", MITRE: "T1547.006",
	What: "SYS_MODULE lets root in a container load a module into the kernel that all containers and the node share: the attacker's code " +
		"runs in the kernel. The default seccomp profile lets init_module pass when the capability is there, and AppArmor has no say. " +
		"Kernels that accept only signed modules (Secure Boot with lockdown, Bottlerocket, Talos) refuse it.",
	Needs: "capabilities.add with SYS_MODULE (or ALL), and code in that container that runs as root, without a user namespace.",
	Proof: "The workload and the field. Check with: kubectl exec -n NAMESPACE POD -- grep CapEff /proc/1/status",
	Cut:   "Load modules when the node boots (/etc/modules-load.d), not from pods; enforce Pod Security baseline.",
	find:  func(b *builder) { b.addHoles(sysModuleHole) },
}

func sysModuleHole(s *surface, e *exposed) (hole, bool) { return s.capabilityHole(e, "SYS_MODULE") }
