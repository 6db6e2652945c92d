//go:build tools

// Package kwok pins the simulator of nodes and running pods; package e2e/controlplane builds it.
package kwok

import _ "sigs.k8s.io/kwok/cmd/kwok"
