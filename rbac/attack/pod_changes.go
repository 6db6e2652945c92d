package attack

import (
	"strconv"
	"strings"
)

// addPodChanges adds what follows from changing pods of every namespace while they are created: they run the attacker's
// code, as any service account of their namespace, with any of its Secrets mounted, and as far as admission lets them
// with the rights of the node.
func (b *builder) addPodChanges(h holder, p proof) {
	from := subject(h)
	b.add(from, set(AnyAccountKind, ""), p)
	b.add(from, set(AnySecretKind, ""), p)
	b.addNodes(h, p, b.placesOfPods())
}

// addNodes adds the step to the nodes by a privileged pod in one of the namespaces; it is cut when admission refuses the
// pod in all of them.
func (b *builder) addNodes(h holder, p proof, namespaces []string) {
	for _, ns := range namespaces {
		refused, why := b.refusesPrivileged(ns)
		if !refused {
			p.cut = ""
			b.add(subject(h), set(AnyNodeKind, ""), p)
			return
		}
		if p.cut == "" {
			p.cut = why
		}
	}
	if p.cut != "" {
		b.add(subject(h), set(AnyNodeKind, ""), p)
	}
}

// placesOfPods are the namespaces where pods run: kube-system first, since it is the least likely to refuse any.
func (b *builder) placesOfPods() []string {
	out := []string{"kube-system"}
	seen := map[string]bool{"kube-system": true}
	for i := range b.workloads {
		if ns := b.workloads[i].object.Namespace; !seen[ns] {
			seen[ns] = true
			out = append(out, ns)
		}
	}
	return out
}

// refusesPrivileged says whether admission refuses a privileged pod that sees the node's files in the namespace.
func (b *builder) refusesPrivileged(namespace string) (refused bool, why string) {
	if b.opts.Refused == nil {
		return false, ""
	}
	return b.opts.Refused(map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{"name": "escape", "namespace": namespace},
		"spec": map[string]any{
			"hostPID": true,
			"containers": []any{map[string]any{
				"name": "escape", "image": "registry.k8s.io/pause:3.10", "securityContext": map[string]any{"privileged": true},
			}},
			"volumes": []any{map[string]any{"name": "root", "hostPath": map[string]any{"path": "/"}}},
		},
	}, namespace)
}

// atLeast says whether the cluster is known to run this minor version of Kubernetes or a later one, or an unknown one.
func (b *builder) atLeast(minor int) bool {
	parts := strings.Split(strings.TrimPrefix(b.inv.Version, "v"), ".")
	if len(parts) < 2 || parts[0] != "1" {
		return true
	}
	have, err := strconv.Atoi(strings.TrimRight(parts[1], "+"))
	return err != nil || have >= minor
}
