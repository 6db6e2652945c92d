package flow

import (
	"strings"
)

// Calico writes how many connections there were between two ends in some minutes, once at each end. Felix of Calico
// Enterprise and Cloud writes flat objects (felix/collector/flowlog: JSONOutput); pods are put together by the beginning of
// their names. Goldmane of Calico Open Source has the same in protobuf (goldmane/proto/api.proto), and Whisker hands it out
// flat again (whisker-backend/pkg/apis/v1: FlowResponse).

// isCalico says whether a record is a flow of Calico.
func isCalico(r *record) bool {
	named := r.has(fSourceName) || r.has(fSourceNameAggr)
	return named && (r.has(fDestName) || r.has(fDestNameAggr)) && (r.has(fReporter) || r.has(fAction))
}

func (d *decoder) calico(r *record) {
	f := &d.flow
	f.Shape = CalicoFlows
	if r.has(fSourceNameAggr) || r.has(fDestNameAggr) {
		f.Shape = CalicoFelix
	}
	f.First, f.Last = d.time(r.raw[fStartTime]), d.time(r.raw[fEndTime])
	f.Source = d.calicoPeer(r, fSourceIP, d.peer(r.raw[fSourceLabels], d.calicoLabels))
	f.Destination = d.calicoPeer(r, fDestIP, d.peer(r.raw[fDestLabels], d.calicoLabels))
	if r.has(fDestDomains) {
		f.Destination.Names = d.peer(r.raw[fDestDomains], d.dnsNames).Names
	}
	f.Service = Service{
		Namespace: dashed(d.str(r.raw[fServiceNamespace], "dest_service_namespace")),
		Name:      dashed(d.str(r.raw[fServiceName], "dest_service_name")),
	}
	if f.Service.Name != "" {
		f.Service.PortName = dashed(d.str(r.raw[fServicePortName], "dest_service_port"))
		f.Service.Port = d.port(r.raw[fServicePort])
	}
	f.Protocol = d.protocol(d.str(r.raw[fProtocol], "proto"))
	f.Port = d.port(r.raw[fDestPort])
	switch strings.ToLower(d.str(r.raw[fAction], "action")) {
	case "allow":
		f.Verdict = Forwarded
	case "deny":
		f.Verdict = Denied
	}
	switch strings.ToLower(d.str(r.raw[fReporter], "reporter")) {
	case "src":
		f.Reporter = AtSource
	case "dst":
		f.Reporter = AtDestination
	}
	f.Count = d.number(r.raw[fNumFlows], "num_flows")
	f.Bytes = d.number(r.raw[fBytesIn], "bytes_in") + d.number(r.raw[fBytesOut], "bytes_out")
	if f.Bytes < 0 {
		f.Bytes = 0 // two absurd numbers
	}
	d.send()
}

// dashed is a text of which Calico writes "-" when there is none.
func dashed(text string) string {
	if text == "-" {
		return ""
	}
	return text
}

// calicoLabels reads labels: a list, an object with a list, or one text with bars between.
func (d *decoder) calicoLabels(raw []byte) Peer {
	var p Peer
	if len(raw) > 0 && raw[0] == '{' {
		d.members(raw, "labels", func(key string, value []byte) {
			if key == "labels" {
				p = d.calicoLabels(value)
			}
		})
		return p
	}
	for _, text := range d.strs(raw, "labels") {
		for label := range strings.SplitSeq(text, " | ") {
			p.label(label)
		}
	}
	p.sortLabels()
	return p
}

// calicoPeer reads an end. Its fields follow each other in the order of fSourceIP and those behind it.
func (d *decoder) calicoPeer(r *record, at field, p Peer) Peer {
	p.Address = d.address(d.str(r.raw[at], "address"))
	name := dashed(d.str(r.raw[at+fSourceName-fSourceIP], "name"))
	aggregated := dashed(d.str(r.raw[at+fSourceNameAggr-fSourceIP], "name_aggr"))
	namespace := dashed(d.str(r.raw[at+fSourceNamespace-fSourceIP], "namespace"))
	kind := d.str(r.raw[at+fSourceType-fSourceIP], "type")
	if kind == "" {
		kind = calicoType(namespace, name, aggregated)
	}
	if name == "" {
		name = aggregated
	}
	switch kind {
	case "wep", "WorkloadEndpoint":
		p.Namespace = namespace
		if prefix, several := strings.CutSuffix(name, "*"); several {
			p.PodPrefix = prefix
		} else {
			p.Pod = name
		}
	case "hep", "HostEndpoint":
		p.Identity = RemoteNode
	case "ns", "NetworkSet":
		p.Namespace, p.NetworkSet = namespace, name
	case "net", "Network":
		p.Identity = calicoNetwork(aggregated, name)
	default:
		d.fail("unknown type of endpoint")
	}
	return p
}

// calicoType tells what Whisker does not say: networks have no namespace and few names. Another end without a namespace is a
// global network set or a host: nobody can say which, so it is taken for a set of networks.
func calicoType(namespace, name, aggregated string) string {
	switch {
	case namespace != "":
		return "wep" // or a network set in a namespace
	case calicoNetwork(name, aggregated) != "" || name == "" && aggregated == "":
		return "net"
	}
	return "ns"
}

func calicoNetwork(names ...string) Identity {
	for _, name := range names {
		switch name {
		case "pub", "PUBLIC NETWORK":
			return World
		case "pvt", "PRIVATE NETWORK":
			return Private
		}
	}
	return ""
}
