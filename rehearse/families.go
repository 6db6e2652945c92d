package rehearse

import (
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A family is an object that nobody else's controller makes, with what it has made: a Deployment with its pods.
type family struct {
	top *inventory.Object
	// made are the pods, and the ReplicaSets and Jobs that may still make some.
	made []*inventory.Object
}

// familiesOf are the objects with pods by namespace, in reading order.
func familiesOf(inv *inventory.Inventory) map[string][]*family {
	out := map[string][]*family{}
	known := map[*inventory.Object]*family{}
	of := func(top *inventory.Object) *family {
		f := known[top]
		if f == nil {
			f = &family{top: top}
			known[top] = f
			out[top.Namespace] = append(out[top.Namespace], f)
		}
		return f
	}
	for _, o := range inv.All() {
		if spec, _ := o.PodSpec(); spec == nil {
			continue
		}
		top := inv.TopOwner(o)
		f := of(top)
		if top != o && !over(o) {
			f.made = append(f.made, o)
		}
	}
	return out
}

// over says whether an object with an owner makes nothing any more, and is not made again: finished pods and jobs, and
// the ReplicaSets of former revisions.
func over(o *inventory.Object) bool {
	switch o.Kind {
	case "Pod":
		phase := inventory.String(o.Content, "status", "phase")
		return phase == "Succeeded" || phase == "Failed"
	case "ReplicaSet":
		n, there := number(inventory.Map(o.Content, "spec")["replicas"])
		return there && n == 0
	case "Job":
		return inventory.String(o.Content, "status", "completionTime") != ""
	}
	return false
}

// number is a JSON number as an integer.
func number(v any) (n int64, ok bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case float64:
		return int64(v), true
	case int:
		return int64(v), true
	}
	return 0, false
}
