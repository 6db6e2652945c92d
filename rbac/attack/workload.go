package attack

import (
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
}

type podName struct{ namespace, name string }

// listWorkloads folds pods into the object that makes them, and keeps where they run.
func (b *builder) listWorkloads() {
	index := map[*inventory.Object]int{}
	for _, gk := range inventory.WorkloadKinds() {
		for _, o := range b.inv.Of(gk.Group, gk.Kind) {
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
				b.workloads = append(b.workloads, workload{object: top, spec: spec, at: at})
			}
			if o.Kind == "Pod" {
				b.pods[podName{o.Namespace, o.Name}] = i
				b.workloads[i].addNode(inventory.String(o.Content, "spec", "nodeName"))
			}
		}
	}
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
