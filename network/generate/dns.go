package generate

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/need"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// dnsPort is where DNS is asked.
const dnsPort = 53

// resolvers are who answers for the cluster's DNS.
type resolvers struct {
	workloads []*workload
	peers     []Peer
	ports     []Port
	// caches are the addresses at which caches on the nodes answer.
	caches []netip.Prefix
	// usual says that nothing in the inventory shows the pods: their labels are those of nearly all clusters.
	usual bool
}

// findResolvers finds the pods behind the Services of the cluster's DNS.
func (b *builder) findResolvers() {
	r := &b.dns
	for _, s := range b.services.All() {
		if !isDNS(s) {
			continue
		}
		for _, backend := range s.Backends {
			w := b.of[backend.Peer.Object]
			if w == nil || w.hosts() {
				continue
			}
			r.addPorts(s, backend)
			if !slices.Contains(r.workloads, w) {
				r.workloads = append(r.workloads, w)
				r.peers = append(r.peers, Peer{Namespace: w.namespace, Selector: b.exact(w)})
			}
		}
		if labels := serviceSelector(s); len(s.Backends) == 0 && len(labels) > 0 {
			r.addPorts(s, service.Backend{})
			r.peers = append(r.peers, Peer{Namespace: s.Object.Namespace, Selector: Selector{Labels: labels}})
		}
	}
	if len(r.peers) == 0 {
		r.usual = true
		r.peers = []Peer{{Namespace: "kube-system", Selector: Selector{Labels: map[string]string{"k8s-app": "kube-dns"}}}}
	}
	if len(r.ports) == 0 {
		r.ports = usualDNSPorts()
	}
	slices.SortFunc(r.peers, comparePeers)
	slices.SortFunc(r.ports, comparePorts)
	r.ports = slices.Compact(r.ports)
	r.findCaches(b.all)
}

func usualDNSPorts() []Port {
	return []Port{{network.TCP, dnsPort, dnsPort}, {network.UDP, dnsPort, dnsPort}}
}

func isDNS(s *service.Service) bool {
	ns := s.Object.Namespace
	return s.Selects && (ns == "kube-system" || ns == "openshift-dns") && s.ForPort(network.UDP, dnsPort) != nil
}

func serviceSelector(s *service.Service) map[string]string {
	return podLabels(map[string]any{"labels": inventory.Map(s.Object.Content, "spec", "selector")})
}

// addPorts adds the ports of the pods at which the DNS of a Service is asked.
func (r *resolvers) addPorts(s *service.Service, backend service.Backend) {
	for _, protocol := range []network.Protocol{network.TCP, network.UDP} {
		p := s.ForPort(protocol, dnsPort)
		if p == nil {
			continue
		}
		targets := s.Targets(backend, *p)
		if len(targets) == 0 {
			targets = []uint16{dnsPort}
		}
		for _, t := range targets {
			r.ports = append(r.ports, Port{protocol, t, t})
		}
	}
}

// findCaches finds the addresses of caches on the nodes, which pods ask instead of the Service.
// Source: https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/.
func (r *resolvers) findCaches(all []*workload) {
	for _, w := range all {
		if w.namespace != "kube-system" || w.name != "node-local-dns" {
			continue
		}
		spec, _ := w.objects[0].PodSpec()
		for _, c := range inventory.Maps(spec["containers"]) {
			args := inventory.List(c, "args")
			for i, arg := range args[:max(len(args)-1, 0)] {
				if arg != "-localip" && arg != "--localip" {
					continue
				}
				text, _ := args[i+1].(string)
				for one := range strings.SplitSeq(text, ",") {
					if a, err := netip.ParseAddr(strings.TrimSpace(one)); err == nil {
						r.caches = append(r.caches, clean(netip.PrefixFrom(a, a.BitLen())))
					}
				}
			}
		}
	}
	r.caches = exactly(r.caches)
}

// asked says whether a need is one for the cluster's DNS.
func (r *resolvers) asked(n *need.Need, w *workload) bool {
	if n.To.Kind == need.DNS {
		return n.Port == dnsPort || slices.Contains(r.ports, Port{n.Protocol, n.Port, n.Port})
	}
	return w != nil && slices.Contains(r.workloads, w) && slices.Contains(r.ports, Port{n.Protocol, n.Port, n.Port})
}

// dnsPlace is the cluster's DNS where its pods are not in the inventory.
func (b *builder) dnsPlace() place {
	p := place{pods: &b.dns.peers[0], what: "the cluster's DNS"}
	if b.dns.usual {
		p.broader = usualDNS
	}
	return p
}

const usualDNS = "nothing that was read shows the pods of the cluster's DNS: the labels are those that nearly all clusters have"
