package network

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// A foreign policy is one of a network plugin, which is not understood here: what it selects is unknown.
type foreign struct {
	object  *inventory.Object
	subject int  // the matcher of the pods that it may select
	outward bool // it only judges what leaves the cluster
	why     string
}

// A foreignKind is a kind of policy of a network plugin.
type foreignKind struct {
	schema.GroupKind
	cluster bool // it may select pods of every namespace
	outward bool
	// selector is the field of a label selector of pods; "" when the kind has none that can be read here.
	selector string
}

func foreignKinds() []foreignKind {
	kind := func(group, kind string) schema.GroupKind { return schema.GroupKind{Group: group, Kind: kind} }
	return []foreignKind{
		{GroupKind: kind("cilium.io", "CiliumNetworkPolicy"), selector: "endpointSelector"},
		{GroupKind: kind("cilium.io", "CiliumClusterwideNetworkPolicy"), cluster: true, selector: "endpointSelector"},
		{GroupKind: kind("crd.projectcalico.org", "NetworkPolicy")},
		{GroupKind: kind("crd.projectcalico.org", "GlobalNetworkPolicy"), cluster: true},
		{GroupKind: kind("projectcalico.org", "NetworkPolicy")},
		{GroupKind: kind("projectcalico.org", "GlobalNetworkPolicy"), cluster: true},
		{GroupKind: kind("crd.antrea.io", "NetworkPolicy")},
		{GroupKind: kind("crd.antrea.io", "ClusterNetworkPolicy"), cluster: true},
		{GroupKind: kind("networking.k8s.aws", "ApplicationNetworkPolicy")},
		{GroupKind: kind("networking.k8s.aws", "ClusterNetworkPolicy"), cluster: true},
		{GroupKind: kind("networking.gke.io", "FQDNNetworkPolicy")},
		{GroupKind: kind("k8s.ovn.org", "EgressFirewall"), outward: true},
		{GroupKind: kind("network.openshift.io", "EgressNetworkPolicy"), outward: true},
	}
}

func (m *Map) readForeign() []*foreign {
	var out []*foreign
	for _, k := range foreignKinds() {
		for _, o := range m.inv().Of(k.Group, k.Kind) {
			f := &foreign{object: o, outward: k.outward}
			pods := selector{}
			if k.selector != "" {
				pods = wideSelector(o, k.selector)
			}
			if k.cluster {
				f.subject = m.compiler.matchers.across(selector{}, pods)
			} else {
				f.subject = m.compiler.matchers.inNamespace(m.names.of(o.Namespace), pods)
			}
			f.why = o.String() + " is a policy of the network plugin that is not understood here"
			if k.outward {
				f.why = o.String() + " restricts what leaves the cluster in a way that is not understood here"
			}
			out = append(out, f)
		}
	}
	return append(out, m.unseenForeign(len(out)+len(m.admins) > 0)...)
}

// unseenForeign stands for policies other than NetworkPolicies that could not be read. A gap of any kind counts only where
// such policies are in use.
func (m *Map) unseenForeign(inUse bool) []*foreign {
	var out []*foreign
	for _, gap := range m.inv().Gaps {
		covers := slices.ContainsFunc(foreignKinds(), func(k foreignKind) bool { return gap.Covers(k.GroupKind) }) ||
			slices.ContainsFunc(adminKinds(), gap.Covers)
		if !covers || gap.Kind == "" && !inUse || gap.AnyGroup && gap.Kind == "NetworkPolicy" && !inUse {
			continue
		}
		f := &foreign{why: "policies other than NetworkPolicies may be missing: " + gap.Reason}
		if gap.Namespace == "" {
			f.subject = m.compiler.matchers.across(selector{}, selector{})
		} else {
			f.subject = m.compiler.matchers.inNamespace(m.names.of(gap.Namespace), selector{})
		}
		out = append(out, f)
	}
	return out
}

// wideSelector reads the label selectors of a Cilium policy. What cannot be read selects everything.
func wideSelector(o *inventory.Object, field string) selector {
	if len(inventory.List(o.Content, "specs")) > 0 || inventory.Map(o.Content, "spec") == nil {
		return selector{}
	}
	s, err := parseSelector(inventory.Map(o.Content, "spec")[field])
	if err != nil {
		return selector{}
	}
	var out selector
	for _, t := range s.terms {
		source, key, found := strings.Cut(t.key, ":")
		if found && (source == "k8s" || source == "any") {
			t.key = key
		} else if found {
			continue // labels from elsewhere
		}
		if !strings.HasPrefix(t.key, "io.kubernetes.pod") && !strings.HasPrefix(t.key, "io.cilium") {
			out.terms = append(out.terms, t)
		}
	}
	return out
}
