package network

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// A foreign policy is one of a network plugin or a service mesh, which is not understood here: what it selects is unknown.
type foreign struct {
	object  *inventory.Object
	subject int // the matcher of the pods that it may select
	foreignScope
	why string
}

// A foreignScope is what a policy that is not understood can change.
type foreignScope uint8

const (
	// overrides: it may also allow what NetworkPolicies deny.
	overrides foreignScope = iota
	// restricts: it may deny more, in both directions.
	restricts
	// admits: it may deny more of what arrives at the pods.
	admits
	// outward: it may deny more of what leaves the cluster.
	outward
)

// judges says whether it has a say in a direction.
func (s foreignScope) judges(d Direction) bool {
	switch s {
	case admits:
		return d == Ingress
	case outward:
		return d == Egress
	}
	return true
}

// A foreignKind is a kind of policy that is not understood.
type foreignKind struct {
	schema.GroupKind
	cluster bool // it may select pods of every namespace
	scope   foreignScope
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
		{GroupKind: kind("security.istio.io", "AuthorizationPolicy"), scope: admits, selector: "selector"},
		{GroupKind: kind("policy.linkerd.io", "Server"), scope: admits, selector: "podSelector"},
		{GroupKind: kind("k8s.ovn.org", "EgressFirewall"), scope: outward},
		{GroupKind: kind("network.openshift.io", "EgressNetworkPolicy"), scope: outward},
		{GroupKind: kind("k8s.ovn.org", "UserDefinedNetwork"), scope: restricts},
		{GroupKind: kind("k8s.ovn.org", "ClusterUserDefinedNetwork"), scope: restricts},
	}
}

func (m *Map) readForeign() []*foreign {
	var out []*foreign
	roots := m.meshRoots()
	for _, k := range foreignKinds() {
		for _, o := range m.inv().Of(k.Group, k.Kind) {
			f := &foreign{object: o, foreignScope: k.scope}
			pods, namespaces := selector{}, selector{}
			if k.selector != "" {
				pods = wideSelector(o, k.selector)
			}
			f.why = o.String() + " is a policy of the network plugin that is not understood here"
			cluster := k.cluster
			switch k.Group {
			case "security.istio.io":
				if inventory.String(o.Content, "spec", "action") == "AUDIT" {
					continue // it only asks for a log
				}
				cluster = slices.Contains(roots, o.Namespace)
				f.why = o.String() + " is a policy of the service mesh that is not understood here"
			case "policy.linkerd.io":
				f.why = o.String() + " is a policy of the service mesh that is not understood here"
			case "k8s.ovn.org", "network.openshift.io":
				if k.scope == outward {
					f.why = o.String() + " restricts what leaves the cluster in a way that is not understood here"
					break
				}
				var primary bool
				if cluster, namespaces, primary = ownNetwork(o); !primary {
					continue // a network besides the cluster's own
				}
				f.why = o.String() + " gives the pods a network of their own that is not understood here"
			}
			if cluster {
				f.subject = m.compiler.matchers.across(namespaces, pods)
			} else {
				f.subject = m.compiler.matchers.inNamespace(m.names.of(o.Namespace), pods)
			}
			out = append(out, f)
		}
	}
	out = append(out, m.apart(out)...)
	return append(out, m.unseenForeign(len(out)+len(m.admins) > 0)...)
}

// apart are the namespaces whose label asks for a network of their own, although no object gives them one here.
func (m *Map) apart(known []*foreign) []*foreign {
	var out []*foreign
	for _, o := range m.inv().Of("", "Namespace") {
		_, labelled := o.Labels()["k8s.ovn.org/primary-user-defined-network"]
		given := slices.ContainsFunc(known, func(f *foreign) bool {
			return f.object.Kind == "UserDefinedNetwork" && f.object.Namespace == o.Name
		})
		if labelled && !given {
			out = append(out, &foreign{
				object: o, foreignScope: restricts, subject: m.compiler.matchers.inNamespace(m.names.of(o.Name), selector{}),
				why: "the labels of " + o.String() + " say that its pods have a network of their own",
			})
		}
	}
	return out
}

// meshRoots are the namespaces whose policies count for the whole mesh of Istio: what its configuration says, else the
// one that Istio is installed in.
func (m *Map) meshRoots() []string {
	var out []string
	for _, o := range m.inv().Of("", "ConfigMap") {
		if o.Name != "istio" && !strings.HasPrefix(o.Name, "istio-") {
			continue
		}
		for line := range strings.Lines(inventory.String(o.Content, "data", "mesh")) {
			if root, found := strings.CutPrefix(strings.TrimSpace(line), "rootNamespace:"); found {
				out = append(out, strings.Trim(strings.TrimSpace(root), `"'`))
			}
		}
	}
	if len(out) == 0 {
		return []string{"istio-system"}
	}
	return out
}

// ownNetwork reads a network of OVN-Kubernetes: whether it takes the place of the cluster's own, and for the pods of which
// namespaces.
func ownNetwork(o *inventory.Object) (cluster bool, namespaces selector, primary bool) {
	spec := inventory.Map(o.Content, "spec")
	if cluster = o.Kind == "ClusterUserDefinedNetwork"; cluster {
		var err error
		if namespaces, err = parseSelector(spec["namespaceSelector"]); err != nil {
			namespaces = selector{}
		}
		spec = inventory.Map(spec, "network")
	}
	for _, layer := range []string{"layer2", "layer3"} {
		if role := inventory.String(spec, layer, "role"); role != "" {
			return cluster, namespaces, role != "Secondary"
		}
	}
	return cluster, namespaces, inventory.String(spec, "topology") != "Localnet" // which is never the pods' own
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

// wideSelector reads a label selector, as Cilium's policies or plain. What cannot be read selects everything.
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
