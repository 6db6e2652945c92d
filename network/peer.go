package network

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// A Peer is one end of a connection: the pods of a workload, or addresses outside of the cluster.
//
// Pods of one workload that a policy could tell apart (by labels, ports, addresses, or the host network) are several
// peers with the same Object.
type Peer struct {
	// Object is the workload: the outermost owner of the pods. It is nil for addresses.
	Object *inventory.Object
	// Pods are the pods that run; none when only the workload's template is known.
	Pods []*inventory.Object
	// HostNetwork says that the pods use the addresses of their nodes, so that no policy selects them.
	HostNetwork bool
	// Addresses are the addresses of a peer outside of the cluster, all of one family, sorted.
	Addresses []AddressRange

	index     int
	class     int
	namespace int
	labels    labels
	address   [families]netip.Addr // of its first pod; zero when there is none
	located   bool                 // address is known; else the pods may have any
	nodes     []string             // sorted names of the nodes of its pods
	placed    bool                 // nodes is known
	ports     []containerPort
	alone     bool // it is a single pod that nobody makes another of
	facts     mark
	called    func() string // addressText, once; nil for peers that no Map has
}

// External says that the peer is addresses outside of the cluster.
func (p *Peer) External() bool { return p.Object == nil }

// Labels are the labels of the pods; where pods differ in labels that no policy looks at, those of the first.
func (p *Peer) Labels() map[string]string { return p.labels.values }

// Namespace is the namespace of the workload; "" for addresses.
func (p *Peer) Namespace() string {
	if p.Object == nil {
		return ""
	}
	return p.Object.Namespace
}

// String is how people name the peer: "Deployment shop/cart", "192.0.2.0/24", "0.0.0.0/0 except 10.0.0.0/8",
// "0.0.0.0/1 and 40 more blocks".
func (p *Peer) String() string {
	switch {
	case p.Object != nil:
		return p.Object.String()
	case p.called != nil:
		return p.called()
	}
	return p.addressText()
}

// addressText names addresses. Those of a peer can be thousands of blocks.
func (p *Peer) addressText() string {
	blocks := prefixesOf(p.Addresses)
	if len(blocks) == 1 {
		return blocks[0].String()
	}
	whole := wholeFamily(familyOf(p.Addresses[0].First))
	if except := prefixesOf(SubtractRanges([]AddressRange{whole}, p.Addresses)); len(except) < len(blocks) && len(except) <= 3 {
		text := whole.Prefixes()[0].String() + " except"
		for i, e := range except {
			if i > 0 {
				text += ","
			}
			text += " " + e.String()
		}
		return text
	}
	return blocks[0].String() + " and " + plural(len(blocks)-1, "more block", "more blocks")
}

// Compare orders peers as Map.Peers does.
func (p *Peer) Compare(q *Peer) int { return cmp.Compare(p.index, q.index) }

// has says whether the pods have an address of a family; externals have one.
func (p *Peer) has(f family) tri {
	if p.Object != nil && !p.located {
		return maybe
	}
	return triOf(p.address[f].IsValid())
}

// A containerPort is a named port of a container.
type containerPort struct {
	namedPort
	number uint16
}

// A pod is what policies can know about a pod, or about the pods that a template makes.
type pod struct {
	Peer
	object *inventory.Object // the pod itself; nil for a template
}

// readPods finds the pods of the inventory, and the templates of workloads that have none running.
func readPods(inv *inventory.Inventory, names *namespaces) []*pod {
	var out []*pod
	running := map[*inventory.Object]bool{}
	for _, o := range inv.Of("", "Pod") {
		if finished(o) {
			continue
		}
		owner := inv.TopOwner(o)
		p := &pod{object: o, Peer: Peer{Object: owner}}
		if owner != o {
			running[owner] = true
		} else {
			p.alone = len(inventory.List(o.Content, "metadata", "ownerReferences")) == 0
		}
		p.read(inventory.Map(o.Content, "metadata"), inventory.Map(o.Content, "spec"), names)
		p.locate(o)
		out = append(out, p)
	}
	for _, gk := range inventory.WorkloadKinds() {
		if gk.Kind == "Pod" || gk.Kind == "PodTemplate" { // a PodTemplate by itself makes nothing
			continue
		}
		for _, o := range inv.Of(gk.Group, gk.Kind) {
			if running[o] || finished(o) || inv.TopOwner(o) != o {
				continue
			}
			spec, _ := o.PodSpec()
			meta, _ := o.PodMeta()
			p := &pod{Peer: Peer{Object: o}}
			p.read(meta, spec, names)
			p.labels.template = true
			out = append(out, p)
		}
	}
	return out
}

// finished says that a pod, or a job, has ended: its pods are not there any more, or have no network.
func finished(o *inventory.Object) bool {
	switch o.Kind {
	case "Pod":
		phase := inventory.String(o.Content, "status", "phase")
		return phase == "Succeeded" || phase == "Failed"
	case "Job":
		for _, item := range inventory.List(o.Content, "status", "conditions") {
			condition, _ := item.(map[string]any)
			kind := inventory.String(condition, "type")
			if (kind == "Complete" || kind == "Failed") && inventory.String(condition, "status") == "True" {
				return true
			}
		}
	}
	return false
}

// read reads what a pod and a template have in common.
func (p *pod) read(meta, spec map[string]any, names *namespaces) {
	p.namespace = names.of(p.Object.Namespace)
	p.labels = labelsOf(meta)
	p.HostNetwork, _ = spec["hostNetwork"].(bool)
	p.ports = portsOf(spec)
	if node, _ := spec["nodeName"].(string); node != "" {
		p.nodes, p.placed = []string{node}, true
	}
}

// portsOf are the named ports of the containers that keep running.
func portsOf(spec map[string]any) []containerPort {
	var out []containerPort
	for _, container := range inventory.RunningContainers(spec) {
		for _, m := range inventory.Maps(container["ports"]) {
			name := inventory.String(m, "name")
			if name == "" {
				continue
			}
			proto := TCP
			if raw := m["protocol"]; raw != nil {
				text, _ := raw.(string)
				var err error
				if proto, err = ParseProtocol(text); err != nil {
					continue
				}
			}
			if n := PortNumber(m["containerPort"]); n != 0 {
				out = append(out, containerPort{namedPort{proto, name}, n})
			}
		}
	}
	return out
}

// NamedPorts are the numbers that containers of a pod spec give a name to, as they stand there.
func NamedPorts(spec map[string]any, protocol Protocol, name string) []uint16 {
	var out []uint16
	for _, p := range portsOf(spec) {
		if p.namedPort == (namedPort{protocol, name}) {
			out = append(out, p.number)
		}
	}
	return out
}

// locate reads the addresses of a pod that runs.
func (p *pod) locate(o *inventory.Object) {
	for _, addr := range PodAddresses(o) {
		if f := familyOf(addr); !p.address[f].IsValid() {
			p.address[f], p.located = addr, true
		}
	}
}

// PodAddresses are the addresses that the status of a Pod tells; some may be told twice.
func PodAddresses(pod *inventory.Object) []netip.Addr {
	status := inventory.Map(pod.Content, "status")
	texts := []string{inventory.String(status, "podIP")}
	for _, m := range inventory.Maps(inventory.List(status, "podIPs")) {
		texts = append(texts, inventory.String(m, "ip"))
	}
	var out []netip.Addr
	for _, text := range texts {
		if addr, err := netip.ParseAddr(text); err == nil {
			out = append(out, addr.Unmap().WithZone(""))
		}
	}
	return out
}

// resolve is the number that a port's name stands for in the pods, between two bounds: containers that give one name
// to several ports leave it open which is meant.
func (p *Peer) resolve(name namedPort) (lower, upper Ports) {
	if p.HostNetwork {
		return Ports{}, Ports{} // an address has no names
	}
	var ranges []Range
	for _, c := range p.ports {
		if c.namedPort == name {
			ranges = append(ranges, Range{c.number, c.number})
		}
	}
	if len(ranges) == 0 {
		return Ports{}, Ports{}
	}
	same := !slices.ContainsFunc(ranges, func(r Range) bool { return r != ranges[0] })
	upper.ranges[name.proto] = normalRanges(ranges)
	if same {
		lower = upper
	}
	return lower, upper
}

// comparePodNames orders the pods of one workload.
func comparePodNames(a, b *pod) int {
	if a.object == nil || b.object == nil {
		return 0
	}
	return a.object.Compare(b.object.Ref)
}
