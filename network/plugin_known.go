package network

import (
	"strconv"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// daemons are the agents that DaemonSets run. A DaemonSet that has no node to run on says nothing.
func (f *finder) daemons() []agent {
	var out []agent
	for _, o := range f.inv.Of("apps", "DaemonSet") {
		if n, known := number(inventory.Map(o.Content, "status")["desiredNumberScheduled"]); known && n == 0 {
			continue
		}
		for _, c := range f.containersOf(o) {
			if a, ok := c.recognise(); ok {
				out = append(out, c.ready(a))
			}
		}
	}
	return out
}

// ready doubts an agent of which no pod is ready.
func (a nodeAgent) ready(out agent) agent {
	n, known := number(inventory.Map(a.set.Content, "status")["numberReady"])
	if known && n == 0 && out.policies == Enforced {
		out.policies, out.admin, out.cluster = EnforcementUnknown, EnforcementUnknown, EnforcementUnknown
		out.because = append(out.because, "no pod of "+a.set.String()+" is ready")
	}
	return out
}

// recognise says which part of a network plugin a container is. Sources: the manifests that the projects publish, and
// https://network-policy-api.sigs.k8s.io/implementations/ for policies of the whole cluster.
func (a nodeAgent) recognise() (agent, bool) {
	switch {
	case a.set.Name == "anetd" && a.name == "cilium-agent":
		return a.is("GKE Dataplane V2", Enforced, "GKE Dataplane V2, which always enforces NetworkPolicies"), true
	case a.name == "cilium-agent" || a.runs("cilium/cilium", "isovalent/cilium", "mirrored-cilium-cilium"):
		return a.cilium(), true
	case a.name == "calico-node" || a.runs("calico/node", "calico/node-windows", "mirrored-calico-node", "hardened-calico"):
		return a.calico(), true
	case a.runs("kube-network-policies") || a.name == "kube-network-policies":
		return a.kubeNetworkPolicies(), true
	case a.runs("cloudnativelabs/kube-router", "k0sproject/kube-router"):
		return a.switched("kube-router", "run-firewall"), true
	case a.runs("kindest/kindnetd", "aojea/kindnetd"):
		return a.kindnet(), true
	case a.runs("weaveworks/weave-npc", "weave-npc"):
		return a.is("Weave Net", Enforced, "the policy controller of Weave Net"), true
	case a.runs("weaveworks/weave-kube", "weave-kube"):
		return a.is("Weave Net", NotEnforced, "Weave Net, which leaves policies to its policy controller"), true
	case a.name == "antrea-agent":
		return a.antrea(), true
	case strings.HasPrefix(a.set.Name, "ovnkube-node") && strings.HasPrefix(a.name, "ovnkube"):
		return a.ovn(), true
	case a.set.Namespace == "openshift-sdn" && a.set.Name == "sdn" && a.name == "sdn":
		return a.is("OpenShift SDN", EnforcementUnknown, "OpenShift SDN, which enforces NetworkPolicies in one of its modes only"), true
	case a.name == "aws-eks-nodeagent" || a.runs("aws-network-policy-agent"):
		return a.aws(), true
	case a.runs("amazon-k8s-cni"):
		return a.awsNode(), true
	case a.runs("azure-npm"):
		return a.is("Azure Network Policy Manager", Enforced, "the Azure Network Policy Manager, which enforces NetworkPolicies"), true
	case a.runs("azure-cns"):
		return a.is("Azure CNI", NotEnforced, "Azure CNI, which leaves policies to others"), true
	case a.name == "cni-server" && a.runs("kube-ovn"):
		return a.kubeOVN(), true
	case a.runs("terway"):
		return a.is("Terway", EnforcementUnknown, "Terway, which enforces NetworkPolicies when it is told to"), true
	case a.name == "kube-flannel" || a.runs("flannel/flannel", "flannel-io/flannel", "coreos/flannel", "siderolabs/flannel", "mirrored-flannelcni-flannel",
		"mirrored-flannel-flannel", "hardened-flannel", "mirrored-coreos-flannel"):
		return a.is("flannel", NotEnforced, "flannel, which does not enforce NetworkPolicies by itself"), true
	}
	return agent{}, false
}

func (a nodeAgent) cilium() agent {
	out := a.is("Cilium", Enforced, "Cilium, which enforces NetworkPolicies")
	config, data, read := a.settings("cilium-config")
	setting := func(name, otherwise string) string {
		if value, set := a.flag(name); set {
			return value
		}
		if value := inventory.String(data, name); value != "" {
			return value
		}
		return otherwise
	}
	source := a.set.String()
	if config != nil {
		source, out.objects = config.String(), append(out.objects, config)
	}
	say := func(e Enforcement, text string) {
		out.policies, out.because = e, []string{a.set.String() + " runs Cilium", source + " " + text}
	}
	switch mode := setting("enable-policy", "default"); {
	case read == maybe:
		out.policies = EnforcementUnknown
		out.cluster = EnforcementUnknown
		out.because = []string{a.set.String() + " runs Cilium, and the ConfigMap cilium-config, which may switch policies off, was not read"}
		return out
	case mode == "never":
		say(NotEnforced, "sets enable-policy to never, so that Cilium enforces no policy")
	case mode != "default" && mode != "always":
		say(EnforcementUnknown, "sets enable-policy to a value that is not known here")
	case setting("policy-audit-mode", "false") == "true":
		say(NotEnforced, "sets policy-audit-mode, so that Cilium only reports what policies deny")
	case setting("enable-k8s-networkpolicy", "true") == "false":
		say(NotEnforced, "sets enable-k8s-networkpolicy to false, so that Cilium leaves NetworkPolicies aside")
	case mode == "always":
		say(Enforced, "sets enable-policy to always: pods that no policy selects are isolated too")
		out.strict = true
	}
	if setting("enable-k8s-cluster-network-policy", "false") == "true" && out.policies == Enforced {
		out.cluster = Enforced
	}
	return out
}

func (a nodeAgent) calico() agent {
	out := a.is("Calico", Enforced, "Calico, which enforces NetworkPolicies")
	minor, known := minorOf(a.tag, "3")
	switch {
	case !known:
		out.admin, out.cluster = EnforcementUnknown, EnforcementUnknown
	case minor >= 32:
		out.cluster = Enforced
	case minor >= 30:
		out.admin = Enforced
	case minor == 29: // one of the two kinds
		out.admin = EnforcementUnknown
	}
	return out
}

// minorOf is the minor version of a tag such as "v3.30.1" of a major version.
func minorOf(tag, major string) (int, bool) {
	parts := strings.SplitN(strings.TrimPrefix(tag, "v"), ".", 3)
	if len(parts) < 3 || parts[0] != major {
		return 0, false
	}
	n, err := strconv.Atoi(parts[1])
	return n, err == nil && n >= 0
}

func (a nodeAgent) kubeNetworkPolicies() agent {
	out := a.is("kube-network-policies", Enforced, "kube-network-policies, which enforces NetworkPolicies")
	out.admin, out.cluster = EnforcementUnknown, EnforcementUnknown
	admin, _ := a.flag("admin-network-policy")
	baseline, _ := a.flag("baseline-admin-network-policy")
	if strings.HasSuffix(a.tag, "npa-v1alpha1") || admin == "true" && baseline == "true" {
		out.admin = Enforced
	}
	if strings.HasSuffix(a.tag, "npa-v1alpha2") {
		out.cluster = Enforced
	}
	return out
}

// switched is an agent that enforces policies unless a flag is false.
func (a nodeAgent) switched(name, flag string) agent {
	switch value, set := a.flag(flag); {
	case !set || value == "true":
		return a.is(name, Enforced, name+", which enforces NetworkPolicies")
	case value == "false":
		return a.is(name, NotEnforced, name+" with --"+flag+"=false, so that it enforces no policy")
	}
	return a.is(name, EnforcementUnknown, name+" with a value of --"+flag+" that is not known here")
}

// firstKindnet is the day of the first kindnetd that enforces policies, as its tags write it.
const firstKindnet = "20240715"

func (a nodeAgent) kindnet() agent {
	if a.runs("aojea/kindnetd") {
		return a.switched("kindnet", "network-policy")
	}
	day, _, _ := strings.Cut(strings.TrimPrefix(a.tag, "v"), "-")
	_, err := strconv.ParseUint(day, 10, 64)
	switch {
	case err != nil || len(day) != len(firstKindnet):
		return a.is("kindnet", EnforcementUnknown, "a version of kindnet that its image does not tell; older ones enforce no policy")
	case day < firstKindnet:
		return a.is("kindnet", NotEnforced, "a kindnet from before kind 0.24, which enforces no policy")
	}
	return a.is("kindnet", Enforced, "kindnet, which enforces NetworkPolicies since kind 0.24")
}

func (a nodeAgent) antrea() agent {
	out := a.is("Antrea", Enforced, "Antrea, which enforces NetworkPolicies")
	out.admin, out.cluster = EnforcementUnknown, EnforcementUnknown
	config, data, read := a.settings("antrea-config")
	if read != yes {
		return out
	}
	out.objects = append(out.objects, config)
	out.admin, out.cluster = NotEnforced, NotEnforced // both are switched on by hand
	for line := range strings.Lines(inventory.String(data, "antrea-controller.conf")) {
		switch strings.Join(strings.Fields(line), " ") {
		case "AdminNetworkPolicy: true":
			out.admin = Enforced
		case "ClusterNetworkPolicy: true":
			out.cluster = Enforced
		}
	}
	return out
}

func (a nodeAgent) ovn() agent {
	out := a.is("OVN-Kubernetes", Enforced, "OVN-Kubernetes, which enforces NetworkPolicies")
	out.admin, out.cluster = EnforcementUnknown, EnforcementUnknown
	const flag = "enable-admin-network-policy"
	byFlag, _ := a.flag(flag)
	byEnv, _ := a.env("OVN_ADMIN_NETWORK_POLICY_ENABLE")
	config, data, _ := a.settings("ovnkube-config")
	if config != nil {
		out.objects = append(out.objects, config)
	}
	if byFlag == "true" || byEnv == "true" || strings.Contains(inventory.String(data, "ovnkube.conf"), "\n"+flag+"=true") {
		out.admin = Enforced
	}
	return out
}
