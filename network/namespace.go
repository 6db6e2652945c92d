package network

import (
	"slices"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// nameLabel is the label that the API server keeps on every namespace.
const nameLabel = "kubernetes.io/metadata.name"

// A namespace is one that has peers or policies. Without an object of it only its name is known.
type namespace struct {
	name   string
	labels labels
	known  bool
}

// namespaces are all of them, by name and by label.
type namespaces struct {
	all     []namespace
	index   map[string]int
	byLabel map[[2]string][]int
	open    []int // whose labels are not all known
}

func newNamespaces(inv *inventory.Inventory) *namespaces {
	n := &namespaces{index: map[string]int{}, byLabel: map[[2]string][]int{}}
	for _, o := range inv.Of("", "Namespace") {
		i, seen := n.index[o.Name]
		own := labelsOf(inventory.Map(o.Content, "metadata"))
		own.values[nameLabel] = o.Name
		if !seen {
			n.add(namespace{name: o.Name, labels: own, known: true})
			continue
		}
		// Two files describe it: what they disagree about is not known.
		both := n.all[i].labels
		common := labels{values: map[string]string{}, open: both.open || own.open}
		for k, v := range both.values {
			if w, has := own.values[k]; has && v == w {
				common.values[k] = v
			}
		}
		common.open = common.open || len(common.values) != len(own.values) || len(common.values) != len(both.values)
		n.all[i].labels = common
	}
	return n
}

func (n *namespaces) add(ns namespace) int {
	i := len(n.all)
	n.all = append(n.all, ns)
	n.index[ns.name] = i
	return i
}

// of is the number of a namespace. One without an object has the label that every namespace has, and maybe others.
func (n *namespaces) of(name string) int {
	if i, known := n.index[name]; known {
		return i
	}
	return n.add(namespace{name: name, labels: labels{values: map[string]string{nameLabel: name}, open: true}})
}

// finish makes the index by label, when all namespaces are known.
func (n *namespaces) finish() {
	for i, ns := range n.all {
		for k, v := range ns.labels.values {
			at := [2]string{k, v}
			n.byLabel[at] = append(n.byLabel[at], i)
		}
		if ns.labels.open {
			n.open = append(n.open, i)
		}
	}
}

// candidates are the namespaces that a selector may select, and maybe others; all says that they are all of them.
func (n *namespaces) candidates(s selector) (list []int, all bool) {
	t, ok := s.some()
	if !ok {
		return nil, true
	}
	for _, t := range s.terms { // the name tells most
		if t.op == in && t.key == nameLabel {
			return n.withLabel(t), false
		}
	}
	list = append(n.withLabel(t), n.open...)
	slices.Sort(list)
	return slices.Compact(list), false
}

func (n *namespaces) withLabel(t selectorTerm) []int {
	var list []int
	for _, v := range slices.Compact(slices.Clone(t.values)) {
		list = append(list, n.byLabel[[2]string{t.key, v}]...)
	}
	slices.Sort(list)
	return list
}
