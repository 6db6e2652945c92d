package control

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-io/plimsoll/finding"
	"github.com/plimsoll-io/plimsoll/inventory"
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
	pods := f.podLabels()
	policies := f.policies()
	j := Judgement{Errors: policies.policyErrors()}
	objects := slices.Concat(f.Of("networking.k8s.io", "NetworkPolicy"), f.Of("extensions", "NetworkPolicy"))
	for _, o := range objects {
		j.Examined = append(j.Examined, o)
		s, err := parseSelector(inventory.Map(o.Content, "spec", "podSelector"))
		if err != nil {
			continue // reported above
		}
		if !s.everything() && !pods.any(o.Namespace, s) {
			j.Findings = append(j.Findings, found(o, "spec.podSelector", "NetworkPolicy selects no pod in namespace "+o.Namespace))
		}
		j.Findings = append(j.Findings, danglingPeers(f, pods, o)...)
	}
	return j
}

// danglingPeers finds the peers of a policy that match no pod.
func danglingPeers(f *Facts, pods podLabels, o *inventory.Object) []finding.Finding {
	var out []finding.Finding
	for _, d := range directions {
		for i, item := range inventory.List(o.Content, "spec", d.String()) {
			rule, _ := item.(map[string]any)
			field := [...]string{"from", "to"}[d]
			for k, peer := range inventory.List(rule, field) {
				peer, _ := peer.(map[string]any)
				if peerExists(f, pods, o.Namespace, peer) {
					continue
				}
				at := finding.Path("spec").Field(d.String()).Index(i).Field(field).Index(k)
				if peer["podSelector"] != nil {
					at = at.Field("podSelector")
				}
				out = append(out, found(o, at, "NetworkPolicy names a peer for "+d.String()+" that matches no pod"))
			}
		}
	}
	return out
}

// peerExists says whether a peer matches some pod, or cannot be judged: addresses, and other namespaces that are not in
// the inventory.
func peerExists(f *Facts, pods podLabels, own string, peer map[string]any) bool {
	podSelector, namespaceSelector := inventory.Map(peer, "podSelector"), inventory.Map(peer, "namespaceSelector")
	if peer["ipBlock"] != nil || podSelector == nil {
		return true
	}
	s, err := parseSelector(podSelector)
	if err != nil || s.everything() {
		return true
	}
	if peer["namespaceSelector"] == nil {
		return pods.any(own, s)
	}
	ns, err := parseSelector(namespaceSelector)
	if err != nil {
		return true
	}
	known := false
	for _, o := range f.Of("", "Namespace") {
		labels := o.Labels()
		labels["kubernetes.io/metadata.name"] = o.Name // the API server sets it
		if !ns.matches(labels) {
			continue
		}
		known = true
		if pods.any(o.Name, s) {
			return true
		}
	}
	// In files the namespace may simply be described elsewhere.
	return !known
}

// podLabels are the labels of every pod and pod template, by namespace.
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

// any says whether the selector matches a pod of the namespace, whatever controllers will call it.
func (p podLabels) any(namespace string, s selector) bool {
	if slices.ContainsFunc(s.keys(), isGeneratedLabel) {
		s = s.without(isGeneratedLabel)
	}
	return slices.ContainsFunc(p[namespace], s.matches)
}

// isGeneratedLabel knows the labels that controllers put on pods; templates do not have them.
func isGeneratedLabel(key string) bool {
	switch key {
	case "pod-template-hash", "controller-revision-hash", "pod-template-generation", "controller-uid", "job-name",
		"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index":
		return true
	}
	return strings.HasPrefix(key, "batch.kubernetes.io/")
}
