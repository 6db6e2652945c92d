package lint

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// blocks finds blocks of addresses that mean pods or Services. Wide blocks that pods lie in as well are none of them:
// only those that lie in the range of the pods of a node, or are one address.
func (c *checker) blocks(p *policy) {
	for _, d := range directions() {
		for _, r := range p.rules[d] {
			for _, item := range r.Peers {
				if item.Block && len(item.Addresses) > 0 {
					c.block(p, d, item)
				}
			}
		}
	}
}

func (c *checker) block(p *policy, d network.Direction, item network.PeerReading) {
	path := item.Path
	if p.isNetworkPolicy() {
		path = path.Field("ipBlock")
	}
	for _, node := range c.podRanges() {
		if len(network.SubtractRanges(item.Addresses, node.ranges)) == 0 {
			c.found(PodAddresses, p.Object, path, fmt.Sprintf("The block for %s lies in the range of the pods of %s", d, node.object),
				proves("pod-cidr", "spec.podCIDRs of "+node.object.String()+" holds it", node.object))
			return
		}
	}
	if len(item.Addresses) != 1 || item.Addresses[0].First != item.Addresses[0].Last {
		return
	}
	address := item.Addresses[0].First
	if pod := c.podAt(address); pod != nil {
		c.found(PodAddresses, p.Object, path, fmt.Sprintf("The block for %s is the address of %s", d, pod), proves("pod-address", pod.String()+" has it now", pod))
		return
	}
	for _, s := range c.services.At(address) {
		if !slices.Contains(s.External, address) {
			c.found(ServiceAddress, p.Object, path, fmt.Sprintf("The block for %s is the cluster IP of %s", d, s.Object),
				proves("cluster-ip", s.Object.String()+" has it", s.Object))
			return
		}
	}
}

// A podRange is the addresses of the pods of a node.
type podRange struct {
	object *inventory.Object
	ranges []network.AddressRange
}

func (c *checker) podRanges() []podRange {
	if c.nodes != nil {
		return c.nodes
	}
	c.nodes = []podRange{}
	for _, o := range c.inv.Of("", "Node") {
		spec := inventory.Map(o.Content, "spec")
		one := podRange{object: o}
		for _, item := range append([]any{spec["podCIDR"]}, inventory.List(spec, "podCIDRs")...) {
			text, _ := item.(string)
			if prefix, err := netip.ParsePrefix(text); err == nil {
				one.ranges = append(one.ranges, network.RangeOf(prefix))
			}
		}
		slices.SortFunc(one.ranges, func(a, b network.AddressRange) int { return a.First.Compare(b.First) })
		if len(one.ranges) > 0 {
			c.nodes = append(c.nodes, one)
		}
	}
	return c.nodes
}

// podAt is the pod of an address; nil when there is none.
func (c *checker) podAt(a netip.Addr) *inventory.Object {
	if c.pods == nil {
		c.pods = map[netip.Addr]*inventory.Object{}
		for _, peer := range c.m.Peers() {
			if peer.HostNetwork {
				continue
			}
			for _, pod := range peer.Pods {
				for _, a := range network.PodAddresses(pod) {
					c.pods[a] = pod
				}
			}
		}
	}
	return c.pods[a]
}

// mostPeers is how many peers of a rule are compared with each other.
const mostPeers = 300

// repeats finds peers of a rule that others of the same rule contain.
func (c *checker) repeats(p *policy) {
	for _, d := range directions() {
		for i := range p.rules[d] {
			r := &p.rules[d][i]
			if len(r.Peers) < 2 || r.Doubt != "" {
				continue
			}
			if len(r.Peers) > mostPeers {
				c.cannot(RepeatedPeer, p.Object.Ref, fmt.Sprintf("%s has more than %d peers, which are not compared", r.Path, mostPeers))
				continue
			}
			c.repeated(p, r)
		}
	}
}

func (c *checker) repeated(p *policy, r *network.RuleReading) {
	b := &budget{comparisons}
	rules := make([]*rule, len(r.Peers)) // each peer by itself, on all ports
	for i := range r.Peers {
		rules[i] = newRule(p, &network.RuleReading{Path: r.Peers[i].Path, Peers: r.Peers[i : i+1]})
	}
	for _, one := range slices.Backward(rules) {
		one.gone = true // it does not cover itself
		by, ok := covered(one, rules, b)
		if one.gone = ok; !ok {
			continue
		}
		var reasons []finding.Reason
		for _, o := range by[:min(len(by), mostNamed)] {
			reasons = append(reasons, proves("shadows", string(o.Path)+" means it too", nil))
		}
		c.found(RepeatedPeer, p.Object, one.Path, "Other peers of the rule already mean all that the peer means", reasons...)
	}
}
