package main

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/network"
	"github.com/plimsoll-io/plimsoll/network/service"
	reportnetwork "github.com/plimsoll-io/plimsoll/report/network"
)

// ask makes the questions of `netpol explain`.
func (v *networkView) ask(src, dst, port string) (reportnetwork.Asking, error) {
	a := reportnetwork.Asking{From: src, To: dst}
	from, note, err := v.sender(src)
	if err != nil {
		return a, err
	}
	if note != "" {
		a.Notes = append(a.Notes, note)
	}
	svc, err := v.serviceOf(dst, from[0].Namespace())
	if err != nil {
		return a, err
	}
	if svc != nil {
		return a, v.askService(&a, from, svc, port)
	}
	to, note, err := v.receiver(dst)
	if err != nil {
		return a, err
	}
	if note != "" {
		a.Notes = append(a.Notes, note)
	}
	if from[0].External() && to[0].External() {
		return a, fmt.Errorf("%s and %s are both outside of the cluster: no policy decides about them", src, dst)
	}
	known := port == ""
	for _, p := range from {
		for _, q := range to {
			ports, err := portsOf(q, port)
			if err != nil {
				return a, err
			}
			known = known || !ports.None()
			if !ports.None() {
				a.Questions = append(a.Questions, reportnetwork.Question{From: p, To: q, Ports: ports, Address: addressOf(src, dst)})
			}
		}
	}
	if !known {
		return a, fmt.Errorf("no container of %s names a port %q", dst, port)
	}
	a.Notes = append(a.Notes, v.translated(to, port)...)
	return a, nil
}

// addressOf is the last address among some names; zero when there is none.
func addressOf(names ...string) netip.Addr {
	var out netip.Addr
	for _, name := range names {
		if a, ok := parseAddress(name); ok {
			out = a
		}
	}
	return out
}

// sender finds who is meant; an address of a pod is the pod's.
func (v *networkView) sender(text string) ([]*network.Peer, string, error) {
	if a, ok := parseAddress(text); ok {
		if p, name := v.podAt(a); p != nil {
			return []*network.Peer{p}, fmt.Sprintf("%s is the address of the pod %s", text, name), nil
		}
		if list := v.services.At(a); len(list) > 0 {
			return nil, "", fmt.Errorf("%s is an address of %s: Services send nothing, name a workload", text, list[0].Object)
		}
	}
	if _, ok := serviceName(text); ok {
		return nil, "", fmt.Errorf("%s is a Service: Services send nothing, name a workload", text)
	}
	found, err := v.find(text)
	return found, "", err
}

func (v *networkView) receiver(text string) ([]*network.Peer, string, error) {
	if a, ok := parseAddress(text); ok {
		if p, name := v.podAt(a); p != nil {
			return []*network.Peer{p}, fmt.Sprintf("%s is the address of the pod %s", text, name), nil
		}
	}
	found, err := v.find(text)
	return found, "", err
}

// podAt finds the pod of an address; pods on the host network have those of their nodes.
func (v *networkView) podAt(a netip.Addr) (*network.Peer, string) {
	for _, p := range v.network.Peers() {
		for _, pod := range p.Pods {
			for _, x := range network.PodAddresses(pod) {
				if x == a && !p.HostNetwork {
					return p, pod.Namespace + "/" + pod.Name
				}
			}
		}
	}
	return nil, ""
}

// serviceName reads NAMESPACE/service/NAME.
func serviceName(text string) (name [2]string, ok bool) {
	parts := strings.Split(text, "/")
	if len(parts) != 3 || !strings.EqualFold(parts[1], "service") && parts[1] != "svc" {
		return name, false
	}
	return [2]string{parts[0], parts[2]}, true
}

// serviceOf finds the Service that a destination names; nil when it names none.
func (v *networkView) serviceOf(text, namespace string) (*service.Service, error) {
	if a, ok := parseAddress(text); ok {
		if list := v.services.At(a); len(list) > 0 {
			return list[0], nil
		}
		return nil, nil
	}
	if name, ok := serviceName(text); ok {
		if s := v.services.Get(name[0], name[1]); s != nil {
			return s, nil
		}
		return nil, fmt.Errorf("there is no Service %s/%s in what was read", name[0], name[1])
	}
	if !strings.Contains(text, "/") {
		if s := v.services.Named(text, namespace); s != nil {
			return s, nil
		}
		return nil, fmt.Errorf("%q names no peer and no Service: use NAMESPACE/NAME, NAMESPACE/KIND/NAME or an IP address", text)
	}
	namespace, kind, name, err := splitPeer(text)
	if err == nil && kind == "" && len(v.network.Workload(namespace, "", name)) == 0 {
		if found, _ := v.find(text); len(found) == 0 { // nor is it a pod
			return v.services.Get(namespace, name), nil
		}
	}
	return nil, nil
}

// askService asks about what a Service leads to.
func (v *networkView) askService(a *reportnetwork.Asking, from []*network.Peer, svc *service.Service, port string) error {
	name := svc.Object.Namespace + "/" + svc.Object.Name
	if svc.Host != "" {
		return fmt.Errorf("the Service %s stands for the host %s: ask about an address of it", name, svc.Host)
	}
	ports, err := servicePorts(svc, name, port)
	if err != nil {
		return err
	}
	a.To = "Service " + name
	a.Service = &reportnetwork.ServiceEnd{Namespace: svc.Object.Namespace, Name: svc.Object.Name, Ports: []string{}}
	for _, p := range ports {
		a.Service.Ports = append(a.Service.Ports, fmt.Sprintf("%d/%s", p.Port, p.Protocol))
	}
	for _, b := range svc.Backends {
		targets := network.Ports{}
		for _, p := range ports {
			for _, n := range svc.Targets(b, p) {
				targets = targets.Union(network.OnePort(p.Protocol, n))
			}
		}
		if targets.None() {
			a.Notes = append(a.Notes, fmt.Sprintf("no container of %s has the port that the Service %s leads to", b.Peer, name))
			continue
		}
		via := fmt.Sprintf("port %s of the Service %s leads to %s of its pods", strings.Join(a.Service.Ports, ", "), name, targets)
		for _, p := range from {
			a.Questions = append(a.Questions, reportnetwork.Question{From: p, To: b.Peer, Ports: targets, Via: via, Address: addressOf(a.From)})
		}
	}
	for _, x := range svc.Outside {
		for _, p := range from {
			a.Questions = append(a.Questions, reportnetwork.Question{From: p, To: v.network.Address(x.Addr()),
				Ports: network.OnePort(ports[0].Protocol, x.Port()), Via: fmt.Sprintf("the Service %s leads to %s", name, x), Address: x.Addr()})
		}
	}
	if len(a.Questions) == 0 {
		return fmt.Errorf("the Service %s leads to no pod and no address in what was read", name)
	}
	return nil
}

// servicePorts are the ports of a Service that are asked about.
func servicePorts(svc *service.Service, name, port string) ([]service.Port, error) {
	if port == "" {
		if len(svc.Ports) == 0 {
			return nil, fmt.Errorf("the Service %s has no port", name)
		}
		return svc.Ports, nil
	}
	if asked, err := parsePort(port); err == nil {
		for _, p := range svc.Ports {
			if asked.Has(p.Protocol, p.Port) {
				return []service.Port{p}, nil
			}
		}
	} else if p := svc.ForName(port); p != nil {
		return []service.Port{*p}, nil
	}
	var have []string
	for _, p := range svc.Ports {
		text := fmt.Sprintf("%d/%s", p.Port, p.Protocol)
		if p.Name != "" {
			text += " (" + display.Clean(p.Name) + ")"
		}
		have = append(have, text)
	}
	return nil, fmt.Errorf("the Service %s has no port %s: it has %s", name, port, strings.Join(have, ", "))
}

// portsOf are the ports of a peer that are meant: by number or by name, all for "".
func portsOf(p *network.Peer, port string) (network.Ports, error) {
	if port == "" {
		return network.AllPorts(), nil
	}
	if ports, err := parsePort(port); err == nil {
		return ports, nil
	}
	if p.External() {
		return network.Ports{}, fmt.Errorf("%q is the name of a port, which addresses do not have: use a number", port)
	}
	var out network.Ports
	for proto := network.TCP; proto <= network.SCTP; proto++ {
		out = out.Union(p.NamedPort(proto, port))
	}
	return out, nil
}

// translated warns of a port that is a Service's rather than the pods': policies are about the pods'.
func (v *networkView) translated(to []*network.Peer, port string) []string {
	asked, err := parsePort(port)
	if err != nil {
		return nil
	}
	for _, svc := range v.services.All() {
		for _, b := range svc.Backends {
			if b.Peer != to[0] || svc.Headless {
				continue
			}
			for _, p := range svc.Ports {
				if !asked.Has(p.Protocol, p.Port) {
					continue
				}
				for _, n := range svc.Targets(b, p) {
					if n != p.Port {
						return []string{fmt.Sprintf("%d is a port of %s, which leads to port %d of the pods: policies judge that one; "+
							"ask about %s/service/%s", p.Port, svc.Object, n, svc.Object.Namespace, svc.Object.Name)}
					}
				}
			}
		}
	}
	return nil
}
