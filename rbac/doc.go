// Package rbac answers who can do what. Its Authorizer decides exactly as the API server's RBAC authorizer does over
// the Roles and bindings of an inventory, with the binding, the role and the rule that grant each right.
//
// What it cannot see is said by Unseen: the Node and webhook authorizers, and what a cloud provider grants outside
// RBAC. Membership of system:masters bypasses RBAC, here as there.
//
// Source of the semantics: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ and the authorizer of
// kube-apiserver, whose answers the tests compare.
package rbac
