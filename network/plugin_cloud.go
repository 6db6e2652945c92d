package network

import (
	"fmt"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// awsNode is the part of the Amazon VPC CNI that gives addresses. Policies are for the other container of its pods.
func (a nodeAgent) awsNode() agent {
	out := a.is("Amazon VPC CNI", NotEnforced, "the Amazon VPC CNI, which leaves policies to its network policy agent")
	mode, set := a.env("NETWORK_POLICY_ENFORCING_MODE")
	if set == no || set == yes && mode != "strict" {
		return out
	}
	out.strict = true
	text := a.set.String() + " sets NETWORK_POLICY_ENFORCING_MODE to strict: pods that no policy selects are isolated too"
	if set == maybe {
		text = a.set.String() + " may set NETWORK_POLICY_ENFORCING_MODE to strict, which isolates pods that no policy selects"
	}
	out.because = append([]string{text}, out.because...)
	return out
}

// aws is the network policy agent of the Amazon VPC CNI. It enforces when it is told to, and when the controller is too
// that tells it what the policies mean.
func (a nodeAgent) aws() agent {
	const name = "Amazon VPC CNI"
	if value, _ := a.flag("enable-network-policy"); value != "true" {
		return a.is(name, NotEnforced, "the network policy agent of the Amazon VPC CNI without --enable-network-policy=true")
	}
	on, o, known := a.f.awsController()
	out := a.is(name, Enforced, "the network policy agent of the Amazon VPC CNI with --enable-network-policy=true")
	if o != nil {
		out.objects = append(out.objects, o)
	}
	if on {
		return out
	}
	text := awsConfig + " does not enable the controller of network policies, without which the agent does nothing"
	if !known {
		text = awsConfig + ", which has to enable the controller of network policies, was not read"
	}
	out.policies, out.because = EnforcementUnknown, append(out.because, text)
	return out
}

const awsConfig = "the ConfigMap kube-system/amazon-vpc-cni"

// awsController says whether the controller that serves the agents of the Amazon VPC CNI is switched on. It runs in the
// control plane, where nothing else shows it.
func (f *finder) awsController() (on bool, config *inventory.Object, known bool) {
	config = f.inv.Get("", "ConfigMap", "kube-system", "amazon-vpc-cni")
	if config == nil {
		return false, nil, f.knowsConfigMaps()
	}
	return inventory.String(config.Content, "data", "enable-network-policy-controller") == "true", config, true
}

func (a nodeAgent) kubeOVN() agent {
	out := a.is("Kube-OVN", EnforcementUnknown,
		"Kube-OVN, and the Deployment kube-ovn-controller, which may switch policies off, was not found")
	for _, o := range a.f.inv.Of("apps", "Deployment") {
		if o.Namespace != a.set.Namespace || o.Name != "kube-ovn-controller" {
			continue
		}
		for _, c := range a.f.containersOf(o) {
			if c.name != "kube-ovn-controller" {
				continue
			}
			by := c.switched("Kube-OVN", "enable-np")
			out.policies, out.because, out.objects = by.policies, by.because, append(out.objects, o)
			out.cluster = EnforcementUnknown
			if value, _ := c.flag("enable-anp"); value == "true" {
				out.admin = Enforced
			}
		}
	}
	return out
}

// onNodes are the agents that nodes tell of: parts of the node itself, and those that no DaemonSet shows.
func (f *finder) onNodes(seen []agent) []agent {
	var out []agent
	for _, find := range []func([]agent) (agent, bool){f.k3s, f.eksAuto, f.aks} {
		if a, found := find(seen); found {
			out = append(out, a)
		}
	}
	if len(out)+len(seen) == 0 {
		if a, found := f.gke(); found {
			return []agent{a}
		}
		if a, found := f.condition(); found {
			return []agent{a}
		}
	}
	return out
}

// those are the nodes for which something holds.
func (f *finder) those(holds func(*inventory.Object) bool) []*inventory.Object {
	var out []*inventory.Object
	for _, n := range f.nodes {
		if holds(n) {
			out = append(out, n)
		}
	}
	return out
}

// k3s enforces policies in the node's own process, unless a server was started without.
func (f *finder) k3s([]agent) (agent, bool) {
	nodes := f.those(func(n *inventory.Object) bool {
		return strings.Contains(inventory.String(n.Content, "status", "nodeInfo", "kubeletVersion"), "+k3s")
	})
	if len(nodes) == 0 {
		return agent{}, false
	}
	out := agent{name: "k3s", policies: Enforced, admin: NotEnforced, cluster: NotEnforced, nodes: len(nodes), objects: nodes[:1]}
	out.because = []string{nodes[0].String() + " runs k3s, which enforces NetworkPolicies"}
	server := false
	for _, n := range nodes {
		words := strings.FieldsFunc(n.Annotations()["k3s.io/node-args"], func(r rune) bool { return strings.ContainsRune(`[]",`, r) })
		server = server || len(words) > 0 && words[0] == "server"
		if value, set := (nodeAgent{words: words}).flag("disable-network-policy"); set && value != "false" {
			out.policies, out.objects = NotEnforced, []*inventory.Object{n}
			out.because = []string{n.String() + " runs k3s with --disable-network-policy"}
			return out, true
		}
	}
	if !server {
		out.policies = EnforcementUnknown
		out.because = []string{nodes[0].String() + " runs k3s, and with which arguments a server was started is not known"}
	}
	return out, true
}

// eksAuto enforces policies on nodes of EKS Auto Mode, where no DaemonSet does.
func (f *finder) eksAuto([]agent) (agent, bool) {
	nodes := f.those(func(n *inventory.Object) bool { return n.Labels()["eks.amazonaws.com/compute-type"] == "auto" })
	if len(nodes) == 0 {
		return agent{}, false
	}
	out := agent{name: "EKS Auto Mode", admin: NotEnforced, cluster: NotEnforced, nodes: len(nodes), objects: nodes[:1]}
	on, config, known := f.awsController()
	if config != nil {
		out.objects = append(out.objects, config)
	}
	text := nodes[0].String() + " is one of EKS Auto Mode, which enforces policies once " + awsConfig +
		" enables the controller of network policies"
	switch {
	case on:
		out.policies = Enforced
	case known:
		out.policies = NotEnforced
		text += ", and it does not"
	default:
		text += ", and it was not read"
	}
	out.because = []string{text}
	return out, true
}

// aks tells by a label of its nodes which policy engine was chosen. Those that a DaemonSet shows tell themselves.
func (f *finder) aks(seen []agent) (agent, bool) {
	const label = "kubernetes.azure.com/network-policy"
	nodes := f.those(func(n *inventory.Object) bool { return n.Labels()[label] == "none" })
	if len(nodes) == 0 || len(seen) > 1 || len(seen) == 1 && seen[0].name != "Azure CNI" {
		return agent{}, false
	}
	return agent{
		name: "Azure CNI", policies: NotEnforced, admin: NotEnforced, cluster: NotEnforced, nodes: len(nodes), objects: nodes[:1],
		because: []string{fmt.Sprintf("%s has the label %s=none", nodes[0], label)},
	}, true
}

// gke has an agent of its own only when policies are enforced.
func (f *finder) gke() (agent, bool) {
	nodes := f.those(func(n *inventory.Object) bool { return n.Labels()["cloud.google.com/gke-nodepool"] != "" })
	system := false
	for _, o := range f.inv.Of("apps", "DaemonSet") {
		system = system || o.Namespace == "kube-system"
	}
	if len(nodes) == 0 || !system {
		return agent{}, false
	}
	text := nodes[0].String() + " is one of GKE, which enforces policies with the DaemonSet anetd or calico-node, and neither runs"
	return agent{
		name: "GKE", policies: NotEnforced, admin: NotEnforced, cluster: NotEnforced, nodes: len(nodes), objects: nodes[:1],
		because: []string{text},
	}, true
}

// condition reads what plugins write into the status of nodes. It shows the plugin when its DaemonSet was not read, but
// not how it is set up, nor what else enforces policies.
func (f *finder) condition() (agent, bool) {
	names := map[string]string{"CalicoIsUp": "Calico", "CiliumIsUp": "Cilium", "FlannelIsUp": "flannel", "WeaveIsUp": "Weave Net"}
	for _, n := range f.nodes {
		for _, c := range inventory.Maps(inventory.List(n.Content, "status", "conditions")) {
			name := names[inventory.String(c, "reason")]
			if inventory.String(c, "type") != "NetworkUnavailable" || inventory.String(c, "status") != "False" || name == "" {
				continue
			}
			return agent{name: name, nodes: -1, objects: []*inventory.Object{n}, because: []string{
				fmt.Sprintf("%s reports that %s is up, and nothing else here tells how it is set up", n, name)}}, true
		}
	}
	return agent{}, false
}
