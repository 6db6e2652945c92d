//go:build tools

// Package controlplane pins the parts of a Kubernetes 1.35 control plane; package e2e/controlplane builds them.
package controlplane

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
)
