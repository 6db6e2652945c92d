package exposure

import (
	"net/netip"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// findHosts finds the ports that pods have on their nodes.
func (f *finder) findHosts() {
	for _, p := range f.network.Peers() {
		if p.External() {
			break
		}
		spec := podSpec(p)
		w := &Way{Kind: HostPort, Object: p.Object, Zone: f.nodes, ZoneWhy: nodesWhy(f.nodes)}
		if p.HostNetwork {
			w.Kind = HostNetwork
		}
		for _, c := range inventory.RunningContainers(spec) {
			for _, port := range inventory.Maps(inventory.List(c, "ports")) {
				f.hostPort(w, p, port)
			}
		}
		if p.HostNetwork && len(w.Doors) == 0 {
			w.Doors = []*Door{{Way: w, Peer: p, Sender: Client, Zone: w.Zone, Passes: network.Unknown, Answer: network.Unknown,
				Because: []string{"it is on the host network, and declares no port that it opens"}}}
		}
		if len(w.Doors) > 0 {
			f.add(w)
		}
	}
}

func (f *finder) hostPort(w *Way, p *network.Peer, port map[string]any) {
	d := &Door{Way: w, Peer: p, Sender: ClientOrNode, Zone: w.Zone}
	d.Target, d.Port = network.PortNumber(port["containerPort"]), network.PortNumber(port["hostPort"])
	if p.HostNetwork {
		d.Port, d.Sender = d.Target, Client
	}
	if name := inventory.String(port, "protocol"); name != "" {
		var err error
		if d.Protocol, err = network.ParseProtocol(name); err != nil {
			return
		}
	}
	// Nobody outside reaches the node's own loopback address.
	if a, err := netip.ParseAddr(inventory.String(port, "hostIP")); err == nil && a.Unmap().IsLoopback() {
		return
	}
	if d.Port == 0 || d.Target == 0 {
		return
	}
	f.judge.decide(d)
	w.Doors = append(w.Doors, d)
}

// podSpec is the spec of a peer's pods.
func podSpec(p *network.Peer) map[string]any {
	if len(p.Pods) > 0 {
		return inventory.Map(p.Pods[0].Content, "spec")
	}
	spec, _ := p.Object.PodSpec()
	return spec
}
