package lint

import (
	"fmt"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/network"
)

// selection finds policies and peers whose selectors select nothing.
func (c *checker) selection(p *policy) {
	c.subject(p)
	for _, d := range directions() {
		for _, r := range p.rules[d] {
			for _, item := range r.Peers {
				if !item.Block && item.Broken == "" {
					c.peer(p, d, item)
				}
			}
		}
	}
}

func (c *checker) subject(p *policy) {
	field := "podSelector"
	if !p.isNetworkPolicy() {
		field = "subject"
	}
	s, path := p.Selects, finding.Path("spec").Field(field)
	// A policy for whatever pods come has nothing to select yet.
	if !empty(s) || p.isNetworkPolicy() && s.EveryPod() || s.EveryPod() && s.EveryNamespace() {
		return
	}
	if hosts := collect(s.OnHosts()); len(hosts) > 0 {
		c.found(OnlyHostNetwork, p.Object, path, fmt.Sprintf("The policy has no effect: only pods on the host network are %s", s),
			proves("host-network", names(hosts)+" use the network of their nodes", hosts[0].Object))
		return
	}
	if why := c.unseen(s); why != "" {
		c.cannot(SelectsNothing, p.Object.Ref, why)
		return
	}
	c.found(SelectsNothing, p.Object, path, "The policy selects nothing: "+c.none(s))
}

// none says that there are none of some pods.
func (c *checker) none(s network.Pods) string {
	if c.partial {
		return fmt.Sprintf("what was read has no %s", s)
	}
	return fmt.Sprintf("there are no %s", s)
}

// unseen is why pods that are meant may be missing from the inventory; "" when all are there.
func (c *checker) unseen(s network.Pods) string {
	sure, may := s.InNamespaces()
	for _, ns := range append(sure, may...) {
		if why := c.unseenPods(ns); why != "" {
			return why
		}
	}
	if len(sure) == 0 {
		return c.unseenNamespaces()
	}
	return ""
}

func (c *checker) peer(p *policy, d network.Direction, item network.PeerReading) {
	s := item.Pods
	if !empty(s) || s.EveryPod() && s.Namespace() == p.Object.Namespace && p.isNetworkPolicy() || s.EveryPod() && s.EveryNamespace() {
		return
	}
	if hosts := collect(s.OnHosts()); len(hosts) > 0 {
		c.found(OnlyHostNetwork, p.Object, item.Path, fmt.Sprintf("The peer for %s matches nothing: only pods on the host network are %s", d, s),
			proves("host-network", names(hosts)+" use the network of their nodes, whose addresses no selector of pods means", hosts[0].Object))
		return
	}
	sure, may := s.InNamespaces()
	if len(sure)+len(may) == 0 {
		if why := c.unseenNamespaces(); why != "" {
			c.cannot(NoSuchNamespace, p.Object.Ref, why)
			return
		}
		c.found(NoSuchNamespace, p.Object, item.Path, fmt.Sprintf("The peer for %s matches nothing: there are no namespaces for %s", d, s))
		return
	}
	if why := c.unseen(s); why != "" {
		c.cannot(NoSuchPeer, p.Object.Ref, why)
		return
	}
	if s.EveryPod() {
		return // whatever pods come to a namespace that is there
	}
	c.found(NoSuchPeer, p.Object, item.Path, fmt.Sprintf("The peer for %s matches nothing: %s", d, c.none(s)))
}
