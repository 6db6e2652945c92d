package network

import (
	"maps"
	"slices"
	"sync"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// Replace is the Map of the inventory with one object in the place of another; old is nil for a new object, and with is
// nil for one that goes. Peers of this Map are not peers of the other: look them up there.
//
// For a NetworkPolicy that asks for no label, name of a port, namespace or addresses that this Map does not already
// know it costs a small part of New; for all else it is New.
func (m *Map) Replace(old, with *inventory.Object) *Map {
	inv := sync.OnceValue(func() *inventory.Inventory { return replaced(m.inv(), old, with) })
	if n, ok := m.replacePolicy(inv, old, with); ok {
		return n
	}
	n := New(inv())
	if m.plugin.given {
		return n.AssumeEnforced()
	}
	return n
}

func replaced(inv *inventory.Inventory, old, with *inventory.Object) *inventory.Inventory {
	objects := make([]*inventory.Object, 0, len(inv.All())+1)
	for _, o := range inv.All() {
		if o != old {
			objects = append(objects, o)
		} else if with != nil {
			objects = append(objects, with)
		}
	}
	if old == nil && with != nil {
		objects = append(objects, with)
	}
	return inventory.New(inv.Source, inv.Taken, inv.Version, objects, inv.Gaps)
}

// replacePolicy shares with this Map all that the change of a NetworkPolicy leaves as it is.
func (m *Map) replacePolicy(inv func() *inventory.Inventory, old, with *inventory.Object) (*Map, bool) {
	n := &Map{
		inv: inv, plugin: m.plugin, names: m.names, crowd: m.crowd, compiler: m.compiler.clone(), admins: m.admins, foreign: m.foreign, pods: m.pods,
		atlas: m.atlas, named: m.named, nodes: m.nodes, missing: m.missing,
	}
	for _, o := range []*inventory.Object{old, with} {
		if o != nil && (o.Group() != "networking.k8s.io" || o.Kind != "NetworkPolicy" || !m.knows(o, old)) {
			return nil, false
		}
	}
	n.read = slices.DeleteFunc(slices.Clone(m.read), func(w Warning) bool { return w.Source == old })
	n.policies = slices.DeleteFunc(slices.Clone(m.policies), func(p *compiled) bool { return p.object != nil && p.object == old })
	if with != nil {
		var w warner
		n.policies = append([]*compiled{n.compiler.compile(readPolicy(&w, with))}, n.policies...)
		slices.SortStableFunc(n.policies, comparePolicies)
		n.read = append(n.read, w.out...)
	}
	if !n.sameQuestions(m) {
		return nil, false
	}
	copies := make([]Peer, len(m.peers))
	for i, p := range m.peers {
		copies[i] = *p
		n.peers = append(n.peers, &copies[i])
	}
	for _, x := range n.compiler.matchers.all[len(m.compiler.matchers.all):] {
		n.crowd.fill(x)
		n.markWith(x)
	}
	n.finish()
	return n, true
}

// knows says that the namespace of a policy is known, and that no other policy has its name.
func (m *Map) knows(o, old *inventory.Object) bool {
	if _, known := m.names.index[o.Namespace]; !known {
		return false
	}
	return !slices.ContainsFunc(m.policies, func(p *compiled) bool {
		return p.object != nil && p.object != old && p.object.Namespace == o.Namespace && p.object.Name == o.Name
	})
}

// sameQuestions says that the policies look at nothing of a peer that those of an older Map did not look at.
func (m *Map) sameQuestions(older *Map) bool {
	if len(m.compiler.named) != len(older.compiler.named) {
		return false
	}
	keys := older.labelKeys()
	for _, x := range m.compiler.matchers.all[len(older.compiler.matchers.all):] {
		if x.kind == blockMatcher || slices.ContainsFunc(x.pods.terms, func(t selectorTerm) bool { return !keys[t.key] }) {
			return false
		}
	}
	return true
}

// clone is a compiler that can make more matchers, and leaves those that there are alone.
func (c *compiler) clone() *compiler {
	out := &compiler{
		matchers: &matchers{byKey: maps.Clone(c.matchers.byKey)}, ports: c.ports, names: c.names,
		named: slices.Clone(c.named), namedIDs: maps.Clone(c.namedIDs),
	}
	copies := make([]matcher, len(c.matchers.all))
	for i, x := range c.matchers.all {
		copies[i] = *x
		out.matchers.all = append(out.matchers.all, &copies[i])
	}
	return out
}

// comparePolicies orders policies by namespace and name; those that stand for unseen ones come last.
func comparePolicies(a, b *compiled) int {
	switch {
	case a.object == nil || b.object == nil:
		return boolOrder(a.object == nil) - boolOrder(b.object == nil)
	default:
		return a.object.Compare(b.object.Ref)
	}
}

func boolOrder(b bool) int {
	if b {
		return 1
	}
	return 0
}
