// Package exposure finds the ways from outside of the cluster to its workloads, and what network policies let through of
// them; and, ways or not, to whom the policies of a workload open it.
//
// A way in is what somebody declared: a Service of type LoadBalancer or NodePort or with external addresses, ports of the
// host, an Ingress, a route of the Gateway API, an OpenShift Route. Who the sender is that policies see differs: the client,
// a node, the pods of an ingress controller, or a load balancer outside. Where that is not known, the answer is known only
// if it is the same for all who it may be.
//
// Sources: https://kubernetes.io/docs/concepts/services-networking/service/, …/ingress/ and …/network-policies/ there,
// https://kubernetes.io/docs/tutorials/services/source-ip/, the comments of sigs.k8s.io/gateway-api/apis, and those of
// github.com/openshift/api/route/v1.
package exposure

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// Reads are the kinds that ways in are read from, beside those of a Map and of Services.
func Reads() []schema.GroupKind {
	kinds := []schema.GroupKind{
		{Kind: "Node"}, {Group: "networking.k8s.io", Kind: "Ingress"}, {Group: "networking.k8s.io", Kind: "IngressClass"},
		{Group: gatewayGroup, Kind: "Gateway"}, {Group: gatewayGroup, Kind: "GatewayClass"}, {Group: gatewayGroup, Kind: "ReferenceGrant"},
		{Group: "route.openshift.io", Kind: "Route"},
	}
	for _, r := range routeKinds() {
		kinds = append(kinds, schema.GroupKind{Group: gatewayGroup, Kind: r.kind})
	}
	return kinds
}

// An Exposure is the ways in, and what is open. It is safe for concurrent use.
type Exposure struct {
	network  *network.Map
	services *service.Services
	ways     []*Way
	doors    map[*network.Peer][]*Door
	open     *openness
}

// New finds the ways in of an inventory. The Map and the Services have to be those of the inventory. Objects of any shape
// give an answer.
func New(inv *inventory.Inventory, m *network.Map, services *service.Services) *Exposure {
	return find(inv, m, services, manyDoors)
}

// manyDoors bounds how many doors there are. Beyond, only those are noted that say something new of a peer: a small file can
// have thousands of Ingresses that lead to thousands of workloads each.
const manyDoors = 1_000_000

func find(inv *inventory.Inventory, m *network.Map, services *service.Services, most int) *Exposure {
	blocks := newBlockMemory(m)
	e := &Exposure{network: m, services: services, doors: map[*network.Peer][]*Door{}, open: newOpenness(m, blocks)}
	f := &finder{Exposure: e, inv: inv, nodes: nodeZone(inv), judge: newJudge(m, blocks), room: most, rest: map[doorSort]bool{}}
	f.findServices()
	f.findHosts()
	// What comes next is sent on by pods, which the ways so far lead to.
	f.controllers = newControllers(f)
	f.findIngresses()
	f.findGateways()
	f.findRoutes()
	slices.SortStableFunc(e.ways, func(a, b *Way) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), a.Object.Compare(b.Object.Ref)) })
	for _, list := range e.doors {
		slices.SortStableFunc(list, compareDoors)
	}
	return e
}

// A finder is an Exposure in the making.
type finder struct {
	*Exposure
	inv         *inventory.Inventory
	nodes       Zone
	judge       *judge
	controllers *controllers
	room        int // for doors
	rest        map[doorSort]bool
}

// A doorSort is what a door says of a peer, but for its ports and its way.
type doorSort struct {
	peer   *network.Peer
	kind   Kind
	zone   Zone
	answer network.Answer
	reach  network.Answer
}

// fits says whether there is room for a door, or it says something new.
func (f *finder) fits(d *Door) bool {
	if f.room--; f.room >= 0 {
		return true
	}
	sort := doorSort{d.Peer, d.Way.Kind, d.Zone, d.Answer, d.reach}
	if f.rest[sort] {
		return false
	}
	f.rest[sort] = true
	return true
}

// add notes a way with its doors.
func (f *finder) add(w *Way) {
	f.ways = append(f.ways, w)
	for _, d := range w.Doors {
		f.doors[d.Peer] = append(f.doors[d.Peer], d)
	}
}

// Ways are the ways in: by kind, namespace and name.
func (e *Exposure) Ways() []*Way { return e.ways }

// Doors are where ways in lead to a peer: those that let most through first.
func (e *Exposure) Doors(p *network.Peer) []*Door { return e.doors[p] }

// compareDoors puts first what is worst.
func compareDoors(a, b *Door) int {
	return cmp.Or(cmp.Compare(b.Answer, a.Answer), cmp.Compare(b.Zone, a.Zone), cmp.Compare(a.Way.Kind, b.Way.Kind),
		a.Way.Object.Compare(b.Way.Object.Ref), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Target, b.Target))
}
