package need

import (
	"github.com/plimsoll-io/plimsoll/inventory"
)

// peers says of which StatefulSets it is not known whether their pods talk to each other: those that could, because they
// have names, and that nothing says it of.
func (d *declarer) peers() {
	talks := map[*inventory.Object]bool{}
	for _, n := range d.needs {
		if n.From.Object != nil && n.From.Object == n.To.Object {
			talks[n.From.Object] = true
		}
	}
	var silent naming
	for _, w := range d.workloads {
		o := w.object
		spec := inventory.Map(o.Content, "spec")
		if o.Kind != "StatefulSet" || talks[o] || len(w.pods) == 0 || replicas(o) < 2 {
			continue
		}
		s := d.services.Get(o.Namespace, inventory.String(spec, "serviceName"))
		if s != nil && s.Headless && senderBehind(s, "", w) {
			silent.add(o, "")
		}
	}
	if silent.any() {
		d.cannot = append(d.cannot, "Whether the pods of "+silent.text()+" talk to each other, as a headless Service lets them")
	}
}
