package lint

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// metadataPort is where the metadata services answer.
const metadataPort = 80

// metadataAddresses are where AWS, Azure, Google Cloud, Oracle, OpenStack and others tell an instance its credentials, and the
// IPv6 address of AWS.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html,
// https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service and
// https://cloud.google.com/compute/docs/metadata/querying-metadata.
func metadataAddresses() []netip.Addr {
	return []netip.Addr{netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("fd00:ec2::254")}
}

// A way is why pods reach an address: the item of a policy that allows it, or none where no policy isolates them.
type way struct {
	policy *policy
	path   finding.Path
	place  string // the namespace, where there is no policy
}

// metadata finds the workloads that policies let reach the metadata service.
func (c *checker) metadata() {
	reach := map[way]map[netip.Addr][]*network.Peer{}
	for _, a := range metadataAddresses() {
		external := c.m.Address(a)
		answers := map[*network.Class]network.Answer{}
		for _, peer := range c.m.Peers() {
			if peer.External() || peer.HostNetwork || len(c.selecting[network.Egress][peer]) == 0 && !c.wants(MetadataReachable) {
				continue
			}
			class := c.m.ClassOf(peer)
			answer, known := answers[class]
			if !known {
				answer = c.m.Allowed(peer, external).Port(network.TCP, metadataPort)
				answers[class] = answer
			}
			if answer != network.Allowed {
				continue
			}
			for _, w := range c.ways(peer, a) {
				if reach[w] == nil {
					reach[w] = map[netip.Addr][]*network.Peer{}
				}
				reach[w][a] = append(reach[w][a], peer)
			}
		}
	}
	cloud := c.cloud()
	for _, w := range slices.SortedFunc(maps.Keys(reach), compareWays) {
		c.reaches(w, reach[w], cloud)
	}
}

func compareWays(a, b way) int {
	if (a.policy == nil) != (b.policy == nil) {
		if a.policy == nil {
			return 1
		}
		return -1
	}
	if a.policy == nil {
		return strings.Compare(a.place, b.place)
	}
	if n := a.policy.Object.Compare(b.policy.Object.Ref); n != 0 {
		return n
	}
	return strings.Compare(string(a.path), string(b.path))
}

// ways are the items of the policies that allow a peer to send to an address; one without a policy when none isolates it.
func (c *checker) ways(peer *network.Peer, a netip.Addr) []way {
	var out []way
	own := c.selecting[network.Egress][peer]
	if len(own) > 0 {
		own = append(own[:len(own):len(own)], c.adminsOf(peer)...)
	}
	for _, p := range own {
		for _, r := range p.rules[network.Egress] {
			if r.Doubt != "" || r.Action != network.Allow || !portsOf(r.Ports).ports.Has(network.TCP, metadataPort) {
				continue
			}
			if r.Everyone {
				out = append(out, way{policy: p, path: r.Path})
			}
			for _, item := range r.Peers {
				if item.Block && network.HasAddress(item.Addresses, a) {
					out = append(out, way{policy: p, path: item.Path})
				}
			}
		}
	}
	if len(own) == 0 || len(out) == 0 {
		return []way{{place: peer.Namespace()}}
	}
	return out
}

// adminsOf are the policies of the Admin tier that select a peer.
func (c *checker) adminsOf(peer *network.Peer) []*policy {
	var out []*policy
	for _, p := range c.policies {
		if p.Tier == network.AdminTier && p.Doubt == "" && p.Selects.Matches(peer.Namespace(), peer.Labels()) == network.Allowed {
			out = append(out, p)
		}
	}
	return out
}

func (c *checker) reaches(w way, reach map[netip.Addr][]*network.Peer, cloud *inventory.Object) {
	var addresses []string
	var peers []*network.Peer
	for _, a := range metadataAddresses() {
		if len(reach[a]) > 0 {
			addresses = append(addresses, a.String())
			if len(reach[a]) > len(peers) {
				peers = reach[a]
			}
		}
	}
	object, path := c.namespace(w.place), finding.Path("")
	message := fmt.Sprintf("The metadata service of the cloud at %s can be reached from %s: no policy says otherwise", list(addresses), names(peers))
	kind := MetadataReachable
	if w.policy != nil {
		kind = MetadataAllowed
		object, path = w.policy.Object, w.path
		message = fmt.Sprintf("The rule lets %s reach the metadata service of the cloud at %s", names(peers), list(addresses))
	}
	because := []finding.Reason{proves("nodes-unknown", "whether the nodes or the cloud refuse such connections is not in the inventory", nil)}
	problem := c.found(kind, object, path, message)
	if cloud == nil {
		problem.Severity = finding.Low
		because = append(because, finding.Reason{Effect: "lowers", Fact: "cloud-unknown", Message: "nothing in the inventory shows that the nodes run in a cloud with such a service"})
	} else {
		because = append(because, proves("cloud", cloud.String()+" runs in a cloud: "+scheme(cloud), cloud))
	}
	problem.Because = because
}

// cloud is a node of a cloud with a metadata service; nil when none is known.
func (c *checker) cloud() *inventory.Object {
	for _, o := range c.inv.Of("", "Node") {
		if slices.Contains([]string{"aws", "azure", "gce", "openstack", "oci", "alicloud", "digitalocean", "hcloud", "ibm"}, scheme(o)) {
			return o
		}
	}
	return nil
}

// scheme is the provider that a node's providerID names: "aws" of "aws:///eu-central-1a/i-0123".
func scheme(node *inventory.Object) string {
	name, _, _ := strings.Cut(inventory.String(node.Content, "spec", "providerID"), ":")
	return name
}
