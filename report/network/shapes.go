package network

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/internal/display"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// A PortRange is ports of one protocol; without EndPort it is Port alone.
type PortRange struct {
	Protocol string `json:"protocol"`
	Port     uint16 `json:"port"`
	EndPort  uint16 `json:"endPort,omitempty"`
}

// portRanges are the ranges of a set; never nil.
func portRanges(ports network.Ports) []PortRange {
	out := []PortRange{}
	for _, p := range []network.Protocol{network.TCP, network.UDP, network.SCTP} {
		for _, r := range ports.Of(p) {
			one := PortRange{Protocol: p.String(), Port: r.First}
			if r.Last != r.First {
				one.EndPort = r.Last
			}
			out = append(out, one)
		}
	}
	return out
}

// An End is one end of a connection, as the command line's contract has it: a workload, a namespace, a block of addresses, or whatever
// serves Ingresses and Gateways.
type End struct {
	Workload          string `json:"workload,omitempty"` // "namespace/name"
	Kind              string `json:"kind,omitempty"`
	Namespace         string `json:"namespace,omitempty"` // all of one, where ends are namespaces
	CIDR              string `json:"cidr,omitempty"`
	IngressController bool   `json:"ingressController,omitempty"`
}

func workloadEnd(o *inventory.Object) End {
	return End{Workload: o.Namespace + "/" + o.Name, Kind: o.Kind}
}

// addressEnds are one End for each block.
func addressEnds(ranges []network.AddressRange) []End {
	var out []End
	for _, r := range ranges {
		for _, p := range r.Prefixes() {
			out = append(out, End{CIDR: p.String()})
		}
	}
	return out
}

// addressText is how people name addresses: each family by its fewest blocks, or by what it leaves out.
func addressText(ranges []network.AddressRange) string {
	ranges = network.JoinRanges(slices.Clone(ranges))
	var parts []string
	for _, bits := range []int{32, 128} {
		family := slices.DeleteFunc(slices.Clone(ranges), func(r network.AddressRange) bool { return r.First.BitLen() != bits })
		if len(family) > 0 {
			parts = append(parts, (&network.Peer{Addresses: family}).String())
		}
	}
	if len(parts) == 2 && parts[0] == "0.0.0.0/0" && parts[1] == "::/0" {
		return "all addresses outside"
	}
	return strings.Join(parts, ", ")
}

// workloadsText names workloads, sorted by namespace, and says how many more there are than it names.
func workloadsText(list []finding.Ref, most int) string {
	var b strings.Builder
	last := ""
	for i, w := range list {
		if i == most && len(list) > most+1 {
			fmt.Fprintf(&b, " and %s", display.Plural(len(list)-most, "more workload"))
			break
		}
		switch {
		case i == 0:
			b.WriteString(w.Namespace + "/" + w.Name)
		case w.Namespace == last:
			b.WriteString(", " + w.Name)
		default:
			b.WriteString(", " + w.Namespace + "/" + w.Name)
		}
		last = w.Namespace
	}
	return b.String()
}
