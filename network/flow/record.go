package flow

import "github.com/plimsoll-io/plimsoll/internal/jsonscan"

// A field is a key that some format writes.
type field int

// The fields of all formats, and those of envelopes. Names that are the same in several formats are one field.
const (
	fSource field = iota
	fDestination
	fIP
	fL4
	fVerdict
	fType
	fIsReply
	fDirection
	fDestinationNames
	fSourceNames
	fDestinationService
	fDropReason
	fTime
	fLostEvents
	fConnection
	fDisposition
	fSrc
	fDest
	fCount
	fTimestamp
	fSourceIP
	fSourceName
	fSourceNameAggr
	fSourceNamespace
	fSourceType
	fSourceLabels
	fDestIP
	fDestName
	fDestNameAggr
	fDestNamespace
	fDestType
	fDestLabels
	fDestPort
	fServiceName
	fServiceNamespace
	fServicePortName
	fServicePort
	fDestDomains
	fProtocol
	fAction
	fReporter
	fNumFlows
	fBytesIn
	fBytesOut
	fStartTime
	fEndTime
	fUpstreamCluster
	fUpstreamHost
	fUpstreamLocal
	fDownstreamLocal
	fDownstreamRemote
	fResponseDetails
	fResponseFlags
	fSourcePrincipal
	fDestinationPrincipal
	fTunnelSource // of four: address, workload, namespace and identity
	_
	_
	_
	fTunnelDestination // of four, too
	_
	_
	_
	fTunnelService
	fTunnelDirection
	fTunnelError
	fPort
	fLastSeen
	fBytes
	fList
	fInner
	fields
)

// A record is a JSON object of which the fields are known, as written and unread. It holds until the text does.
type record struct {
	jsonscan.Scanner
	raw     [fields][]byte
	wrapped bool // was in the "flow" of Hubble or Goldmane
}

func (r *record) has(f field) bool { return r.raw[f] != nil }

// object says whether a field is an object, text whether it is a string.
func (r *record) object(f field) bool { return r.has(f) && r.raw[f][0] == '{' }
func (r *record) text(f field) bool   { return r.has(f) && r.raw[f][0] == '"' }

// read reads the object that starts here. What envelopes hold is read as if it stood in the object itself: no format uses
// the name of another's envelope for something else.
func (r *record) read(d *decoder) {
	for r.Open(); r.Next('}'); {
		key, plain := r.Key()
		if !plain {
			key = d.unescaped(key)
		}
		switch string(key) {
		case "flow", "jsonPayload", "_source", "Key", "key":
			if r.Peek() == '{' {
				r.wrapped = r.wrapped || string(key) == "flow"
				r.read(d)
				continue
			}
			r.Skip()
		case "log", "message", "textPayload":
			if c := r.Peek(); c == '"' || c == '{' {
				r.raw[fInner] = r.Value()
				continue
			}
			r.Skip()
		case "items", "flows", "records", "entries", "events":
			if r.Peek() == '[' {
				r.raw[fList] = r.Value()
				continue
			}
			r.Skip()
		default:
			r.field(key)
		}
	}
}

// field keeps the value of a known key.
func (r *record) field(key []byte) {
	f := hubbleField(key)
	if f == fields {
		f = calicoField(key)
	}
	if f == fields {
		f = otherField(key)
	}
	if f == fields {
		f = tunnelField(key)
	}
	if f == fields {
		r.Skip()
		return
	}
	value := r.Value()
	if string(value) == "null" {
		value = nil
	}
	r.raw[f] = value
}

func hubbleField(key []byte) field {
	switch string(key) {
	case "source":
		return fSource
	case "destination":
		return fDestination
	case "IP", "ip":
		return fIP
	case "l4":
		return fL4
	case "verdict":
		return fVerdict
	case "Type", "type":
		return fType
	case "is_reply", "isReply":
		return fIsReply
	case "traffic_direction", "trafficDirection":
		return fDirection
	case "source_names", "sourceNames":
		return fSourceNames
	case "destination_names", "destinationNames":
		return fDestinationNames
	case "destination_service", "destinationService":
		return fDestinationService
	case "drop_reason_desc", "dropReasonDesc":
		return fDropReason
	case "time":
		return fTime
	case "lost_events", "lostEvents":
		return fLostEvents
	}
	return fields
}

// calicoField knows the names of Felix and Whisker, and those that protobuf gives Goldmane's fields.
func calicoField(key []byte) field {
	switch string(key) {
	case "source_ip":
		return fSourceIP
	case "source_name", "sourceName":
		return fSourceName
	case "source_name_aggr":
		return fSourceNameAggr
	case "source_namespace", "sourceNamespace":
		return fSourceNamespace
	case "source_type", "sourceType":
		return fSourceType
	case "source_labels", "sourceLabels":
		return fSourceLabels
	case "dest_ip":
		return fDestIP
	case "dest_name", "destName":
		return fDestName
	case "dest_name_aggr":
		return fDestNameAggr
	case "dest_namespace", "destNamespace":
		return fDestNamespace
	case "dest_type", "destType":
		return fDestType
	case "dest_labels", "destLabels":
		return fDestLabels
	case "dest_port", "destPort", "destination_port", "dst_port":
		return fDestPort
	case "dest_service_name", "destServiceName":
		return fServiceName
	case "dest_service_namespace", "destServiceNamespace":
		return fServiceNamespace
	case "dest_service_port", "dest_service_port_name", "destServicePortName":
		return fServicePortName
	case "dest_service_port_num", "destServicePort":
		return fServicePort
	case "dest_domains":
		return fDestDomains
	}
	return calicoCount(key)
}

func calicoCount(key []byte) field {
	switch string(key) {
	case "proto", "protocol":
		return fProtocol
	case "action":
		return fAction
	case "reporter":
		return fReporter
	case "num_flows", "num_connections_started", "numConnectionsStarted":
		return fNumFlows
	case "bytes_in", "bytesIn", "bytes_received":
		return fBytesIn
	case "bytes_out", "bytesOut", "bytes_sent":
		return fBytesOut
	case "start_time", "startTime":
		return fStartTime
	case "end_time", "endTime":
		return fEndTime
	}
	return fields
}

// otherField knows the names of GKE, Envoy and plain objects.
func otherField(key []byte) field {
	switch string(key) {
	case "connection":
		return fConnection
	case "disposition":
		return fDisposition
	case "src":
		return fSrc
	case "dest", "dst":
		return fDest
	case "count":
		return fCount
	case "timestamp", "first_seen":
		return fTimestamp
	case "upstream_cluster":
		return fUpstreamCluster
	case "upstream_host":
		return fUpstreamHost
	case "upstream_local_address":
		return fUpstreamLocal
	case "downstream_local_address":
		return fDownstreamLocal
	case "downstream_remote_address":
		return fDownstreamRemote
	case "response_code_details":
		return fResponseDetails
	case "response_flags":
		return fResponseFlags
	case "source_principal", "downstream_peer_uri_san":
		return fSourcePrincipal
	case "destination_principal", "upstream_peer_uri_san":
		return fDestinationPrincipal
	case "port":
		return fPort
	case "last_seen":
		return fLastSeen
	case "bytes":
		return fBytes
	}
	return fields
}
