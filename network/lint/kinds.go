package lint

import "github.com/plimsoll-io/plimsoll/finding"

// A Kind names a sort of problem. Names are stable.
type Kind string

// The kinds of problems.
const (
	SelectsNothing    Kind = "selects-nothing"
	OnlyHostNetwork   Kind = "only-host-network"
	NoSuchPeer        Kind = "no-such-peer"
	NoSuchNamespace   Kind = "no-such-namespace"
	NoSuchPort        Kind = "no-such-port"
	OtherProtocol     Kind = "other-protocol"
	ShadowedPolicy    Kind = "shadowed-policy"
	ShadowedRule      Kind = "shadowed-rule"
	RepeatedPeer      Kind = "repeated-peer"
	NeverAsked        Kind = "never-asked"
	AllowAll          Kind = "allow-all"
	AllowAllPods      Kind = "allow-all-pods"
	NameContradicts   Kind = "name-contradicts"
	MissingDNS        Kind = "missing-dns"
	OneEndOpen        Kind = "one-end-open"
	Overruled         Kind = "overruled"
	NoDenyIngress     Kind = "no-default-deny-ingress"
	NoDenyEgress      Kind = "no-default-deny-egress"
	MetadataAllowed   Kind = "metadata-allowed"
	MetadataReachable Kind = "metadata-reachable"
	PodAddresses      Kind = "pod-addresses"
	ServiceAddress    Kind = "service-address"
	Refused           Kind = "refused"
	HostBits          Kind = "host-bits"
	Duplicate         Kind = "duplicate"
	NoEffect          Kind = "no-effect"
	AmbiguousPriority Kind = "ambiguous"
)

// refuseOnNodes is what to do against metadata services beside policies.
const refuseOnNodes = "Let nodes refuse it as well: IMDSv2 with a hop limit of 1, or the provider's identity service for workloads."

// A Description says what a kind is about.
type Description struct {
	Kind Kind
	// Title is what is wrong, without an object.
	Title    string
	Severity finding.Severity
	// Remedy is what to do, in a sentence or two.
	Remedy string
}

// Kinds describes every kind, in the order of the constants.
func Kinds() []Description {
	return []Description{
		{SelectsNothing, "The policy selects no pod", finding.Low, "Correct the labels in the selector, or delete the policy."},
		{OnlyHostNetwork, "Only pods on the host network have the labels", finding.Medium,
			"Pods on the host network have the addresses of their nodes, and no policy selects them: guard them on the node, or take them off " +
				"the host network. As a peer, name the nodes' addresses in an ipBlock."},
		{NoSuchPeer, "A peer matches no pod", finding.Low, "Correct the labels in the selector, or delete the peer."},
		{NoSuchNamespace, "A namespaceSelector matches no namespace", finding.Low,
			"Correct the labels in the selector. The label kubernetes.io/metadata.name holds the name of every namespace."},
		{NoSuchPort, "No pod has a port of the name", finding.Low, "Give the container's port this name, or use the number."},
		{OtherProtocol, "The pods use the port with another protocol", finding.Low, "Name the protocol on which the pods listen; TCP is meant when none is named."},
		{ShadowedPolicy, "Other policies already do all that the policy does", finding.Low, "Delete the policy: no connection changes."},
		{ShadowedRule, "Other rules already allow all that the rule allows", finding.Low, "Delete the rule: no connection changes."},
		{RepeatedPeer, "Other peers of the rule already mean all that the peer means", finding.Low, "Delete the peer: no connection changes."},
		{NeverAsked, "Earlier rules decide all that the rule is about", finding.Medium, "Move the rule before those that decide, or delete it."},
		{AllowAll, "A rule allows everything", finding.Medium, "Name the peers and the ports that the pods need."},
		{AllowAllPods, "A rule allows all pods of the cluster on all ports", finding.Low,
			"Name the namespaces, pods and ports that are needed: an empty namespaceSelector means every namespace, also those of others."},
		{NameContradicts, "The name says something else than the policy does", finding.Medium, "Rename the policy, or make it do what its name says."},
		{MissingDNS, "Pods cannot look up names", finding.Medium,
			"Allow egress to the pods of the cluster's DNS (k8s-app=kube-dns in kube-system) on UDP and TCP 53."},
		{OneEndOpen, "The other end does not allow what a rule allows", finding.Medium,
			"Allow the connection at the other end too, or delete the rule: a connection needs egress of the sender and ingress of the receiver."},
		{Overruled, "A policy of the whole cluster denies what a rule allows", finding.Medium, "Delete the rule, or allow or pass the connection in the policy of the cluster."},
		{NoDenyIngress, "The namespace does not deny ingress by default", finding.Medium,
			"Create a NetworkPolicy with an empty podSelector and the policy type Ingress, and allow what is needed in further policies."},
		{NoDenyEgress, "The namespace does not deny egress by default", finding.Medium,
			"Create a NetworkPolicy with an empty podSelector and the policy type Egress, and allow what is needed in further policies: first of all DNS."},
		{MetadataAllowed, "A rule allows the metadata service of the cloud", finding.Medium,
			"Add the address to the except list of the ipBlock, or name the addresses that the pods need. " + refuseOnNodes},
		{MetadataReachable, "Pods without policies can reach the metadata service of the cloud", finding.Medium, "Deny egress by default. " + refuseOnNodes},
		{PodAddresses, "An ipBlock names addresses of pods", finding.Low,
			"Select pods by labels: their addresses change, and several network plugins do not match pods by address."},
		{ServiceAddress, "An ipBlock names the address of a Service", finding.Low,
			"Select the pods behind the Service: most network plugins ask policies after the address was replaced by a pod's."},
		{Refused, "The API server would refuse the object", finding.Medium, "Correct the field: the object cannot be applied like this."},
		{HostBits, "A block of addresses has bits beyond its length", finding.Low, "Write the block by its first address."},
		{Duplicate, "Several objects of one name differ", finding.Medium, "Keep one of them, or give them different names."},
		{NoEffect, "policyTypes switches rules off", finding.Medium, "Add the direction to policyTypes, or delete its rules."},
		{AmbiguousPriority, "Two policies of the cluster have one priority", finding.Medium, "Give each policy a priority of its own."},
	}
}
