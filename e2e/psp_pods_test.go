package e2e

import (
	"fmt"
	"math/rand/v2"
)

// randomPSPPod drops ALL only with the others: for Kubernetes 1.24 ALL did not include them, which nobody meant.
//
// It is a pod that a user may write: a hardened one, or a plain one, with a few oddities.
func randomPSPPod(r *rand.Rand, i int) map[string]any {
	spec, annotations := map[string]any{}, map[string]any{}
	hardened := r.IntN(2) == 0
	var containers []any
	for c := range 1 + r.IntN(2) {
		containers = append(containers, randomPSPContainer(r, fmt.Sprintf("c%d", c), hardened))
	}
	spec["containers"] = containers
	if r.IntN(4) == 0 {
		spec["initContainers"] = []any{randomPSPContainer(r, "init", hardened)}
	}
	sc := map[string]any{}
	if hardened {
		sc["seccompProfile"] = map[string]any{"type": "RuntimeDefault"}
		sc["runAsNonRoot"] = true
		sc["runAsUser"], sc["runAsGroup"], sc["fsGroup"] = 150.0, 150.0, 150.0
		sc["supplementalGroups"] = []any{150.0, 160.0}
		sc["seLinuxOptions"] = map[string]any{"level": oneOf(r, "s0:c1,c2", "s0:c2,c1"), "type": "container_t"}
	}
	for range r.IntN(3) {
		oddPod(r, spec, sc)
	}
	spec["securityContext"] = sc
	for _, c := range containers {
		if r.IntN(3) == 0 {
			annotations["container.apparmor.security.beta.kubernetes.io/"+c.(map[string]any)["name"].(string)] = oneOf(r, "runtime/default", "localhost/a", "unconfined")
		}
	}
	return map[string]any{"apiVersion": "v1", "kind": "Pod", "spec": spec,
		"metadata": map[string]any{"name": fmt.Sprintf("pod%d", i), "namespace": "default", "annotations": annotations}}
}

// oddPod changes something of a pod.
func oddPod(r *rand.Rand, spec, sc map[string]any) {
	switch r.IntN(9) {
	case 0:
		spec[oneOf(r, "hostNetwork", "hostPID", "hostIPC")] = true
	case 1:
		spec["volumes"] = []any{map[string]any{"name": "v", "hostPath": map[string]any{"path": oneOf(r, "/var", "/var/", "/var/log", "/var/log/", "/variable", "/etc", "/")}}}
	case 2:
		spec["volumes"] = []any{randomVolume(r)}
	case 3:
		sc["sysctls"] = []any{map[string]any{"name": oneOf(r, "kernel.shm_rmid_forced", "kernel.msgmax", "net.core.somaxconn", "net.ipv4.tcp_syncookies"), "value": "1"}}
	case 4:
		spec["runtimeClassName"] = oneOf(r, "gvisor", "kata", "other")
	case 5:
		sc[oneOf(r, "runAsUser", "runAsGroup", "fsGroup")] = float64(r.IntN(12) * 100)
	case 6:
		sc["supplementalGroups"] = []any{float64(r.IntN(12) * 100)}
	case 7:
		sc["seccompProfile"] = oneOf(r, map[string]any{"type": "Unconfined"}, map[string]any{"type": "Localhost", "localhostProfile": "a.json"})
	case 8:
		sc["seLinuxOptions"] = map[string]any{"level": "s0:c1,c2", "user": oneOf(r, "", "system_u")}
	}
}

func randomVolume(r *rand.Rand) map[string]any {
	token := []any{map[string]any{"serviceAccountToken": map[string]any{"path": oneOf(r, "token", "other")}},
		map[string]any{"configMap": map[string]any{"name": oneOf(r, "kube-root-ca.crt", "mine")}}}
	v := oneOf(r, map[string]any{"emptyDir": map[string]any{}}, map[string]any{"secret": map[string]any{"secretName": "s"}},
		map[string]any{"configMap": map[string]any{"name": "c"}}, map[string]any{"nfs": map[string]any{"server": "n", "path": "/"}},
		map[string]any{"flexVolume": map[string]any{"driver": oneOf(r, "example/lvm", "example/other")}},
		map[string]any{"csi": map[string]any{"driver": oneOf(r, "csi.example.com", "other.example.com")}},
		map[string]any{"projected": map[string]any{"sources": token}})
	v["name"] = "v"
	return v
}

func randomPSPContainer(r *rand.Rand, name string, hardened bool) map[string]any {
	sc := map[string]any{}
	if hardened {
		sc["allowPrivilegeEscalation"], sc["readOnlyRootFilesystem"] = false, true
		sc["capabilities"] = map[string]any{"drop": oneOf(r, []any{"ALL", "NET_RAW", "MKNOD"}, []any{"NET_RAW", "MKNOD"}, []any{"NET_RAW"})}
	}
	c := map[string]any{"name": name, "image": "i"}
	for range r.IntN(3) {
		switch r.IntN(8) {
		case 0:
			sc["privileged"] = oneOf(r, true, false)
			delete(sc, "allowPrivilegeEscalation")
		case 1:
			sc["capabilities"] = map[string]any{"add": someOf(r, "NET_ADMIN", "CHOWN", "NET_BIND_SERVICE"), "drop": someOf(r, "NET_RAW", "MKNOD")}
		case 2:
			sc["procMount"] = "Unmasked"
		case 3:
			sc[oneOf(r, "runAsUser", "runAsGroup")] = float64(r.IntN(12) * 100)
		case 4:
			sc["runAsNonRoot"] = oneOf(r, true, false)
		case 5:
			sc["seccompProfile"] = oneOf(r, map[string]any{"type": "RuntimeDefault"}, map[string]any{"type": "Unconfined"})
		case 6:
			c["ports"] = []any{map[string]any{"containerPort": 80.0, "hostPort": float64(oneOf(r, 0, 80, 8080, 9000))}}
		case 7:
			sc["readOnlyRootFilesystem"] = oneOf(r, true, false)
		}
	}
	c["securityContext"] = sc
	if r.IntN(2) == 0 {
		c["volumeMounts"] = []any{map[string]any{"name": "v", "mountPath": "/v", "readOnly": oneOf(r, true, false)}}
	}
	return c
}
