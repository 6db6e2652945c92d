package exposure

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// findServices finds the Services that the outside can ask.
func (f *finder) findServices() {
	for _, s := range f.services.All() {
		if s.Type == service.ExternalName {
			continue // a name for something else
		}
		spec := inventory.Map(s.Object.Content, "spec")
		keepsClient := inventory.String(spec, "externalTrafficPolicy") == "Local"
		if s.Type == service.LoadBalancer {
			w := f.balancer(s)
			sender := ClientOrNode // balancers may put their own address in place of the client's
			if !keepsClient {
				sender = ClientOrAnyNode
			}
			f.lead(w, s, sender)
			f.add(w)
		}
		byNode := Client
		if !keepsClient {
			byNode = ClientOrAnyNode
		}
		if len(inventory.List(spec, "externalIPs")) > 0 {
			w := &Way{Kind: ExternalIP, Object: s.Object, Zone: Internet}
			f.externalIPs(w, spec)
			f.lead(w, s, byNode)
			f.add(w)
		}
		if s.Type == service.NodePort || s.Type == service.LoadBalancer && f.nodePortsToo(s) {
			w := &Way{Kind: NodePort, Object: s.Object, Zone: f.nodes, ZoneWhy: nodesWhy(f.nodes)}
			f.lead(w, s, byNode)
			f.add(w)
		}
	}
}

func nodesWhy(z Zone) string {
	if z == Internet {
		return ""
	}
	return "only who reaches the addresses of the nodes"
}

// nodePortsToo says whether the node ports of a balanced Service let in more than its load balancer does.
func (f *finder) nodePortsToo(s *service.Service) bool {
	allocate, told := inventory.Map(s.Object.Content, "spec")["allocateLoadBalancerNodePorts"].(bool)
	hasPorts := slices.ContainsFunc(s.Ports, func(p service.Port) bool { return p.NodePort != 0 })
	if told && !allocate && !hasPorts {
		return false
	}
	w := f.ways[len(f.ways)-1]
	return w.Kind == LoadBalancer && (len(w.Sources) > 0 || w.Zone < f.nodes)
}

// balancer reads a Service of type LoadBalancer.
func (f *finder) balancer(s *service.Service) *Way {
	w := &Way{Kind: LoadBalancer, Object: s.Object, Zone: Internet}
	spec := inventory.Map(s.Object.Content, "spec")
	texts := inventory.List(spec, "loadBalancerSourceRanges")
	if len(texts) == 0 {
		for part := range strings.SplitSeq(s.Object.Annotations()["service.beta.kubernetes.io/load-balancer-source-ranges"], ",") {
			texts = append(texts, part)
		}
	}
	broken := false
	for _, item := range texts {
		text, _ := item.(string)
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if p, err := netip.ParsePrefix(text); err == nil {
			w.Sources = append(w.Sources, p.Masked())
		} else {
			broken = true
		}
	}
	if broken {
		w.Sources = nil // what they leave out is not known
		w.Refused = append(w.Refused, "loadBalancerSourceRanges cannot be read, and is taken for none")
	}
	switch why := internalAnnotation(s.Object.Annotations()); {
	case why != "":
		w.Zone, w.ZoneWhy = Private, why
	case len(w.Sources) > 0 && !slices.ContainsFunc(w.Sources, publicBlock):
		w.Zone, w.ZoneWhy = Private, "loadBalancerSourceRanges has private addresses only"
	default:
		w.Zone, w.ZoneWhy = addressZone(inventory.List(s.Object.Content, "status", "loadBalancer", "ingress"))
	}
	return w
}

// addressZone is from where the addresses that a status tells can be reached: the internet unless all are private.
func addressZone(list []any) (Zone, string) {
	private := false
	for _, m := range inventory.Maps(list) {
		a, err := netip.ParseAddr(inventory.String(m, "ip"))
		if err != nil || publicAddress(a.Unmap().WithZone("")) {
			return Internet, ""
		}
		private = true
	}
	if private {
		return Private, "its addresses are private"
	}
	return Internet, ""
}

func (f *finder) externalIPs(w *Way, spec map[string]any) {
	for _, item := range inventory.List(spec, "externalIPs") {
		text, _ := item.(string)
		if a, err := netip.ParseAddr(text); err != nil || publicAddress(a.Unmap().WithZone("")) {
			return
		}
	}
	w.Zone, w.ZoneWhy = Private, "its external addresses are private"
}

// lead makes the doors of a way to all ports of a Service.
func (f *finder) lead(w *Way, s *service.Service, sender Sender) {
	w.Services = []*service.Service{s}
	for _, b := range s.Backends {
		for _, p := range s.Ports {
			port := p.Port
			if w.Kind == NodePort {
				port = p.NodePort
			}
			f.toPort(w, s, b, p, Door{Port: port, Sender: sender})
		}
	}
}

// toPort makes the doors of a way to a port of a Service.
func (f *finder) toPort(w *Way, s *service.Service, b service.Backend, p service.Port, like Door) {
	for _, target := range s.Targets(b, p) {
		d := like
		d.Way, d.Service, d.Peer, d.Some, d.Protocol, d.Target = w, s, b.Peer, b.Some, p.Protocol, target
		d.Zone = min(like.Zone, w.Zone)
		if !w.Kind.Proxied() {
			d.Zone = w.Zone
		}
		key := doorKey{d.Peer, d.Protocol, d.Port, d.Target, d.Doubt}
		if w.seen[key] {
			continue
		}
		if w.seen == nil {
			w.seen = map[doorKey]bool{}
		}
		w.seen[key] = true
		f.judge.decide(&d)
		if f.fits(&d) {
			w.Doors = append(w.Doors, &d)
		} else {
			w.refuse("it leads to more ports than are listed")
		}
	}
}

// internalAnnotation is why a load balancer is an internal one, by what clouds agree with their users; "" when it is not.
//
// Sources: https://kubernetes.io/docs/concepts/services-networking/service/#internal-load-balancer and the documentation of
// the clouds.
func internalAnnotation(have map[string]string) string {
	for _, a := range []struct{ key, value string }{
		{"service.beta.kubernetes.io/aws-load-balancer-scheme", "internal"},
		{"service.beta.kubernetes.io/azure-load-balancer-internal", "true"},
		{"networking.gke.io/load-balancer-type", "internal"},
		{"cloud.google.com/load-balancer-type", "internal"},
		{"service.beta.kubernetes.io/openstack-internal-load-balancer", "true"},
		{"service.beta.kubernetes.io/oci-load-balancer-internal", "true"},
		{"oci-network-load-balancer.oraclecloud.com/internal", "true"},
		{"service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", "private"},
		{"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type", "intranet"},
		{"service.beta.kubernetes.io/alicloud-loadbalancer-address-type", "intranet"},
	} {
		if strings.EqualFold(have[a.key], a.value) {
			return "the annotation " + a.key
		}
	}
	// Elder balancers of AWS take several values for yes, where the newer annotation says nothing.
	const aws = "service.beta.kubernetes.io/aws-load-balancer-internal"
	if v, told := have[aws]; told && v != "" && v != "false" && have["service.beta.kubernetes.io/aws-load-balancer-scheme"] == "" {
		return "the annotation " + aws
	}
	// The subnet of a private balancer of Tencent Cloud.
	const tencent = "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid"
	if have[tencent] != "" {
		return "the annotation " + tencent
	}
	return ""
}
