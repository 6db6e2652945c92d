package flow

import (
	"bytes"
	"strings"
)

// Istio's ztunnel, the node's proxy of ambient mode, writes a line for each connection, at both ends: as key=value behind a
// time and "access", or as JSON with the same keys (LOG_FORMAT=json). Workloads are named by their pods. Between ztunnels a
// connection runs in a tunnel to port 15008 of the destination's pod, or of a waypoint: that, in dst.addr, is what policies
// of the network see. The port inside is in dst.hbone_addr.

// A tunnel is what ztunnel says of a connection.
type tunnel struct {
	source, destination                     string // addresses
	sourcePod, sourceNamespace, sourceID    string
	destPod, destNamespace, destID          string
	service, direction, problem, completion string
}

const tunnelComplete = "connection complete"

func (d *decoder) tunnelObject(r *record) {
	d.flow.Shape = ZTunnel
	d.flow.First = d.time(r.raw[fTime])
	d.flow.Bytes = max(d.number(r.raw[fBytesIn], "bytes_recv")+d.number(r.raw[fBytesOut], "bytes_sent"), 0)
	d.tunnel(&tunnel{
		source: d.str(r.raw[fTunnelSource], "src.addr"), destination: d.str(r.raw[fTunnelDestination], "dst.addr"),
		sourcePod: d.str(r.raw[fTunnelSource+1], "src.workload"), destPod: d.str(r.raw[fTunnelDestination+1], "dst.workload"),
		sourceNamespace: d.str(r.raw[fTunnelSource+2], "src.namespace"), destNamespace: d.str(r.raw[fTunnelDestination+2], "dst.namespace"),
		sourceID: d.str(r.raw[fTunnelSource+3], "src.identity"), destID: d.str(r.raw[fTunnelDestination+3], "dst.identity"),
		service: d.str(r.raw[fTunnelService], "dst.service"), direction: d.str(r.raw[fTunnelDirection], "direction"),
		problem: d.str(r.raw[fTunnelError], "error"), completion: d.str(r.raw[fInner], "message"),
	})
}

// tunnelField knows the names of ztunnel.
func tunnelField(key []byte) field {
	switch string(key) {
	case "src.addr":
		return fTunnelSource
	case "src.workload":
		return fTunnelSource + 1
	case "src.namespace":
		return fTunnelSource + 2
	case "src.identity":
		return fTunnelSource + 3
	case "dst.addr":
		return fTunnelDestination
	case "dst.workload":
		return fTunnelDestination + 1
	case "dst.namespace":
		return fTunnelDestination + 2
	case "dst.identity":
		return fTunnelDestination + 3
	case "dst.service":
		return fTunnelService
	case "direction":
		return fTunnelDirection
	case "error":
		return fTunnelError
	case "bytes_recv":
		return fBytesIn
	}
	return fields
}

var tunnelStart = []byte("src.addr=")

// isTunnelLine says whether a line is one of ztunnel's access log.
func isTunnelLine(line []byte) bool {
	at := bytes.Index(line, tunnelStart)
	return at > 0 && bytes.Contains(line[:at], []byte("access"))
}

func (d *decoder) tunnelLine(line []byte) {
	f := &d.flow
	f.Shape = ZTunnel
	at := bytes.Index(line, tunnelStart)
	stamp, head, _ := bytes.Cut(bytes.ReplaceAll(line[:at], []byte{'\t'}, []byte{' '}), []byte{' '})
	f.First = d.timeText(stamp)
	var t tunnel
	if bytes.Contains(head, []byte(tunnelComplete)) {
		t.completion = tunnelComplete
	}
	for rest := line[at:]; len(rest) > 0 && d.bad == ""; {
		var key, value []byte
		key, value, rest = pair(rest)
		if value == nil {
			d.fail("not the format of an access log")
			return
		}
		switch string(key) {
		case "bytes_sent", "bytes_recv":
			f.Bytes = max(f.Bytes+d.number(value, "bytes"), 0)
		default:
			if into := t.field(tunnelField(key)); into != nil {
				*into = d.names.Intern(value)
			}
		}
	}
	d.tunnel(&t)
}

func (t *tunnel) field(f field) *string {
	switch f {
	case fTunnelSource:
		return &t.source
	case fTunnelSource + 1:
		return &t.sourcePod
	case fTunnelSource + 2:
		return &t.sourceNamespace
	case fTunnelSource + 3:
		return &t.sourceID
	case fTunnelDestination:
		return &t.destination
	case fTunnelDestination + 1:
		return &t.destPod
	case fTunnelDestination + 2:
		return &t.destNamespace
	case fTunnelDestination + 3:
		return &t.destID
	case fTunnelService:
		return &t.service
	case fTunnelDirection:
		return &t.direction
	case fTunnelError:
		return &t.problem
	}
	return nil
}

// pair reads key=value and the space behind it; the value may be in quotes, with backslashes before quotes in it. It is nil
// when there is none.
func pair(text []byte) (key, value, rest []byte) {
	key, text, ok := bytes.Cut(text, []byte{'='})
	if !ok || len(text) == 0 {
		return key, nil, nil
	}
	if text[0] != '"' {
		value, rest, _ = bytes.Cut(text, []byte{' '})
		return key, value, rest
	}
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return key, text[1:i:i], bytes.TrimLeft(text[i+1:], " ")
		}
	}
	return key, nil, nil
}

// tunnel makes a flow of what ztunnel says.
func (d *decoder) tunnel(t *tunnel) {
	f := &d.flow
	if t.completion != tunnelComplete {
		d.skip("a connection that is not complete yet")
		return
	}
	f.Protocol, f.Verdict = TCP, Forwarded
	f.Source = Peer{Namespace: t.sourceNamespace, Pod: t.sourcePod}
	f.Destination = Peer{Namespace: t.destNamespace, Pod: t.destPod}
	f.Source.principal(t.sourceID)
	f.Destination.principal(t.destID)
	f.Source.Address, _ = endpoint(t.source)
	f.Destination.Address, f.Port = endpoint(t.destination)
	if t.service != "" {
		d.serviceHost(t.service)
	}
	switch t.direction {
	case "inbound":
		f.Reporter = AtDestination
	case "outbound":
		f.Reporter = AtSource
	}
	switch {
	case strings.Contains(t.problem, "policy rejection"):
		f.Verdict = Denied
	case t.problem != "":
		f.Verdict = VerdictUnknown
	}
	d.send()
}
