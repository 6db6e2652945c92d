package control_test

import (
	"sync"

	"github.com/plimsoll-io/plimsoll/internal/secretscan"
	"github.com/plimsoll-io/plimsoll/inventory"
	"github.com/plimsoll-io/plimsoll/inventory/manifest"
)

// scanner is one for all cases, since its rules take time to load.
var scanner = sync.OnceValue(secretscan.New)

// readObjects reads the objects of a case as a scan of a file does, with the secrets replaced. Kubernetes' own roles are
// not recognised: the cases are about the controls.
func readObjects(input []byte) ([]*inventory.Object, []inventory.Gap) {
	return manifest.ReadBytes("case.yaml", input, manifest.Options{Redact: scanner().Redact})
}
