package e2e

import (
	"fmt"
	"math/rand/v2"
)

// oneOf is one of some values.
func oneOf[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// someOf is some of a few values, in a random order, as JSON has it.
func someOf(r *rand.Rand, values ...string) []any {
	out := []any{}
	for _, i := range r.Perm(len(values)) {
		if r.IntN(2) == 0 {
			out = append(out, values[i])
		}
	}
	return out
}

func idRanges(r *rand.Rand) []any {
	min := float64(r.IntN(3) * 100)
	out := []any{map[string]any{"min": min, "max": min + 100}}
	if r.IntN(3) == 0 {
		out = append(out, map[string]any{"min": 1000.0, "max": 1000.0})
	}
	return out
}

func groupStrategy(r *rand.Rand) map[string]any {
	switch r.IntN(4) {
	case 0:
		return map[string]any{"rule": "MustRunAs", "ranges": idRanges(r)}
	case 1:
		return map[string]any{"rule": "MayRunAs", "ranges": idRanges(r)}
	}
	return map[string]any{"rule": "RunAsAny"}
}

// randomPSP is a PodSecurityPolicy that demands a few things: most pods would break one that demands many.
func randomPSP(r *rand.Rand, i int) map[string]any {
	anything := map[string]any{"rule": "RunAsAny"}
	spec := map[string]any{"privileged": true, "hostNetwork": true, "hostPID": true, "hostIPC": true, "volumes": []any{"*"}, "allowedCapabilities": []any{"*"},
		"hostPorts": []any{map[string]any{"min": 0.0, "max": 65535.0}}, "runAsUser": anything, "seLinux": anything, "fsGroup": anything, "supplementalGroups": anything,
		"allowedProcMountTypes": []any{"Default", "Unmasked"}, "allowedUnsafeSysctls": []any{"*"}}
	annotations := map[string]any{"seccomp.security.alpha.kubernetes.io/allowedProfileNames": "*"}
	if r.IntN(4) == 0 { // one that keeps to a level
		for _, field := range []string{"privileged", "hostNetwork", "hostPID", "hostIPC", "hostPorts", "allowedCapabilities", "allowedProcMountTypes", "allowedUnsafeSysctls"} {
			delete(spec, field)
		}
		spec["volumes"] = []any{"configMap", "secret", "emptyDir", "projected", "downwardAPI", "csi", "ephemeral", "persistentVolumeClaim"}
		if r.IntN(2) == 0 {
			spec["allowPrivilegeEscalation"], spec["requiredDropCapabilities"] = false, []any{"ALL"}
			spec["runAsUser"] = map[string]any{"rule": "MustRunAsNonRoot"}
			annotations["seccomp.security.alpha.kubernetes.io/allowedProfileNames"] = "runtime/default"
		}
	}
	for range 1 + r.IntN(3) {
		demand(r, spec, annotations)
	}
	return map[string]any{"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy",
		"metadata": map[string]any{"name": fmt.Sprintf("p%d", i), "annotations": annotations}, "spec": spec}
}

// demand is one random demand.
func demand(r *rand.Rand, spec, annotations map[string]any) {
	switch r.IntN(19) {
	case 0:
		delete(spec, oneOf(r, "privileged", "hostNetwork", "hostPID", "hostIPC"))
	case 1:
		spec["hostPorts"] = oneOf(r, []any{}, []any{map[string]any{"min": 80.0, "max": 100.0}, map[string]any{"min": 8080.0, "max": 8080.0}})
	case 2:
		spec["volumes"] = someOf(r, "configMap", "secret", "emptyDir", "hostPath", "projected", "nfs", "flexVolume", "csi")
	case 3:
		spec["allowedHostPaths"] = oneOf(r, []any{map[string]any{"pathPrefix": "/var"}}, []any{map[string]any{"pathPrefix": "/var/", "readOnly": true}},
			[]any{map[string]any{"pathPrefix": "/var/log"}, map[string]any{"pathPrefix": "/var", "readOnly": true}}, []any{map[string]any{"pathPrefix": "/"}})
	case 4:
		spec["allowedFlexVolumes"] = []any{map[string]any{"driver": "example/lvm"}}
	case 5:
		spec["allowedCSIDrivers"] = []any{map[string]any{"name": "csi.example.com"}}
	case 6:
		spec["allowedCapabilities"] = someOf(r, "NET_ADMIN", "CHOWN", "NET_BIND_SERVICE", "SYS_TIME")
	case 7:
		spec["requiredDropCapabilities"] = someOf(r, "NET_RAW", "MKNOD")
		spec["allowedCapabilities"] = []any{"NET_BIND_SERVICE"}
	case 8:
		spec["readOnlyRootFilesystem"] = true
	case 9:
		spec["runAsUser"] = oneOf(r, map[string]any{"rule": "MustRunAs", "ranges": idRanges(r)}, map[string]any{"rule": "MustRunAsNonRoot"})
	case 10:
		spec["runAsGroup"] = groupStrategy(r)
	case 11:
		spec["fsGroup"] = groupStrategy(r)
	case 12:
		spec["supplementalGroups"] = groupStrategy(r)
	case 13:
		spec["seLinux"] = map[string]any{"rule": "MustRunAs", "seLinuxOptions": map[string]any{"level": "s0:c1,c2", "type": oneOf(r, "", "container_t")}}
	case 14:
		spec["allowPrivilegeEscalation"] = false
	case 15:
		spec["allowedProcMountTypes"] = oneOf(r, []any{}, []any{"Default"}, []any{"Unmasked"})
	case 16:
		spec["allowedUnsafeSysctls"] = someOf(r, "kernel.msg*", "net.core.somaxconn")
		spec["forbiddenSysctls"] = oneOf(r, []any{}, []any{"kernel.shm*"}, []any{"net.ipv4.tcp_syncookies"})
	case 17:
		annotations["seccomp.security.alpha.kubernetes.io/allowedProfileNames"] = oneOf(r, "runtime/default", "docker/default,localhost/a.json", "unconfined")
	case 18:
		spec["runtimeClass"] = map[string]any{"allowedRuntimeClassNames": someOf(r, "gvisor", "kata")}
		annotations["apparmor.security.beta.kubernetes.io/allowedProfileNames"] = oneOf(r, "runtime/default", "runtime/default,localhost/a", "unconfined")
	}
}
