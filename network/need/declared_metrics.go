package need

import (
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/service"
)

// metrics notes what Prometheus scrapes: pods and Services with the usual annotations, and those that ServiceMonitors and
// PodMonitors select.
func (d *declarer) metrics() {
	scrapers := d.findScrapers()
	for _, w := range d.workloads {
		d.annotatedPods(w, scrapers)
	}
	for _, s := range d.services.All() {
		d.annotatedService(s, scrapers)
	}
	for _, o := range d.inv.Of("monitoring.coreos.com", "ServiceMonitor") {
		d.serviceMonitor(o, scrapers)
	}
	for _, o := range d.inv.Of("monitoring.coreos.com", "PodMonitor") {
		d.podMonitor(o, scrapers)
	}
}

// scrapers are the Prometheus servers, or what is known of them.
type scrapers struct {
	ends []End
	// managed are those that the operator makes of objects of kind Prometheus.
	managed map[*inventory.Object][]End
}

// findScrapers finds pods that run Prometheus by its image.
func (d *declarer) findScrapers() *scrapers {
	out := &scrapers{managed: map[*inventory.Object][]End{}}
	for _, w := range d.workloads {
		if !slices.ContainsFunc(w.specs[0].containers(), func(c container) bool { return isPrometheus(inventory.String(c.content, "image")) }) {
			continue
		}
		name, ok := strings.CutPrefix(w.object.Name, "prometheus-")
		if o := d.inv.Get("monitoring.coreos.com", "Prometheus", w.object.Namespace, name); ok && o != nil && w.object.Kind == "StatefulSet" {
			out.managed[o] = append(out.managed[o], w.end())
			continue
		}
		out.ends = append(out.ends, w.end())
	}
	return out
}

// isPrometheus says whether an image is that of the Prometheus server: "quay.io/prometheus/prometheus:v3.1.0".
func isPrometheus(image string) bool {
	image, _, _ = strings.Cut(image, "@")
	path := strings.Split(image, "/")
	last, _, _ := strings.Cut(path[len(path)-1], ":")
	return last == "prometheus"
}

// scrape notes that Prometheus takes metrics from pods.
func (d *declarer) scrape(from []End, to End, s *service.Service, port uint16, because Evidence) {
	if len(from) == 0 {
		d.unknown(Unresolved{From: "Prometheus", To: to.String(), Protocol: network.TCP.String(), Port: port,
			Reason: "its pods are not in what was read, or it is not known which of them scrape here"})
	}
	for _, end := range from {
		if end.Object == nil || end.Object != to.Object {
			d.need(end, to, network.TCP, port, s, because)
		}
	}
}

// annotations that the example configuration of Prometheus made a habit.
const (
	scrapeNote = "prometheus.io/scrape"
	portNote   = "prometheus.io/port"
)

func (d *declarer) annotatedPods(w *sender, x *scrapers) {
	s := &w.specs[0]
	notes := inventory.Strings(inventory.Map(s.meta, "annotations"))
	if notes[scrapeNote] != "true" || len(w.pods) == 0 {
		return
	}
	at := strings.TrimSuffix(string(s.path), "spec") + "metadata.annotations"
	because := Evidence{Object: s.object, Path: finding.Path(at).Field(scrapeNote), What: "annotation " + scrapeNote}
	to := End{Kind: Workload, Object: w.object, Peers: w.pods}
	if n, ok := portNumber(notes[portNote]); ok {
		d.scrape(x.ends, to, nil, n, because)
		return
	}
	for _, c := range s.containers() { // the usual rules try every port that containers declare
		for _, m := range inventory.Maps(c.content["ports"]) {
			if n := network.PortNumber(m["containerPort"]); n != 0 && c.stays && protocolOf(m) == network.TCP {
				d.scrape(x.ends, to, nil, n, because)
			}
		}
	}
}

func (d *declarer) annotatedService(s *service.Service, x *scrapers) {
	notes := s.Object.Annotations()
	if notes[scrapeNote] != "true" {
		return
	}
	because := Evidence{Object: s.Object, Path: finding.Path("metadata.annotations").Field(scrapeNote), What: "annotation " + scrapeNote}
	n, fixed := portNumber(notes[portNote])
	for _, b := range s.Backends {
		for _, to := range endsOf([]*network.Peer{b.Peer}) {
			if fixed { // it takes the place of the endpoint's port
				d.scrape(x.ends, to, s, n, because)
				continue
			}
			for _, p := range s.Ports {
				for _, target := range (dial{endpoints: true}).targets(s, b, p) {
					if p.Protocol == network.TCP {
						d.scrape(x.ends, to, s, target, because)
					}
				}
			}
		}
	}
}

// watching are the Prometheus servers whose selectors take a monitor; ok is false when none does.
func (d *declarer) watching(monitor *inventory.Object, x *scrapers) (out []End, ok bool) {
	field := strings.ToLower(monitor.Kind[:1]) + monitor.Kind[1:]
	configured := d.inv.Of("monitoring.coreos.com", "Prometheus")
	for _, o := range configured {
		spec := inventory.Map(o.Content, "spec")
		own, has := spec[field+"Selector"].(map[string]any)
		if !has || !matches(own, monitor.Labels()) {
			continue
		}
		if others, has := spec[field+"NamespaceSelector"].(map[string]any); has {
			if !matches(others, d.namespaceLabels(monitor.Namespace)) {
				continue
			}
		} else if o.Namespace != monitor.Namespace {
			continue
		}
		out, ok = append(out, x.managed[o]...), true
	}
	if len(configured) > 0 {
		return out, ok
	}
	if len(x.ends) == 1 {
		return x.ends, true
	}
	return nil, true
}

func (d *declarer) namespaceLabels(name string) map[string]string {
	labels := map[string]string{}
	if o := d.inv.Get("", "Namespace", "", name); o != nil {
		labels = o.Labels()
	}
	labels["kubernetes.io/metadata.name"] = name
	return labels
}

// inNamespaces are the namespaces that a monitor looks for its targets in; nil for all.
func inNamespaces(o *inventory.Object) (list []string, every bool) {
	selector := inventory.Map(o.Content, "spec", "namespaceSelector")
	if anyOne, _ := selector["any"].(bool); anyOne {
		return nil, true
	}
	for _, item := range inventory.List(selector, "matchNames") {
		if name, ok := item.(string); ok {
			list = append(list, name)
		}
	}
	if len(list) == 0 {
		list = []string{o.Namespace}
	}
	return list, false
}

func (d *declarer) serviceMonitor(o *inventory.Object, x *scrapers) {
	from, watched := d.watching(o, x)
	selector := inventory.Map(o.Content, "spec", "selector")
	namespaces, every := inNamespaces(o)
	if selector == nil || !watched {
		return
	}
	for _, s := range d.services.All() {
		if !every && !slices.Contains(namespaces, s.Object.Namespace) || !matches(selector, s.Object.Labels()) {
			continue
		}
		for i, item := range inventory.List(o.Content, "spec", "endpoints") {
			endpoint, _ := item.(map[string]any)
			because := Evidence{Object: o, Path: specPath("endpoints").Index(i), What: "endpoint of " + o.String()}
			for _, b := range s.Backends {
				for _, target := range monitored(s, b, endpoint) {
					for _, to := range endsOf([]*network.Peer{b.Peer}) {
						d.scrape(from, to, s, target, because)
					}
				}
			}
		}
	}
}

// monitored are the ports of a backend that an endpoint of a ServiceMonitor means: by the name of the Service's port, or by
// number or name of the pods' own.
func monitored(s *service.Service, b service.Backend, endpoint map[string]any) []uint16 {
	if name := inventory.String(endpoint, "port"); name != "" {
		for _, p := range s.Ports {
			if p.Name == name {
				return dial{endpoints: true}.targets(s, b, p)
			}
		}
		return nil
	}
	if n := network.PortNumber(endpoint["targetPort"]); n != 0 {
		return []uint16{n}
	}
	return numbersOf(b.Peer.NamedPort(network.TCP, inventory.String(endpoint, "targetPort")))
}

func (d *declarer) podMonitor(o *inventory.Object, x *scrapers) {
	from, watched := d.watching(o, x)
	selector := inventory.Map(o.Content, "spec", "selector")
	namespaces, every := inNamespaces(o)
	if selector == nil || !watched {
		return
	}
	for _, w := range d.workloads {
		if !every && !slices.Contains(namespaces, w.object.Namespace) {
			continue
		}
		for _, p := range w.pods {
			if !matches(selector, p.Labels()) {
				continue
			}
			for i, item := range inventory.List(o.Content, "spec", "podMetricsEndpoints") {
				endpoint, _ := item.(map[string]any)
				for _, target := range podEndpoint(p, endpoint) {
					d.scrape(from, End{Kind: Workload, Object: w.object, Peers: []*network.Peer{p}}, nil, target,
						Evidence{Object: o, Path: specPath("podMetricsEndpoints").Index(i), What: "endpoint of " + o.String()})
				}
			}
		}
	}
}

func podEndpoint(p *network.Peer, endpoint map[string]any) []uint16 {
	for _, field := range []string{"portNumber", "targetPort"} {
		if n := network.PortNumber(endpoint[field]); n != 0 {
			return []uint16{n}
		}
	}
	for _, field := range []string{"port", "targetPort"} {
		if name := inventory.String(endpoint, field); name != "" {
			return numbersOf(p.NamedPort(network.TCP, name))
		}
	}
	return nil
}

func numbersOf(ports network.Ports) []uint16 {
	var out []uint16
	for _, r := range ports.Of(network.TCP) {
		for n := int(r.First); n <= int(r.Last) && len(out) < 16; n++ {
			out = append(out, uint16(n))
		}
	}
	return out
}

// matches says whether a label selector, as objects hold it, selects labels. What cannot be read selects nothing.
func matches(selector map[string]any, labels map[string]string) bool {
	return network.Selects(selector, labels) == network.Allowed
}
