package control_test

import (
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
)

// readObjects reads the objects of a case as a scan of a file does.
func readObjects(input []byte) ([]*inventory.Object, []inventory.Gap) {
	return manifest.ReadBytes("case.yaml", input, manifest.Options{})
}
