package lint

import (
	"net/netip"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// dnsPort is where DNS answers.
const dnsPort = 53

// nodeLocal is where the cache of each node answers that some clusters put in front of their DNS.
// Source: https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/.
func nodeLocal() netip.Addr { return netip.MustParseAddr("169.254.20.10") }

// A resolver is pods that answer DNS, or addresses that lead to them.
type resolver struct {
	peer     *network.Peer
	udp, tcp network.Ports
}

// A resolving is what workloads are asked against: a Map that has pods of the cluster's DNS.
type resolving struct {
	m         *network.Map
	selecting [2]map[*network.Peer][]*policy
	resolvers []resolver
	assumed   bool // the pods of the DNS are assumed: what labels they have is not known
}

// dns finds workloads that may open some connections but cannot ask any DNS of the cluster. Where no pods of a DNS are in
// the inventory, there are some in the usual namespaces with labels that are not known: rules that may mean them suffice.
func (c *checker) dns() {
	if len(c.selecting[network.Egress]) == 0 {
		return // nobody is isolated
	}
	r := c.resolving()
	type group struct {
		policy *policy
		lack   lack
	}
	groups := map[group][]*network.Peer{}
	var order []group
	known := map[*network.Class]lack{}
	for _, peer := range r.m.Peers() {
		own := r.selecting[network.Egress][peer]
		if peer.External() || peer.HostNetwork || len(own) == 0 || !asksCluster(peer) || r.isResolver(peer) {
			continue
		}
		class := r.m.ClassOf(peer)
		lacks, asked := known[class]
		if !asked {
			lacks = r.lacks(peer, own)
			known[class] = lacks
		}
		if lacks == nothing {
			continue
		}
		g := group{isolator(own), lacks}
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], peer)
	}
	for _, g := range order {
		c.lacksDNS(g.policy, g.lack, groups[g], r)
	}
	if r.assumed {
		c.cannot(MissingDNS, finding.Ref{}, "what was read has no pods of the cluster's DNS: rules that may mean them are taken to do so")
	}
}

// A lack is what a workload cannot ask DNS with.
type lack uint8

const (
	nothing    lack = iota
	everything      // neither protocol, though other connections are allowed
	udp
	tcp
	sealed // it may open no connection at all
)

func (c *checker) lacksDNS(p *policy, l lack, peers []*network.Peer, r *resolving) {
	who := names(peers)
	message := ""
	severity := finding.None
	switch l {
	case everything:
		message = "Cannot ask the cluster's DNS, though other connections are allowed: " + who
	case udp:
		message = "Can ask the cluster's DNS over TCP only, and programs ask over UDP first: " + who
	case tcp:
		message = "Can ask the cluster's DNS over UDP only, so that long answers are lost: " + who
		severity = finding.Low
	case sealed:
		message = "Can open no connection at all, not even to the cluster's DNS: " + who
		severity = finding.Low
	}
	var because []finding.Reason
	for _, x := range r.resolvers {
		if !x.peer.External() && len(because) < mostNamed && !r.assumed {
			because = append(because, proves("dns", x.peer.String()+" answers DNS", x.peer.Object))
		}
	}
	if r.assumed {
		because = append(because, proves("dns-assumed", "no rule can mean pods of a DNS in kube-system or openshift-dns, whatever labels they have", nil))
	}
	if first := r.resolvers[0]; l != tcp && !first.peer.External() {
		if v := r.m.Judge(peers[0], first.peer, first.udp); !closed(v.Egress) && closed(v.Ingress) {
			because = append(because, isolating(v.Ingress, first.peer)...)
		}
	}
	if problem := c.found(MissingDNS, p.Object, "spec.egress", message, because...); severity != finding.None {
		problem.Severity = severity
	}
}

// isolator is the policy to name for what several deny together: one for all pods, else the first.
func isolator(own []*policy) *policy {
	if i := slices.IndexFunc(own, func(p *policy) bool { return p.Selects.EveryPod() }); i >= 0 {
		return own[i]
	}
	return own[0]
}

// asksCluster says that the pods ask the cluster's DNS, which is what they do unless they are told otherwise.
func asksCluster(peer *network.Peer) bool {
	spec, _ := peer.Object.PodSpec()
	if len(peer.Pods) > 0 {
		spec = inventory.Map(peer.Pods[0].Content, "spec")
	}
	policy, _ := spec["dnsPolicy"].(string)
	return policy != "None" && policy != "Default"
}

func (r *resolving) isResolver(peer *network.Peer) bool {
	return slices.ContainsFunc(r.resolvers, func(x resolver) bool { return x.peer == peer })
}

// lacks is what a peer, which some policies isolate, surely cannot do.
func (r *resolving) lacks(peer *network.Peer, own []*policy) lack {
	canUDP, canTCP := false, false
	for _, x := range r.resolvers {
		answer := r.m.Allowed(peer, x.peer)
		may := answer.Allowed.Union(answer.Unknown)
		canUDP = canUDP || !may.Intersect(x.udp).None()
		canTCP = canTCP || !may.Intersect(x.tcp).None()
	}
	switch {
	case canUDP && canTCP:
		return nothing
	case canUDP:
		return tcp
	case canTCP:
		return udp
	case !slices.ContainsFunc(own, func(p *policy) bool { return len(p.rules[network.Egress]) > 0 }):
		return sealed
	}
	return everything
}

// resolving finds the DNS of the cluster, or assumes one.
func (c *checker) resolving() *resolving {
	r := &resolving{m: c.m, selecting: c.selecting}
	r.resolvers = c.resolvers()
	if len(r.resolvers) == 0 {
		r = c.assumeDNS()
	}
	addresses := []netip.Addr{nodeLocal()}
	for _, name := range dnsServices() {
		if s := c.services.Get(name[0], name[1]); s != nil {
			// Some network plugins ask policies before the address of a Service is replaced.
			if a, err := netip.ParseAddr(inventory.String(s.Object.Content, "spec", "clusterIP")); err == nil {
				addresses = append(addresses, a.Unmap())
			}
		}
	}
	for _, a := range addresses {
		if c.namesAddress(a) {
			r.resolvers = append(r.resolvers, resolverOf(r.m.Address(a), dnsPort))
		}
	}
	return r
}

// namesAddress says that a policy means an address and not just all of them: somebody knows that something answers there.
func (c *checker) namesAddress(a netip.Addr) bool {
	means := func(r network.RuleReading) bool {
		return slices.ContainsFunc(r.Peers, func(item network.PeerReading) bool {
			v4, v6 := whole(item.Addresses)
			return item.Block && !v4 && !v6 && network.HasAddress(item.Addresses, a)
		})
	}
	return slices.ContainsFunc(c.policies, func(p *policy) bool { return slices.ContainsFunc(p.rules[network.Egress], means) })
}

func resolverOf(peer *network.Peer, port uint16) resolver {
	return resolver{peer, network.OnePort(network.UDP, port), network.OnePort(network.TCP, port)}
}

// dnsServices are the namespaces and names of the Services that distributions give their DNS.
func dnsServices() [][2]string {
	return [][2]string{{"kube-system", "kube-dns"}, {"kube-system", "coredns"}, {"kube-system", "rke2-coredns-rke2-coredns"}, {"openshift-dns", "dns-default"}}
}

// resolvers are the pods that the Service of the DNS leads to, or which have its labels.
func (c *checker) resolvers() []resolver {
	var out []resolver
	for _, name := range dnsServices() {
		s := c.services.Get(name[0], name[1])
		if s == nil {
			continue
		}
		for _, b := range s.Backends {
			x := resolver{peer: b.Peer}
			for _, port := range s.Ports {
				if port.Port == dnsPort {
					x.add(port, s.Targets(b, port))
				}
			}
			if !x.udp.None() || !x.tcp.None() {
				out = append(out, x)
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, peer := range c.m.In("kube-system") {
		if app := peer.Labels()["k8s-app"]; app == "kube-dns" || app == "coredns" || peer.Object.Name == "coredns" {
			out = append(out, resolverOf(peer, dnsPort))
		}
	}
	return out
}

func (x *resolver) add(port service.Port, targets []uint16) {
	for _, n := range targets {
		switch port.Protocol {
		case network.UDP:
			x.udp = x.udp.Union(network.OnePort(network.UDP, n))
		case network.TCP:
			x.tcp = x.tcp.Union(network.OnePort(network.TCP, n))
		}
	}
}

// assumeDNS is the inventory with pods of a DNS whose labels are not known.
func (c *checker) assumeDNS() *resolving {
	objects := slices.Clone(c.inv.All())
	usual := []struct {
		namespace string
		port      uint16
	}{{"kube-system", dnsPort}, {"openshift-dns", 5353}}
	for _, u := range usual {
		objects = append(objects, assumed(u.namespace, int64(u.port)))
	}
	inv := inventory.New(c.inv.Source, c.inv.Taken, c.inv.Version, objects, c.inv.Gaps)
	r := &resolving{m: network.New(inv).AssumeEnforced(), assumed: true}
	_, r.selecting = readPolicies(r.m)
	for _, u := range usual {
		for _, peer := range r.m.Workload(u.namespace, "Deployment", assumedName) {
			r.resolvers = append(r.resolvers, resolverOf(peer, u.port))
		}
	}
	return r
}

// assumedName is no name that an object can have.
const assumedName = "(assumed DNS)"

func assumed(namespace string, port int64) *inventory.Object {
	spec := map[string]any{"containers": []any{map[string]any{"ports": []any{
		map[string]any{"name": "dns", "containerPort": port, "protocol": "UDP"},
		map[string]any{"name": "dns-tcp", "containerPort": port, "protocol": "TCP"},
	}}}}
	o := &inventory.Object{Ref: finding.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: namespace, Name: assumedName}}
	o.Content = map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"namespace": namespace, "name": assumedName},
		// Labels that are no map are not known: they may be any.
		"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{"labels": "unknown"}, "spec": spec}},
	}
	return o
}
