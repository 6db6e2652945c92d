package exposure

import (
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// A product is an ingress controller or gateway that is known here.
type product struct {
	name string
	// controllers are what classes call it: spec.controller of an IngressClass, spec.controllerName of a GatewayClass. One
	// that ends in "/" stands for all that start so.
	controllers []string
	classes     []string // what people usually call its classes
	// labels are those of the pods that connections come from, and images their repositories' last parts.
	labels []podLabel
	images []string
	// outside says that connections come from a load balancer outside of the cluster.
	outside bool
	// host says that connections come from the nodes in a way that plugins judge apart.
	host bool
}

type podLabel struct{ key, value string } // no value: any

// products are from the documentation of each.
func products() []product {
	name := "app.kubernetes.io/name"
	return []product{
		{name: "ingress-nginx", controllers: []string{"k8s.io/ingress-nginx", "webapprouting.kubernetes.azure.com/"}, classes: []string{"nginx"},
			images: []string{"ingress-nginx/controller", "ingress-nginx/controller-chroot", "rancher/nginx-ingress-controller",
				"kubernetes-ingress-controller/nginx-ingress-controller", "bitnami/nginx-ingress-controller"}},
		{name: "NGINX Ingress Controller", controllers: []string{"nginx.org/ingress-controller"}, classes: []string{"nginx"},
			images: []string{"nginx/nginx-ingress", "nginx-ic/nginx-plus-ingress"}},
		{name: "NGINX Gateway Fabric", controllers: []string{"gateway.nginx.org/"},
			images: []string{"nginx-gateway-fabric/nginx", "nginx-gateway-fabric/nginx-plus"}},
		{name: "Traefik", controllers: []string{"traefik.io/"}, classes: []string{"traefik"}, labels: []podLabel{{name, "traefik"}},
			images: []string{"library/traefik", "traefik", "rancher/mirrored-library-traefik"}},
		{name: "Contour", controllers: []string{"projectcontour.io/"}, classes: []string{"contour"},
			labels: []podLabel{{"app", "envoy"}, {"app.kubernetes.io/component", "envoy"}}},
		{name: "HAProxy", controllers: []string{"haproxy.org/", "haproxy-ingress.github.io/"}, classes: []string{"haproxy"},
			images: []string{"haproxytech/kubernetes-ingress", "jcmoraisjr/haproxy-ingress", "haproxy-ingress/haproxy-ingress"}},
		{name: "Kong", controllers: []string{"ingress-controllers.konghq.com/", "konghq.com/"}, classes: []string{"kong"},
			images: []string{"kong", "library/kong", "kong/kong-gateway"}},
		{name: "Istio", controllers: []string{"istio.io/"}, classes: []string{"istio"}, labels: []podLabel{{"istio", "ingressgateway"}}},
		{name: "Envoy Gateway", controllers: []string{"gateway.envoyproxy.io/"}, classes: []string{"eg"}},
		{name: "the OpenShift router", controllers: []string{"openshift.io/"}, classes: []string{"openshift-default"},
			labels: []podLabel{{"ingresscontroller.operator.openshift.io/deployment-ingresscontroller", ""}}},
		{name: "Cilium", controllers: []string{"cilium.io/", "io.cilium/"}, classes: []string{"cilium"}, host: true},
		{name: "AWS Load Balancer Controller", controllers: []string{"ingress.k8s.aws/", "eks.amazonaws.com/", "gateway.k8s.aws/"},
			classes: []string{"alb"}, outside: true},
		{name: "Google Cloud load balancers", controllers: []string{"networking.gke.io/", "k8s.io/ingress-gce"},
			classes: []string{"gce", "gce-internal", "gke-l7-rilb", "gke-l7-gxlb", "gke-l7-global-external-managed",
				"gke-l7-regional-external-managed"}, outside: true},
		{name: "Azure Application Gateway", controllers: []string{"azure/application-gateway", "alb.networking.azure.io/"},
			classes: []string{"azure-application-gateway", "azure/application-gateway", "azure-alb-external"},
			outside: true},
	}
}

// controllers are who serves Ingresses, Gateways and Routes.
type controllers struct {
	*finder
	products []product
	peers    map[string][]*network.Peer // by product
	gateways map[[2]string][]*network.Peer
}

func newControllers(f *finder) *controllers {
	c := &controllers{finder: f, products: products(), peers: map[string][]*network.Peer{}, gateways: map[[2]string][]*network.Peer{}}
	for _, p := range f.network.Peers() {
		if p.External() {
			break
		}
		have := p.Labels()
		for _, key := range []string{"gateway.networking.k8s.io/gateway-name", "gateway.envoyproxy.io/owning-gateway-name"} {
			if name := have[key]; name != "" {
				at := [2]string{p.Namespace(), name}
				if ns := have["gateway.envoyproxy.io/owning-gateway-namespace"]; ns != "" {
					at[0] = ns // Envoy Gateway runs them all in its own namespace
				}
				c.gateways[at] = append(c.gateways[at], p)
			}
		}
		images := imagesOf(podSpec(p))
		for _, x := range c.products {
			if x.has(have, images) {
				c.peers[x.name] = append(c.peers[x.name], p)
			}
		}
	}
	return c
}

func (x *product) has(labels map[string]string, images []string) bool {
	return slices.ContainsFunc(x.labels, func(l podLabel) bool {
		v, has := labels[l.key]
		return has && (l.value == "" || l.value == v)
	}) || slices.ContainsFunc(x.images, func(end string) bool {
		return slices.ContainsFunc(images, func(image string) bool {
			return image == end || strings.HasSuffix(image, "/"+end) && strings.Contains(end, "/")
		})
	})
}

// imagesOf are the repositories of the images of containers, without tag, digest and registry.
func imagesOf(spec map[string]any) []string {
	var out []string
	for _, c := range inventory.RunningContainers(spec) {
		image, _, _ := strings.Cut(inventory.String(c, "image"), "@")
		if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
			image = image[:i]
		}
		if first, rest, ok := strings.Cut(image, "/"); ok && strings.ContainsAny(first, ".:") {
			image = rest
		}
		out = append(out, image)
	}
	return out
}

func (x *product) isNamed(controller string) bool {
	return slices.ContainsFunc(x.controllers, func(c string) bool {
		return c == controller || strings.HasSuffix(c, "/") && strings.HasPrefix(controller, c) || strings.HasPrefix(controller, c+"/")
	})
}

// A sender is who passes the connections of a way on.
type sender struct {
	kind  Sender
	peers []*network.Peer
	guess bool   // it may be another: the name of a class alone tells, or pods may be missing
	why   string // why it is not known; "" when it is
	zone  Zone
	// reach is the answer for the way from outside to the peers, and because why it is not allowed.
	reach   network.Answer
	because []string
}

// of finds who serves a class: by what the class calls its controller, else by the name that people usually give it.
func (c *controllers) of(controller, class string) sender {
	var found []product
	for _, x := range c.products {
		if controller != "" && x.isNamed(controller) || controller == "" && slices.Contains(x.classes, class) {
			found = append(found, x)
		}
	}
	var peers []*network.Peer
	for _, x := range found {
		if x.outside {
			return sender{kind: Outsider, zone: Internet, reach: network.Allowed}
		}
		if x.host {
			return unknownSender("policies judge what " + x.name + " passes on apart from other connections")
		}
		peers = append(peers, c.peers[x.name]...)
	}
	switch {
	case len(peers) > 0:
		s := c.pods(peers)
		if controller == "" || len(c.network.Missing()) > 0 {
			s.guess, s.zone, s.reach = true, Internet, max(s.reach, network.Unknown)
			if s.reach == network.Unknown {
				s.because = append(s.because, anotherController)
			}
		}
		return s
	case len(found) > 0:
		return unknownSender("no pod of " + found[0].name + " was read")
	case controller != "":
		return unknownSender("nothing is known here of the controller " + controller)
	case class != "":
		return unknownSender("it is not known which controller serves the class " + class)
	}
	return unknownSender("it names no class, so that it is not known which controller serves it")
}

const anotherController = "a controller that was not read may serve it"

func unknownSender(why string) sender {
	return sender{kind: SomePods, why: why, zone: Internet, reach: network.Allowed}
}

// pods is a sender whose pods are known: the outside comes as far as them by the ways that lead there.
func (c *controllers) pods(peers []*network.Peer) sender {
	s := sender{kind: Controller, peers: peers, zone: Private}
	ways := false
	for _, p := range peers {
		for _, d := range c.doors[p] {
			ways = true
			if d.Answer != network.Denied {
				s.zone = max(s.zone, d.Zone)
			}
			s.reach = max(s.reach, d.Answer)
		}
	}
	switch {
	case !ways:
		s.zone, s.reach = Internet, network.Unknown
		s.because = []string{"nothing that was read leads from outside to " + peerNames(peers)}
	case s.reach == network.Denied:
		s.zone, s.because = Internet, []string{"policies let nobody from outside in at " + peerNames(peers)}
	case s.reach == network.Unknown:
		s.because = []string{"it is not known whether policies let the outside in at " + peerNames(peers)}
	}
	return s
}

// through makes the doors of a way to a port of a Service that a sender passes connections on to.
func (f *finder) through(w *Way, s sender, add func(like Door)) {
	like := Door{Sender: s.kind, Senders: s.peers, Zone: s.zone, reach: s.reach, guess: s.guess}
	first := len(w.Doors)
	add(like)
	for _, d := range w.Doors[first:] {
		if s.why != "" && d.Passes == network.Unknown {
			d.Because = append(d.Because, s.why)
		}
		if s.reach < d.Answer {
			d.Answer = s.reach
			d.Because = append(d.Because, s.because...)
		}
	}
}
