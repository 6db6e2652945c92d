package need

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/flow"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// A target is where a connection went: an end, and its own port.
type target struct {
	end     End
	port    uint16
	service *service.Service
}

// targets finds the destination of a connection: one, or all that a Service leads to.
func (f *finder) targets(c *flow.Connection, protocol network.Protocol) ([]target, *missing) {
	p := &c.Destination
	asked := f.services.Get(c.Service.Namespace, c.Service.Name)
	switch {
	case c.Service.Name == "":
	case asked == nil && (c.Port == 0 || !p.Known()):
		return nil, &missing{
			reason: fmt.Sprintf("the Service %s/%s is not in what was read", c.Service.Namespace, c.Service.Name), gone: f.live && f.knowsServices,
		}
	case c.Port == 0 || !p.Known():
		return f.behind(asked, lookup{protocol, c.Service.Port, c.Service.PortName}, f.only(p))
	}
	if found := f.byServiceAddress(c); found != nil {
		return f.behind(found, lookup{protocol, c.Port, ""}, nil)
	}
	if e, port, ok := f.wellKnown(c); ok {
		return []target{{e, port, asked}}, nil
	}
	if p.Namespace == "" && !p.Address.IsValid() && len(p.Names) > 0 {
		if s := f.services.Named(p.Names[0], c.Source.Namespace); s != nil {
			return f.behind(s, lookup{protocol, c.Port, ""}, nil)
		}
	}
	end, no := f.find(p)
	if no != nil && p.Workload.Kind == "" && p.Workload.Name != "" {
		if s := f.services.Get(p.Namespace, p.Workload.Name); s != nil {
			return f.behind(s, lookup{protocol, c.Port, ""}, nil)
		}
	}
	if no != nil {
		return nil, no
	}
	if c.Port == 0 {
		return nil, &missing{reason: "the log does not say to which port"}
	}
	return []target{{end, c.Port, asked}}, nil
}

// only is the workload that a connection to a Service went to, where the log says that too.
func (f *finder) only(p *flow.Peer) *inventory.Object {
	if p.Namespace == "" {
		return nil
	}
	if e, no := f.inCluster(p); no == nil {
		return e.Object
	}
	return nil
}

// byServiceAddress finds the Service whose address a connection went to; nil for other addresses.
func (f *finder) byServiceAddress(c *flow.Connection) *service.Service {
	if c.Destination.Namespace != "" {
		return nil
	}
	list := f.services.At(addr(c.Destination.Address))
	if len(list) == 0 {
		return nil
	}
	for _, s := range list { // several may share an external address
		for _, p := range s.Ports {
			if p.Port == c.Port {
				return s
			}
		}
	}
	return list[0]
}

// nodeLocalDNS is where the cache of DNS on each node listens by custom.
var nodeLocalDNS = netip.AddrFrom4([4]byte{169, 254, 20, 10})

const dnsPort = 53

// wellKnown finds what a port makes known: the API server on its node, and DNS whose pods were not read.
func (f *finder) wellKnown(c *flow.Connection) (End, uint16, bool) {
	p := &c.Destination
	a := addr(p.Address)
	switch {
	case p.Namespace == "" && f.nodes.servesAPI(a, c.Port):
		return f.apiServer(p), c.Port, true
	case c.Port == dnsPort && p.Namespace == "" && a == nodeLocalDNS:
		return End{Kind: DNS, Addresses: prefixes([]netip.Addr{a}), Names: []string{"cache of the node"}}, c.Port, true
	case isDNS(p):
		if _, no := f.inCluster(p); no != nil && !f.live {
			return End{Kind: DNS, Names: []string{p.String()}}, c.Port, c.Port != 0
		}
	}
	return End{}, 0, false
}

// isDNS says whether an end is the cluster's DNS, by the label that CoreDNS has had since it took the place of kube-dns, or
// by the name of its Deployment or of OpenShift's DaemonSet.
func isDNS(p *flow.Peer) bool {
	switch {
	case p.Namespace == "kube-system":
		return slices.Contains(p.Labels, flow.Label{Key: "k8s-app", Value: "kube-dns"}) || p.Workload.Name == "coredns" || p.Workload.Name == "kube-dns"
	case p.Namespace == "openshift-dns":
		return p.Workload.Name == "dns-default"
	}
	return false
}

// A lookup is how a log names the port of a Service.
type lookup struct {
	protocol network.Protocol
	number   uint16
	name     string
}

// behind finds what a Service leads to; only is the workload that is meant, where that is known.
func (f *finder) behind(s *service.Service, l lookup, only *inventory.Object) ([]target, *missing) {
	if s.Type == service.ExternalName {
		if other := f.services.Named(s.Host, s.Object.Namespace); other != nil && other.Type != service.ExternalName {
			return f.behind(other, l, only)
		}
		if l.number == 0 {
			return nil, &missing{reason: "the log does not say to which port"}
		}
		return []target{{End{Kind: Outside, Names: []string{s.Host}}, l.number, s}}, nil
	}
	port := servicePort(s, l)
	if s.Headless && l.number != 0 { // no port is translated
		port = &service.Port{Protocol: l.protocol, Port: l.number, Target: l.number}
	}
	if port == nil {
		return nil, &missing{reason: fmt.Sprintf("the %s has no port %s", s.Object, l)}
	}
	if s.Object.Namespace == "default" && s.Object.Name == "kubernetes" {
		return f.behindAPI(s, port), nil
	}
	out := f.pick(s, port, only)
	for _, a := range s.Outside {
		if only == nil && (a.Port() == port.Target || a.Port() == 0 || port.TargetName != "" || len(s.Ports) == 1) {
			e, no := f.unnamed(&flow.Peer{Address: netip.PrefixFrom(a.Addr(), a.Addr().BitLen())})
			if n := a.Port(); no == nil {
				if n == 0 {
					n = port.Target
				}
				out = append(out, target{e, n, s})
			}
		}
	}
	if len(out) == 0 {
		return nil, &missing{reason: fmt.Sprintf("the %s leads to nothing in what was read", s.Object)}
	}
	return out, nil
}

func (l lookup) String() string {
	if l.number == 0 {
		return fmt.Sprintf("%q", l.name)
	}
	return fmt.Sprintf("%s %d", l.protocol, l.number)
}

func servicePort(s *service.Service, l lookup) *service.Port {
	switch {
	case l.number != 0:
		return s.ForPort(l.protocol, l.number)
	case l.name != "":
		return s.ForName(l.name)
	case len(s.Ports) == 1 && s.Ports[0].Protocol == l.protocol:
		return &s.Ports[0]
	}
	return nil
}

// pick are the pods behind a port of a Service, by workload and port.
func (f *finder) pick(s *service.Service, port *service.Port, only *inventory.Object) []target {
	type key struct {
		object *inventory.Object
		port   uint16
	}
	peers := map[key][]*network.Peer{}
	var order []key
	for _, b := range s.Backends {
		if only != nil && b.Peer.Object != only {
			continue
		}
		ports := s.Targets(b, *port)
		if s.Headless && port.TargetName == "" {
			ports = []uint16{port.Target}
		}
		for _, n := range ports {
			k := key{b.Peer.Object, n}
			if peers[k] == nil {
				order = append(order, k)
			}
			peers[k] = append(peers[k], b.Peer)
		}
	}
	var out []target
	for _, k := range order {
		w := f.workloads[workloadName{k.object.Namespace, k.object.Kind, k.object.Name}]
		if w == nil {
			continue
		}
		out = append(out, target{f.end(w, peers[k]...), k.port, s})
	}
	return out
}

// behindAPI is what the Service of the API server leads to.
func (f *finder) behindAPI(s *service.Service, port *service.Port) []target {
	ports := f.nodes.apiPorts()
	if len(ports) == 0 {
		ports = []uint16{port.Target}
	}
	var out []target
	for _, n := range ports {
		out = append(out, target{f.apiServer(&flow.Peer{}), n, s})
	}
	return out
}
