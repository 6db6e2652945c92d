package rbac

import (
	"fmt"
	"strings"

	"github.com/plimsoll-io/plimsoll/inventory"
)

// builtin are the resources of Kubernetes, by group: plural, and short names after a "=".
var builtin = []struct{ group, resources string }{
	{"", "bindings componentstatuses=cs configmaps=cm endpoints=ep events=ev limitranges=limits namespaces=ns nodes=no " +
		"persistentvolumeclaims=pvc persistentvolumes=pv pods=po podtemplates replicationcontrollers=rc resourcequotas=quota " +
		"secrets serviceaccounts=sa services=svc users groups uids"},
	{"apps", "controllerrevisions daemonsets=ds deployments=deploy replicasets=rs statefulsets=sts"},
	{"batch", "cronjobs=cj jobs"},
	{"autoscaling", "horizontalpodautoscalers=hpa"},
	{"networking.k8s.io", "ingresses=ing ingressclasses networkpolicies=netpol ipaddresses servicecidrs"},
	{"policy", "poddisruptionbudgets=pdb"},
	{Group, "clusterrolebindings clusterroles rolebindings roles"},
	{"authentication.k8s.io", "tokenreviews selfsubjectreviews userextras"},
	{"authorization.k8s.io", "localsubjectaccessreviews selfsubjectaccessreviews selfsubjectrulesreviews subjectaccessreviews"},
	{"admissionregistration.k8s.io", "mutatingwebhookconfigurations validatingwebhookconfigurations validatingadmissionpolicies " +
		"validatingadmissionpolicybindings mutatingadmissionpolicies mutatingadmissionpolicybindings"},
	{"apiextensions.k8s.io", "customresourcedefinitions=crd,crds"},
	{"apiregistration.k8s.io", "apiservices"},
	{"certificates.k8s.io", "certificatesigningrequests=csr signers clustertrustbundles podcertificaterequests"},
	{"coordination.k8s.io", "leases leasecandidates"},
	{"discovery.k8s.io", "endpointslices"},
	{"flowcontrol.apiserver.k8s.io", "flowschemas prioritylevelconfigurations"},
	{"node.k8s.io", "runtimeclasses"},
	{"resource.k8s.io", "resourceclaims resourceclaimtemplates deviceclasses resourceslices"},
	{"scheduling.k8s.io", "priorityclasses=pc"},
	{"storage.k8s.io", "csidrivers csinodes csistoragecapacities storageclasses=sc volumeattachments volumeattributesclasses"},
	{"gateway.networking.k8s.io", "gateways=gtw httproutes grpcroutes gatewayclasses=gc referencegrants"},
}

// ParseResource reads a resource as people write it: "pods", "deploy", "secrets", "deployments.apps/scale",
// "pods/exec", "/metrics" (no resource but a path), "*", "*.apps". Without a group the built-in resources are tried, then
// the CustomResourceDefinitions of the inventory, which may be nil.
func ParseResource(text string, inv *inventory.Inventory) (Request, error) {
	if strings.HasPrefix(text, "/") {
		return Request{Path: text}, nil
	}
	name, sub, hasSub := strings.Cut(text, "/")
	name, group, hasGroup := strings.Cut(name, ".")
	if !hasGroup && hasSub { // deployments/scale.apps, as kubectl writes it
		sub, group, hasGroup = strings.Cut(sub, ".")
	}
	if name == "" || hasSub && sub == "" || hasGroup && group == "" {
		return Request{}, fmt.Errorf("%q is no resource: write RESOURCE[.GROUP][/SUBRESOURCE] or /PATH", text)
	}
	if hasGroup || name == "*" {
		if !hasGroup {
			group = "*"
		}
		return Request{Group: group, Resource: strings.ToLower(name), Subresource: sub}, nil
	}
	if plural, group, ok := known(strings.ToLower(name), inv); ok {
		return Request{Group: group, Resource: plural, Subresource: sub}, nil
	}
	return Request{}, fmt.Errorf("the resource %q is not known here: name its API group, as in %s.example.com", name, name)
}

// known finds a resource by its plural, singular or short name.
func known(name string, inv *inventory.Inventory) (plural, group string, ok bool) {
	for _, g := range builtin {
		for entry := range strings.FieldsSeq(g.resources) {
			plural, short, _ := strings.Cut(entry, "=")
			if name == plural || name == singular(plural) || short != "" && contains(short, name) {
				return plural, g.group, true
			}
		}
	}
	if inv == nil {
		return "", "", false
	}
	for _, crd := range inv.Of("apiextensions.k8s.io", "CustomResourceDefinition") {
		names := inventory.Map(crd.Content, "spec", "names")
		plural = inventory.String(names, "plural")
		if name == plural || name == inventory.String(names, "singular") {
			return plural, inventory.String(crd.Content, "spec", "group"), true
		}
	}
	return "", "", false
}

func contains(list, name string) bool {
	for one := range strings.SplitSeq(list, ",") {
		if one == name {
			return true
		}
	}
	return false
}

func singular(plural string) string {
	switch {
	case strings.HasSuffix(plural, "sses"):
		return strings.TrimSuffix(plural, "es")
	case strings.HasSuffix(plural, "ies"):
		return strings.TrimSuffix(plural, "ies") + "y"
	}
	return strings.TrimSuffix(plural, "s")
}
