package need

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// mention decides what a host in a text means to the workload that reads it, if anything.
func (d *declarer) mention(r *reading, m *mention) {
	meaning := d.meaning(m.key)
	if meaning.other || m.port == 0 && !m.url && onlyResolves[m.after] {
		return
	}
	switch {
	case m.addr.IsValid():
		d.toAddress(r, m, meaning)
	case m.host == nodeHost:
		d.toOwnNode(r, m)
	case d.isAPIServer(m.host, r.sender.object.Namespace):
		if m.url || m.port != 0 || meaning.address {
			d.toAPIServer(r.sender, r.because(m.key))
		}
	default:
		if s := d.services.Named(m.host, r.sender.object.Namespace); s != nil {
			d.toService(r, m, s, meaning)
		} else {
			d.toStranger(r, m, meaning)
		}
	}
}

// onlyResolves are commands that look a name up and open no connection to it.
var onlyResolves = wordSet("nslookup dig host hosts ping drill")

// isQualified says that a name can only be that of a Service.
func isQualified(host string) bool {
	return strings.HasSuffix(host, ".svc") || strings.Contains(host, ".svc.")
}

// means says whether the text around a host makes it sure enough that somebody connects to it. "redis:7" may be an image:
// whether the port fits has to be seen.
func (r *reading) means(m *mention, meaning keyMeaning) bool {
	return m.url || m.port != 0 || m.alone && m.key != "" && (meaning.address || isQualified(m.host) && !r.file)
}

// toService notes that a workload needs a Service, if the text around makes that sure enough.
func (d *declarer) toService(r *reading, m *mention, s *service.Service, meaning keyMeaning) {
	if !r.means(m, meaning) {
		return
	}
	word := m.host == s.Object.Name
	only := podOf(s, m.host)
	number, sure := m.port, m.url || meaning.address || isQualified(m.host)
	if number == 0 {
		number = r.sibling(m)
	}
	own := senderBehind(s, only, r.sender)
	if own && number == 0 && m.scheme == "" && sure {
		d.unknown(Unresolved{From: r.sender.object.String(), To: s.Object.String(),
			Reason: "it leads to the workload itself, and which port its pods use among themselves is not named"})
		return
	}
	ports, why := d.portsOf(s, m, number)
	if len(ports) == 0 && word && !sure {
		return
	}
	if own && !s.Headless && r.sender.object.Kind != "StatefulSet" {
		if sure {
			d.unknown(Unresolved{From: r.sender.object.String(), To: s.Object.String(),
				Reason: "it leads to the workload itself, and whether its pods call each other is not known"})
		}
		return
	}
	if len(ports) == 0 {
		d.unknown(Unresolved{From: r.sender.object.String(), To: s.Object.String(), Port: number, Reason: why})
		return
	}
	if r.shared > 1 {
		if !own {
			d.shared(r, s.Object.String(), number)
		}
		return
	}
	for _, p := range ports {
		d.toPort(r.sender.end(), s, p, dial{port: number, pod: only}, r.because(m.key))
	}
}

// shared notes that one of several workloads connects somewhere.
func (d *declarer) shared(r *reading, to string, port uint16) {
	d.unknown(Unresolved{From: r.sender.object.String(), To: to, Port: port,
		Reason: fmt.Sprintf("it is in a file that %d workloads mount, which does not say who of them connects", r.shared)})
}

// podOf is the name of the pod that a host name means behind a headless Service: "db-0" of "db-0.db.shop.svc"; "" when it
// means them all.
func podOf(s *service.Service, host string) string {
	first, rest, _ := strings.Cut(host, ".")
	if next, _, _ := strings.Cut(rest, "."); s.Headless && next == s.Object.Name && first != podHost {
		return first
	}
	return ""
}

// behind are the backends of a Service that a pod's name leaves; all when it is none that is known.
func behind(s *service.Service, pod string) []service.Backend {
	if pod == "" {
		return s.Backends
	}
	var out []service.Backend
	for _, b := range s.Backends {
		o := b.Peer.Object
		set, number, _ := cutLast(pod)
		if o.Kind == "StatefulSet" && o.Name == set && isNumber(number) || o.Kind == "Pod" && o.Name == pod {
			out = append(out, b)
		}
	}
	if len(out) == 0 {
		return s.Backends
	}
	return out
}

// senderBehind says whether a Service leads to the sender itself.
func senderBehind(s *service.Service, pod string, w *sender) bool {
	return slices.ContainsFunc(behind(s, pod), func(b service.Backend) bool { return b.Peer.Object == w.object })
}

// portsOf are the ports of a Service that a mention means: those of the number that stands there, else that of the kind of
// URL, else the only one. why says why there is none.
func (d *declarer) portsOf(s *service.Service, m *mention, number uint16) (ports []service.Port, why string) {
	if m.service != "" {
		if p := s.ForName(m.service); p != nil {
			return []service.Port{*p}, ""
		}
		return nil, "the Service has no port of the name that is asked for"
	}
	if number == 0 {
		if ports = withNumber(s, defaultPorts[m.scheme], m.scheme); len(ports) > 0 {
			return ports, ""
		}
		switch {
		case s.Type == service.ExternalName && defaultPorts[m.scheme] != 0:
			return []service.Port{{Port: defaultPorts[m.scheme]}}, ""
		case m.scheme == "http" || m.scheme == "https":
			return nil, fmt.Sprintf("a URL without a port means port %d, which the Service does not have", defaultPorts[m.scheme])
		case len(s.Ports) == 1:
			return s.Ports, ""
		case len(s.Ports) == 0:
			return nil, "no port is named, and the Service has none"
		}
		return nil, "no port is named, and the Service has several"
	}
	if ports = withNumber(s, number, m.scheme); len(ports) > 0 {
		return ports, ""
	}
	if s.Type == service.ExternalName || s.Headless && d.opensPort(s, number) {
		return []service.Port{{Port: number, Target: number}}, ""
	}
	return nil, fmt.Sprintf("the Service has no port %d", number)
}

// withNumber are the ports of a Service with a number. A scheme may tell TCP from UDP.
func withNumber(s *service.Service, number uint16, scheme string) []service.Port {
	var out []service.Port
	for _, p := range s.Ports {
		if number == 0 || p.Port != number || scheme == "udp" && p.Protocol != network.UDP || scheme == "tcp" && p.Protocol != network.TCP {
			continue
		}
		out = append(out, p)
	}
	if len(out) > 1 && scheme != "" { // other URLs than udp:// are of protocols over TCP
		out = slices.DeleteFunc(out, func(p service.Port) bool { return scheme != "udp" && p.Protocol == network.UDP })
	}
	return out
}

// opensPort says whether a container behind a Service says that it listens on a port, for clients that go around the
// Service's own ports.
func (d *declarer) opensPort(s *service.Service, number uint16) bool {
	for _, b := range s.Backends {
		w := d.byObject[b.Peer.Object]
		if w == nil {
			continue
		}
		for i := range w.specs {
			for _, c := range w.specs[i].containers() {
				for _, p := range inventory.Maps(c.content["ports"]) {
					if network.PortNumber(p["containerPort"]) == number && protocolOf(p) == network.TCP {
						return true
					}
				}
			}
		}
	}
	return false
}

// A dial is how a sender goes to a port of a Service. Behind a headless one nobody translates the port that it dials.
type dial struct {
	port uint16 // 0 when it is not known
	pod  string // the name of the only pod that is meant, if there is one
	// endpoints says that it looks the pods and their ports up by itself, as controllers do.
	endpoints bool
}

func (x dial) targets(s *service.Service, b service.Backend, p service.Port) []uint16 {
	switch {
	case s.Headless && x.endpoints:
		translated := *s
		translated.Headless = false
		return translated.Targets(b, p)
	case s.Headless && x.port != 0:
		return []uint16{x.port}
	}
	return s.Targets(b, p)
}

// toPort notes that an end needs a port of a Service.
func (d *declarer) toPort(from End, s *service.Service, p service.Port, how dial, because Evidence) {
	if s.Type == service.ExternalName {
		d.toExternalName(from, s, p, because)
		return
	}
	noTarget := true
	byTarget := map[uint16][]*network.Peer{}
	for _, b := range behind(s, how.pod) {
		for _, n := range how.targets(s, b, p) {
			byTarget[n] = append(byTarget[n], b.Peer)
		}
	}
	for n, peers := range byTarget {
		for _, to := range endsOf(peers) {
			d.need(from, to, p.Protocol, n, s, because)
			noTarget = false
		}
	}
	for port, list := range outsideOf(s) {
		if port == 0 {
			port = p.Port
		}
		d.need(from, End{Kind: Outside, Addresses: prefixes(list)}, p.Protocol, port, s, because)
		noTarget = false
	}
	if !noTarget {
		return
	}
	reason := "the Service selects no pods in what was read"
	switch {
	case len(s.Backends) > 0:
		reason = fmt.Sprintf("port %d of the Service leads to a name that no container gives to a port", p.Port)
	case !s.Selects:
		reason = "the Service has no selector, and where it leads is not in what was read"
	}
	d.unknown(Unresolved{From: from.String(), To: s.Object.String(), Protocol: p.Protocol.String(), Port: p.Port, Reason: reason})
}

// outsideOf are the addresses that a Service without a selector leads to, by port.
func outsideOf(s *service.Service) map[uint16][]netip.Addr {
	out := map[uint16][]netip.Addr{}
	for _, a := range s.Outside {
		out[a.Port()] = append(out[a.Port()], a.Addr())
	}
	return out
}

// toExternalName follows a Service that stands for another name.
func (d *declarer) toExternalName(from End, s *service.Service, p service.Port, because Evidence) {
	for range 4 { // one may lead to another
		next := d.services.Named(s.Host, s.Object.Namespace)
		if next == nil || !isQualified(s.Host) {
			break
		}
		if next.Type != service.ExternalName {
			for _, port := range withNumber(next, p.Port, "") {
				d.toPort(from, next, port, dial{port: p.Port}, because)
			}
			return
		}
		s = next
	}
	if p.Port == 0 || s.Host == "" {
		return
	}
	d.need(from, End{Kind: Outside, Names: []string{s.Host}}, p.Protocol, p.Port, s, because)
}

// toStranger notes a name that is no Service here.
func (d *declarer) toStranger(r *reading, m *mention, meaning keyMeaning) {
	labels := strings.Split(m.host, ".")
	from, setting := r.sender.object.String(), meaning.address || m.url && m.key == "" && !r.file
	switch {
	case !m.plain || m.beside || !r.means(m, meaning):
	case isQualified(m.host):
		if i := slices.Index(labels, "svc"); i >= 2 {
			d.unknown(Unresolved{From: from, To: "Service " + labels[i-1] + "/" + labels[i-2], Port: m.port,
				Reason: "there is no such Service in what was read"})
		}
	case isOwn(m.host):
	case len(labels) == 1 || len(labels) == 2 && (!isCommonTop(labels[1]) || d.inv.Get("", "Namespace", "", labels[1]) != nil):
		if meaning.address && !r.file && (m.url || m.port != 0) {
			d.unknown(Unresolved{From: from, To: "a host that " + r.because(m.key).What + " names", Port: m.port,
				Reason: "there is no Service of that name in what was read"})
		}
	case meaning.own || !setting || !m.url && !m.alone || !looksPublic(labels):
	default:
		d.toOutside(r, m)
	}
}

// portOf is the port that a mention means: named with it, in a variable beside it, or that of its scheme; 0 when none is.
func (r *reading) portOf(m *mention) uint16 {
	if m.port != 0 {
		return m.port
	}
	if port := r.sibling(m); port != 0 {
		return port
	}
	return defaultPorts[m.scheme]
}

// toOutside notes a name outside of the cluster.
func (d *declarer) toOutside(r *reading, m *mention) {
	port := r.portOf(m)
	if port == 0 {
		d.unknown(Unresolved{From: r.sender.object.String(), To: m.host, Reason: "no port is named"})
		return
	}
	if r.shared > 1 {
		d.shared(r, m.host, port)
		return
	}
	protocol := network.TCP
	if m.scheme == "udp" {
		protocol = network.UDP
	}
	d.need(r.sender.end(), End{Kind: Outside, Names: []string{m.host}}, protocol, port, nil, r.because(m.key))
}

// isOwn says that a name stays within the pod, or is no name of a host.
func isOwn(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || host == podHost || host == "host.docker.internal" ||
		strings.HasSuffix(host, ".invalid") || strings.HasSuffix(host, ".cluster.local") || host == "cluster.local"
}

// looksPublic says whether something with dots can be the name of a host: names of files and of classes are none.
func looksPublic(labels []string) bool {
	top := labels[len(labels)-1]
	if len(top) < 2 || notTopLevel[top] || reversed[labels[0]] {
		return false
	}
	for i := range len(top) {
		if c := top[i]; (c < 'a' || c > 'z') && !strings.HasPrefix(top, "xn--") {
			return false
		}
	}
	return true
}

// isCommonTop says whether "a.b" is more likely a domain than a Service and its namespace.
func isCommonTop(top string) bool { return len(top) == 2 || commonTop[top] }

var (
	commonTop   = wordSet("com org net dev app cloud info biz edu gov mil int name pro xyz online site tech")
	notTopLevel = wordSet(`yaml yml json conf cfg ini toml pem crt key xml properties sock txt log sh py js ts jar so db html md
		csv service socket tmpl tpl proto sql lua gz tgz zip tar lock cert`)
	reversed = wordSet("com org net io")
)
