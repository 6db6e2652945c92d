package need

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// dnsLabel is on the pods and the Service of a cluster's DNS, whichever program it is.
const dnsLabel = "k8s-app"

// nodeLocal is where NodeLocal DNSCache listens on every node (k8s.io/dns, nodelocaldns.yaml).
var nodeLocal = netip.AddrFrom4([4]byte{169, 254, 20, 10})

var dnsProtocols = []network.Protocol{network.TCP, network.UDP}

// dns notes whom the pods of a workload ask for names. Programs that ask nobody cannot be told from others.
func (d *declarer) dns(w *sender) {
	if len(w.pods) == 0 {
		return // pods on the host network are bound by no policy
	}
	s := &w.specs[0]
	from := End{Kind: Workload, Object: w.object, Peers: w.pods}
	policy := inventory.String(s.spec, "dnsPolicy")
	evidence := Evidence{Object: s.object, Path: s.path, What: "name resolution"}
	if policy != "" {
		evidence.Path = s.path.Field("dnsPolicy")
	}
	if policy == "" || strings.HasPrefix(policy, "ClusterFirst") {
		for _, to := range d.clusterDNS() {
			if to.end.Object != w.object {
				d.need(from, to.end, to.protocol, to.port, nil, evidence)
			}
		}
	}
	servers := inventory.List(s.spec, "dnsConfig", "nameservers")
	if policy == "Default" {
		d.unknown(Unresolved{From: w.object.String(), To: "the DNS servers of its node", Port: 53,
			Reason: "dnsPolicy Default takes the addresses from the node, which does not tell them"})
	}
	for i, item := range servers {
		text, _ := item.(string)
		if a, err := netip.ParseAddr(text); err == nil {
			d.nameserver(from, a.Unmap().WithZone(""), Evidence{
				Object: s.object, Path: s.path.Field("dnsConfig").Field("nameservers").Index(i), What: "name resolution by its own server",
			})
		}
	}
}

// nameserver notes a DNS server by address.
func (d *declarer) nameserver(from End, a netip.Addr, because Evidence) {
	if a.IsLoopback() || a.IsUnspecified() {
		return
	}
	list := d.services.At(a)
	for _, protocol := range dnsProtocols {
		for _, s := range list {
			if p := s.ForPort(protocol, 53); p != nil {
				d.toPort(from, s, *p, dial{port: 53}, because)
			}
		}
		if len(list) == 0 {
			d.need(from, d.at(a), protocol, 53, nil, because)
		}
	}
}

// clusterDNS are where pods find the cluster's DNS: its pods, the cache on their node, or just that there is one.
func (d *declarer) clusterDNS() []destination {
	if d.dnsTo != nil {
		return d.dnsTo
	}
	for _, s := range d.services.All() {
		if isDNSService(s.Object) {
			d.behindService(s)
		}
	}
	if len(d.dnsTo) == 0 {
		for _, w := range d.workloads {
			if len(w.pods) > 0 && d.isDNS(w, "kube-dns") {
				for _, protocol := range dnsProtocols {
					end := End{Kind: Workload, Object: w.object, Peers: slices.Clip(w.pods)}
					d.dnsTo = append(d.dnsTo, destination{end, protocol, 53})
				}
			}
		}
	}
	if len(d.dnsTo) == 0 {
		for _, protocol := range dnsProtocols {
			d.dnsTo = append(d.dnsTo, destination{End{Kind: DNS}, protocol, 53})
		}
	}
	for _, w := range d.workloads {
		if d.isDNS(w, "node-local-dns", "nodelocaldns") {
			d.cache(w)
			break
		}
	}
	return d.dnsTo
}

// behindService finds the pods of the cluster's DNS behind its Service.
func (d *declarer) behindService(s *service.Service) {
	for _, protocol := range dnsProtocols {
		p := s.ForPort(protocol, 53)
		if p == nil {
			continue
		}
		for _, b := range s.Backends {
			for _, end := range endsOf([]*network.Peer{b.Peer}) {
				for _, n := range s.Targets(b, *p) {
					d.dnsTo = append(d.dnsTo, destination{end, protocol, n})
				}
			}
		}
	}
}

// cache notes that pods ask a cache on their node, which asks the cluster's DNS.
func (d *declarer) cache(w *sender) {
	because := Evidence{Object: w.object, Path: finding.Path("metadata.labels").Field(dnsLabel), What: "the cache of names on every node"}
	for _, to := range d.dnsTo {
		if to.end.Kind == Workload {
			d.need(w.end(), to.end, to.protocol, to.port, nil, because)
		}
	}
	for _, protocol := range dnsProtocols {
		end := End{Kind: DNS, Addresses: prefixes([]netip.Addr{nodeLocal}), Names: []string{"NodeLocal DNSCache"}}
		d.dnsTo = append(d.dnsTo, destination{end, protocol, 53})
	}
}

// isDNSService says whether a Service is the one that pods find the cluster's DNS by.
func isDNSService(o *inventory.Object) bool {
	switch o.Namespace {
	case "kube-system":
		return o.Name == "kube-dns" || o.Name == "coredns" || o.Labels()[dnsLabel] == "kube-dns" && !strings.Contains(o.Name, "metrics") &&
			!strings.Contains(o.Name, "upstream")
	case "openshift-dns":
		return o.Name == "dns-default"
	}
	return false
}

// isDNS says whether the pods of a workload of the system have one of these labels.
func (d *declarer) isDNS(w *sender, names ...string) bool {
	if w.object.Namespace != "kube-system" {
		return false
	}
	return slices.Contains(names, inventory.String(w.specs[0].meta, "labels", dnsLabel))
}
