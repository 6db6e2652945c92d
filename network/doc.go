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
// network plugins are not understood: what they select is unknown.
//
// Source of the semantics: the comments of k8s.io/api/networking/v1 and of policy.networking.k8s.io, and
// https://kubernetes.io/docs/concepts/services-networking/network-policies/. Where those leave the choice to the
// network plugin: pods on the host network are addresses of their nodes, and no policy selects them; an ipBlock also
// covers the addresses of pods.
package network
