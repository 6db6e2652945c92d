package network

import (
	"iter"
	"slices"
	"sync"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// connections are what was asked for of a map, in terms of units.
type connections struct {
	m         *network.Map
	options   ConnectivityOptions
	workloads []workload
	units     []unit
	shares    [][]share // by class: the units of its peers
	matrix    func() *matrix
}

// A unit is what is listed as one end: a workload or a namespace.
type unit struct {
	end       End
	namespace string
	peers     []*network.Peer
}

// A share is how many peers of a class are in a unit.
type share struct{ unit, peers int }

// A side is one end of a joint: a unit, addresses that are judged alike, or whatever serves Ingresses and routes.
type side struct {
	*unit
	addresses  []network.AddressRange
	controller bool
}

// A joint is what one side can send to another.
type joint struct {
	from, to side
	network.Connection
	partly bool
	// asked are pairs of peers of which something is not known, at most reasonPairs.
	asked [][2]*network.Peer
	// because are reasons that are known beside those.
	because []string
}

// reasonPairs is of how many pairs of peers the reasons are told where many are one answer.
const reasonPairs = 3

func newConnections(m *network.Map, o ConnectivityOptions) *connections {
	c := &connections{m: m, options: o, workloads: workloadsOf(m)}
	c.matrix = sync.OnceValue(func() *matrix {
		if o.From == nil {
			return newMatrix(m, nil)
		}
		wanted := []*network.Class{}
		for _, p := range o.From.Peers {
			if class := m.ClassOf(p); !slices.Contains(wanted, class) {
				wanted = append(wanted, class)
			}
		}
		return newMatrix(m, wanted)
	})
	for _, w := range c.workloads {
		namespace := w.object.Namespace
		if n := len(c.units); o.By == ByNamespace && n > 0 && c.units[n-1].namespace == namespace {
			c.units[n-1].peers = append(c.units[n-1].peers, w.peers...)
			continue
		}
		u := unit{end: workloadEnd(w.object), namespace: namespace, peers: slices.Clone(w.peers)}
		if o.By == ByNamespace {
			u.end = End{Namespace: namespace}
		}
		c.units = append(c.units, u)
	}
	c.shares = make([][]share, len(m.Classes()))
	for i := range c.units {
		for _, p := range c.units[i].peers {
			of := &c.shares[m.ClassOf(p).ID]
			if n := len(*of); n > 0 && (*of)[n-1].unit == i {
				(*of)[n-1].peers++
			} else {
				*of = append(*of, share{i, 1})
			}
		}
	}
	return c
}

// sends says whether a unit was asked for as a sender; receives the same of receivers.
func (c *connections) sends(u *unit) bool    { return slices.ContainsFunc(u.peers, c.options.From.has) }
func (c *connections) receives(u *unit) bool { return slices.ContainsFunc(u.peers, c.options.To.has) }

// joints yields what is not denied: from each unit to units and to addresses, then from addresses to units.
func (c *connections) joints(yield func(joint) bool) {
	s := newSender(c)
	for i := range c.units {
		if !c.sends(&c.units[i]) {
			continue
		}
		s.read(&c.units[i])
		for j := range s.joints(i) {
			if j, some := c.wanted(j); some && !yield(j) {
				return
			}
		}
	}
	for i := range c.units {
		if !c.receives(&c.units[i]) {
			continue
		}
		for _, j := range c.fromOutside(&c.units[i]) {
			if j, some := c.wanted(j); some && !yield(j) {
				return
			}
		}
	}
	c.controllerJoints(yield)
}

// controllerJoints yields what ingress controllers can send to units.
func (c *connections) controllerJoints(yield func(joint) bool) {
	if c.options.From != nil {
		return
	}
	unitOf := map[*network.Peer]*unit{}
	for i := range c.units {
		for _, p := range c.units[i].peers {
			unitOf[p] = &c.units[i]
		}
	}
	var list []joint
	at := map[*unit]int{}
	for _, f := range c.options.Controllers {
		u := unitOf[f.To]
		if u == nil || !c.options.To.has(f.To) {
			continue
		}
		i, known := at[u]
		if !known {
			i = len(list)
			at[u] = i
			list = append(list, joint{from: side{controller: true}, to: side{unit: u}, partly: len(u.peers) > 1})
		}
		list[i].Connection = eitherOf(list[i].Connection, f.Connection)
		for _, why := range f.Because {
			if !slices.Contains(list[i].because, why) {
				list[i].because = append(list[i].because, why)
			}
		}
	}
	for _, j := range list {
		if j, some := c.wanted(j); some && !yield(j) {
			return
		}
	}
}

// wanted is what was asked for of a joint.
func (c *connections) wanted(j joint) (joint, bool) {
	o := &c.options
	if ns := o.Namespace; ns != "" && (j.from.unit == nil || j.from.namespace != ns) && (j.to.unit == nil || j.to.namespace != ns) {
		return j, false
	}
	if j.from.unit == nil {
		j.from.addresses = o.From.addresses(j.from.addresses)
	}
	if j.to.unit == nil {
		j.to.addresses = o.To.addresses(j.to.addresses)
	}
	if j.from.unit == nil && !j.from.controller && len(j.from.addresses) == 0 || j.to.unit == nil && len(j.to.addresses) == 0 {
		return j, false
	}
	if !o.Ports.All() {
		j.Connection = onPorts(j.Connection, o.Ports)
	}
	return j, !isNothing(j.Connection)
}

// addresses are those of some that are meant.
func (e *Ends) addresses(of []network.AddressRange) []network.AddressRange {
	if e == nil || len(e.Addresses) == 0 {
		return of
	}
	var out []network.AddressRange
	for _, r := range of {
		for _, x := range e.Addresses {
			if r.First.BitLen() != x.First.BitLen() {
				continue
			}
			if r.First.Less(x.First) {
				r.First = x.First
			}
			if x.Last.Less(r.Last) {
				r.Last = x.Last
			}
			if !r.Last.Less(r.First) {
				out = append(out, r)
			}
		}
	}
	return out
}

// A group is rows of addresses that have the same connection to a unit.
type outsideGroup struct {
	network.Connection
	partly bool
	ranges []network.AddressRange
	peer   *network.Peer
}

// fromOutside is what addresses can send to a unit.
func (c *connections) fromOutside(u *unit) []joint {
	var groups []*outsideGroup
	x := c.matrix()
	for i := range x.rows {
		r := &x.rows[i]
		if !r.from[0].External() {
			continue
		}
		total, partly := network.Connection{}, false
		for k, p := range u.peers {
			one := r.to(c.m.ClassOf(p))
			if k > 0 && !sameConnection(one, total) {
				partly = true
			}
			total = eitherOf(total, one)
		}
		if isNothing(total) {
			continue
		}
		at := slices.IndexFunc(groups, func(g *outsideGroup) bool { return g.partly == partly && sameConnection(g.Connection, total) })
		if at < 0 {
			at = len(groups)
			groups = append(groups, &outsideGroup{Connection: total, partly: partly, peer: r.from[0].Peers[0]})
		}
		for _, class := range r.from {
			for _, p := range class.Peers {
				if c.options.From.has(p) {
					groups[at].ranges = append(groups[at].ranges, p.Addresses...)
				}
			}
		}
	}
	var out []joint
	for _, g := range groups {
		j := joint{from: side{addresses: network.JoinRanges(slices.Clone(g.ranges))}, to: side{unit: u}, Connection: g.Connection, partly: g.partly}
		for _, p := range u.peers {
			if len(j.asked) < reasonPairs && !g.Unknown.None() && !c.m.Allowed(g.peer, p).Unknown.None() {
				j.asked = append(j.asked, [2]*network.Peer{g.peer, p})
			}
		}
		out = append(out, j)
	}
	return out
}

// selfJoints yields what pods of one workload can send to other pods of it.
func (c *connections) selfJoints(yield func(joint) bool) {
	if c.options.By != ByWorkload {
		return
	}
	for i := range c.units {
		u := &c.units[i]
		if !c.sends(u) || !c.receives(u) || single(u.peers[0].Object) {
			continue
		}
		j := joint{from: side{unit: u}, to: side{unit: u}}
		first := true
		for _, p := range u.peers {
			for _, q := range u.peers {
				one := c.m.Allowed(p, q)
				j.partly = j.partly || !first && !sameConnection(one, j.Connection)
				j.Connection, first = eitherOf(j.Connection, one), false
				if !one.Unknown.None() && len(j.asked) < reasonPairs {
					j.asked = append(j.asked, [2]*network.Peer{p, q})
				}
			}
		}
		if j, some := c.wanted(j); some && !yield(j) {
			return
		}
	}
}

// single says that a workload is one pod that nothing makes more of.
func single(o *inventory.Object) bool {
	return o.Kind == "Pod" && len(inventory.List(o.Content, "metadata", "ownerReferences")) == 0
}

// all yields the joints of units among themselves, and then the others.
func (c *connections) all() iter.Seq[joint] {
	return func(yield func(joint) bool) {
		more := true
		c.selfJoints(func(j joint) bool { more = yield(j); return more })
		if more {
			c.joints(yield)
		}
	}
}
