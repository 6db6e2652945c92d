// Package network answers who can talk to whom. A Map holds the peers of an inventory (workloads, and addresses outside
// of the cluster) and decides for each pair which ports the NetworkPolicies let through, exactly and in three values:
// allowed, denied, and unknown with the reason.
//
// Peers that no policy can tell apart are one Class, so that the answer for a large cluster is a small matrix of
// classes. A row of it is computed when it is asked for, from sets of classes and not from pairs.
//
// Every answer has a lower and an upper bound: what is let through whatever the missing pieces are, and what may be.
// Between the two lies the unknown. A policy or a rule that cannot be read, a namespace whose labels are not known, an
// address that is not known, and a gap in the inventory only ever widen that room.
//
// AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy are judged too, tier by tier. Policies of
// network plugins and service meshes, and networks of their own that OVN-Kubernetes gives to namespaces, are not
// understood: what they can change is unknown.
//
// Policies are worth what the network plugin makes of them. A plugin is known by its DaemonSets, the ConfigMaps that set
// it up, and its nodes. When it does not enforce policies, or is not known to, what they deny is unknown, and what they
// allow is still allowed. When it isolates pods that no policy selects, what these pods can do is unknown. Plain files that
// show no plugin are of an application, and policies are assumed to be enforced. A cluster always has a plugin: when it
// shows none that is known here, whether policies are enforced is not known either. A managed control plane may hide a
// plugin that does; AssumeEnforced is for those who know. Support for policies of the whole cluster is told apart by kind,
// as https://network-policy-api.sigs.k8s.io/implementations/ lists it.
//
// Not judged are differences between plugins that enforce: some do not match an ipBlock against the addresses of pods or
// nodes (Cilium), some leave out pods without a controller (Amazon VPC CNI), and not all know SCTP and endPort. Nor are
// networks that pods have besides the cluster's own (Multus), and settings that differ between nodes (CiliumNodeConfig).
//
// Source of the semantics: the comments of k8s.io/api/networking/v1 and of policy.networking.k8s.io, and
// https://kubernetes.io/docs/concepts/services-networking/network-policies/. Where those leave the choice to the
// network plugin: pods on the host network are addresses of their nodes, and no policy selects them; an ipBlock also
// covers the addresses of pods.
package network
