package generate

import (
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// A workload is what policies are written for: an object that makes pods, or the pods that share an owner which is not in
// the inventory.
type workload struct {
	namespace, kind, name string
	objects               []*inventory.Object
	// variants are the different labels of its pods, and those of its template.
	variants []map[string]string
	known    map[string]bool // variants, as text
	keys     map[string]bool // of all labels, also of those that no selector can ask for
	own      map[string]string
	// onHosts and onPods count its pods on the network of their nodes, and others.
	onHosts, onPods int
	unit            *unit
	seen            bool
}

// String is how people name it within its namespace.
func (w *workload) String() string { return w.kind + " " + w.name }

// in is how people of a namespace name it.
func (w *workload) in(namespace string) string {
	if w.namespace == namespace {
		return w.String()
	}
	return w.kind + " " + w.namespace + "/" + w.name
}

// hosts says that no policy selects the workload: all its pods use the addresses of their nodes.
func (w *workload) hosts() bool { return w.onPods == 0 }

// readWorkloads are the workloads of a Map by namespace, sorted, and by object.
func readWorkloads(m *network.Map) (all []*workload, of map[*inventory.Object]*workload) {
	of = map[*inventory.Object]*workload{}
	known := map[[3]string]*workload{}
	for _, p := range m.Peers() {
		if p.External() {
			break // addresses come last
		}
		w := of[p.Object]
		if w == nil {
			w = newWorkload(p.Object, known)
			if of[p.Object] = w; len(w.objects) == 1 {
				all = append(all, w)
			}
		}
		w.add(p)
	}
	slices.SortStableFunc(all, compareWorkloads)
	return all, of
}

func compareWorkloads(a, b *workload) int {
	if n := strings.Compare(a.namespace, b.namespace); n != 0 {
		return n
	}
	if n := strings.Compare(a.name, b.name); n != 0 {
		return n
	}
	return strings.Compare(a.kind, b.kind)
}

// newWorkload makes the workload of an object, or finds that of its owner, or of another object of the same name.
func newWorkload(o *inventory.Object, known map[[3]string]*workload) *workload {
	kind, name := o.Kind, o.Name
	if owner, its := controller(o); kind == "Pod" && its != "" {
		kind, name = owner, its
	}
	key := [3]string{o.Namespace, kind, name}
	w := known[key]
	if w == nil {
		w = &workload{namespace: o.Namespace, kind: kind, name: name, own: ownLabels(o), known: map[string]bool{}, keys: map[string]bool{}}
		known[key] = w
	}
	w.objects = append(w.objects, o)
	return w
}

// controller is the owner that makes an object; "" when there is none.
func controller(o *inventory.Object) (kind, name string) {
	for _, ref := range inventory.Maps(inventory.Map(o.Content, "metadata")["ownerReferences"]) {
		if is, _ := ref["controller"].(bool); is {
			return inventory.String(ref, "kind"), inventory.String(ref, "name")
		}
	}
	return "", ""
}

func (w *workload) add(p *network.Peer) {
	pods := max(len(p.Pods), 1)
	if p.HostNetwork {
		w.onHosts += pods
		return
	}
	w.onPods += pods
	for _, pod := range p.Pods {
		w.variant(inventory.Map(pod.Content, "metadata"))
	}
	if p.Object.Kind == "Pod" {
		return
	}
	if meta, _ := p.Object.PodMeta(); meta != nil || len(p.Pods) == 0 {
		w.variant(meta)
	}
}

func (w *workload) variant(meta map[string]any) {
	for key := range inventory.Map(meta, "labels") {
		w.keys[key] = true
	}
	labels := podLabels(meta)
	if key := labelText(labels); !w.known[key] {
		w.known[key] = true
		w.variants = append(w.variants, labels)
	}
}
