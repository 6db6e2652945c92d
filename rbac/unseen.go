package rbac

import (
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// Unseen says what decides about requests in this cluster and is not in the view of RBAC, in sentences: other
// authorizers, what clouds grant, who is in which group, and what the inventory lacks. Only what may be true of this
// inventory is said.
func Unseen(inv *inventory.Inventory) []string {
	var out []string
	if gap, incomplete := inv.Incomplete(Reads()...); incomplete {
		out = append(out, "Some RBAC objects could not be read, so that rights may be missing: "+gap.Reason+".")
	}
	if inv.Source.Kind != "cluster" {
		out = append(out, "Roles and bindings that the cluster has from elsewhere are not in these files; "+
			"what Kubernetes itself installs is taken from its newest version that is known here.")
	}
	out = append(out, unseenAuthorizers(inv)...)
	out = append(out, unseenCloud(inv)...)
	return append(out, "Which groups a user is in is decided when the user logs in, outside of the cluster.")
}

// unseenAuthorizers asks the arguments of the API server, where its pods can be seen.
func unseenAuthorizers(inv *inventory.Inventory) []string {
	const node = "The Node authorizer lets kubelets (users system:node:NAME) read the Secrets and ConfigMaps of their pods and write " +
		"their own objects, which no binding shows."
	arguments, seen := apiServerArguments(inv)
	switch {
	case !seen:
		return []string{strings.Replace(node, "The Node authorizer lets", "The Node authorizer, which nearly all clusters run, lets", 1),
			"Which authorizers the API server asks besides RBAC (webhooks, ABAC, an AuthorizationConfiguration) is not visible from outside."}
	case arguments["authorization-config"] != "":
		return []string{"The API server reads its authorizers from the file " + arguments["authorization-config"] +
			", which is not visible here: Node, webhooks and conditions on them may allow or deny more than RBAC shows."}
	}
	modes := arguments["authorization-mode"]
	if modes == "" {
		modes = "AlwaysAllow" // the API server's default
	}
	var out []string
	hasRBAC := false
	for mode := range strings.SplitSeq(modes, ",") {
		switch mode {
		case "RBAC":
			hasRBAC = true
		case "Node":
			out = append(out, node)
		case "Webhook":
			out = append(out, "The API server also asks an authorization webhook, which may allow or deny requests whatever RBAC says.")
		case "ABAC":
			out = append(out, "The API server also reads an ABAC policy file, which may allow requests that no binding shows.")
		case "AlwaysAllow":
			out = append(out, "The API server runs with the authorizer AlwaysAllow: every caller may do everything, whatever RBAC says.")
		}
	}
	if !hasRBAC {
		out = append(out, "The API server does not run the RBAC authorizer: Roles and bindings have no effect in this cluster.")
	}
	return out
}

// apiServerArguments are the flags of an API server that runs as a pod of the cluster, as kubeadm and others do it.
func apiServerArguments(inv *inventory.Inventory) (flags map[string]string, seen bool) {
	for _, pod := range inv.Of("", "Pod") {
		if pod.Namespace != "kube-system" || pod.Labels()["component"] != "kube-apiserver" {
			continue
		}
		for _, item := range inventory.List(pod.Content, "spec", "containers") {
			container, _ := item.(map[string]any)
			if inventory.String(container, "name") != "kube-apiserver" {
				continue
			}
			flags = map[string]string{}
			words := append(newLists().texts(container["command"]), newLists().texts(container["args"])...)
			for i, word := range words {
				name, value, inOne := strings.Cut(strings.TrimLeft(word, "-"), "=")
				if !inOne && i+1 < len(words) {
					value = words[i+1]
				}
				if strings.HasPrefix(word, "--") {
					flags[name] = value
				}
			}
			return flags, true
		}
	}
	return nil, false
}

// unseenCloud tells clouds by the version that their API servers and kubelets report, and by the labels of their nodes.
func unseenCloud(inv *inventory.Inventory) []string {
	eks, gke, aks := strings.Contains(inv.Version, "-eks-"), strings.Contains(inv.Version, "-gke."), false
	for _, node := range inv.Of("", "Node") {
		kubelet := inventory.String(node.Content, "status", "nodeInfo", "kubeletVersion")
		eks = eks || strings.Contains(kubelet, "-eks-")
		gke = gke || strings.Contains(kubelet, "-gke.")
		for label := range node.Labels() {
			eks = eks || strings.HasPrefix(label, "eks.amazonaws.com/")
			gke = gke || strings.HasPrefix(label, "cloud.google.com/gke-")
			aks = aks || strings.HasPrefix(label, "kubernetes.azure.com/")
		}
	}
	var out []string
	if eks {
		out = append(out, "On EKS, access entries with access policies grant rights outside of RBAC, and map IAM identities to users and groups.")
	}
	if gke {
		out = append(out, "On GKE, IAM roles such as container.admin and container.developer grant rights outside of RBAC.")
	}
	if aks {
		out = append(out, "On AKS, Azure role assignments can grant rights outside of RBAC, and its local accounts, unless disabled, are members of system:masters.")
	}
	return out
}
