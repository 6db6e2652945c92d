// Package service says where Services lead: to which pods, on which of their ports, or to which addresses outside.
//
// Source: https://kubernetes.io/docs/concepts/services-networking/service/ and the comments of k8s.io/api/core/v1 and
// k8s.io/api/discovery/v1.
package service

import (
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// Reads are the kinds that Services are read from.
func Reads() []schema.GroupKind {
	return []schema.GroupKind{{Kind: "Service"}, {Kind: "Endpoints"}, {Group: "discovery.k8s.io", Kind: "EndpointSlice"}}
}

// The types of Services.
const (
	ClusterIP    = "ClusterIP"
	NodePort     = "NodePort"
	LoadBalancer = "LoadBalancer"
	ExternalName = "ExternalName"
)

// A Service is a name for pods.
type Service struct {
	Object *inventory.Object
	// Type is one of the types; ClusterIP where the object says nothing.
	Type string
	// Headless says that the name leads to the pods themselves: no port is translated.
	Headless bool
	// Host is the DNS name that an ExternalName Service stands for.
	Host string
	// External are addresses of the Service at which the outside may find it: external IPs, and those of load balancers.
	External []netip.Addr
	Ports    []Port
	// Selects says whether the Service has a selector. Without one somebody else says where it leads.
	Selects bool
	// Backends are the peers it leads to, by workload, each with the pods that are meant.
	Backends []Backend
	// Outside are addresses that it leads to and that are no pod's.
	Outside []netip.AddrPort

	cluster []netip.Addr
}

// A Backend is a peer that a Service leads to.
type Backend struct {
	Peer *network.Peer
	// Some says that the Service leads to some pods of the peer only.
	Some bool

	specs []map[string]any // of the pods that are meant, without repetition
	pods  []*inventory.Object
}

// A Port is a port of a Service.
type Port struct {
	Name     string // "" when it has none
	Protocol network.Protocol
	Port     uint16
	NodePort uint16 // 0 when it has none, or it is not chosen yet
	// Target is the port of the pods; 0 when it is TargetName, the name of a port of their containers.
	Target     uint16
	TargetName string
}

// Targets are the ports of a backend's pods that a port of the Service leads to: one, unless pods give a name to several
// ports; none when no container has a port of that name. Whoever uses a headless Service decides about the port alone:
// then it is the port of the Service, which clients usually dial, and the target.
func (s *Service) Targets(b Backend, p Port) []uint16 {
	var out []uint16
	if p.TargetName == "" {
		out = append(out, p.Target)
	} else {
		for _, spec := range b.specs {
			out = append(out, network.NamedPorts(spec, p.Protocol, p.TargetName)...)
		}
	}
	if s.Headless {
		out = append(out, p.Port)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ForPort finds a port by number; nil when the Service has none of it.
func (s *Service) ForPort(protocol network.Protocol, number uint16) *Port {
	i := slices.IndexFunc(s.Ports, func(p Port) bool { return p.Protocol == protocol && p.Port == number })
	if i < 0 {
		return nil
	}
	return &s.Ports[i]
}

// ForName finds a port by name; a Service with one port without a name has that for every name.
func (s *Service) ForName(name string) *Port {
	if len(s.Ports) == 1 && s.Ports[0].Name == "" {
		return &s.Ports[0]
	}
	i := slices.IndexFunc(s.Ports, func(p Port) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &s.Ports[i]
}

// ForTarget finds the ports that lead to a port of a backend's pods.
func (s *Service) ForTarget(b Backend, protocol network.Protocol, number uint16) []*Port {
	var out []*Port
	for i := range s.Ports {
		p := &s.Ports[i]
		if p.Protocol == protocol && slices.Contains(s.Targets(b, *p), number) {
			out = append(out, p)
		}
	}
	return out
}
