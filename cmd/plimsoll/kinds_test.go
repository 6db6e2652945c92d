package main

import (
	"slices"
	"testing"

	"github.com/plimsoll-io/plimsoll/inventory/cluster"
	"github.com/plimsoll-io/plimsoll/network"
)

// TestKindsOfTheNetwork holds that a snapshot has all that questions about the network look at: a kind that nobody read
// would be taken for one of which there is no object.
func TestKindsOfTheNetwork(t *testing.T) {
	for _, gk := range network.Reads() {
		if !slices.Contains(cluster.DefaultKinds(), gk) {
			t.Errorf("%s is not read by default", gk)
		}
	}
}
