package need

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/exposure"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// DeclaredOptions are answers of other rooms.
type DeclaredOptions struct {
	// HasRights says whether a service account was granted any right: then pods with its token are taken to use it. nil
	// when that is not known.
	HasRights func(namespace, account string) bool
}

// DeclaredReads are the kinds that Declared looks at, beside those of the Map and the Services.
func DeclaredReads() []schema.GroupKind {
	return append(exposure.Reads(), []schema.GroupKind{
		{Kind: "ConfigMap"}, {Kind: "ServiceAccount"},
		{Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration"},
		{Group: "admissionregistration.k8s.io", Kind: "MutatingWebhookConfiguration"},
		{Group: "apiregistration.k8s.io", Kind: "APIService"}, {Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"},
		{Group: "monitoring.coreos.com", Kind: "Prometheus"}, {Group: "monitoring.coreos.com", Kind: "ServiceMonitor"},
		{Group: "monitoring.coreos.com", Kind: "PodMonitor"},
	}...)
}

// Declared finds the connections that the objects of an inventory say are needed: by variables, arguments and files that
// name a Service, probes, Ingresses and routes, webhooks, DNS, the API server and metrics. It keeps no value that it has
// read: only which Service, address or public host name was meant.
func Declared(inv *inventory.Inventory, m *network.Map, services *service.Services, options DeclaredOptions) *Needs {
	d := &declarer{
		inv: inv, network: m, services: services, options: options,
		index: map[needKey]int{}, unresolvedSeen: map[Unresolved]bool{}, meanings: map[string]keyMeaning{},
		nodes: readNodes(inv), configMaps: map[*inventory.Object]*configMap{}, links: map[string]map[string]string{}, more: map[int]int{},
	}
	d.findWorkloads()
	d.findHostPorts()
	d.countMounts()
	for _, w := range d.workloads {
		d.containers(w)
		d.probes(w)
		d.dns(w)
		d.apiServer(w)
	}
	d.waysIn()
	d.webhooks()
	d.metrics()
	d.peers()
	return d.finish()
}

// A declarer collects what Declared finds.
type declarer struct {
	inv      *inventory.Inventory
	network  *network.Map
	services *service.Services
	options  DeclaredOptions

	workloads []*sender
	byObject  map[*inventory.Object]*sender

	needs          []Need
	index          map[needKey]int
	more           map[int]int // how many more places declare a need than Evidence holds
	unresolved     []Unresolved
	unresolvedSeen map[Unresolved]bool
	cannot         []string

	meanings   map[string]keyMeaning
	configMaps map[*inventory.Object]*configMap
	links      map[string]map[string]string // variables for Services, by namespace
	places     map[netip.Addr]End           // of pods and nodes; made when needed
	hostPorts  map[hostPort][]destination
	dnsTo      []destination
	apiTo      []destination

	nodes                                        *nodes
	fromSecrets, missingMaps, cutTexts, noRights naming
}

// A sender is a workload whose objects are asked what it needs.
type sender struct {
	object *inventory.Object
	// pods are its peers that policies can select; hosts are those on the network of their nodes.
	pods, hosts []*network.Peer
	specs       []podSpec
}

// end is the end of a workload's pods.
func (w *sender) end() End {
	if len(w.pods) == 0 {
		return hostEnd(w.object, w.hosts)
	}
	return End{Kind: Workload, Object: w.object, Peers: w.pods}
}

// hostEnd is the end of pods on the network of their nodes.
func hostEnd(o *inventory.Object, peers []*network.Peer) End {
	end := End{Kind: Node, Object: o, Peers: peers}
	var at []netip.Addr
	for _, p := range peers {
		for _, pod := range p.Pods {
			at = append(at, network.PodAddresses(pod)...)
		}
	}
	end.Addresses = prefixes(at)
	return end
}

// endsOf are the ends of some peers of workloads: one for each workload, and another for its pods on the host network.
func endsOf(peers []*network.Peer) []End {
	var out []End
	for _, p := range peers {
		kind := Workload
		if p.HostNetwork {
			kind = Node
		}
		i := slices.IndexFunc(out, func(e End) bool { return e.Object == p.Object && e.Kind == kind })
		if i < 0 {
			i = len(out)
			out = append(out, End{Kind: kind, Object: p.Object})
		}
		out[i].Peers = append(out[i].Peers, p)
	}
	for i, e := range out {
		if e.Kind == Node {
			out[i] = hostEnd(e.Object, e.Peers)
		}
	}
	return out
}

func (d *declarer) findWorkloads() {
	d.byObject = map[*inventory.Object]*sender{}
	for _, p := range d.network.Peers() {
		if p.External() {
			break
		}
		w := d.byObject[p.Object]
		if w == nil {
			w = &sender{object: p.Object}
			d.byObject[p.Object] = w
			d.workloads = append(d.workloads, w)
		}
		if p.HostNetwork {
			w.hosts = append(w.hosts, p)
		} else {
			w.pods = append(w.pods, p)
		}
	}
	for _, w := range d.workloads {
		w.specs = podSpecs(w.object, append(slices.Clip(w.pods), w.hosts...))
	}
}

// maxEvidence is how many places are named for one need.
const maxEvidence = 8

type needKey struct {
	from, to string
	protocol network.Protocol
	port     uint16
	service  *service.Service
}

// need notes one need.
func (d *declarer) need(from, to End, protocol network.Protocol, port uint16, s *service.Service, because Evidence) {
	if port == 0 || from.Object != nil && from.Object == to.Object && s == nil {
		return
	}
	key := needKey{from.Key(), to.Key(), protocol, port, s}
	i, known := d.index[key]
	if !known {
		i = len(d.needs)
		d.index[key] = i
		d.needs = append(d.needs, Need{From: from, To: to, Protocol: protocol, Port: port, Service: s})
	}
	n := &d.needs[i]
	if known {
		n.To.Peers = union(n.To.Peers, to.Peers)
		n.From.Peers = union(n.From.Peers, from.Peers)
	}
	same := func(e Evidence) bool {
		return e.Object == because.Object && e.Path == because.Path && e.What == because.What
	}
	switch {
	case slices.ContainsFunc(n.Evidence, same):
	case len(n.Evidence) < maxEvidence:
		n.Evidence = append(n.Evidence, because)
	default:
		d.more[i]++
	}
}

// union are the peers of both, in order; mostly they are the same.
func union(a, b []*network.Peer) []*network.Peer {
	if slices.Equal(a, b) {
		return a
	}
	both := slices.Concat(a, b)
	slices.SortFunc(both, (*network.Peer).Compare)
	return slices.Compact(both)
}

// unknown notes a connection that is known only in part.
func (d *declarer) unknown(u Unresolved) {
	if !d.unresolvedSeen[u] {
		d.unresolvedSeen[u] = true
		d.unresolved = append(d.unresolved, u)
	}
}

// finish puts everything in order.
func (d *declarer) finish() *Needs {
	for i, more := range d.more {
		last := &d.needs[i].Evidence[maxEvidence-1]
		*last = Evidence{Object: last.Object, Path: last.Path, What: last.What + ", and " + amount(int64(more), "more place", "more places")}
	}
	type named struct {
		from, to string
		Need
	}
	list := make([]named, len(d.needs))
	for i, n := range d.needs {
		list[i] = named{n.From.String(), n.To.String(), n}
	}
	slices.SortStableFunc(list, func(a, b named) int {
		if c := strings.Compare(a.from, b.from); c != 0 {
			return c
		}
		if c := strings.Compare(a.to, b.to); c != 0 {
			return c
		}
		if a.Protocol != b.Protocol {
			return int(a.Protocol) - int(b.Protocol)
		}
		return int(a.Port) - int(b.Port)
	})
	out := &Needs{Unresolved: d.unresolved, List: make([]Need, len(list))}
	for i, n := range list {
		out.List[i] = n.Need
	}
	out.CannotKnow = d.cannotKnow()
	return out
}

// cannotKnow says what declarations cannot tell.
func (d *declarer) cannotKnow() []string {
	out := []string{
		"Connections that programs open by themselves, to addresses that no variable, argument or configuration file names",
	}
	if n := &d.fromSecrets; n.any() {
		out = append(out, "Addresses that "+n.text()+" may take from Secrets, whose values are never read")
	}
	if n := &d.missingMaps; n.any() {
		out = append(out, "Addresses that "+n.text()+" may take from ConfigMaps that are not in what was read")
	}
	if n := &d.cutTexts; n.any() {
		out = append(out, "What is beyond the beginning of very long values of "+n.text())
	}
	if n := &d.noRights; n.any() {
		out = append(out, "Whether "+n.text()+" use the API server, to which they have a token")
	}
	out = append(out, d.cannot...)
	for _, gk := range append(DeclaredReads(), service.Reads()...) {
		if gap, ok := d.inv.Incomplete(gk); ok {
			if gap.Kind == "" {
				out = append(out, "What is in "+gap.File+": "+gap.Reason)
				continue
			}
			out = append(out, fmt.Sprintf("What objects of kind %s say that could not be read: %s", gk.Kind, gap.Reason))
		}
	}
	return slices.Compact(out)
}

// A naming is workloads that a sentence is about, with details of each.
type naming struct {
	list    []*inventory.Object
	details map[*inventory.Object][]string
}

// maxNames is how many workloads a sentence names, and how many details of each.
const maxNames = 20

func (n *naming) add(o *inventory.Object, detail string) {
	if n.details == nil {
		n.details = map[*inventory.Object][]string{}
	}
	have, known := n.details[o]
	if !known {
		n.list = append(n.list, o)
	}
	if detail != "" && len(have) < maxNames && !slices.Contains(have, detail) {
		have = append(have, detail)
	}
	n.details[o] = have
}

func (n *naming) any() bool { return len(n.list) > 0 }

// text is the workloads as a list for people.
func (n *naming) text() string {
	var list []string
	for i, o := range n.list {
		if i == maxNames {
			return strings.Join(list, ", ") + " and " + strconv.Itoa(len(n.list)-maxNames) + " more"
		}
		one := o.String()
		if details := n.details[o]; len(details) > 0 {
			one += " (" + strings.Join(details, ", ") + ")"
		}
		list = append(list, one)
	}
	if last := len(list) - 1; last > 0 {
		return strings.Join(list[:last], ", ") + " and " + list[last]
	}
	return list[0]
}
