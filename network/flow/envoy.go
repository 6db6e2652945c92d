package flow

import (
	"bytes"
	"net/netip"
	"strings"
)

// Istio's proxies write a line for each request and each TCP connection: by default the text format of Istio's mesh
// configuration (accessLogFile), or the same fields as JSON (accessLogEncoding). A proxy of a source sees where a connection
// went, behind the service; that of a destination sees where it came from. Names of pods are not in it, only addresses: those
// of the log of the other end, or of the pods, tell more. Text lines end in
//
//	"UPSTREAM_HOST" UPSTREAM_CLUSTER UPSTREAM_LOCAL DOWNSTREAM_LOCAL DOWNSTREAM_REMOTE SERVER_NAME ROUTE

// A hop is what a proxy says of a request.
type hop struct {
	cluster, upstreamHost, upstreamLocal string
	downstreamLocal, downstreamRemote    string
	details, flags                       string
	sourcePrincipal, destPrincipal       string
}

func (d *decoder) envoyObject(r *record) {
	d.flow.Shape = EnvoyJSON
	at := fStartTime
	if !r.has(at) {
		at = fTimestamp
	}
	d.flow.First = d.time(r.raw[at])
	d.flow.Bytes = d.number(r.raw[fBytesIn], "bytes_received") + d.number(r.raw[fBytesOut], "bytes_sent")
	d.flow.Bytes = max(d.flow.Bytes, 0)
	d.hop(&hop{
		cluster:          d.str(r.raw[fUpstreamCluster], "upstream_cluster"),
		upstreamHost:     d.str(r.raw[fUpstreamHost], "upstream_host"),
		upstreamLocal:    d.str(r.raw[fUpstreamLocal], "upstream_local_address"),
		downstreamLocal:  d.str(r.raw[fDownstreamLocal], "downstream_local_address"),
		downstreamRemote: d.str(r.raw[fDownstreamRemote], "downstream_remote_address"),
		details:          d.str(r.raw[fResponseDetails], "response_code_details"),
		flags:            d.str(r.raw[fResponseFlags], "response_flags"),
		sourcePrincipal:  d.str(r.raw[fSourcePrincipal], "source_principal"),
		destPrincipal:    d.str(r.raw[fDestinationPrincipal], "destination_principal"),
	})
}

// quotes are in a text line of the default format. Proxies do not escape quotes that a client sends: with more of them nobody
// can say what is a field and what the client made up.
const quotes = 14

func (d *decoder) envoyLine(line []byte) {
	end := bytes.IndexByte(line, ']')
	last := bytes.LastIndexByte(line, '"')
	if end < 0 || last < 0 {
		d.fail("not the default format of an access log")
		return
	}
	host := bytes.LastIndexByte(line[:last], '"')
	tail := strings.Fields(string(line[last+1:]))
	if bytes.Count(line, []byte{'"'}) != quotes || host < 0 || len(tail) < 4 {
		d.fail("not the default format of an access log")
		return
	}
	_, status, _ := bytes.Cut(line[end:], []byte{'"'}) // behind the request
	_, status, _ = bytes.Cut(status, []byte{'"'})
	status, _, _ = bytes.Cut(status, []byte{'"'})
	h := hop{upstreamHost: string(line[host+1 : last]), cluster: tail[0], upstreamLocal: tail[1], downstreamLocal: tail[2],
		downstreamRemote: tail[3]}
	if words := strings.Fields(string(status)); len(words) >= 3 {
		h.flags, h.details = words[1], words[2]
	}
	d.flow.Shape = EnvoyText
	d.flow.First = d.timeText(line[1:end])
	d.hop(&h)
}

// hop makes flows of what a proxy says. A gateway stands between two connections.
func (d *decoder) hop(h *hop) {
	f := &d.flow
	f.Protocol = TCP
	direction, rest, _ := strings.Cut(h.cluster, "|")
	if d.bad != "" {
		return
	}
	if direction == "inbound" || h.cluster == "InboundPassthroughCluster" || h.cluster == "InboundPassthroughClusterIpv4" {
		d.inbound(h)
		return
	}
	remote, _ := endpoint(h.downstreamRemote)
	own, _ := endpoint(h.upstreamLocal)
	listener, port := endpoint(h.downstreamLocal)
	if own.IsValid() && remote.IsValid() && own != remote && listener == own {
		gateway := *f
		f.Source.Address, f.Destination.Address, f.Port = remote, listener, port
		f.Reporter, f.Verdict = AtDestination, Forwarded
		d.send()
		*f = gateway
	}
	if own.IsValid() {
		remote = own
	}
	d.outbound(h, remote, rest)
}

// inbound is a connection that the proxy of the destination took.
func (d *decoder) inbound(h *hop) {
	f := &d.flow
	f.Source.Address, _ = endpoint(h.downstreamRemote)
	f.Destination.Address, f.Port = endpoint(h.downstreamLocal)
	if f.Port == 0 {
		f.Destination.Address, f.Port = endpoint(h.upstreamHost)
	}
	f.Source.principal(h.sourcePrincipal)
	f.Destination.principal(h.destPrincipal)
	f.Reporter, f.Verdict = AtDestination, Forwarded
	if strings.HasPrefix(h.details, "rbac_access_denied") {
		f.Verdict = Denied
	}
	d.send()
}

// noConnection are the flags of responses for which no connection to the destination came about, for whatever reason.
var noConnection = []string{"UF", "UH", "NR", "URX", "NC", "LH", "UO", "DF"}

// outbound is a connection that the proxy of the source made, or wanted to make.
func (d *decoder) outbound(h *hop, source netip.Prefix, cluster string) {
	f := &d.flow
	f.Source.Address = source
	f.Source.principal(h.sourcePrincipal)
	f.Destination.Address, f.Port = endpoint(h.upstreamHost)
	f.Destination.principal(h.destPrincipal)
	f.Reporter, f.Verdict = AtSource, Forwarded
	if h.cluster == "BlackHoleCluster" {
		f.Verdict = Denied
		f.Destination.Address, f.Port = endpoint(h.downstreamLocal)
	}
	if parts := strings.Split(cluster, "|"); len(parts) == 3 {
		d.serviceHost(parts[2])
		f.Service.Port = d.port([]byte(parts[0]))
	}
	if !f.Destination.Address.IsValid() {
		f.Verdict = VerdictUnknown
	}
	for flag := range strings.SplitSeq(h.flags, ",") {
		for _, none := range noConnection {
			if flag == none && f.Verdict == Forwarded {
				f.Verdict = VerdictUnknown
			}
		}
	}
	d.send()
}

// serviceHost takes a name for that of a Service, or of the destination.
func (d *decoder) serviceHost(host string) {
	f := &d.flow
	parts := strings.SplitN(host, ".", 4)
	if len(parts) >= 3 && parts[2] == "svc" {
		f.Service.Name, f.Service.Namespace = d.names.Intern([]byte(parts[0])), d.names.Intern([]byte(parts[1]))
		return
	}
	if host != "" {
		f.Destination.Names = []string{d.names.Intern([]byte(host))}
	}
}

// endpoint reads address:port; what is something else is nothing.
func endpoint(text string) (netip.Prefix, uint16) {
	a, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.Prefix{}, 0
	}
	return single(a.Addr()), a.Port()
}

// principal reads a SPIFFE identity, with or without its scheme: trust domain/ns/NAMESPACE/sa/SERVICEACCOUNT.
func (p *Peer) principal(text string) {
	parts := strings.Split(strings.TrimPrefix(text, "spiffe://"), "/")
	if len(parts) == 5 && parts[1] == "ns" && parts[3] == "sa" {
		p.Namespace, p.ServiceAccount = parts[2], parts[4]
	}
}
