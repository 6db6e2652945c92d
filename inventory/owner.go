package inventory

import "strings"

// TopOwner follows controller references up to the outermost owner that is in the inventory and makes pods itself:
// from a Pod over its ReplicaSet to its Deployment. It returns o when there is none.
func (inv *Inventory) TopOwner(o *Object) *Object {
	for range 8 { // deeper chains do not exist; a cycle would not end
		owner := inv.owner(o)
		if owner == nil {
			return o
		}
		o = owner
	}
	return o
}

// owner is the controller of o, if it is in the inventory and a built-in workload.
func (inv *Inventory) owner(o *Object) *Object {
	for _, r := range List(o.Content, "metadata", "ownerReferences") {
		ref, _ := r.(map[string]any)
		if isController, _ := ref["controller"].(bool); !isController {
			continue
		}
		group, _, found := strings.Cut(String(ref, "apiVersion"), "/")
		if !found {
			group = ""
		}
		owner := inv.Get(group, String(ref, "kind"), o.Namespace, String(ref, "name"))
		if owner == nil || owner == o {
			return nil
		}
		if _, ok := PodPath(owner.GroupKind()); !ok {
			return nil
		}
		if uid, have := String(ref, "uid"), String(owner.Content, "metadata", "uid"); uid != "" && have != "" && uid != have {
			return nil // a former owner of the same name
		}
		return owner
	}
	return nil
}
