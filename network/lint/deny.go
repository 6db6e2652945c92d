package lint

import (
	"fmt"
	"maps"
	"slices"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

// defaultDeny finds namespaces in which pods that no policy was written for are open.
func (c *checker) defaultDeny() {
	everyPod := map[string][]*policy{}
	inUse := map[string]bool{}
	for _, p := range c.policies {
		if !p.isNetworkPolicy() {
			continue
		}
		inUse[p.Object.Namespace] = true
		if p.Selects.EveryPod() && p.Doubt == "" {
			everyPod[p.Object.Namespace] = append(everyPod[p.Object.Namespace], p)
		}
	}
	for _, peer := range c.m.Peers() {
		if !peer.External() {
			inUse[peer.Namespace()] = true
		}
	}
	for _, ns := range slices.Sorted(maps.Keys(inUse)) {
		if isSystem(ns) || ns == "" {
			continue
		}
		for _, d := range directions() {
			c.deniesByDefault(ns, d, everyPod[ns])
		}
	}
}

// isSystem says that Kubernetes itself lives there, where denials would stop the cluster.
func isSystem(namespace string) bool {
	return namespace == "kube-system" || namespace == "kube-public" || namespace == "kube-node-lease"
}

func (c *checker) deniesByDefault(ns string, d network.Direction, everyPod []*policy) {
	kind := [...]Kind{NoDenyIngress, NoDenyEgress}[d]
	object := c.namespace(ns)
	isolated := false
	for _, p := range everyPod {
		if p.Isolates(d) != network.Allowed {
			continue
		}
		isolated = true
		for i := range p.rules[d] {
			if o := OpeningOf(&p.rules[d][i]); o.Words() != "" {
				c.found(kind, object, "", fmt.Sprintf("Namespace %s does not deny %s by default: for all pods %s is allowed", ns, d, o.Words()),
					proves("allow-all", fmt.Sprintf("%s of %s allows it", o.Path, p.Object), p.Object))
				return
			}
		}
	}
	if isolated {
		return
	}
	if why := c.unseenPolicies(ns); why != "" {
		c.cannot(kind, object.Ref, why)
		return
	}
	c.found(kind, object, "", fmt.Sprintf("Namespace %s does not deny %s by default: %s", ns, d, c.open(ns, d)), c.byAdmins(ns, d)...)
}

// namespace is the object of a namespace, or one without content.
func (c *checker) namespace(name string) *inventory.Object {
	if o := c.inv.Get("", "Namespace", "", name); o != nil {
		return o
	}
	return &inventory.Object{Ref: finding.Ref{APIVersion: "v1", Kind: "Namespace", Name: name}}
}

// open says which workloads no policy isolates.
func (c *checker) open(ns string, d network.Direction) string {
	var open []*network.Peer
	all := 0
	for _, peer := range c.m.In(ns) {
		if peer.HostNetwork {
			continue
		}
		all++
		if len(c.selecting[d][peer]) == 0 {
			open = append(open, peer)
		}
	}
	switch {
	case all == 0:
		return "pods to come are open"
	case len(open) == 0:
		return "policies isolate the workloads that there are, and pods to come are open"
	case len(open) == all:
		return "no policy isolates its workloads"
	}
	return "no policy isolates " + names(open) + ", nor pods to come"
}

// byAdmins says what policies of the whole cluster deny to all pods of a namespace, which is not everything.
func (c *checker) byAdmins(ns string, d network.Direction) []finding.Reason {
	var out []finding.Reason
	for _, p := range c.policies {
		if p.isNetworkPolicy() || p.Doubt != "" || !p.Selects.EveryPod() || p.Selects.Matches(ns, nil) != network.Allowed {
			continue
		}
		for _, r := range p.rules[d] {
			if r.Action == network.Deny && len(out) < mostNamed {
				out = append(out, finding.Reason{Effect: "lowers", Fact: "denied-by-cluster-policy", Object: &p.Object.Ref,
					Message: fmt.Sprintf("%s of %s denies some of it to all pods", r.Path, p.Object)})
			}
		}
	}
	return out
}
