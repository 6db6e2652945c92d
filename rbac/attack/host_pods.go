package attack

// hostPods are pods that take their node, each by other means and with as little else as possible, so that a policy
// that refuses one need not refuse another.
type hostPods struct {
	harmless map[string]any // fulfils the restricted Pod Security Standard
	taking   []map[string]any
}

// newHostPods makes the pods by which somebody who creates pods would take a node with Linux.
func newHostPods() hostPods {
	return hostPods{
		harmless: podFor(nil, nil),
		taking: []map[string]any{
			podFor(privileged(), nil),
			podFor(asRoot(), map[string]any{"volumes": hostPath("/")}),
			podFor(asRoot(), map[string]any{"volumes": hostPath("/var/run/docker.sock")}),
			// the socket of containerd belongs to group 0, which the restricted standard does not forbid
			podFor(map[string]any{"runAsGroup": int64(0)}, map[string]any{"volumes": hostPath("/run/containerd/containerd.sock")}),
			podFor(withCapability("SYS_ADMIN"), nil),
			podFor(withCapability("SYS_MODULE"), nil),
			podFor(withCapability("DAC_READ_SEARCH"), nil),
			podFor(withCapability("SYS_PTRACE"), map[string]any{"hostPID": true}),
		},
	}
}

// newDebuggers makes what ephemeral containers that take the node make of a harmless pod. They can add neither volumes
// nor namespaces of the node to it.
func newDebuggers() hostPods {
	debugged := func(security map[string]any) map[string]any {
		c := podContainer(security)
		c["name"] = "debugger"
		return podFor(nil, map[string]any{"ephemeralContainers": []any{c}})
	}
	return hostPods{
		harmless: debugged(nil),
		taking: []map[string]any{
			debugged(privileged()), debugged(withCapability("SYS_ADMIN")), debugged(withCapability("SYS_MODULE")),
			debugged(withCapability("DAC_READ_SEARCH")),
		},
	}
}

// newClaimants makes the pods that mount a claim for a volume of the node's files: as root, and as somebody whom the
// restricted standard lets pass.
func newClaimants() hostPods {
	claim := map[string]any{"volumes": []any{map[string]any{"name": "v", "persistentVolumeClaim": map[string]any{"claimName": "v"}}}}
	return hostPods{
		harmless: podFor(nil, nil),
		taking:   []map[string]any{podFor(asRoot(), claim), podFor(map[string]any{"runAsGroup": int64(0)}, claim)},
	}
}

// podFor is a harmless pod but for these fields of its container's securityContext and of its spec; nil drops a field.
func podFor(security, spec map[string]any) map[string]any {
	c := podContainer(security)
	fields := map[string]any{"containers": []any{c}}
	merge(fields, spec)
	if fields["volumes"] != nil {
		c["volumeMounts"] = []any{map[string]any{"name": "v", "mountPath": "/v"}}
	}
	return map[string]any{
		"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "pod", "labels": map[string]any{"app": "pod"}}, "spec": fields,
	}
}

func podContainer(security map[string]any) map[string]any {
	context := map[string]any{
		"runAsNonRoot": true, "runAsUser": int64(65532), "allowPrivilegeEscalation": false,
		"capabilities":   map[string]any{"drop": []any{"ALL"}},
		"seccompProfile": map[string]any{"type": "RuntimeDefault"},
	}
	merge(context, security)
	return map[string]any{"name": "c", "image": "registry.k8s.io/pause:3.10", "securityContext": context}
}

func privileged() map[string]any {
	return map[string]any{
		"privileged": true, "runAsUser": int64(0), "runAsNonRoot": false, "allowPrivilegeEscalation": true,
		"capabilities": nil, "seccompProfile": nil,
	}
}

func asRoot() map[string]any { return map[string]any{"runAsUser": int64(0), "runAsNonRoot": false} }

func withCapability(name string) map[string]any {
	out := asRoot()
	out["capabilities"] = map[string]any{"drop": []any{"ALL"}, "add": []any{name}}
	return out
}

func hostPath(path string) []any {
	return []any{map[string]any{"name": "v", "hostPath": map[string]any{"path": path}}}
}

func merge(fields, more map[string]any) {
	for k, v := range more {
		if v == nil {
			delete(fields, k)
		} else {
			fields[k] = v
		}
	}
}

// A nodeAccess says whether admission lets who makes pods take a node with them.
type nodeAccess struct {
	cut  string // why not; "" when it lets him
	note string // what is known besides
}

// A probe asks admission about pods, each namespace once.
type probe struct {
	pods    hostPods
	answers map[string]nodeAccess
}

// access says whether some pod that takes its node passes admission in the namespace, in any one for "". A namespace
// that refuses even the harmless pod refuses for reasons that an attacker can adapt to (a label, a registry): then
// nothing is known about the others.
func (b *builder) nodeAccess(p **probe, pods func() hostPods, namespace string) nodeAccess {
	if b.opts.Refused == nil {
		return nodeAccess{}
	}
	if *p == nil {
		*p = &probe{pods(), map[string]nodeAccess{}}
	}
	answer, known := (*p).answers[namespace]
	if !known {
		if namespace == "" {
			answer = b.accessAnywhere(p, pods)
		} else {
			answer = b.askAdmission(&(*p).pods, namespace)
		}
		(*p).answers[namespace] = answer
	}
	return answer
}

// accessAnywhere looks for one namespace whose admission lets pass: kube-system is the likeliest.
func (b *builder) accessAnywhere(p **probe, pods func() hostPods) nodeAccess {
	first := b.nodeAccess(p, pods, "kube-system")
	if first.cut == "" {
		return first
	}
	for _, ns := range b.namespaces {
		if answer := b.nodeAccess(p, pods, ns); answer.cut == "" {
			if answer.note == "" {
				answer.note = "admission lets such pods pass in namespace " + ns
			}
			return answer
		}
	}
	first.cut += ", and so do all other namespaces"
	return first
}

func (b *builder) askAdmission(pods *hostPods, namespace string) nodeAccess {
	if refused, why := b.opts.Refused(pods.harmless, namespace); refused {
		return nodeAccess{note: "admission refuses even a harmless pod (" + why + "), so that nothing is known of what it lets pass"}
	}
	var first string
	for _, pod := range pods.taking {
		refused, why := b.opts.Refused(pod, namespace)
		if !refused {
			return nodeAccess{}
		}
		if first == "" {
			first = why
		}
	}
	return nodeAccess{cut: first}
}
