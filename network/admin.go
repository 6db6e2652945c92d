package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
)

// A Tier is when a policy is asked: those of a tier only judge what the tiers before it left open.
type Tier uint8

// The tiers, in the order in which they are asked. A NetworkPolicy leaves nothing open for the pods that it selects.
const (
	AdminTier Tier = iota
	NetworkPolicyTier
	BaselineTier
)

func (t Tier) String() string { return [...]string{"Admin", "NetworkPolicy", "Baseline"}[t] }

// An Action is what a rule does with what it matches.
type Action uint8

// The actions. Rules of NetworkPolicies allow. Pass leaves the rest of the tier out.
const (
	Allow Action = iota
	Deny
	Pass
	unknownAction
)

func (a Action) String() string { return [...]string{"Allow", "Deny", "Pass", "unknown"}[a] }

const adminGroup = "policy.networking.k8s.io"

// adminKinds are the kinds of policies of the whole cluster.
func adminKinds() []schema.GroupKind {
	return []schema.GroupKind{
		{Group: adminGroup, Kind: "AdminNetworkPolicy"}, {Group: adminGroup, Kind: "BaselineAdminNetworkPolicy"},
		{Group: adminGroup, Kind: "ClusterNetworkPolicy"},
	}
}

// An adminPolicy is a policy of the whole cluster. The policy that it embeds has its pods and its rules.
type adminPolicy struct {
	policy
	tier       Tier
	priority   int
	namespaces selector // of the pods that it selects
	actions    [directions][]Action

	subject int                   // the matcher of the pods that it selects
	entries [directions][][]entry // by rule
	marks   [directions][2]mark
}

// readAdmins reads the policies of the whole cluster, in the order in which they are asked.
func readAdmins(w *warner, inv *inventory.Inventory) []*adminPolicy {
	nodes := inv.Of("", "Node")
	var out []*adminPolicy
	for _, gk := range adminKinds() {
		for _, o := range inv.Of(gk.Group, gk.Kind) {
			w.begin(o)
			r := adminReader{policyReader{w, nil}, &adminPolicy{policy: policy{object: o, name: o.String()}}, nodes}
			r.p = &r.admin.policy
			r.read(inventory.Map(o.Content, "spec"))
			w.end()
			out = append(out, r.admin)
		}
	}
	slices.SortStableFunc(out, func(a, b *adminPolicy) int {
		return cmp.Or(cmp.Compare(a.tier, b.tier), cmp.Compare(a.priority, b.priority))
	})
	for i, p := range out[min(1, len(out)):] {
		if before := out[i]; before.tier == p.tier && before.priority == p.priority {
			w.begin(p.object)
			w.warn(Ambiguous, "spec.priority", "%s has the same priority: which of them is asked first is not defined", before.name)
		}
	}
	return out
}

// An adminReader reads one of them.
type adminReader struct {
	policyReader
	admin *adminPolicy
	nodes []*inventory.Object
}

func (r *adminReader) read(spec map[string]any) {
	r.readTier(spec)
	subject := inventory.Map(spec, "subject")
	peer := r.pods(subject, func(path finding.Path, fact, format string, args ...any) {
		r.warn(fact, under("spec.subject", path), format, args...)
	})
	r.p.pods, r.admin.namespaces = peer.pods, peer.namespaces
	if peer.broken != "" {
		r.refuse("spec.subject", "%s", peer.broken)
		r.p.doubt = "its subject cannot be read"
	}
	for d := range Direction(directions) {
		list, err := listIn(spec, d.String())
		if err != nil {
			r.refuse(finding.Path("spec").Field(d.String()), "%v", err)
			r.p.rules[d], r.admin.actions[d] = []rule{{doubt: "the rules cannot be read"}}, []Action{unknownAction}
			continue
		}
		for i, item := range list {
			rule, action := r.adminRule(item, i, d)
			r.p.rules[d], r.admin.actions[d] = append(r.p.rules[d], rule), append(r.admin.actions[d], action)
		}
	}
}

func (r *adminReader) readTier(spec map[string]any) {
	name := inventory.String(spec, "tier")
	switch kind := r.p.object.Kind; {
	case kind == "BaselineAdminNetworkPolicy":
		r.admin.tier = BaselineTier
		if r.p.object.Name != "default" {
			r.refuse("metadata.name", "the only name of this kind is \"default\"")
			r.p.doubt = "the API server refuses its name"
		}
		return // it is the only one and has no priority
	case kind == "ClusterNetworkPolicy" && name == "Baseline":
		r.admin.tier = BaselineTier
	case kind == "ClusterNetworkPolicy" && name != "Admin":
		r.refuse("spec.tier", "the tier %q is neither Admin nor Baseline", name)
		r.p.doubt = "its tier cannot be read"
	}
	n, isNumber := number(spec["priority"])
	if r.admin.priority = int(n); !isNumber || n < 0 || n > 1000 {
		r.refuse("spec.priority", "the priority is no number from 0 to 1000")
		r.p.doubt = "its priority cannot be read"
	}
}

// adminRule reads one rule; what cannot be read may match anything.
func (r *adminReader) adminRule(item any, index int, d Direction) (rule, Action) {
	out := rule{index: index}
	m, _ := item.(map[string]any)
	action, err := r.action(inventory.String(m, "action"))
	if err != nil {
		r.refuseAt(&out, d, "action", "%v", err)
	}
	peers, err := listIn(m, d.peersField())
	if err != nil || len(peers) == 0 {
		r.refuseAt(&out, d, d.peersField(), "the rule names no peers")
		out.doubt = "the rule names no peers"
		return out, action
	}
	for i, item := range peers {
		path := r.p.rulePath(d, &out).Field(d.peersField()).Index(i)
		peer := r.adminPeer(item, func(rest finding.Path, fact, format string, args ...any) {
			r.warn(fact, under(path, rest), format, args...)
		})
		if peer.index = i; peer.broken != "" {
			r.warn(Refused, path, "It is not known whom this means: %s", peer.broken)
		}
		out.peers = append(out.peers, peer)
	}
	for _, field := range []string{"ports", "protocols"} {
		ports, err := listIn(m, field)
		if err != nil {
			r.refuseAt(&out, d, field, "%v", err)
			out.doubt = "the ports cannot be read"
			return out, action
		}
		for i, item := range ports {
			list := readAdminPort(item)
			for j := range list {
				list[j].index = i
				if list[j].broken != "" {
					r.refuse(r.p.rulePath(d, &out).Field(field).Index(i), "%s", list[j].broken)
				}
			}
			out.ports = append(out.ports, list...)
		}
	}
	return out, action
}

// action reads the action of a rule: which there are depends on the kind of the policy.
func (r *adminReader) action(text string) (Action, error) {
	kind := r.p.object.Kind
	switch {
	case text == "Deny":
		return Deny, nil
	case text == "Allow" && kind != "ClusterNetworkPolicy", text == "Accept" && kind == "ClusterNetworkPolicy":
		return Allow, nil
	case text == "Pass" && kind != "BaselineAdminNetworkPolicy": // nothing comes after it
		return Pass, nil
	}
	known := map[string]string{
		"AdminNetworkPolicy": "Allow, Deny and Pass", "BaselineAdminNetworkPolicy": "Allow and Deny", "ClusterNetworkPolicy": "Accept, Deny and Pass",
	}[kind]
	return unknownAction, fmt.Errorf("the action %q is none of %s", text, known)
}

// pods reads what names pods: all of some namespaces, or some in some.
func (r *adminReader) pods(m map[string]any, warn complain) rulePeer {
	out := rulePeer{everywhere: true}
	namespaces, pods := m["namespaces"], m["pods"]
	if (namespaces == nil) == (pods == nil) {
		return rulePeer{broken: "exactly one of namespaces and pods has to be set"}
	}
	var err error
	if namespaces != nil {
		if out.namespaces, err = parseSelector(namespaces); err != nil {
			warn("namespaces", Refused, "The API server refuses this object: %v", err)
		}
		return out
	}
	both, isMap := pods.(map[string]any)
	if !isMap {
		return rulePeer{broken: "pods is no object"}
	}
	if out.namespaces, err = parseSelector(both["namespaceSelector"]); err != nil {
		warn("pods.namespaceSelector", Refused, "The API server refuses this object: %v", err)
	}
	if out.pods, err = parseSelector(both["podSelector"]); err != nil {
		warn("pods.podSelector", Refused, "The API server refuses this object: %v", err)
	}
	return out
}

func (r *adminReader) adminPeer(item any, warn complain) rulePeer {
	m, _ := item.(map[string]any)
	networks, nodes := m["networks"], m["nodes"]
	switch {
	case m["domainNames"] != nil:
		return rulePeer{broken: "which addresses a domain name has is not known here"}
	case networks != nil && nodes == nil && m["namespaces"] == nil && m["pods"] == nil:
		return readNetworks(networks, warn)
	case nodes != nil && networks == nil && m["namespaces"] == nil && m["pods"] == nil:
		return r.nodePeer(nodes)
	case networks != nil || nodes != nil:
		return rulePeer{broken: "it names peers of two sorts"}
	}
	return r.pods(m, warn)
}

func readNetworks(raw any, warn complain) rulePeer {
	list, isList := raw.([]any)
	if !isList || len(list) == 0 {
		return rulePeer{broken: "networks is no list of blocks of addresses"}
	}
	set := &addressSet{}
	for i, item := range list {
		text, _ := item.(string)
		p, err := readCIDR(text, finding.Path("networks").Index(i), warn)
		if err != nil {
			return rulePeer{broken: err.Error()}
		}
		f := familyOf(p.Addr())
		set[f] = append(set[f], RangeOf(p))
	}
	for f := range set {
		set[f] = JoinRanges(set[f])
	}
	return rulePeer{block: set}
}

// nodePeer is the addresses of nodes.
func (r *adminReader) nodePeer(raw any) rulePeer {
	s, err := parseSelector(raw)
	if err != nil {
		return rulePeer{broken: err.Error()}
	}
	if len(r.nodes) == 0 {
		return rulePeer{broken: "the nodes and their addresses are not known"}
	}
	set := &addressSet{}
	for _, node := range r.nodes {
		switch s.matches(labelsOf(inventory.Map(node.Content, "metadata"))) {
		case maybe:
			return rulePeer{broken: fmt.Sprintf("the labels of %s cannot be read", node)}
		case no:
			continue
		}
		known := false
		for _, item := range inventory.List(node.Content, "status", "addresses") {
			m, _ := item.(map[string]any)
			if addr, err := netip.ParseAddr(inventory.String(m, "address")); err == nil {
				addr, known = addr.Unmap().WithZone(""), true
				set[familyOf(addr)] = append(set[familyOf(addr)], AddressRange{addr, addr})
			}
		}
		if !known {
			return rulePeer{broken: fmt.Sprintf("the addresses of %s are not known", node)}
		}
	}
	for f := range set {
		set[f] = JoinRanges(set[f])
	}
	return rulePeer{block: set}
}
