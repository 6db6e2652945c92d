package attack

import "github.com/plimsoll-io/plimsoll/inventory"

var capSysPtrace = Technique{
	ID: "cap-sys-ptrace", Title: "Inject code into a process of the node", MITRE: "T1055.008",
	What: "With hostPID a container sees the node's processes, and with SYS_PTRACE its root may stop any of them, write code into its memory " +
		"and run it: in a root process of the node that is root on the node. The default seccomp profile lets ptrace pass. The default " +
		"AppArmor profile of container runtimes refuses to trace processes outside, so that a pod that asks for RuntimeDefault or a " +
		"profile of its own gives no step; one that says nothing gets the default on nodes with AppArmor (Ubuntu, Debian, SUSE) and " +
		"none on others, so the step is claimed with a note. Without hostPID the capability reaches only the pod's own processes.",
	Needs: "hostPID: true, capabilities.add with SYS_PTRACE (or ALL), and code in that container that runs as root.",
	Proof: "The workload and the capability. Check with: kubectl exec -n NAMESPACE POD -- ls /proc/1/root/",
	Cut:   "Drop hostPID: tracing the own pod's processes does not need it; enforce Pod Security baseline.",
	find:  func(b *builder) { b.addHoles(sysPtraceHole) },
}

func sysPtraceHole(s *surface, e *exposed) (hole, bool) {
	h, ok := s.capabilityHole(e, "SYS_PTRACE")
	if !ok || !s.hostPID {
		return hole{}, false
	}
	switch profile := appArmor(s.workload, e.container); profile {
	case "Unconfined":
	case "":
		if !e.privileged {
			h.note += "; the default AppArmor profile refuses it on nodes that have one"
		}
	default:
		return hole{}, false
	}
	h.note = "with the processes of the node in sight, " + h.note
	return h, true
}

// appArmor is the type of the AppArmor profile that a container asks for: by field, or by the annotation that came before
// it; "" when it does not.
func appArmor(w *workload, c container) string {
	if kind := inventory.String(c.spec, "securityContext", "appArmorProfile", "type"); kind != "" {
		return kind
	}
	meta, _ := w.object.PodMeta()
	switch profile := inventory.String(meta, "annotations", "container.apparmor.security.beta.kubernetes.io/"+inventory.String(c.spec, "name")); profile {
	case "":
	case "unconfined":
		return "Unconfined"
	default:
		return "Localhost"
	}
	return inventory.String(w.spec, "securityContext", "appArmorProfile", "type")
}
