package exposure

import (
	"cmp"
	"slices"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// A Level is how far a workload is open for those who want in, the least first.
type Level uint8

// The levels. Those up to OpenToInternet are what policies say, where no way leads in or none that policies let through.
const (
	OpenToNobody     Level = iota // nobody gets in but itself and its node
	OpenToNamespace               // pods of its own namespace
	OpenToNamespaces              // some pods of other namespaces
	OpenToCluster                 // every pod of the cluster, or every one that has no certain labels
	OpenUnclear                   // it is not known whether policies let the internet in
	OpenToInternet                // policies let the internet in
	PerhapsFromOutside
	FromOutside // whoever reaches the nodes, or a private network around the cluster
	PerhapsFromInternet
	FromInternet
)

// Levels are all of them, the worst first.
func Levels() []Level {
	return []Level{FromInternet, PerhapsFromInternet, FromOutside, PerhapsFromOutside,
		OpenToInternet, OpenUnclear, OpenToCluster, OpenToNamespaces, OpenToNamespace, OpenToNobody}
}

func (l Level) String() string {
	return [...]string{"closed", "namespace", "namespaces", "cluster", "policies-unknown", "policies-internet", "outside-unknown",
		"outside", "internet-unknown", "internet"}[l]
}

// MarshalText writes the level as String has it.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// A Workload is the peers of one object and how far they are open.
type Workload struct {
	Object *inventory.Object
	Peers  []*network.Peer
	// Level is that of the peer that is most open.
	Level Level
	// Doors are those of all peers, those that let most through first.
	Doors []*Door
}

// Workloads are all workloads, the most open first, and then by namespace, kind and name.
func (e *Exposure) Workloads() []*Workload {
	var out []*Workload
	for _, p := range e.network.Peers() {
		if p.External() {
			break
		}
		if n := len(out); n == 0 || out[n-1].Object != p.Object {
			out = append(out, &Workload{Object: p.Object})
		}
		w := out[len(out)-1]
		w.Peers = append(w.Peers, p)
		w.Doors = append(w.Doors, e.doors[p]...)
		w.Level = max(w.Level, e.level(p))
	}
	for _, w := range out {
		slices.SortStableFunc(w.Doors, compareDoors)
	}
	slices.SortStableFunc(out, func(a, b *Workload) int { return cmp.Compare(b.Level, a.Level) })
	return out
}

func (e *Exposure) level(p *network.Peer) Level {
	level := OpenToNobody
	for _, d := range e.doors[p] {
		switch {
		case d.Answer == network.Allowed && d.Zone == Internet:
			return FromInternet
		case d.Answer == network.Unknown && d.Zone == Internet:
			level = max(level, PerhapsFromInternet)
		case d.Answer == network.Allowed:
			level = max(level, FromOutside)
		case d.Answer == network.Unknown:
			level = max(level, PerhapsFromOutside)
		}
	}
	if level > OpenToNobody {
		return level
	}
	return e.ByPolicies(p)
}

// ByPolicies is how far policies alone open a peer, as if no way led in: OpenToInternet at most.
func (e *Exposure) ByPolicies(p *network.Peer) Level {
	o := e.Open(network.Ingress, p)
	switch {
	case !o.Internet.Allowed.None():
		return OpenToInternet
	case !o.Internet.Unknown.None():
		return OpenUnclear
	case !o.Cluster.Any.Allowed.Union(o.Cluster.Plain.Allowed).None():
		return OpenToCluster
	}
	level := OpenToNobody
	for _, s := range o.Others {
		if s.Pods.Namespace() != p.Namespace() {
			return OpenToNamespaces
		}
		level = OpenToNamespace
	}
	return level
}
