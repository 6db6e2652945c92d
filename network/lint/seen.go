package lint

import (
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// unseenPods is why there may be pods of a namespace that are not in the inventory; "" when they all are.
func (c *checker) unseenPods(namespace string) string {
	for _, gap := range c.inv.Gaps {
		if (gap.Namespace == "" || gap.Namespace == namespace) && slices.ContainsFunc(inventory.WorkloadKinds(), gap.Covers) {
			return "workloads may be missing: " + gap.Reason
		}
	}
	if c.partial && len(c.m.In(namespace)) == 0 {
		return "what was read has no workload of the namespace " + namespace
	}
	return ""
}

// unseenNamespaces is why there may be namespaces that are not in the inventory; "" when they all are.
func (c *checker) unseenNamespaces() string {
	if gap, incomplete := c.inv.Incomplete(schema.GroupKind{Kind: "Namespace"}); incomplete {
		return "namespaces may be missing: " + gap.Reason
	}
	if c.partial {
		return "other namespaces may be described elsewhere than in what was read"
	}
	return ""
}

// unseenPolicies is why there may be NetworkPolicies of a namespace that are not in the inventory; "" when they all are.
func (c *checker) unseenPolicies(namespace string) string {
	for _, gap := range c.inv.Gaps {
		if (gap.Namespace == "" || gap.Namespace == namespace) && gap.Covers(policyKind()) {
			return "NetworkPolicies may be missing: " + gap.Reason
		}
	}
	return ""
}

func policyKind() schema.GroupKind {
	return schema.GroupKind{Group: "networking.k8s.io", Kind: "NetworkPolicy"}
}

// any says whether a sequence of peers has one.
func anyOf(peers func(func(*network.Peer) bool)) bool {
	for range peers {
		return true
	}
	return false
}

// empty says that surely no pod in the inventory is meant.
func empty(p network.Pods) bool { return !p.Broken() && !anyOf(p.Sure()) && !anyOf(p.Maybe()) }

// mostNamed is how many things a message names.
const mostNamed = 5

// names lists peers, each workload once: "Deployment shop/a, Deployment shop/b and 3 more".
func names(peers []*network.Peer) string {
	var texts []string
	var last *inventory.Object
	for _, p := range peers {
		if p.Object == nil || p.Object != last {
			texts = append(texts, p.String())
		}
		last = p.Object
	}
	return list(texts)
}

func list(texts []string) string {
	if more := len(texts) - mostNamed; more > 0 {
		return strings.Join(texts[:mostNamed], ", ") + " and " + strconv.Itoa(more) + " more"
	}
	if n := len(texts); n > 1 {
		return strings.Join(texts[:n-1], ", ") + " and " + texts[n-1]
	}
	return strings.Join(texts, "")
}

// namesPolicies is a reason for each of some policies.
func namesPolicies(fact, message string, policies []*policy) []finding.Reason {
	var out []finding.Reason
	for i, p := range policies {
		if i == mostNamed {
			break
		}
		out = append(out, proves(fact, p.Object.String()+" "+message, p.Object))
	}
	return out
}

func collect(peers func(func(*network.Peer) bool)) []*network.Peer {
	var out []*network.Peer
	for p := range peers {
		out = append(out, p)
	}
	return out
}

// field is the path of a field below another.
func field(path, name string) finding.Path { return finding.Path(path).Field(name) }
