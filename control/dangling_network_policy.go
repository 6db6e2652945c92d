package control

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/network"
)

func danglingNetworkPolicy() Control {
	return Control{
		ID:    "dangling-network-policy",
		Title: "NetworkPolicy selects no pod",
		Why: "A NetworkPolicy whose selector matches no pod protects nothing, while it reads as if it did: after a label was " +
			"renamed or mistyped, the pods that it was written for stand open to the whole cluster and nobody is told. A peer " +
			"that matches nothing either blocks what should pass, or waits for whoever can start a pod with those labels.",
		Remedy:   "Correct the labels in the selector, or delete the policy or peer.",
		Severity: finding.Low, Capability: NetworkSegmentation,
		References: []string{"CWE-1164", "T1562.007"},
		Enforce:    ScanOnly,
		Reads:      workloadKinds(networkPolicyKind, schema.GroupKind{Kind: "Namespace"}),
		Check:      checkDanglingNetworkPolicy,
	}
}

func checkDanglingNetworkPolicy(f *Facts) Judgement {
	pods := sync.OnceValue(f.podLabels) // of a sound cluster nobody asks
	policies := f.policies()
	j := Judgement{Errors: policies.errors}
	objects := slices.Concat(f.Of("networking.k8s.io", "NetworkPolicy"), f.Of("extensions", "NetworkPolicy"))
	for _, o := range objects {
		j.Examined = append(j.Examined, o)
		p := policies.of(o)
		if p == nil || p.Selects.Broken() {
			continue // reported above
		}
		if !p.Selects.EveryPod() && !anyPod(pods, p.Selects, o.Namespace) {
			j.Findings = append(j.Findings, found(o, "spec.podSelector", "NetworkPolicy selects no pod in namespace "+o.Namespace))
		}
		j.Findings = append(j.Findings, danglingPeers(pods, o, p)...)
	}
	return j
}

// danglingPeers finds the peers of a policy that match no pod. Where no namespace in the inventory has the labels, it may
// simply be described elsewhere.
func danglingPeers(pods func() podLabels, o *inventory.Object, p *networkPolicy) []finding.Finding {
	var out []finding.Finding
	for _, d := range directions() {
		for _, rule := range p.Rules(d) {
			for _, peer := range rule.Peers {
				if peer.Block || peer.Broken != "" || peer.Pods.Broken() || peer.Pods.EveryPod() {
					continue
				}
				known, _ := peer.Pods.InNamespaces()
				if len(known) > 0 && !anyPod(pods, peer.Pods, known...) {
					out = append(out, found(o, peer.Path.Field("podSelector"), "NetworkPolicy names a peer for "+d.String()+" that matches no pod"))
				}
			}
		}
	}
	return out
}

// podLabels are the labels of every pod and pod template, by namespace: also of those that have ended, that use the network
// of their node, or that custom resources describe.
type podLabels map[string][]map[string]string

func (f *Facts) podLabels() podLabels {
	pods := podLabels{}
	for _, o := range f.All() {
		w, ok := f.workload(o)
		if !ok {
			continue
		}
		pods[o.Namespace] = append(pods[o.Namespace], w.labels())
	}
	return pods
}

// anyPod says whether a pod of the namespaces is meant, or may be.
func anyPod(pods func() podLabels, meant network.Pods, namespaces ...string) bool {
	for range meant.Sure() {
		return true
	}
	for range meant.Maybe() {
		return true
	}
	for _, ns := range namespaces {
		if slices.ContainsFunc(pods()[ns], func(labels map[string]string) bool { return meant.Matches(ns, labels) != network.Denied }) {
			return true
		}
	}
	return false
}
