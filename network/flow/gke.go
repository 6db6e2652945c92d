package flow

// GKE writes an entry for connections that a NetworkPolicy allowed or denied, to a file of the node and to Cloud Logging, where
// it is the jsonPayload: connection (the addresses, the ports, whether it came in or went out), disposition, and as src and
// dest the pods with their workloads; ends that are no pods have only the "instance". Denied connections are counted.

func (d *decoder) gke(r *record) {
	f := &d.flow
	f.Shape = GKEPolicy
	f.First = d.time(r.raw[fTimestamp])
	f.Source = d.peer(r.raw[fSrc], d.gkeEndpoint)
	f.Destination = d.peer(r.raw[fDest], d.gkeEndpoint)
	d.members(r.raw[fConnection], "connection", func(key string, value []byte) {
		switch key {
		case "src_ip":
			f.Source.Address = d.address(d.str(value, "address"))
		case "dest_ip":
			f.Destination.Address = d.address(d.str(value, "address"))
		case "dest_port":
			f.Port = d.port(value)
		case "protocol":
			f.Protocol = d.protocol(d.str(value, "protocol"))
		case "direction":
			switch d.str(value, "direction") {
			case "ingress":
				f.Reporter = AtDestination
			case "egress":
				f.Reporter = AtSource
			}
		}
	})
	switch d.str(r.raw[fDisposition], "disposition") {
	case "allow":
		f.Verdict = Forwarded
	case "deny":
		f.Verdict = Denied
	}
	f.Count = d.number(r.raw[fCount], "count")
	d.send()
}

func (d *decoder) gkeEndpoint(raw []byte) Peer {
	var p Peer
	d.members(raw, "endpoint", func(key string, value []byte) {
		switch key {
		case "pod_name":
			p.Pod = d.str(value, "pod_name")
		case "namespace", "pod_namespace":
			p.Namespace = d.str(value, "namespace")
		case "workload_kind":
			p.Workload.Kind = d.str(value, "workload_kind")
		case "workload_name":
			p.Workload.Name = d.str(value, "workload_name")
		}
	})
	return p
}
