package generate

import (
	"slices"
	"strconv"
	"strings"
)

// A unit is the workloads that one selector is written for.
type unit struct {
	namespace string
	selector  Selector
	key       string // equal for units whose selectors mean the same pods
	members   []*workload
	// also are workloads that the selector cannot but select too.
	also []*workload
	name string // what its policies are called after; unique in the namespace
	// whole says that all pods of the namespace are meant, whatever they are.
	whole bool
}

// String is how people name it within its namespace: "Deployment cart", "Deployments cart and cart-canary".
func (u *unit) String() string { return u.in(u.namespace) }

// in is how people of a namespace name it.
func (u *unit) in(namespace string) string {
	switch {
	case !u.whole:
		return workloadNames(u.members, namespace)
	case u.namespace == namespace:
		return "all pods"
	}
	return "all pods of " + u.namespace
}

// most is how many workloads a sentence names.
const most = 5

func workloadNames(list []*workload, namespace string) string {
	names := make([]string, 0, most)
	for _, w := range list[:min(len(list), most)] {
		names = append(names, w.in(namespace))
	}
	return enumerate(names, len(list)-len(names))
}

// enumerate is "a, b and c", or "a, b and 3 more".
func enumerate(names []string, more int) string {
	if more > 0 {
		return strings.Join(names, ", ") + " and " + strconv.Itoa(more) + " more"
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// wholeNamespace is the unit of all pods of a namespace.
func wholeNamespace(namespace, name string, pods []*workload) *unit {
	return &unit{namespace: namespace, key: namespace + "/", members: pods, whole: true, name: name}
}

// unite makes the units of a namespace: one for each selector that is chosen, or a single one.
func unite(namespace string, workloads []*workload, style Style) []*unit {
	pods := slices.DeleteFunc(slices.Clone(workloads), (*workload).hosts)
	if len(pods) == 0 {
		return nil
	}
	if style == PerNamespace {
		u := wholeNamespace(namespace, "allow", pods)
		for _, w := range pods {
			w.unit = u
		}
		return []*unit{u}
	}
	v := settle(pods)
	known := map[string]*unit{}
	var out []*unit
	for _, k := range v.kins {
		s := v.choose(k)
		u := known[s.String()]
		if u == nil {
			u = &unit{namespace: namespace, selector: s, key: namespace + "/" + s.String()}
			known[s.String()] = u
			out = append(out, u)
		}
		u.members = append(u.members, k.members...)
		for _, w := range k.members {
			w.unit = u
		}
	}
	for _, u := range out {
		slices.SortFunc(u.members, compareWorkloads)
		for _, k := range v.selected(u.selector) {
			for _, w := range k.members {
				if w.unit != u {
					u.also = append(u.also, w)
				}
			}
		}
		slices.SortFunc(u.also, compareWorkloads)
	}
	nameUnits(out)
	return out
}
