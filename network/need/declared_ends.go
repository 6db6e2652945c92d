package need

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// A destination is an end and a port of it.
type destination struct {
	end      End
	protocol network.Protocol
	port     uint16
}

// metadata is where clouds tell virtual machines about themselves.
var metadata = netip.AddrFrom4([4]byte{169, 254, 169, 254})

// toAddress notes an address in a text.
func (d *declarer) toAddress(r *reading, m *mention, meaning keyMeaning) {
	a := m.addr
	switch {
	case a.IsLoopback(), a.IsUnspecified(), a.IsMulticast(), a.IsLinkLocalUnicast() && a != metadata, m.beside:
		return
	case m.url, m.alone && (meaning.address || m.port != 0 && m.key != "" && m.key == r.name):
	default:
		return
	}
	if list := d.services.At(a); len(list) > 0 {
		if s := list[0]; s.Object.Namespace == "default" && s.Object.Name == "kubernetes" {
			d.toAPIServer(r.sender, r.because(m.key))
		} else {
			d.toService(r, m, s, keyMeaning{address: true})
		}
		return
	}
	port := r.portOf(m)
	to := d.at(a)
	if port == 0 {
		d.unknown(Unresolved{From: r.sender.object.String(), To: to.String(), Reason: "no port is named"})
		return
	}
	protocol := network.TCP
	if m.scheme == "udp" {
		protocol = network.UDP
	}
	if r.shared > 1 {
		d.shared(r, to.String(), port)
		return
	}
	if d.nodes.servesAPI(a, port) {
		d.toAPIServer(r.sender, r.because(m.key))
		return
	}
	d.need(r.sender.end(), to, protocol, port, nil, r.because(m.key))
}

// at is the end that has an address.
func (d *declarer) at(a netip.Addr) End {
	if d.places == nil {
		d.places = map[netip.Addr]End{}
		for _, w := range d.workloads {
			for _, p := range w.pods {
				for _, pod := range p.Pods {
					for _, own := range network.PodAddresses(pod) {
						d.places[own] = End{Kind: Workload, Object: w.object, Peers: []*network.Peer{p}}
					}
				}
			}
		}
	}
	if end, known := d.places[a]; known {
		return end
	}
	if d.nodes.has(a) {
		return End{Kind: Node, Addresses: prefixes([]netip.Addr{a})}
	}
	return End{Kind: Outside, Addresses: prefixes([]netip.Addr{a})}
}

// ownNode is the end of a pod's own node.
func ownNode() End { return End{Kind: Node, SameNode: true} }

// toOwnNode notes that a workload talks to the node it runs on: to what listens there.
func (d *declarer) toOwnNode(r *reading, m *mention) {
	port := r.portOf(m)
	if port == 0 {
		return // the address of the node is also used for names
	}
	protocol := network.TCP
	if m.scheme == "udp" {
		protocol = network.UDP
	}
	d.need(r.sender.end(), ownNode(), protocol, port, nil, r.because(m.key))
	for _, to := range d.hostPorts[hostPort{protocol, port}] {
		d.need(r.sender.end(), to.end, protocol, to.port, nil, r.because(m.key))
	}
}

// isAPIServer says whether a host is a name of the API server.
func (d *declarer) isAPIServer(host, namespace string) bool {
	switch host {
	case "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local":
		return true
	case "kubernetes":
		return namespace == "default"
	}
	s := d.services.Named(host, namespace)
	return s != nil && s.Object.Namespace == "default" && s.Object.Name == "kubernetes"
}

// toAPIServer notes that a workload needs the API server.
func (d *declarer) toAPIServer(w *sender, because Evidence) {
	for _, to := range d.apiServers() {
		d.need(w.end(), to.end, to.protocol, to.port, nil, because)
	}
}

// apiServers are where the API server is. Where that is not known, the ports are those that it mostly has.
func (d *declarer) apiServers() []destination {
	if d.apiTo != nil {
		return d.apiTo
	}
	end := End{Kind: APIServer, Addresses: prefixes(d.nodes.apiAddresses())}
	ports := d.nodes.apiPorts()
	if len(ports) == 0 {
		ports = []uint16{443, 6443}
	}
	for _, p := range ports {
		d.apiTo = append(d.apiTo, destination{end: end, port: p})
	}
	return d.apiTo
}

// apiServer notes the API server for workloads that have a token to it and rights.
func (d *declarer) apiServer(w *sender) {
	s := &w.specs[0]
	name := accountOf(s.spec)
	path, ok := inventory.TokenVolume(s.spec)
	what := "a token of the service account " + name + ", which has rights"
	at := s.path
	if ok {
		at = s.path + "." + path
	} else {
		var accounts []*inventory.Object
		if o := d.inv.Get("", "ServiceAccount", w.object.Namespace, name); o != nil {
			accounts = append(accounts, o)
		}
		if ok, _ = inventory.MountsToken(s.spec, name, accounts); !ok {
			return
		}
		if inventory.String(s.spec, "serviceAccountName") != "" {
			at = at.Field("serviceAccountName")
		}
	}
	switch {
	case d.options.HasRights == nil:
		d.noRights.add(w.object, "")
	case d.options.HasRights(w.object.Namespace, name):
		d.toAPIServer(w, Evidence{Object: s.object, Path: at, What: what})
	}
}

func accountOf(spec map[string]any) string {
	for _, field := range []string{"serviceAccountName", "serviceAccount"} {
		if name := inventory.String(spec, field); name != "" {
			return name
		}
	}
	return "default"
}

// decimal is a port as text.
func decimal(n uint16) string { return strconv.Itoa(int(n)) }

// A hostPort is a port of nodes that leads to a pod on it.
type hostPort struct {
	protocol network.Protocol
	port     uint16
}

// findHostPorts finds what is behind ports of nodes. A host port does not say who uses it.
func (d *declarer) findHostPorts() {
	d.hostPorts = map[hostPort][]destination{}
	for _, w := range d.workloads {
		if len(w.pods) == 0 {
			continue
		}
		for i := range w.specs {
			for _, c := range w.specs[i].containers() {
				for _, m := range inventory.Maps(c.content["ports"]) {
					at, to := hostPort{protocolOf(m), network.PortNumber(m["hostPort"])}, network.PortNumber(m["containerPort"])
					if at.port == 0 || to == 0 {
						continue
					}
					d.hostPorts[at] = append(d.hostPorts[at], destination{
						end: End{Kind: Workload, Object: w.object, Peers: slices.Clip(w.pods)}, protocol: at.protocol, port: to,
					})
					d.unknown(Unresolved{From: "whoever uses port " + decimal(at.port) + " of nodes", To: w.object.String(),
						Protocol: at.protocol.String(), Port: to, Reason: "a host port does not say who uses it"})
				}
			}
		}
	}
}
