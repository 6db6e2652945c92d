package attack

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/rbac"
)

// A workload is an object that makes pods, or a pod that nothing made.
type workload struct {
	object *inventory.Object
	spec   map[string]any // of the pods
	at     finding.Path   // of spec
	nodes  []string       // where its pods run, as far as the inventory shows; sorted by first sight
	mirror bool           // of a static pod
}

type podName struct{ namespace, name string }

// listWorkloads folds pods into the object that makes them, and keeps where they run.
func (b *builder) listWorkloads() {
	index := map[*inventory.Object]int{}
	for _, gk := range inventory.WorkloadKinds() {
		for _, o := range b.inv.Of(gk.Group, gk.Kind) {
			if finished(o) {
				continue
			}
			top := b.inv.TopOwner(o)
			i, known := index[top]
			if !known {
				owner := top
				spec, at := owner.PodSpec()
				if spec == nil { // owned by something whose template nobody knows: the pod speaks for itself
					spec, at = o.PodSpec()
				}
				i = len(b.workloads)
				index[top] = i
				b.workloads = append(b.workloads, workload{object: top, spec: spec, at: at, mirror: isMirror(top)})
			}
			if o.Kind == "Pod" {
				b.pods[podName{o.Namespace, o.Name}] = i
				b.workloads[i].addNode(inventory.String(o.Content, "spec", "nodeName"))
			}
		}
	}
}

// finished says that a pod has ended: nothing runs in it any more, and nothing will.
func finished(o *inventory.Object) bool {
	if o.Kind != "Pod" {
		return false
	}
	phase := inventory.String(o.Content, "status", "phase")
	return phase == "Succeeded" || phase == "Failed"
}

// static says that the pod is a mirror of a static pod, which only a file on its node can change.
func (w *workload) static() bool { return w.mirror }

func isMirror(o *inventory.Object) bool {
	return o.Kind == "Pod" && inventory.String(o.Content, "metadata", "annotations", "kubernetes.io/config.mirror") != ""
}

// movable says that a controller makes the pods again, on any node, when they are evicted.
func (w *workload) movable() bool {
	switch w.object.Kind {
	case "Deployment", "ReplicaSet", "StatefulSet", "ReplicationController", "Job", "CronJob":
		return true
	}
	return false
}

// among says that the workload's pods are in such a set of pods.
func (w *workload) among(kind string) bool {
	switch kind {
	case AnyPodKind:
		return true
	case AnyEditablePodKind:
		return !w.static()
	case AnyMovablePodKind:
		return w.movable()
	}
	return false
}

// workloadsOf are the workloads of a namespace, as indexes into b.workloads.
func (b *builder) workloadsOf(namespace string) []int {
	if b.byNamespace == nil {
		b.byNamespace = map[string][]int{}
		for i := range b.workloads {
			ns := b.workloads[i].object.Namespace
			b.byNamespace[ns] = append(b.byNamespace[ns], i)
		}
	}
	return b.byNamespace[namespace]
}

// podNamed are the workloads whose pods can have the name: the one whose pod lives under it, else a StatefulSet that
// numbers its pods so.
func (b *builder) podNamed(namespace, name string) []*workload {
	if i, ok := b.pods[podName{namespace, name}]; ok {
		return []*workload{&b.workloads[i]}
	}
	owner, ordinal, _ := cutLast(name, "-")
	if owner == "" || ordinal == "" || strings.Trim(ordinal, "0123456789") != "" {
		return nil
	}
	for _, i := range b.workloadsOf(namespace) {
		if w := &b.workloads[i]; w.object.Kind == "StatefulSet" && w.object.Name == owner {
			return []*workload{w}
		}
	}
	return nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func (w *workload) addNode(name string) {
	if name == "" {
		return
	}
	for _, have := range w.nodes {
		if have == name {
			return
		}
	}
	w.nodes = append(w.nodes, name)
}

// account is the service account that the workload's pods run as.
func (w *workload) account() rbac.Subject {
	name := inventory.String(w.spec, "serviceAccountName")
	if name == "" {
		name = inventory.String(w.spec, "serviceAccount")
	}
	if name == "" {
		name = "default"
	}
	return rbac.Account(w.object.Namespace, name)
}

// nodeNames are the nodes of the inventory, and those that only its pods name.
func (b *builder) nodeNames() []string {
	seen := map[string]bool{}
	var out []string
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	for _, o := range b.inv.Of("", NodeKind) {
		add(o.Name)
	}
	for i := range b.workloads {
		for _, node := range b.workloads[i].nodes {
			add(node)
		}
	}
	return out
}

// nodeRefs are the footholds that root on the workload's node gives: the nodes where its pods run, else a node that
// nobody knows.
func (w *workload) nodeRefs() []finding.Ref {
	if len(w.nodes) == 0 {
		return []finding.Ref{{Kind: SomeNodeKind}}
	}
	out := make([]finding.Ref, 0, len(w.nodes))
	for _, n := range w.nodes {
		out = append(out, nodeRef(n))
	}
	return out
}

func nodeRef(name string) finding.Ref { return finding.Ref{APIVersion: "v1", Kind: "Node", Name: name} }
