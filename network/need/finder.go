package need

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/flow"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// Reads are the kinds that Observed looks at, besides those of the Map and of the Services.
func Reads() []schema.GroupKind {
	return []schema.GroupKind{{Kind: "Node"}, {Group: "crd.projectcalico.org", Kind: "NetworkSet"},
		{Group: "crd.projectcalico.org", Kind: "GlobalNetworkSet"}}
}

// A finder finds the ends of flows again.
type finder struct {
	inv      *inventory.Inventory
	network  *network.Map
	services *service.Services

	all       []*workload
	order     map[*network.Peer]int
	workloads map[workloadName]*workload
	named     map[objectName][]*workload
	owned     map[workloadName][]*workload // by owners of kinds that are no workloads for us
	accounts  map[objectName][]*workload
	pods      map[objectName]livePod
	podNames  map[string][]string // by namespace, sorted
	addresses map[netip.Addr]livePod
	nodes     *nodes
	// said are the ends that the log itself names at an address; nil where it names several.
	said map[netip.Addr]*End
	// live says that workloads that are not there do not exist: all of a cluster was read.
	live bool
	// knowsServices says the same of Services.
	knowsServices bool
	// taken counts the private addresses of which nobody said what they are, and that were taken for addresses outside.
	taken map[netip.Addr]bool
	// byAddress says that an end was found by the address of a pod alone.
	byAddress bool

	inNamespace        map[string][]*workload
	labelled           map[string][]*workload // by namespace and labels
	inside             []netip.Addr           // all addresses of pods, nodes and API servers, sorted
	wide               bool                   // addresses outside were put together, as networks of so many bits:
	widened4, widened6 int
}

type objectName struct{ namespace, name string }

type workloadName struct{ namespace, kind, name string }

// A workload is an object with its peers.
type workload struct {
	object *inventory.Object
	peers  []*network.Peer
}

type livePod struct {
	object   *inventory.Object
	workload *workload
	peer     *network.Peer
}

// missing says why an end was not found.
type missing struct {
	reason string
	// gone says that it surely is not there any more, within that it never leaves a pod.
	gone, within bool
}

func newFinder(inv *inventory.Inventory, m *network.Map, services *service.Services) *finder {
	f := &finder{
		inv: inv, network: m, services: services, order: map[*network.Peer]int{}, workloads: map[workloadName]*workload{},
		named: map[objectName][]*workload{}, owned: map[workloadName][]*workload{}, accounts: map[objectName][]*workload{},
		pods: map[objectName]livePod{}, podNames: map[string][]string{}, addresses: map[netip.Addr]livePod{},
		said: map[netip.Addr]*End{}, taken: map[netip.Addr]bool{}, nodes: readNodes(inv), inNamespace: map[string][]*workload{}, labelled: map[string][]*workload{},
	}
	_, gap := inv.Incomplete(inventory.WorkloadKinds()...)
	_, noServices := inv.Incomplete(service.Reads()...)
	f.knowsServices = inv.Source.Kind == "cluster" && !noServices
	f.live = inv.Source.Kind == "cluster" && !gap
	var last *workload
	for i, p := range m.Peers() {
		f.order[p] = i
		if p.External() {
			continue
		}
		if last == nil || last.object != p.Object {
			last = f.add(p.Object)
		}
		last.peers = append(last.peers, p)
		f.addPods(last, p)
	}
	for _, names := range f.podNames {
		slices.Sort(names)
	}
	f.inside = slices.Concat(slices.Collect(maps.Keys(f.addresses)), slices.Collect(maps.Keys(f.nodes.addresses)), f.nodes.apiAddresses())
	slices.SortFunc(f.inside, netip.Addr.Compare)
	return f
}

// add notes a workload under all its names.
func (f *finder) add(o *inventory.Object) *workload {
	w := &workload{object: o}
	f.all = append(f.all, w)
	f.workloads[workloadName{o.Namespace, o.Kind, o.Name}] = w
	f.named[objectName{o.Namespace, o.Name}] = append(f.named[objectName{o.Namespace, o.Name}], w)
	f.inNamespace[o.Namespace] = append(f.inNamespace[o.Namespace], w)
	f.addOwners(o, w)
	spec, _ := o.PodSpec()
	account := inventory.String(spec, "serviceAccountName")
	if account == "" {
		account = cmp.Or(inventory.String(spec, "serviceAccount"), "default")
	}
	name := objectName{o.Namespace, account}
	f.accounts[name] = append(f.accounts[name], w)
	return w
}

func (f *finder) addPods(w *workload, p *network.Peer) {
	for _, o := range p.Pods {
		at := livePod{o, w, p}
		name := objectName{o.Namespace, o.Name}
		if _, twice := f.pods[name]; !twice {
			f.pods[name] = at
			f.podNames[o.Namespace] = append(f.podNames[o.Namespace], o.Name)
		}
		if o != w.object {
			f.addOwners(o, w)
		}
		if p.HostNetwork {
			continue // its addresses are its node's
		}
		for _, a := range network.PodAddresses(o) {
			f.addresses[a] = at
		}
	}
}

// addOwners notes that a workload belongs to owners of other kinds, as custom controllers are.
func (f *finder) addOwners(o *inventory.Object, w *workload) {
	for _, ref := range inventory.Maps(inventory.List(o.Content, "metadata", "ownerReferences")) {
		name := workloadName{o.Namespace, inventory.String(ref, "kind"), inventory.String(ref, "name")}
		if !slices.Contains(f.owned[name], w) {
			f.owned[name] = append(f.owned[name], w)
		}
	}
}

// end is a workload as an end, with some of its peers. Pods on the host network are nodes to policies.
func (f *finder) end(w *workload, peers ...*network.Peer) End {
	if len(peers) == 0 {
		peers = w.peers
	}
	e := End{Kind: Workload, Object: w.object, Peers: peers}
	if slices.ContainsFunc(peers, func(p *network.Peer) bool { return !p.HostNetwork }) {
		return e
	}
	e.Kind = Node
	var at []netip.Addr
	for _, p := range peers {
		for _, o := range p.Pods {
			at = append(at, network.PodAddresses(o)...)
		}
	}
	e.Addresses = prefixes(at)
	return e
}

// find finds an end by all that the log says of it. Services are the matter of destinations.
func (f *finder) find(p *flow.Peer) (End, *missing) {
	if p.NetworkSet != "" {
		return f.networkSet(p), nil
	}
	if p.Namespace != "" {
		return f.inCluster(p)
	}
	switch p.Identity {
	case flow.Host, flow.RemoteNode:
		return f.node(p), nil
	case flow.Health:
		return End{Kind: Node, Names: []string{"health checks of the network plugin"}}, nil
	case flow.Ingress:
		return End{Kind: Gateway, Names: []string{"the network plugin's own ingress proxy"}}, nil
	case flow.APIServer:
		return f.apiServer(p), nil
	case flow.World:
		return f.world(p), nil
	case flow.Unmanaged, flow.Init:
		if at, ok := f.addresses[addr(p.Address)]; ok {
			return f.end(at.workload, at.peer), nil
		}
		return End{}, &missing{reason: "the log does not say which pod " + p.String() + " is"}
	}
	return f.unnamed(p)
}

// unnamed finds an end of which the log knows an address or a name, or only the sort of its network.
func (f *finder) unnamed(p *flow.Peer) (End, *missing) {
	switch {
	case p.Address.IsValid():
		return f.address(p)
	case p.Identity == flow.Private:
		return End{Kind: Outside, Names: []string{"a private network"}, Wider: true}, nil
	case len(p.Names) > 0:
		if at, ok := f.nodes.named[p.Names[0]]; ok {
			return End{Kind: Node, Addresses: prefixes(at)}, nil
		}
		if !strings.Contains(p.Names[0], ".") {
			return End{}, &missing{reason: p.Names[0] + " is the name of no Service and no node in what was read"}
		}
		return End{Kind: Outside, Names: p.Names}, nil
	}
	return End{}, &missing{reason: "the log does not say what it is"}
}

// networkSet is a set of networks, as Calico knows them.
func (f *finder) networkSet(p *flow.Peer) End {
	e := End{Kind: Outside, Names: []string{"network set " + p.NetworkSet}}
	if p.Address.IsValid() {
		e.Addresses = []netip.Prefix{p.Address}
		return e
	}
	e.Wider = true
	for _, group := range []string{"crd.projectcalico.org", "projectcalico.org"} {
		for _, kind := range []string{"NetworkSet", "GlobalNetworkSet"} {
			o := f.inv.Get(group, kind, p.Namespace, p.NetworkSet)
			if o == nil {
				continue
			}
			for _, item := range inventory.List(o.Content, "spec", "nets") {
				text, _ := item.(string)
				if n, err := netip.ParsePrefix(text); err == nil {
					e.Addresses = append(e.Addresses, n.Masked())
				}
			}
			e.Addresses = disjoint(e.Addresses)
			return e
		}
	}
	return e
}

// world is what the log says to be outside of the cluster.
func (f *finder) world(p *flow.Peer) End {
	switch {
	case !p.Address.IsValid():
		return End{Kind: Outside, Names: p.Names, Wider: len(p.Names) == 0}
	case f.nodes.has(addr(p.Address)):
		return End{Kind: Node, Addresses: []netip.Prefix{p.Address}}
	}
	return f.outside(p)
}

// addr is the address of a network that is a single one; zero for others.
func addr(p netip.Prefix) netip.Addr {
	if p.IsSingleIP() {
		return p.Addr()
	}
	return netip.Addr{}
}

// prefixes are addresses as sorted blocks of one.
func prefixes(list []netip.Addr) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(list))
	for _, a := range list {
		out = append(out, netip.PrefixFrom(a, a.BitLen()))
	}
	slices.SortFunc(out, netip.Prefix.Compare)
	return slices.Compact(out)
}

// disjoint sorts blocks and leaves out those that are in others.
func disjoint(list []netip.Prefix) []netip.Prefix {
	slices.SortFunc(list, netip.Prefix.Compare)
	var out []netip.Prefix
	for _, p := range list {
		if n := len(out); n == 0 || !out[n-1].Overlaps(p) {
			out = append(out, p)
		}
	}
	return out
}
