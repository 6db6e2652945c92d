package flow

import (
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/internal/jsonscan"
)

// Hubble writes one event of Cilium's datapath a line, as protobuf's JSON of flow.Flow (cilium: api/v1/flow/flow.proto) or of
// an envelope that has it as "flow", a node's name and a time (observer.GetFlowsResponse). A connection leaves several:
// packets of both directions, at both ends.

// isHubble says whether a record is a flow of Hubble.
func isHubble(r *record) bool {
	if r.wrapped && !r.has(fSourceName) && !r.has(fDestName) && (r.object(fIP) || r.object(fL4) || r.object(fSource)) {
		return true // an exporter may have been told to leave fields out
	}
	return r.object(fIP) && (r.object(fSource) || r.object(fDestination) || r.object(fL4)) ||
		r.object(fSource) && r.object(fDestination) && r.text(fVerdict)
}

func (d *decoder) hubble(r *record) {
	f := &d.flow
	f.Shape = Hubble
	if kind := d.str(r.raw[fType], "Type"); kind == "SOCK" {
		d.skip("a socket event, not a packet") // before a service's address is translated, or after
		return
	}
	f.First = d.time(r.raw[fTime])
	f.Source = d.peer(r.raw[fSource], d.hubbleEndpoint)
	f.Destination = d.peer(r.raw[fDestination], d.hubbleEndpoint)
	d.members(r.raw[fIP], "IP", func(key string, value []byte) {
		switch key {
		case "source":
			f.Source.Address = d.address(d.str(value, "address"))
		case "destination":
			f.Destination.Address = d.address(d.str(value, "address"))
		}
	})
	if r.has(fSourceNames) {
		f.Source.Names = d.peer(r.raw[fSourceNames], d.dnsNames).Names
	}
	if r.has(fDestinationNames) {
		f.Destination.Names = d.peer(r.raw[fDestinationNames], d.dnsNames).Names
	}
	d.hubbleService(r.raw[fDestinationService])
	d.hubbleVerdict(r)
	switch d.str(r.raw[fDirection], "traffic_direction") {
	case "INGRESS":
		f.Reporter = AtDestination
	case "EGRESS":
		f.Reporter = AtSource
	}
	ports := d.hubblePorts(r.raw[fL4])
	if ports.none {
		d.skip("no layer 4")
		return
	}
	d.orient(r, ports)
	d.send()
}

// dnsNames reads a list of names as a Peer that has nothing else.
func (d *decoder) dnsNames(raw []byte) Peer {
	names := d.strs(raw, "names")
	slices.Sort(names)
	return Peer{Names: slices.Compact(names)}
}

func (d *decoder) hubbleService(raw []byte) {
	d.members(raw, "destination_service", func(key string, value []byte) {
		switch key {
		case "name":
			d.flow.Service.Name = d.str(value, "name")
		case "namespace":
			d.flow.Service.Namespace = d.str(value, "namespace")
		}
	})
}

// hubbleVerdict tells what a policy decided. In audit mode the packet went on, whatever the policy said. What was dropped for
// another reason than a policy was not denied.
func (d *decoder) hubbleVerdict(r *record) {
	d.flow.Verdict = VerdictUnknown
	switch d.str(r.raw[fVerdict], "verdict") {
	case "FORWARDED", "REDIRECTED", "AUDIT":
		d.flow.Verdict = Forwarded
	case "DROPPED":
		switch d.str(r.raw[fDropReason], "drop_reason_desc") {
		case "POLICY_DENIED", "POLICY_DENY", "AUTH_REQUIRED":
			d.flow.Verdict = Denied
		}
	}
}

// hubblePorts is layer 4 of a packet.
type hubblePorts struct {
	source, destination uint16
	syn, ack            bool
	none                bool
}

func (d *decoder) hubblePorts(raw []byte) hubblePorts {
	p := hubblePorts{none: true}
	d.members(raw, "l4", func(key string, value []byte) {
		p.none = false
		d.flow.Protocol = d.protocol(key)
		if !d.flow.Protocol.HasPorts() {
			return
		}
		d.members(value, "l4", func(key string, value []byte) {
			switch key {
			case "source_port", "sourcePort":
				p.source = d.port(value)
			case "destination_port", "destinationPort":
				p.destination = d.port(value)
			case "flags":
				d.members(value, "flags", func(key string, value []byte) {
					p.syn = p.syn || key == "SYN" && string(value) == "true"
					p.ack = p.ack || key == "ACK" && string(value) == "true"
				})
			}
		})
	})
	return p
}

// firstClientPort is the first port that Linux gives to clients (net.ipv4.ip_local_port_range).
const firstClientPort = 32768

// orient finds out which end opened the connection, and turns replies round. Cilium says so of packets it has tracked. A
// packet that a policy dropped opened a connection: answers are not asked for. Else TCP's flags tell, or the ports: between a
// port that clients are given and one that they are not.
func (d *decoder) orient(r *record, p hubblePorts) {
	f := &d.flow
	f.Orientation = ByLog
	reply := false
	switch {
	case r.has(fIsReply):
		reply = string(r.raw[fIsReply]) == "true"
	case f.Verdict == Denied:
	case p.syn:
		reply = p.ack
	case !f.Protocol.HasPorts() || p.source >= firstClientPort == (p.destination >= firstClientPort):
		f.Orientation = NotOriented
	default:
		f.Orientation = ByPorts
		reply = p.source < firstClientPort
	}
	f.Port = p.destination
	if reply {
		f.Reply = true
		f.Port = p.source
		f.Source, f.Destination = f.Destination, f.Source
		f.Service = Service{} // that of the packet's destination, which is the source
	}
}

// Labels of Cilium that are no labels of the pod.
const (
	podNamespaceLabel   = "io.kubernetes.pod.namespace"
	serviceAccountLabel = "io.cilium.k8s.policy.serviceaccount"
	ciliumLabels        = "io.cilium.k8s."
)

// hubbleEndpoint reads an Endpoint.
func (d *decoder) hubbleEndpoint(raw []byte) Peer {
	var p Peer
	d.members(raw, "endpoint", func(key string, value []byte) {
		switch key {
		case "namespace":
			p.Namespace = d.str(value, "namespace")
		case "pod_name", "podName":
			p.Pod = d.str(value, "pod_name")
		case "labels":
			for _, label := range d.strs(value, "labels") {
				d.hubbleLabel(&p, label)
			}
		case "workloads":
			p.Workload = d.hubbleWorkload(value)
		}
	})
	p.sortLabels()
	return p
}

// hubbleLabel reads a label with the name of its source before a colon.
func (d *decoder) hubbleLabel(p *Peer, label string) {
	source, text, ok := strings.Cut(label, ":")
	switch {
	case !ok:
	case source == "reserved":
		p.Identity = moreExact(p.Identity, reserved(text))
	case source == "k8s":
		key, value, _ := strings.Cut(text, "=")
		switch {
		case key == podNamespaceLabel:
			if p.Namespace == "" {
				p.Namespace = value
			}
		case key == serviceAccountLabel:
			p.ServiceAccount = value
		case strings.HasPrefix(key, ciliumLabels):
		default:
			p.label(text)
		}
	case source == "cidr", source == "fqdn":
		p.Identity = moreExact(p.Identity, World)
	}
}

// reserved translates Cilium's reserved identities.
func reserved(name string) Identity {
	switch id := Identity(name); id {
	case World, Host, RemoteNode, APIServer, Health, Ingress, Unmanaged, Init:
		return id
	case "world-ipv4", "world-ipv6":
		return World
	}
	return ""
}

// moreExact chooses of two identities of one end: the API server is on a node, or in the world.
func moreExact(a, b Identity) Identity {
	for _, id := range []Identity{APIServer, Host, Ingress, Health, RemoteNode, Unmanaged, Init, World} {
		if a == id || b == id {
			return id
		}
	}
	return ""
}

// hubbleWorkload reads the first owner of a pod.
func (d *decoder) hubbleWorkload(raw []byte) Workload {
	var w Workload
	if len(raw) == 0 || raw[0] != '[' {
		return w
	}
	var s jsonscan.Scanner
	s.Reset(raw)
	for s.Open(); s.Next(']'); {
		value := s.Value()
		if w.Name != "" {
			continue
		}
		d.members(value, "workload", func(key string, value []byte) {
			switch key {
			case "name":
				w.Name = d.str(value, "name")
			case "kind":
				w.Kind = d.str(value, "kind")
			}
		})
	}
	return w
}

// lostEvents counts what Hubble says it has lost.
func (d *decoder) lostEvents(r *record) {
	d.members(r.raw[fLostEvents], "lost_events", func(key string, value []byte) {
		if key == "num_events_lost" || key == "numEventsLost" {
			if n := d.number(value, "num_events_lost"); d.bad == "" {
				d.lost += n
			}
		}
	})
}
